#include "runtime/auth/certificate_cache.hpp"

#include <utility>

namespace troupe {

std::string_view certificate_cache::key_of(std::string_view id, std::string_view ext) {
  // Neither part can contain a backslash, in a header or in a bewit.
  scratch_.assign(ext);
  scratch_ += '\\';
  scratch_ += id;
  return scratch_;
}

void certificate_cache::use(const auth_snapshot& valid_for) {
  if (of_ == valid_for.serial())
    return;
  recent_.clear();
  older_.clear();
  recent_key_bytes_ = 0;
  of_ = valid_for.serial();
}

const certificate_cache::entry& certificate_cache::insert(std::string_view key, entry value) {
  if (recent_.size() >= most_entries || recent_key_bytes_ + key.size() > most_key_bytes) {
    older_ = std::exchange(recent_, {});
    recent_key_bytes_ = 0;
  }
  recent_key_bytes_ += key.size();
  return recent_.insert_or_assign(std::string{key}, std::move(value)).first->second;
}

const certificate_cache::entry* certificate_cache::find(const auth_snapshot& valid_for,
                                                        std::string_view id, std::string_view ext,
                                                        timestamp now) {
  use(valid_for);
  const auto key = key_of(id, ext);
  if (const auto found = recent_.find(key); found != recent_.end())
    return found->second.expires >= now ? &found->second : nullptr;
  const auto found = older_.find(key);
  if (found == older_.end() || found->second.expires < now)
    return nullptr;
  auto value = std::move(found->second);
  older_.erase(found);
  return &insert(key, std::move(value));
}

void certificate_cache::remember(const auth_snapshot& valid_for, std::string_view id,
                                 std::string_view ext, entry value) {
  use(valid_for);
  insert(key_of(id, ext), std::move(value));
}

}  // namespace troupe
