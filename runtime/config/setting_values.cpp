#include "runtime/config/setting_values.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <fstream>

namespace troupe {

namespace {

std::string quoted(std::string_view text) { return "'" + std::string{text} + "'"; }

bool every(std::string_view text, bool (*good)(char)) {
  return std::all_of(text.begin(), text.end(), good);
}

bool is_client_id_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view{"!@/:.+|_-"}.find(c) != std::string_view::npos;
}

bool is_token_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
}

bool is_scope_character(char c) { return c >= ' ' && c <= '~'; }

/// A number with one of two units, the second worth `factor` of the first.
std::string read_with_unit(std::string_view text, std::string_view unit, std::string_view big_unit,
                           std::uint64_t factor, std::uint64_t high, std::uint32_t& into) {
  auto number = text;
  std::uint64_t times = 1;
  if (number.ends_with(big_unit)) {
    number.remove_suffix(big_unit.size());
    times = factor;
  } else if (number.ends_with(unit)) {
    number.remove_suffix(unit.size());
  }
  std::uint64_t value = 0;
  if (auto wrong = read_number(number, 1, high / times, value); !wrong.empty())
    return quoted(text) + " is not a value such as 24" + std::string{unit} + " or 2" +
           std::string{big_unit};
  into = static_cast<std::uint32_t>(value * times);
  return {};
}

std::string read_client(const boost::json::value& from, static_client& into) {
  const auto* object = from.if_object();
  if (object == nullptr)
    return "each client must be an object";
  for (const auto& [key, value] : *object) {
    if (key == "scopes") {
      const auto* list = value.if_array();
      if (list == nullptr)
        return "scopes must be a list";
      for (const auto& scope : *list) {
        if (!scope.is_string() || !every(scope.get_string(), is_scope_character))
          return "scopes must be texts of printable ASCII characters";
        into.scopes.emplace_back(scope.get_string());
      }
      continue;
    }
    if (!value.is_string())
      return std::string{key} + " must be a text";
    std::string text{value.get_string()};
    if (key == "clientId")
      into.client_id = std::move(text);
    else if (key == "accessToken")
      into.access_token = std::move(text);
    else if (key == "description")
      into.description = std::move(text);
    else
      return "unknown member " + quoted(key) +
             " (known: clientId, accessToken, scopes, description)";
  }
  if (into.client_id.empty() || !every(into.client_id, is_client_id_character))
    return "clientId must be letters, digits and !@/:.+|_-";
  if (into.access_token.size() < 22 || into.access_token.size() > 66 ||
      !every(into.access_token, is_token_character))
    return "accessToken of " + quoted(into.client_id) +
           " must be 22 to 66 letters, digits, '-' and '_'";
  return {};
}

}  // namespace

std::string read_number(std::string_view text, std::uint64_t low, std::uint64_t high,
                        std::uint64_t& into) {
  std::uint64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data(), end, value);
  if (failed != std::errc{} || stop != end || text.empty() || value < low || value > high)
    return quoted(text) + " is not a whole number from " + std::to_string(low) + " to " +
           std::to_string(high);
  into = value;
  return {};
}

std::string read_switch(std::string_view text, bool& into) {
  for (std::string_view yes : {"true", "yes", "on", "1"})
    if (text == yes) {
      into = true;
      return {};
    }
  for (std::string_view no : {"false", "no", "off", "0"})
    if (text == no) {
      into = false;
      return {};
    }
  return quoted(text) + " is neither true nor false";
}

std::string read_hours(std::string_view text, std::uint32_t& into) {
  return read_with_unit(text, "h", "d", 24, 24 * 3650, into);
}

std::string read_mebibytes(std::string_view text, std::uint32_t& into) {
  return read_with_unit(text, "MiB", "GiB", 1024, 1024 * 1024, into);
}

std::string read_root_url(std::string_view text, std::string& into) {
  auto rest = text;
  while (rest.ends_with('/'))
    rest.remove_suffix(1);
  const auto scheme = rest.starts_with("https://") ? 8u : rest.starts_with("http://") ? 7u : 0u;
  const auto authority = rest.substr(scheme);
  if (scheme == 0 || authority.empty() ||
      authority.find_first_of("/?#@ \t\"\\") != std::string_view::npos)
    return quoted(text) +
           " is not a URL of scheme, host and port only, like http://example.com:8080";
  into = rest;
  return {};
}

std::string read_endpoint(std::string_view text, std::string& into) {
  std::string url;
  if (auto wrong = read_root_url(text, url); !wrong.empty())
    return wrong;
  const auto authority = std::string_view{url}.substr(url.find("://") + 3);
  const auto colon = authority.rfind(':');
  std::uint64_t port = 0;
  // The colons of an IPv6 address stand in brackets.
  if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos)
    if (auto wrong = read_number(authority.substr(colon + 1), 1, 65535, port); !wrong.empty())
      return "the port of " + quoted(text) + ": " + wrong;
  if (colon == 0)
    return quoted(text) + " lacks the name of a host";
  into = std::move(url);
  return {};
}

