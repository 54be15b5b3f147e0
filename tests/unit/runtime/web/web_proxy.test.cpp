#include "runtime/web/web_proxy.hpp"

#include <map>

#include <catch2/catch_test_macros.hpp>

namespace troupe {

namespace {

using variables = std::map<std::string, std::string>;

outcome<std::optional<web_proxy>> proxy_of(const std::string& endpoint, const variables& env) {
  return proxy_for(location_of({"GET", endpoint, {}}), [&](const char* name) {
    const auto found = env.find(name);
    return found == env.end() ? nullptr : found->second.c_str();
  });
}

/// `host:port` of the proxy, or empty.
std::string chosen(const std::string& endpoint, const variables& env) {
  const auto made = proxy_of(endpoint, env);
  REQUIRE(made.has_value());
  return *made ? (*made)->host + ":" + (*made)->port : std::string{};
}

}  // namespace

TEST_CASE("the scheme of a place says which variable names its proxy") {
  const variables both{{"http_proxy", "http://plain:1"}, {"https_proxy", "http://secret:2"}};
  CHECK(chosen("http://x.test/a", both) == "plain:1");
  CHECK(chosen("https://x.test:8443", both) == "secret:2");
  CHECK(chosen("https://x.test", {{"http_proxy", "http://plain:1"}}) == "");
  CHECK(chosen("https://x.test", {{"HTTPS_PROXY", "http://secret:2"}}) == "secret:2");
  CHECK(chosen("http://x.test", {{"HTTP_PROXY", "http://plain:1"}}) == "");
  CHECK(chosen("http://x.test", {{"all_proxy", "http://all:3"}}) == "all:3");
  CHECK(chosen("http://x.test", {{"ALL_PROXY", "http://all:3"}}) == "all:3");
  CHECK(chosen("https://x.test", {{"https_proxy", ""}, {"all_proxy", "http://all:3"}}) == "all:3");
  CHECK(chosen("http://x.test", {}) == "");
}

TEST_CASE("a proxy may be named without scheme and port, and with an address") {
  CHECK(chosen("http://x.test", {{"http_proxy", "proxy"}}) == "proxy:1080");
  CHECK(chosen("http://x.test", {{"http_proxy", "HTTP://proxy:8/"}}) == "proxy:8");
  CHECK(chosen("http://x.test", {{"http_proxy", "[::1]:8"}}) == "[::1]:8");
  CHECK(chosen("http://x.test", {{"http_proxy", "http://[::1]"}}) == "[::1]:1080");
}

TEST_CASE("a proxy may want a name and a password") {
  const auto said = [](const std::string& url) {
    return (*proxy_of("http://x.test", {{"http_proxy", url}}))->authorization;
  };
  CHECK(said("http://proxy:8") == "");
  CHECK(said("http://Aladdin:open%20sesame@proxy:8") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  CHECK(said("http://a:b@c@proxy:8") == "Basic YTpiQGM=");
  CHECK(said("a%4:@proxy") == "Basic YSU0Og==");
  CHECK(chosen("http://x.test", {{"http_proxy", "a:b@proxy:8"}}) == "proxy:8");
}

TEST_CASE("what is no HTTP proxy is an error") {
  const auto socks = proxy_of("http://x.test", {{"all_proxy", "socks5h://proxy:8"}});
  REQUIRE(socks.has_error());
  CHECK(socks.error().message.find("'socks5h'") != std::string::npos);
  CHECK(proxy_of("http://x.test", {{"http_proxy", "http://:8"}}).has_error());
  // It is not used for what is reached directly.
  CHECK(chosen("http://x.test", {{"all_proxy", "socks5h://proxy"}, {"no_proxy", "test"}}) == "");
}

TEST_CASE("hosts that no_proxy names are reached directly") {
  CHECK(is_reached_directly("*", "x.test"));
  CHECK_FALSE(is_reached_directly("", "x.test"));
  CHECK_FALSE(is_reached_directly("a,*", "x.test"));
  CHECK(is_reached_directly("a, x.test", "x.test"));
  CHECK(is_reached_directly("a x.TEST.", "X.test."));
  CHECK(is_reached_directly("test", "x.test"));
  CHECK(is_reached_directly(".test", "x.test"));
  CHECK(is_reached_directly(".x.test", "x.test"));
  CHECK_FALSE(is_reached_directly("x.test", "yx.test"));
  CHECK_FALSE(is_reached_directly("y.x.test", "x.test"));
  CHECK_FALSE(is_reached_directly(".", "x.test"));
  CHECK(chosen("http://x.test", {{"http_proxy", "p"}, {"NO_PROXY", "x.test"}}) == "");
  CHECK(chosen("http://x.test", {{"http_proxy", "p"}, {"no_proxy", "y"}, {"NO_PROXY", "x.test"}}) ==
        "p:1080");
}

TEST_CASE("addresses and networks that no_proxy names are reached directly") {
  CHECK(is_reached_directly("127.0.0.1,::1", "127.0.0.1"));
  CHECK(is_reached_directly("127.0.0.1,::1", "[::1]"));
  CHECK(is_reached_directly("[::1]", "[::1]"));
  CHECK(is_reached_directly("10.0.0.0/8", "10.1.2.3"));
  CHECK(is_reached_directly("10.1.2.3/32", "10.1.2.3"));
  CHECK(is_reached_directly("fd00::/8", "[fd12::1]"));
  CHECK(is_reached_directly("0.0.0.0/0", "10.1.2.3"));
  CHECK_FALSE(is_reached_directly("10.0.0.0/8", "11.1.2.3"));
  CHECK_FALSE(is_reached_directly("10.0.0.0/8", "[fd12::1]"));
  CHECK_FALSE(is_reached_directly("10.0.0.0/33", "10.0.0.0"));
  CHECK_FALSE(is_reached_directly("10.0.0.0/x", "10.0.0.0"));
  CHECK_FALSE(is_reached_directly("0.0.1", "10.0.0.1"));
}

}  // namespace troupe
