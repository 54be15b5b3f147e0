#include "runtime/auth/hawk_header.hpp"
#include "runtime/auth/temporary.hpp"
#include "runtime/crypto/base64.hpp"
#include "tests/unit/runtime/auth/some_world.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace troupe::test;

namespace {

constexpr timestamp later{now.ms + 900'000};

auth_result get(const auth_snapshot& world, std::string_view resource,
                std::string_view verb = "GET", timestamp at = now) {
  return authenticate(world, {verb, resource, "example.com", "443", {}, at});
}

std::string bewit_for(const credentials& by, std::string_view resource) {
  return make_bewit(by, resource, "example.com", "443", later);
}

std::string problem_of(std::string_view resource, std::string_view verb = "GET") {
  bewit_parts parts;
  return parse_bewit(verb, resource, parts);
}

}  // namespace

TEST_CASE("BWT-1 BWT-5 a bewit opens its resource, wherever in the query it stands") {
  const auto world = some_world();
  const auto plain = bewit_for(worker, "/a");
  const auto with_query = bewit_for(worker, "/a?b=1&c=2");
  const auto good = [&](const std::string& resource) {
    const auto got = get(world, resource);
    CHECK(got.message == "");
    CHECK(got.bewit);
    CHECK(got.hash.empty());
    CHECK(got.client_id == "some/worker");
    return got.what == auth_result::status::success;
  };
  CHECK(good("/a?bewit=" + plain));
  CHECK(good("/a?b=1&c=2&bewit=" + with_query));
  CHECK(good("/a?bewit=" + with_query + "&b=1&c=2"));
  CHECK(good("/a?b=1&bewit=" + with_query + "&c=2"));
  CHECK(get(world, "/a?bewit=" + plain, "HEAD").what == auth_result::status::success);
  CHECK(get(world, "/b?bewit=" + plain).message == "Unauthorized: Bad mac");
  CHECK(get(world, "/a?b=1&bewit=" + plain).message == "Unauthorized: Bad mac");
}

TEST_CASE("BWT-1 a bewit of temporary credentials, and one narrowed") {
  const auto world = some_world();
  const credential_issuer issuer{worker.client_id, worker.access_token};
  const auto made = issuer.issue("some/worker/1", {"claim:a"}, now, later, std::string(44, 's'));
  const auto got = get(world, "/a?bewit=" + bewit_for(made, "/a"));
  REQUIRE(got.what == auth_result::status::success);
  CHECK(got.client_id == "some/worker/1");
  CHECK(got.scopes->list() == scope_list{"assume:anonymous", "claim:a", "public:*"});
  const auto narrow = make_bewit(made, "/a", "example.com", "443", later, scope_list{});
  CHECK(get(world, "/a?bewit=" + narrow).scopes->list() ==
        scope_list{"assume:anonymous", "public:*"});
}

TEST_CASE("BWT-2 bewits that are refused") {
  const auto world = some_world();
  auto thief = worker;
  thief.access_token = root.access_token;
  CHECK(get(world, "/a?bewit=" + bewit_for(thief, "/a")).message == "Unauthorized: Bad mac");
  const credentials nobody{"nobody", "x", {}};
  CHECK(get(world, "/a?bewit=" + bewit_for(nobody, "/a")).message ==
        "Client with clientId 'nobody' not found");
  CHECK(problem_of("/a?bewit=HjA36_vQTwGYG3kG4hl6aA") == "Bad Request: Invalid bewit structure");
  CHECK(problem_of("/a?bewit=") == "Unauthorized: Empty bewit");
  CHECK(problem_of("/a?bewit=x", "POST") == "Unauthorized: Invalid method");
  CHECK(problem_of("/a?bewit=a.b") == "Bad Request: Invalid bewit encoding");
  CHECK(problem_of("/a?bewit=" + base64url("a\\b\\c\\d\\e")) ==
        "Bad Request: Invalid bewit structure");
  CHECK(problem_of("/a?bewit=" + base64url("a\\\\c\\d")) ==
        "Bad Request: Missing bewit attributes");
  CHECK(problem_of("/" + std::string(longest_header, 'a') + "?bewit=x")
            .starts_with("Bad Request: Resource path exceeds max length (16393 characters"));
}

TEST_CASE("BWT-4 a bewit ends when it says, and one that does not say has ended") {
  const auto world = some_world();
  const auto resource = "/a?bewit=" + bewit_for(root, "/a");
  CHECK(get(world, resource, "GET", {later.ms - 1}).what == auth_result::status::success);
  CHECK(get(world, resource, "GET", later).message == "Unauthorized: Access expired");
  for (const auto* exp : {"never", "1e999", "nan", "99999999999x"}) {
    const auto text =
        normalised_request("bewit", exp, {}, {"GET", "/a", "example.com", "443"}, {}, {});
    const auto bewit = base64url("root\\" + std::string{exp} + "\\" +
                                 base64(hmac_key{root.access_token}.mac(text)) + "\\");
    CHECK(get(world, "/a?bewit=" + bewit).message == "Unauthorized: Access expired");
  }
}

TEST_CASE("of several bewits the last one counts") {
  bewit_parts parts;
  const auto last = base64url("a\\1\\m\\");
  CHECK(parse_bewit("GET", "/p?bewit=x&a=1&bewit=" + last + "&b=2", parts).empty());
  CHECK(parts.resource == "/p?bewit=x&a=1&b=2");
}

TEST_CASE("what counts as a bewit") {
  CHECK(has_bewit("/a?bewit="));
  CHECK(has_bewit("/a?b&bewit=x"));
  CHECK(has_bewit("/a&bewit=x"));
  CHECK_FALSE(has_bewit("/a?xbewit=x"));
  CHECK_FALSE(has_bewit("/a?bewit"));
  CHECK_FALSE(has_bewit("a?bewit=x"));
  CHECK_FALSE(has_bewit(""));
}

TEST_CASE("whatever comes as a bewit is answered") {
  const auto world = some_world();
  const auto piece = rc::gen::element<std::string>("bewit=", "?", "&", "/", "a", "\\", "%",
                                                   base64url("root\\99999999999\\m\\"),
                                                   base64url("root\\9\\m\\e30="));
  CHECK(rc::check([&] {
    std::string resource = "/a?bewit=";
    for (const auto& part : *rc::gen::container<std::vector<std::string>>(piece))
      resource += part;
    RC_ASSERT(get(world, resource).what == auth_result::status::failed);
  }));
}