std::string read_base_url(std::string_view text, std::string& into) {
  auto rest = text;
  while (rest.ends_with('/'))
    rest.remove_suffix(1);
  const auto scheme = rest.starts_with("https://") ? 8u : rest.starts_with("http://") ? 7u : 0u;
  if (scheme == 0 || rest.size() == scheme || rest[scheme] == '/' ||
      rest.find_first_of("?#@ \t\"\\") != std::string_view::npos)
    return quoted(text) + " is not a URL like https://cdn.example.com or https://example.com/path";
  into = rest;
  return {};
}

std::string read_bucket(std::string_view text, std::string& into) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  };
  if (text.size() < 3 || text.size() > 63 || !every(text, good) || text.front() == '.' ||
      text.front() == '-' || text.back() == '.' || text.back() == '-' ||
      text.find("..") != std::string_view::npos)
    return quoted(text) +
           " is not the name of a bucket: 3 to 63 lower-case letters, digits, '-' and '.'";
  into = text;
  return {};
}

std::string read_key_id(std::string_view text, std::string& into) {
  // A slash would end it where it is signed.
  if (text.empty() || !every(text, [](char c) { return c > ' ' && c <= '~' && c != '/'; }))
    return quoted(text) + " is not the id of an access key: no blanks or slashes are in one";
  into = text;
  return {};
}

std::string read_region(std::string_view text, std::string& into) {
  const auto good = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
  };
  if (text.empty() || !every(text, good))
    return quoted(text) + " is not a region like us-east-1";
  into = text;
  return {};
}

std::string read_secret_file(const std::string& path, std::string& into) {
  std::ifstream in(path);
  std::string text;
  // A secret is short: what goes on and on is another file.
  for (char c = 0; text.size() < 4096 && in.get(c);)
    text += c;
  const auto from = text.find_first_not_of(" \t\r\n");
  if (from == std::string::npos)
    return in.is_open() ? quoted(path) + " is empty or cannot be read"
                        : "cannot read " + quoted(path) + ": check that it is there and readable";
  text = text.substr(from, text.find_last_not_of(" \t\r\n") + 1 - from);
  if (!every(text, [](char c) { return c > ' ' && c <= '~'; }))
    return quoted(path) + " must hold the secret alone, on one line";
  into = std::move(text);
  return {};
}

std::string read_redis_address(std::string_view text, std::string& into) {
  for (std::string_view scheme : {"redis://", "rediss://", "unix:/"})
    if (text.starts_with(scheme) && text.size() > scheme.size()) {
      into = text;
      return {};
    }
  return quoted(text) +
         " is not a Redis address like redis://127.0.0.1:6379/0 or unix:/run/redis.sock";
}

std::string read_scopes(std::string_view text, std::vector<std::string>& into) {
  std::vector<std::string> scopes;
  std::size_t from = 0;
  while (from < text.size()) {
    const auto end = std::min(text.find_first_of(", \t\n", from), text.size());
    if (end > from) {
      scopes.emplace_back(text.substr(from, end - from));
      if (!every(scopes.back(), is_scope_character))
        return quoted(scopes.back()) + " is not a scope: only printable ASCII characters are";
    }
    from = end + 1;
  }
  into = std::move(scopes);
  return {};
}

std::string read_static_clients(std::string_view json, std::vector<static_client>& into) {
  boost::system::error_code failed;
  const auto parsed = boost::json::parse(json, failed);
  if (failed || !parsed.is_array())
    return R"(not a list of clients like [{"clientId": "a/b", "accessToken": "...", "scopes": []}])";
  std::vector<static_client> clients;
  for (const auto& entry : parsed.get_array()) {
    static_client client;
    if (auto wrong = read_client(entry, client); !wrong.empty())
      return wrong;
    for (const auto& other : clients)
      if (other.client_id == client.client_id)
        return "client " + quoted(client.client_id) + " is there twice";
    clients.push_back(std::move(client));
  }
  into = std::move(clients);
  return {};
}

std::string read_log_level(std::string_view text, std::string& into) {
  static constexpr std::array<std::string_view, 9> levels{
      "emergency", "alert", "critical", "error", "warning", "notice", "info", "debug", "trace"};
  std::size_t from = 0;
  bool any = false;
  while (from < text.size()) {
    const auto end = std::min(text.find(' ', from), text.size());
    auto word = text.substr(from, end - from);
    from = end + 1;
    if (word.empty())
      continue;
    any = true;
    if (const auto colon = word.find(':'); colon != std::string_view::npos)
      word.remove_prefix(colon + 1);
    if (std::find(levels.begin(), levels.end(), word) == levels.end())
      return quoted(text) + " is not a log level (emergency, alert, critical, error, warning, " +
             "notice, info, debug or trace)";
  }
  if (!any)
    return "must not be empty";
  into = text;
  return {};
}

}  // namespace troupe
