#include "runtime/web/web_proxy.hpp"

#include "runtime/crypto/base64.hpp"

#include <boost/algorithm/string/predicate.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <algorithm>
#include <charconv>

namespace troupe {

namespace ip = boost::asio::ip;

namespace {

constexpr const char* usual_port = "1080";  // as libcurl has it

std::string_view without_brackets(std::string_view host) {
  return host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
}

std::string_view without_last_dot(std::string_view name) {
  return name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
}

std::optional<ip::address> address_of(std::string_view text) {
  boost::system::error_code failed;
  const auto made = ip::make_address(std::string{without_brackets(text)}, failed);
  return failed ? std::nullopt : std::optional{made};
}

bool is_within(const ip::address& host, std::string_view network) {
  const auto slash = network.find('/');
  const auto base = address_of(network.substr(0, slash));
  if (!base || base->is_v4() != host.is_v4())
    return false;
  if (slash == std::string_view::npos)
    return *base == host;
  const unsigned most = host.is_v4() ? 32 : 128;
  unsigned short bits = 0;
  const auto* end = network.data() + network.size();
  if (std::from_chars(network.data() + slash + 1, end, bits).ptr != end || bits > most)
    return false;
  return host.is_v4() ? ip::network_v4{host.to_v4(), bits}.canonical() ==
                            ip::network_v4{base->to_v4(), bits}.canonical()
                      : ip::network_v6{host.to_v6(), bits}.canonical() ==
                            ip::network_v6{base->to_v6(), bits}.canonical();
}

bool is_below(std::string_view host, std::string_view name) {
  name = without_last_dot(name.starts_with('.') ? name.substr(1) : name);
  host = without_last_dot(host);
  if (name.empty() || !boost::algorithm::iends_with(host, name))
    return false;
  return host.size() == name.size() || host[host.size() - name.size() - 1] == '.';
}

std::string_view value_of(const variable_source& variables,
                          std::initializer_list<const char*> names) {
  for (const auto* name : names)
    if (const char* value = variables(name); value != nullptr && *value != '\0')
      return value;
  return {};
}

int digit_of(char c) {
  int value = -1;
  std::from_chars(&c, &c + 1, value, 16);
  return value;
}

// What is no escape stays as it is.
std::string without_escapes(std::string_view text) {
  std::string made;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool has_two = text[at] == '%' && at + 2 < text.size();
    if (has_two && digit_of(text[at + 1]) >= 0 && digit_of(text[at + 2]) >= 0) {
      made += static_cast<char>(digit_of(text[at + 1]) * 16 + digit_of(text[at + 2]));
      at += 2;
    } else {
      made += text[at];
    }
  }
  return made;
}

outcome<web_proxy> read_proxy(std::string_view url) {
  if (const auto scheme = url.find("://"); scheme != std::string_view::npos) {
    const auto name = url.substr(0, scheme);
    if (!boost::algorithm::iequals(name, "http"))
      return make_api_error(error_code::service_unavailable,
                            "the proxy that the environment names is one of '" + std::string{name} +
                                "', and only HTTP proxies lead on");
    url.remove_prefix(scheme + 3);
  }
  url = url.substr(0, url.find('/'));
  web_proxy made;
  if (const auto at = url.rfind('@'); at != std::string_view::npos) {
    const auto user = url.substr(0, at);
    const auto colon = std::min(user.find(':'), user.size());
    const auto password = user.substr(std::min(colon + 1, user.size()));
    made.authorization =
        "Basic " + base64(without_escapes(user.substr(0, colon)) + ":" + without_escapes(password));
    url.remove_prefix(at + 1);
  }
  const auto bracket = url.rfind(']');
  const auto colon = url.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  made.host = url.substr(0, has_port ? colon : url.size());
  made.port = has_port ? std::string{url.substr(colon + 1)} : usual_port;
  if (made.host.empty())
    return make_api_error(error_code::service_unavailable,
                          "the proxy that the environment names has no host");
  return made;
}

}  // namespace

bool is_reached_directly(std::string_view list, std::string_view host) {
  if (list == "*")
    return true;
  const auto address = address_of(host);
  constexpr std::string_view separators = ", \t";
  while (!list.empty()) {
    const auto each = list.substr(0, list.find_first_of(separators));
    list.remove_prefix(std::min(each.size() + 1, list.size()));
    if (each.empty())
      continue;
    if (address ? is_within(*address, each) : is_below(host, each))
      return true;
  }
  return false;
}

outcome<std::optional<web_proxy>> proxy_for(const web_location& where,
                                            const variable_source& variables) {
  // HTTP_PROXY is what CGI makes of a header that anybody can send.
  auto url = where.tls ? value_of(variables, {"https_proxy", "HTTPS_PROXY"})
                       : value_of(variables, {"http_proxy"});
  if (url.empty())
    url = value_of(variables, {"all_proxy", "ALL_PROXY"});
  if (url.empty() || is_reached_directly(value_of(variables, {"no_proxy", "NO_PROXY"}), where.host))
    return std::optional<web_proxy>{};
  TROUPE_TRY(auto made, read_proxy(url));
  return std::optional{std::move(made)};
}

}  // namespace troupe
