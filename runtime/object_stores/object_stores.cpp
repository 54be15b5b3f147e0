#include "runtime/object_stores/object_stores.hpp"

#include "runtime/crypto/percent_code.hpp"

#include <algorithm>

namespace troupe {

namespace {

std::optional<text_pattern> pattern_of(const std::optional<text_condition>& condition) {
  if (!condition || condition->how != text_condition::kind::pattern)
    return std::nullopt;
  return text_pattern{condition->text};
}

bool holds(const std::optional<text_condition>& condition,
           const std::optional<text_pattern>& pattern, std::string_view text) {
  if (!condition)
    return true;
  return pattern ? pattern->matches(text) : condition->text == text;
}

}  // namespace

object_stores::object_stores(
    const object_settings& config,
    std::map<std::string, std::unique_ptr<object_backend>, std::less<>> backends)
    : config_(config), backends_(std::move(backends)) {
  for (const auto& rule : config_.rules) {
    projects_.push_back(pattern_of(rule.project));
    names_.push_back(pattern_of(rule.name));
  }
  for (const auto& one : config_.caches)
    caches_.push_back({text_pattern{one.names}, one.base_url});
}

std::optional<std::string> object_stores::choose(std::string_view project_id,
                                                 std::string_view name) const {
  for (std::size_t i = 0; i < config_.rules.size(); ++i) {
    const auto& rule = config_.rules[i];
    if (holds(rule.project, projects_[i], project_id) && holds(rule.name, names_[i], name))
      return rule.backend_id;
  }
  return std::nullopt;
}

object_backend* object_stores::find(std::string_view backend_id) const {
  const auto found = backends_.find(backend_id);
  return found == backends_.end() ? nullptr : found->second.get();
}

bool object_stores::is_local(std::string_view backend_id) const {
  return std::find(config_.local.begin(), config_.local.end(), backend_id) != config_.local.end();
}

std::vector<std::string> object_stores::remote_ids() const {
  std::vector<std::string> ids;
  for (const auto& [id, store] : config_.s3)
    ids.push_back(id);
  return ids;
}

std::optional<std::string> object_stores::cached_url(std::string_view name) const {
  for (const auto& one : caches_) {
    if (!one.names.matches(name))
      continue;
    auto url = one.base_url;
    append_percent_encoded(url, name, true);
    return url;
  }
  return std::nullopt;
}

}  // namespace troupe
