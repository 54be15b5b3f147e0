#include "runtime/auth/hawk_header.hpp"
#include "tests/unit/runtime/auth/some_world.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace troupe::test;

namespace {

const std::string good = R"(Hawk id="a", ts="1", nonce="n", mac="m")";

std::string problem_of(const std::string& header) {
  hawk_header parsed;
  return parse_hawk_header(header, parsed);
}

}  // namespace

TEST_CASE("HWK-1 what we sign we accept, with another key not") {
  const auto world = some_world();
  const auto got = ask(world, sign_header(worker, some_target, now, "n0nce"));
  REQUIRE(got.what == auth_result::status::success);
  CHECK(got.client_id == "some/worker");
  CHECK(got.scopes->list() == scope_list{"assume:anonymous", "assume:worker:a",
                                         "auth:create-client:some/worker/*", "claim:a",
                                         "public:*"});
  CHECK(got.expires == timestamp{now.ms + 3'600'000});
  CHECK(got.hash.empty());
  CHECK_FALSE(got.bewit);
  auto thief = worker;
  thief.access_token = root.access_token;
  CHECK(ask(world, sign_header(thief, some_target, now, "n0nce")).message ==
        "Unauthorized: Bad mac");
}

TEST_CASE("HWK-1 the hash of a body is passed through, and is part of what is signed") {
  const auto world = some_world();
  const auto hash = payload_hash("{}", "application/json; charset=utf-8");
  auto header = sign_header(root, some_target, now, "n0nce", {}, hash);
  const auto got = ask(world, header);
  REQUIRE(got.what == auth_result::status::success);
  CHECK(got.hash == hash);
  CHECK(payload_hash("", "") == "B0weSUXsMcb5UhL41FZbrUJCAotzSI3HawE1NPLRUz8=");
  header.replace(header.find(hash), hash.size(), payload_hash("{ }", "application/json"));
  CHECK(ask(world, header).message == "Unauthorized: Bad mac");
}

TEST_CASE("HWK-1 HWK-5 clients that may not be used say why before their mac is looked at") {
  const auto world = some_world();
  const auto told = [&](std::string client_id) {
    return ask(world, sign_header({std::move(client_id), "wrong", {}}, some_target, now, "n"))
        .message;
  };
  CHECK(told("who") == "Client with clientId 'who' not found");
  CHECK(told("off") == "Client with clientId 'off' is disabled");
  CHECK(told("old") == "Client with clientId: 'old' has expired");
  CHECK(told("just") == "Unauthorized: Bad mac");
}

TEST_CASE("HWK-3 any change of what was signed makes the mac bad") {
  const auto world = some_world();
  CHECK(rc::check([&] {
    const auto header = sign_header(root, some_target, now, "n0nce", scope_list{"a"},
                                    payload_hash("x", "text/plain"));
    RC_ASSERT(ask(world, header).what == auth_result::status::success);
    auto changed = header;
    const auto at = *rc::gen::inRange<std::size_t>(5, header.size());
    changed[at] = static_cast<char>(*rc::gen::inRange(0x20, 0x7f));
    RC_PRE(changed != header);
    // Base64 has spare bits, and blanks and the case of a scheme carry no meaning.
    hawk_header before;
    hawk_header after;
    parse_hawk_header(header, before);
    const auto got = ask(world, changed);
    if (parse_hawk_header(changed, after).empty())
      RC_PRE(before.mac != after.mac || before.id != after.id || before.ts != after.ts ||
             before.nonce != after.nonce || before.hash != after.hash || before.ext != after.ext);
    RC_ASSERT(got.what == auth_result::status::failed);
  }));
  const auto header = sign_header(root, some_target, now, "n0nce");
  for (const auto& other : {signed_target{"GET", some_target.resource, "example.com", "443"},
                            signed_target{"POST", "/api/x/v1/y?q&z=1", "example.com", "443"},
                            signed_target{"POST", "/api/x/v1/y/?z=1&q", "example.com", "443"},
                            signed_target{"POST", some_target.resource, "example.org", "443"},
                            signed_target{"POST", some_target.resource, "example.com", "80"}})
    CHECK(ask(world, header, nullptr, now, other).message == "Unauthorized: Bad mac");
  CHECK(
      ask(world, header, nullptr, now, {"post", some_target.resource, "EXAMPLE.com", "443"}).what ==
      auth_result::status::success);
}

