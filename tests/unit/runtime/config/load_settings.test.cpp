#include "runtime/config/load_settings.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>

using namespace troupe;

namespace {

/// A file that goes away with the test.
struct temporary_file {
  std::string path;

  explicit temporary_file(const std::string& text) {
    char name[] = "/tmp/troupe-settings-XXXXXX";
    const int fd = mkstemp(name);
    REQUIRE(fd >= 0);
    std::fclose(fdopen(fd, "w"));
    path = name;
    std::ofstream{path} << text;
  }
  ~temporary_file() { std::filesystem::remove(path); }
};

setting_sources from_environment(std::map<std::string, std::string> variables) {
  setting_sources sources;
  sources.environment = [variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end())
      return std::nullopt;
    return found->second;
  };
  return sources;
}

std::string only_problem(const loaded_settings& loaded) {
  REQUIRE(loaded.problems.size() == 1);
  return loaded.problems.front();
}

}  // namespace

TEST_CASE("without sources every setting has its default") {
  const auto loaded = load_settings({});
  CHECK(loaded.problems.empty());
  CHECK(loaded.values.http_port == 8080);
  CHECK(loaded.values.zmq_pub_port == 5701);
  CHECK(loaded.values.caf_port == 5703);
  CHECK(loaded.values.metrics_port == 9100);
  CHECK(loaded.values.claim_timeout_s == 1200);
  CHECK(loaded.origins.at("http-port") == "default");
}

TEST_CASE("a flag wins over the environment, the environment over the file") {
  temporary_file file("http-port: 1001\nlanes: 3\nclaim_timeout: 300\n");
  auto sources = from_environment({{"TROUPE_HTTP_PORT", "1002"}, {"TROUPE_LANES", "4"}});
  sources.file = file.path;
  sources.flags["http-port"] = "1003";
  const auto loaded = load_settings(sources);
  CHECK(loaded.problems.empty());
  CHECK(loaded.values.http_port == 1003);
  CHECK(loaded.origins.at("http-port") == "flag");
  CHECK(loaded.values.lanes == 4);
  CHECK(loaded.origins.at("lanes") == "environment TROUPE_LANES");
  CHECK(loaded.values.claim_timeout_s == 300);
  CHECK(loaded.origins.at("claim-timeout") == "file " + file.path);
}

TEST_CASE("TASK_CLAIM_TIMEOUT is another name of TROUPE_CLAIM_TIMEOUT") {
  CHECK(load_settings(from_environment({{"TASK_CLAIM_TIMEOUT", "1"}})).values.claim_timeout_s == 1);
  CHECK(
      load_settings(from_environment({{"TASK_CLAIM_TIMEOUT", "1"}, {"TROUPE_CLAIM_TIMEOUT", "2"}}))
          .values.claim_timeout_s == 2);
}

TEST_CASE("a bad value gives one line that names the setting, what is wrong and where it is") {
  setting_sources sources;
  sources.flags["http-port"] = "80800";
  CHECK(only_problem(load_settings(sources)) ==
        "http-port: '80800' is not a whole number from 0 to 65535 (flag)");
  CHECK(only_problem(load_settings(from_environment({{"TROUPE_LOG_FORMAT", "xml"}}))) ==
        "log-format: 'xml' is not one of: auto, json, terminal (environment TROUPE_LOG_FORMAT)");
  for (const auto* bad : {"ftp://a", "http://", "http://a/b", "example.com", "http://a b"}) {
    sources.flags = {{"root-url", bad}};
    CHECK(load_settings(sources).problems.size() == 1);
  }
}

TEST_CASE("a root URL loses its trailing slashes") {
  setting_sources sources;
  sources.flags["root-url"] = "https://tc.example.com:8443//";
  CHECK(load_settings(sources).values.root_url == "https://tc.example.com:8443");
}

TEST_CASE("times and sizes take units") {
  setting_sources sources;
  sources.flags = {{"event-retention", "7d"}, {"event-retention-size", "2GiB"}};
  const auto loaded = load_settings(sources);
  CHECK(loaded.values.event_retention_h == 168);
  CHECK(loaded.values.event_retention_mib == 2048);
  sources.flags = {{"event-retention", "soon"}};
  CHECK(load_settings(sources).problems.size() == 1);
}

