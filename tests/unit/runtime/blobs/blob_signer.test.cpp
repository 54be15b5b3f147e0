#include "runtime/blobs/blob_signer.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;

namespace {

constexpr timestamp now{1'764'000'000'000};
constexpr timestamp later = now + std::chrono::minutes{45};

blob_signer make_signer() {
  blob_signer signer("0123456789abcdef0123456789abcdef");
  signer.set_root_url("http://localhost:8080");
  return signer;
}

std::string query_of(const std::string& url) { return url.substr(url.find('?') + 1); }

}  // namespace

TEST_CASE("a PUT URL permits uploading that blob until it ends, and nothing else") {
  const auto signer = make_signer();
  const auto url = signer.put_url("task/0/public/a b.log", "text/plain; charset=utf-8", later);
  CHECK(url.starts_with("http://localhost:8080/api/troupe/v1/blob/task/0/public/a%20b.log?"));
  const auto query = query_of(url);

  const auto good = signer.verify("PUT", "task/0/public/a b.log", query, now);
  REQUIRE(good.has_value());
  CHECK(good->key == "task/0/public/a b.log");
  CHECK(good->content_type == "text/plain; charset=utf-8");

  CHECK_FALSE(signer.verify("GET", "task/0/public/a b.log", query, now).has_value());
  CHECK_FALSE(signer.verify("PUT", "task/0/public/other", query, now).has_value());
  CHECK_FALSE(signer.verify("PUT", "task/0/public/a b.log", query, later).has_value());
  CHECK_FALSE(signer.verify("PUT", "task/0/public/a b.log", query + "0", now).has_value());
  CHECK_FALSE(signer.verify("PUT", "task/0/public/a b.log", "", now).has_value());
  CHECK(signer.verify("PUT", "task/0/public/a b.log", query, later).error().code ==
        error_code::insufficient_scopes);
}

TEST_CASE("a GET URL also answers HEAD") {
  const auto signer = make_signer();
  const auto query = query_of(signer.get_url("k", later));
  CHECK(signer.verify("GET", "k", query, now).has_value());
  CHECK(signer.verify("HEAD", "k", query, now).has_value());
  CHECK_FALSE(signer.verify("PUT", "k", query, now).has_value());
}

TEST_CASE("changing any term of the URL makes the signature bad") {
  const auto signer = make_signer();
  const auto query = query_of(signer.put_url("k", "a/b", later));
  for (std::size_t i = 0; i < query.size(); ++i) {
    auto changed = query;
    changed[i] = changed[i] == 'x' ? 'y' : 'x';
    INFO(changed);
    CHECK_FALSE(signer.verify("PUT", "k", changed, now).has_value());
  }
  blob_signer other("another key");
  CHECK_FALSE(other.verify("PUT", "k", query, now).has_value());
}

TEST_CASE("any printable name and type survive the URL") {
  CHECK(rc::check("verify accepts what put_url makes", [] {
    const auto signer = make_signer();
    const auto text = rc::gen::container<std::string>(rc::gen::inRange<char>(' ', '\x7f'));
    const auto key = *text;
    const auto type = *text;
    const auto verified =
        signer.verify("PUT", key, query_of(signer.put_url(key, type, later)), now);
    RC_ASSERT(verified.has_value());
    RC_ASSERT(verified->content_type == type);
  }));
}