TEST_CASE("HWK-4 a request may be 15 minutes early or late, and no more") {
  const auto world = some_world();
  const auto header = sign_header(root, some_target, now, "n0nce");
  CHECK(ask(world, header, nullptr, {now.ms + 900'000}).what == auth_result::status::success);
  CHECK(ask(world, header, nullptr, {now.ms - 900'000}).what == auth_result::status::success);
  CHECK(ask(world, header, nullptr, {now.ms + 900'001}).message == "Unauthorized: Stale timestamp");
  CHECK(ask(world, header, nullptr, {now.ms - 900'001}).message == "Unauthorized: Stale timestamp");
}

TEST_CASE("attributes may be set apart by any blanks, and end in them") {
  CHECK(problem_of(good).empty());
  CHECK(problem_of(good + "  ").empty());
  CHECK(problem_of(good + ",").empty());
  CHECK(problem_of(R"(hAwK   id="a"  ,ts="1",nonce="n",   mac="m")").empty());
  CHECK(problem_of(R"(Hawk id="a"ts="1")") == "Bad Request: Bad header format");
  CHECK(problem_of(R"(Hawk id = "a")") == "Bad Request: Bad header format");
  CHECK(problem_of(good + ", ext=\"x") == "Bad Request: Bad header format");
  CHECK(problem_of(good + ",, ext=\"x\"") == "Bad Request: Bad header format");
  CHECK(problem_of(good + ", zip=\"\"") == "Bad Request: Unknown attribute: zip");
  CHECK(problem_of(good + ", ext=\"\"") == "Bad Request: Bad attribute value: ext");
  CHECK(problem_of(good + ", ext=\"a\tb\"") == "Bad Request: Bad attribute value: ext");
  CHECK(problem_of(good + ", id=\"a\"") == "Bad Request: Duplicate attribute: id");
}

TEST_CASE("a header that is too long is refused with its size and the limit") {
  const auto of_size = [](std::size_t size) {
    auto header = good + ", ext=\"";
    header.append(size - header.size() - 1, 'x');
    return header + '"';
  };
  CHECK(problem_of(of_size(longest_header)).empty());
  CHECK(problem_of(of_size(longest_header + 1)) ==
        "Bad Request: Header length too long (16385 characters, at most 16384)");
}

TEST_CASE("whatever comes as a header is answered") {
  const auto world = some_world();
  certificate_cache cache;
  const auto piece = rc::gen::element<std::string>(
      "Hawk ", "id=\"root\"", "ts=\"1768478400\"", "nonce=\"n\"", "mac=\"bQ==\"", ", ", "ext=\"",
      "eyJjZXJ0aWZpY2F0ZSI6W119", "\"", "\\", "=", "hash=\"x\"", "dlg=\"d\"", "app=\"a\"", "\xff");
  CHECK(rc::check([&] {
    std::string header = *rc::gen::element<std::string>("", "Hawk ");
    for (const auto& part : *rc::gen::container<std::vector<std::string>>(piece))
      header += part;
    RC_ASSERT(ask(world, header, &cache).what != auth_result::status::success);
  }));
  CHECK(cache.size() == 0);
}

TEST_CASE("without credentials there is what everybody has, for 15 minutes") {
  const auto world = some_world();
  const auto got = ask(world, "");
  CHECK(got.what == auth_result::status::none);
  CHECK(got.scopes->list() == scope_list{"assume:anonymous", "public:*"});
  CHECK(got.expires == timestamp{now.ms + 900'000});
  CHECK(got.client_id.empty());
}