TEST_CASE("static clients come from YAML lists or JSON text, and are checked") {
  temporary_file file(
      "static-clients:\n"
      "  - clientId: static/ci\n"
      "    accessToken: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
      "    scopes: [\"queue:*\", \"assume:x y\"]\n"
      "anonymous-scopes: [queue:status:*, queue:get-task:*]\n");
  setting_sources sources;
  sources.file = file.path;
  const auto loaded = load_settings(sources);
  REQUIRE(loaded.problems.empty());
  REQUIRE(loaded.values.static_clients.size() == 1);
  CHECK(loaded.values.static_clients[0].client_id == "static/ci");
  CHECK(loaded.values.static_clients[0].scopes ==
        std::vector<std::string>{"queue:*", "assume:x y"});
  CHECK(loaded.values.anonymous_scopes ==
        std::vector<std::string>{"queue:status:*", "queue:get-task:*"});

  for (const auto* bad :
       {"x", "{}", R"([{"clientId":"a"}])", R"([{"clientId":"a","accessToken":"short"}])",
        R"([{"clientId":"","accessToken":"aaaaaaaaaaaaaaaaaaaaaaaa"}])",
        R"([{"clientId":"a","accessToken":"aaaaaaaaaaaaaaaaaaaaaaaa","scopes":[1]}])",
        R"([{"clientId":"a","accessToken":"aaaaaaaaaaaaaaaaaaaaaaaa","nope":"x"}])"}) {
    sources = {};
    sources.flags["static-clients"] = bad;
    CHECK(load_settings(sources).problems.size() == 1);
  }
}

TEST_CASE("a file that is missing, broken or has unknown settings is a problem") {
  setting_sources sources;
  sources.file = "/nonexistent/troupe.yml";
  CHECK(only_problem(load_settings(sources)).find("cannot read") != std::string::npos);
  temporary_file unknown("htp-port: 1\n");
  sources.file = unknown.path;
  CHECK(only_problem(load_settings(sources)).find("'htp-port'") != std::string::npos);
  temporary_file broken("a: [1\n");
  sources.file = broken.path;
  CHECK(only_problem(load_settings(sources)).find("line") != std::string::npos);
  temporary_file list("- 1\n");
  sources.file = list.path;
  CHECK(load_settings(sources).problems.size() == 1);
  temporary_file empty("");
  sources.file = empty.path;
  CHECK(load_settings(sources).problems.empty());
}

TEST_CASE("the description shows value and origin and hides secrets") {
  setting_sources sources;
  sources.flags = {
      {"http-port", "0"},
      {"redis", "redis://:password@127.0.0.1:6379/0"},
      {"static-clients",
       R"([{"clientId":"a/b","accessToken":"tttttttttttttttttttttttt","scopes":[]}])"}};
  const auto text = describe_settings(load_settings(sources));
  CHECK(text.find("password") == std::string::npos);
  CHECK(text.find("tttttt") == std::string::npos);
  CHECK(text.find("a/b") != std::string::npos);
  CHECK(text.find("# flag") != std::string::npos);
  CHECK(text.find("claim-timeout") != std::string::npos);
}

TEST_CASE("what an option writes it can read") {
  const settings defaults;
  for (const auto& option : setting_options()) {
    const auto text = option.write(defaults);
    if (text.empty() || option.name == "static-clients")
      continue;
    settings again;
    INFO(option.name << " " << text);
    CHECK(option.read(again, text).empty());
    CHECK(option.write(again) == text);
  }
}

TEST_CASE("dev mode 3 is refused where others can reach it, unless there is a token") {
  const auto loaded = [](std::map<std::string, std::string> variables) {
    return load_settings(from_environment(std::move(variables)));
  };
  CHECK(loaded({{"TROUPE_DEV_MODE", "true"}}).values.dev_mode);
  for (const auto* host : {"127.0.0.1", "127.1.2.3", "localhost", "::1"})
    CHECK(loaded({{"TROUPE_DEV_MODE", "true"}, {"TROUPE_LISTEN", host}}).problems.empty());
  const auto open = loaded({{"TROUPE_DEV_MODE", "true"}, {"TROUPE_LISTEN", "0.0.0.0"}});
  CHECK(only_problem(open).find("dev-token") != std::string::npos);
  const auto guarded = loaded({{"TROUPE_DEV_MODE", "true"},
                               {"TROUPE_LISTEN", "0.0.0.0"},
                               {"TROUPE_DEV_TOKEN", "0123456789abcdef"}});
  CHECK(guarded.problems.empty());
  CHECK(describe_settings(guarded).find("0123456789abcdef") == std::string::npos);
  CHECK(only_problem(loaded({{"TROUPE_DEV_TOKEN", "short"}})).find("16") != std::string::npos);
  CHECK(only_problem(loaded({{"TROUPE_DEV_TOKEN", "0123456789 abcdef"}})).find("without spaces") !=
        std::string::npos);
}
