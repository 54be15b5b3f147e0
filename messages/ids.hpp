#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// True for a slugid: 22 characters, URL-safe base64 of a version 4 UUID without padding.
constexpr bool is_slugid(std::string_view s) {
  auto any = [](char c, std::string_view of) { return of.find(c) != std::string_view::npos; };
  if (s.size() != 22)
    return false;
  for (char c : s)
    if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
          c == '-'))
      return false;
  return s[8] >= 'Q' && s[8] <= 'T' && any(s[10], "CGKOSWaeimquy26-") && any(s[21], "AQgw");
}

/// A slugid of one kind. Fixed size and trivially copyable, so that it costs no allocation; the
/// tag keeps a task id from being used as a group id.
template <class Tag>
class slug {
 public:
  constexpr slug() = default;

  /// The id in `text`, or nothing when it is not a slugid.
  static constexpr std::optional<slug> parse(std::string_view text) {
    if (!is_slugid(text))
      return std::nullopt;
    slug result;
    for (std::size_t i = 0; i < text.size(); ++i)
      result.text_[i] = text[i];
    return result;
  }

  /// The 22 characters.
  constexpr std::string_view view() const { return {text_.data(), text_.size()}; }
  std::string str() const { return std::string{view()}; }

  /// False for a default-made id.
  constexpr explicit operator bool() const { return text_[0] != '\0'; }

  friend constexpr auto operator<=>(const slug&, const slug&) = default;

  template <class Inspector>
  friend bool inspect(Inspector& f, slug& x) {
    auto get = [&x] { return x.str(); };
    auto set = [&x](std::string text) {
      auto parsed = parse(text);
      if (parsed)
        x = *parsed;
      return parsed.has_value();
    };
    return f.apply(get, set);
  }

 private:
  std::array<char, 22> text_{};
};

using task_id = slug<struct task_id_tag>;
using task_group_id = slug<struct task_group_id_tag>;

/// The group that bears a task's own id, which is where a task without taskGroupId belongs.
inline task_group_id own_group(const task_id& id) { return *task_group_id::parse(id.view()); }

/// The number of a run of a task: 0, 1, ...
using run_id = std::uint32_t;

/// A name of one kind, kept as text.
template <class Tag>
struct name {
  std::string text;

  friend auto operator<=>(const name&, const name&) = default;

  template <class Inspector>
  friend bool inspect(Inspector& f, name& x) {
    return f.apply(x.text);
  }
};

/// `<provisionerId>/<workerType>`.
struct task_queue_id : name<struct task_queue_id_tag> {
  std::string_view provisioner() const { return std::string_view{text}.substr(0, text.find('/')); }
  std::string_view worker_type() const {
    const auto slash = text.find('/');
    return slash == std::string::npos ? std::string_view{}
                                      : std::string_view{text}.substr(slash + 1);
  }
};

/// Who claims: workerGroup and workerId within a task queue.
struct worker_name {
  std::string group;
  std::string id;

  friend auto operator<=>(const worker_name&, const worker_name&) = default;

  template <class Inspector>
  friend bool inspect(Inspector& f, worker_name& x) {
    return f.object(x).fields(f.field("group", x.group), f.field("id", x.id));
  }
};

/// 64-bit FNV-1a with a final mix; spreads slugids well and costs a few nanoseconds.
constexpr std::uint64_t hash_text(std::string_view text) {
  std::uint64_t h = 0xcbf29ce484222325ull;
  for (char c : text) {
    h ^= static_cast<unsigned char>(c);
    h *= 0x100000001b3ull;
  }
  h ^= h >> 32;
  h *= 0xd6e8feb86659fd93ull;
  h ^= h >> 32;
  return h;
}

}  // namespace troupe

template <class Tag>
struct std::hash<troupe::slug<Tag>> {
  std::size_t operator()(const troupe::slug<Tag>& id) const noexcept {
    return static_cast<std::size_t>(troupe::hash_text(id.view()));
  }
};

template <>
struct std::hash<troupe::task_queue_id> {
  std::size_t operator()(const troupe::task_queue_id& id) const noexcept {
    return static_cast<std::size_t>(troupe::hash_text(id.text));
  }
};
