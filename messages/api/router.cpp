#include "messages/api/router.hpp"

namespace troupe {

namespace {

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> parts;
  parts.reserve(8);
  if (path.starts_with('/'))
    path.remove_prefix(1);
  for (;;) {
    const auto slash = path.find('/');
    parts.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos)
      return parts;
    path.remove_prefix(slash + 1);
  }
}

int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

// Plain UTF-8: no overlong forms of two bytes, no stray or missing continuation.
bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    const std::size_t more = c < 0x80 ? 0 : c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
    if (c >= 0xf8 || (c >= 0x80 && c < 0xc2) || i + more >= text.size())
      return false;
    for (std::size_t k = 1; k <= more; ++k)
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80)
        return false;
    i += more + 1;
  }
  return true;
}

// The text from the first to the last of consecutive segments, slashes included.
std::string_view span_of(const std::vector<std::string_view>& parts, std::size_t from,
                         std::size_t to) {
  const auto* begin = parts[from].data();
  const auto* end = parts[to - 1].data() + parts[to - 1].size();
  return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace

bool percent_decode(std::string_view raw, std::string& out) {
  out.clear();
  if (raw.find('%') == std::string_view::npos) {
    out = raw;
    return true;
  }
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '%') {
      out += raw[i];
      continue;
    }
    if (i + 2 >= raw.size())
      return false;
    const int high = hex_value(raw[i + 1]);
    const int low = hex_value(raw[i + 2]);
    if (high < 0 || low < 0)
      return false;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return is_utf8(out);
}

void router::add(std::string base, const std::vector<api_method>& methods) {
  service made{std::move(base), {}};
  for (const auto& method : methods) {
    route entry;
    entry.method = &method;
    for (const auto part : split(method.route)) {
      segment piece;
      piece.is_parameter = part.starts_with('<');
      piece.is_rest = part.ends_with("*>");
      piece.is_optional = part.ends_with("?>");
      if (!piece.is_parameter)
        piece.text = part;
      entry.segments.push_back(std::move(piece));
    }
    while (entry.fixed < entry.segments.size() && !entry.segments[entry.fixed].is_parameter)
      ++entry.fixed;
    made.routes.push_back(std::move(entry));
  }
  services_.push_back(std::move(made));
}

bool router::fits(const route& candidate, const std::vector<std::string_view>& parts,
                  std::array<std::string_view, 8>& raw) {
  const auto& segments = candidate.segments;
  std::size_t at = 0;
  std::size_t value = 0;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const auto& piece = segments[i];
    if (piece.is_rest) {
      const auto suffix = segments.size() - i - 1;
      if (parts.size() < at + suffix + 1)
        return false;
      const auto end = parts.size() - suffix;
      raw[value++] = span_of(parts, at, end);
      at = end;
      continue;
    }
    if (piece.is_optional && (at == parts.size() || parts[at].empty())) {
      raw[value++] = {};
      continue;
    }
    if (at >= parts.size())
      return false;
    if (piece.is_parameter) {
      if (parts[at].empty())
        return false;
      raw[value++] = parts[at++];
    } else if (parts[at++] != piece.text) {
      return false;
    }
  }
  // One trailing slash is tolerated.
  return at == parts.size() || (at + 1 == parts.size() && parts[at].empty());
}

route_match router::match(std::string_view verb, std::string_view path) const {
  route_match result;
  const auto wanted = verb == "HEAD" ? std::string_view{"GET"} : verb;
  for (const auto& known : services_) {
    if (!path.starts_with(known.base) || path.size() <= known.base.size() ||
        path[known.base.size()] != '/')
      continue;
    const auto parts = split(path.substr(known.base.size()));
    std::array<std::string_view, 8> raw;
    for (const auto& candidate : known.routes) {
      if (candidate.method->verb != wanted ||
          (candidate.fixed > 0 && parts[0] != candidate.segments[0].text) ||
          !fits(candidate, parts, raw))
        continue;
      result.method = candidate.method;
      result.what = route_match::result::found;
      result.values.resize(candidate.method->params.size());
      for (std::size_t i = 0; i < result.values.size(); ++i)
        if (!percent_decode(raw[i], result.values[i]))
          result.what = route_match::result::bad_escape;
      return result;
    }
  }
  return result;
}

std::string router::allowed(std::string_view path) const {
  std::string verbs;
  auto add = [&verbs](std::string_view verb) {
    if (verbs.find(verb) != std::string::npos)
      return;
    if (!verbs.empty())
      verbs += ", ";
    verbs += verb;
  };
  for (const std::string_view verb : {"GET", "POST", "PUT", "DELETE"})
    if (match(verb, path).what != route_match::result::not_found) {
      add(verb);
      if (verb == "GET")
        add("HEAD");
    }
  return verbs;
}

bool router::is_api(std::string_view path) const {
  for (const auto& known : services_)
    if (path.starts_with(known.base) &&
        (path.size() == known.base.size() || path[known.base.size()] == '/'))
      return true;
  return false;
}

}  // namespace troupe
