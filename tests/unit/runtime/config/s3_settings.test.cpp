#include "runtime/config/load_settings.hpp"

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <fstream>

using namespace troupe;

namespace {

/// A file with a secret that goes away with the test.
struct secret_file {
  std::string path;

  explicit secret_file(const std::string& text) {
    char name[] = "/tmp/troupe-secret-XXXXXX";
    const int fd = mkstemp(name);
    REQUIRE(fd >= 0);
    std::fclose(fdopen(fd, "w"));
    path = name;
    std::ofstream{path} << text;
  }
  ~secret_file() { std::filesystem::remove(path); }
};

setting_sources s3_sources(const secret_file& secret) {
  setting_sources sources;
  sources.flags = {{"artifact-store", "s3"},    {"s3-endpoint", "http://localhost:9000/"},
                   {"s3-public-bucket", "pub"}, {"s3-private-bucket", "priv"},
                   {"s3-access-key-id", "me"},  {"s3-secret-access-key-file", secret.path}};
  return sources;
}

std::string only_problem(const setting_sources& sources) {
  const auto loaded = load_settings(sources);
  REQUIRE(loaded.problems.size() == 1);
  return loaded.problems.front();
}

}  // namespace

TEST_CASE("artifacts are on the local disk unless an S3 store is configured") {
  CHECK(load_settings({}).values.artifacts_in == artifact_store::local);
  CHECK_FALSE(load_settings({}).values.knows_s3());

  const secret_file secret{"hidden/secret\n"};
  const auto loaded = load_settings(s3_sources(secret));
  CHECK(loaded.problems.empty());
  CHECK(loaded.values.artifacts_in == artifact_store::s3);
  CHECK(loaded.values.s3_endpoint == "http://localhost:9000");
  CHECK(loaded.values.s3_secret == "hidden/secret");
}

TEST_CASE("the secret of an S3 store is not shown, only where it is") {
  const secret_file secret{"hidden/secret"};
  const auto text = describe_settings(load_settings(s3_sources(secret)));
  CHECK(text.find("hidden") == std::string::npos);
  CHECK(text.find(secret.path) != std::string::npos);
}

TEST_CASE("a store that artifacts were in before stays known") {
  const secret_file secret{"hidden"};
  auto sources = s3_sources(secret);
  sources.flags["artifact-store"] = "local";
  const auto loaded = load_settings(sources);
  CHECK(loaded.problems.empty());
  CHECK(loaded.values.knows_s3());
}

TEST_CASE("what an S3 store lacks is named, one line each") {
  const secret_file secret{"hidden"};
  for (const auto* name :
       {"s3-public-bucket", "s3-private-bucket", "s3-access-key-id", "s3-secret-access-key-file"}) {
    auto sources = s3_sources(secret);
    sources.flags.erase(name);
    CHECK(only_problem(sources) == std::string{name} + ": is missing, and artifacts in S3 need it");
  }
}

TEST_CASE("one bucket for all is fine only where public URLs are signed, too") {
  const secret_file secret{"hidden"};
  auto sources = s3_sources(secret);
  sources.flags["s3-private-bucket"] = "pub";
  CHECK(only_problem(sources).starts_with("s3-private-bucket: must not be s3-public-bucket"));
  sources.flags["s3-sign-public-urls"] = "true";
  CHECK(load_settings(sources).problems.empty());
}

TEST_CASE("bad values of an S3 store give one line each") {
  const secret_file secret{"hidden"};
  const secret_file empty{"\n"};
  const secret_file lines{"one\ntwo\n"};
  const std::pair<const char*, std::string> bad[] = {
      {"s3-endpoint", "localhost:9000"},
      {"s3-endpoint", "http://localhost:9000/path"},
      {"s3-endpoint", "http://localhost:port"},
      {"s3-endpoint", "http://localhost:70000"},
      {"s3-endpoint", "http://:80"},
      {"s3-region", "eu west"},
      {"s3-addressing", "hosted"},
      {"s3-access-key-id", "a/b"},
      {"s3-access-key-id", "a b"},
      {"s3-public-bucket", "No"},
      {"s3-private-bucket", "-bucket"},
      {"s3-public-cdn", "cdn.example.com"},
      {"s3-public-cdn", "https://cdn.example.com/?a"},
      {"artifact-store", "gcs"},
  };
  for (const auto& [name, value] : bad) {
    INFO(name << " " << value);
    auto sources = s3_sources(secret);
    sources.flags[name] = value;
    const auto loaded = load_settings(sources);
    REQUIRE_FALSE(loaded.problems.empty());
    CHECK(loaded.problems.front().starts_with(std::string{name} + ": "));
  }
  for (const auto& path : {std::string{"/nowhere"}, empty.path, lines.path}) {
    auto sources = s3_sources(secret);
    sources.flags["s3-secret-access-key-file"] = path;
    CHECK(only_problem(sources).starts_with("s3-secret-access-key-file: "));
  }
}

TEST_CASE("a CDN may have a path, and an endpoint an IPv6 address") {
  const secret_file secret{"hidden"};
  auto sources = s3_sources(secret);
  sources.flags["s3-public-cdn"] = "https://cdn.example.com/a/";
  sources.flags["s3-endpoint"] = "http://[::1]";
  const auto loaded = load_settings(sources);
  CHECK(loaded.problems.empty());
  CHECK(loaded.values.s3_public_cdn == "https://cdn.example.com/a");
  CHECK(loaded.values.s3_endpoint == "http://[::1]");
}
