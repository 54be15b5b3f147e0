#include "runtime/auth/temporary.hpp"
#include "tests/unit/runtime/auth/some_world.hpp"

#include <rapidcheck.h>
#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace troupe::test;
namespace json = boost::json;

namespace {

const std::string seed(44, 's');
constexpr std::int64_t minute = 60'000;
constexpr std::int64_t day = 24 * 60 * minute;

const credential_issuer by_root{root.client_id, root.access_token};
const credential_issuer by_worker{worker.client_id, worker.access_token};

credentials some_credentials() {
  return by_worker.issue("some/worker/1", {"claim:a"}, now, {now.ms + 20 * minute}, seed);
}

auth_result use(const credentials& made, timestamp at = now,
                const std::optional<scope_list>& narrowed = {}) {
  static const auto world = some_world();
  return ask(world, sign_header(made, some_target, at, "n0nce", narrowed), nullptr, at);
}

std::string problem_with(const json::value& certificate) {
  return use({"some/worker/1", "x", json::serialize(certificate)}).message;
}

// A certificate of ours with one member changed; null takes it out.
json::value changed(std::string_view member, const json::value& value) {
  auto certificate = json::parse(some_credentials().certificate).as_object();
  if (value.is_null())
    certificate.erase(member);
  else
    certificate[member] = value;
  return certificate;
}

// Signs a certificate whose numbers are given as text, as another program might write them.
credentials signed_with(std::string_view start, std::string_view expiry,
                        std::string_view signed_start, std::string_view signed_expiry) {
  const hmac_key key{root.access_token};
  const auto signature =
      base64(key.mac(certificate_text("x", "root", seed, signed_start, signed_expiry, {"a"})));
  return {"x", base64url(key.mac(seed)),
          "{\"version\":1.0,\"scopes\":[\"a\"],\"start\":" + std::string{start} +
              ",\"expiry\":" + std::string{expiry} + ",\"seed\":\"" + seed +
              "\",\"issuer\":\"root\",\"signature\":\"" + signature + "\"}"};
}

}  // namespace

TEST_CASE(
    "TMP-1 TMP-4 temporary credentials have their scopes, their name and what everybody has") {
  const auto named = use(some_credentials());
  CHECK(named.message == "");
  REQUIRE(named.what == auth_result::status::success);
  CHECK(named.client_id == "some/worker/1");
  CHECK(named.scopes->list() == scope_list{"assume:anonymous", "claim:a", "public:*"});
  const auto unnamed = use(by_root.issue({}, {"b"}, now, {now.ms + minute}, seed));
  CHECK(unnamed.message == "");
  REQUIRE(unnamed.what == auth_result::status::success);
  CHECK(unnamed.client_id == "root");
  CHECK_FALSE(unnamed.scopes->satisfies("c"));
}

TEST_CASE("TMP-2 they end with the certificate or the issuer, whichever is earlier") {
  CHECK(use(some_credentials()).expires == timestamp{now.ms + 20 * minute});
  CHECK(use(by_worker.issue("some/worker/1", {}, now, {now.ms + day}, seed)).expires ==
        timestamp{now.ms + 60 * minute});
}

TEST_CASE("TMP-3 every member of a certificate is checked") {
  const std::string at = "ext.certificate";
  CHECK(use({"root", "x", "\"text\""}).message == at + " must be a JSON object");
  CHECK(use({"root", "x", "[]"}).message == at + ".version must be 1");
  CHECK(use({"root", "x", "{"}).message == "Failed to parse ext");
  CHECK(problem_with(changed("version", 2)) == at + ".version must be 1");
  CHECK(problem_with(changed("version", "1")) == at + ".version must be 1");
  CHECK(problem_with(changed("seed", nullptr)) == at + ".seed must be a string");
  CHECK(problem_with(changed("seed", "short")) == at + ".seed must be 44 characters");
  CHECK(problem_with(changed("start", "1")) == at + ".start must be a number");
  CHECK(problem_with(changed("expiry", nullptr)) == at + ".expiry must be a number");
  CHECK(problem_with(changed("expiry", 1.7e21)) == at + ".expiry must be a number");
  CHECK(problem_with(changed("scopes", "a")) == at + ".scopes must be an array");
  CHECK(problem_with(changed("scopes", {1})) == at + ".scopes must be an array of valid scopes");
  CHECK(problem_with(changed("scopes", {"a\n"})) ==
        at + ".scopes must be an array of valid scopes");
  CHECK(problem_with(changed("start", now.ms + 6 * minute)) == at + ".start > now");
  CHECK(problem_with(changed("expiry", now.ms - 6 * minute)) == at + ".expiry < now");
  CHECK(problem_with(changed("expiry", now.ms + 365 * day)) ==
        at + " cannot last longer than 31 days!");
  const auto bad = at + ".signature is not valid, or wrong clientId provided";
  CHECK(problem_with(changed("signature", "short")) == bad);
  CHECK(problem_with(changed("signature", nullptr)) == bad);
  CHECK(problem_with(changed("start", now.ms + 1)) == bad);
  CHECK(problem_with(changed("scopes", {"public:x"})) ==
        at +
            " issuer `some/worker` doesn't satisfy all certificate scopes public:x.  The temporary "
            "credentials were not generated correctly.");
  CHECK(problem_with(changed("scopes", {"claim:b", "claim:c"})) ==
        at + " issuer `some/worker` doesn't satisfy all certificate scopes claim:b, claim:c.  The "
             "temporary credentials were not generated correctly.");
}

TEST_CASE("TMP-4 names that are refused") {
  auto stolen = some_credentials();
  stolen.client_id = "some/worker/2";
  CHECK(use(stolen).message ==
        "ext.certificate.signature is not valid, or wrong clientId provided");
  stolen.client_id = "some/worker";
  CHECK(use(stolen).message == "ext.certificate.issuer must differ from the supplied clientId");
  CHECK(use(by_worker.issue("other", {}, now, {now.ms + minute}, seed)).message ==
        "ext.certificate issuer `some/worker` doesn't have `auth:create-client:other` for supplied "
        "clientId.");
  CHECK(problem_with(changed("issuer", {1})) == "ext.certificate.issuer must be a string");
  auto unnamed = json::parse(by_root.issue({}, {}, now, {now.ms + minute}, seed).certificate);
  unnamed.as_object()["clientId"] = "root";
  CHECK(use({"root", "x", json::serialize(unnamed)}).message ==
        "ext.certificate.clientId must only be used with ext.certificate.issuer");
}

TEST_CASE("TMP-5 temporary credentials cannot issue any") {
  const auto first = some_credentials();
  const credential_issuer second{first.client_id, first.access_token};
  CHECK(use(second.issue("some/worker/1/x", {}, now, {now.ms + minute}, seed)).message ==
        "Client with clientId 'some/worker/1' not found");
}

TEST_CASE("TMP-6 start and expiry may be off by five minutes") {
  const auto made = by_root.issue("x", {}, now, {now.ms + minute}, seed);
  CHECK(use(made, {now.ms - 5 * minute}).what == auth_result::status::success);
  CHECK(use(made, {now.ms - 5 * minute - 1}).message == "ext.certificate.start > now");
  CHECK(use(made, {now.ms + 6 * minute}).what == auth_result::status::success);
  CHECK(use(made, {now.ms + 6 * minute + 1}).message == "ext.certificate.expiry < now");
}

TEST_CASE("TMP-7 a name with characters that no client may have is refused") {
  const auto got = use(by_root.issue("odd name?", {"a"}, now, {now.ms + minute}, seed));
  CHECK(got.what == auth_result::status::failed);
}

TEST_CASE("no scopes may be signed with or without a line break after the label") {
  auto made = by_root.issue("x", {}, now, {now.ms + minute}, seed);
  CHECK(use(made).what == auth_result::status::success);
  auto certificate = json::parse(made.certificate).as_object();
  const auto text = certificate_text("x", "root", seed, std::to_string(now.ms),
                                     std::to_string(now.ms + minute), {});
  certificate["signature"] = base64(hmac_key{root.access_token}.mac(text + "\n"));
  made.certificate = json::serialize(certificate);
  CHECK(use(made).what == auth_result::status::success);
  certificate["signature"] = base64(hmac_key{root.access_token}.mac(text + "\n\n"));
  made.certificate = json::serialize(certificate);
  CHECK(use(made).message == "ext.certificate.signature is not valid, or wrong clientId provided");
}

TEST_CASE("times are signed as JavaScript prints them, however they were written") {
  const auto whole = std::to_string(now.ms);
  const auto end = std::to_string(now.ms + minute);
  CHECK(use(signed_with(whole + ".0", "1.76847846e12", whole, end)).message == "");
  CHECK(use(signed_with(whole + ".25", end + ".50", whole + ".25", end + ".5")).message == "");
  CHECK(use(signed_with(whole + ".0", end, whole + ".0", end)).message ==
        "ext.certificate.signature is not valid, or wrong clientId provided");
}

TEST_CASE("AZS-1 the caller may narrow what the request may do") {
  const auto got = use(root, now, scope_list{"scope1:*", "scope2"});
  REQUIRE(got.what == auth_result::status::success);
  CHECK(got.scopes->list() == scope_list{"assume:anonymous", "public:*", "scope1:*", "scope2"});
  CHECK(use(worker, now, scope_list{"claim:b", "claim:a"}).message ==
        "Supplied credentials do not satisfy authorizedScopes; credentials have scopes:\n\n```\n"
        "assume:anonymous\nassume:worker:a\nauth:create-client:some/worker/*\nclaim:a\npublic:*\n"
        "```\n\nauthorizedScopes are:\n\n```\nclaim:b\nclaim:a\n```");
  CHECK(use(worker, now, scope_list{"\x7f"}).message ==
        "ext.authorizedScopes must be an array of valid scopes");
}

TEST_CASE("AZS-2 AZS-3 what is narrowed is compared with everything the scopes come to") {
  const auto made =
      by_worker.issue("some/worker/1", {"assume:worker:a"}, now, {now.ms + minute}, seed);
  CHECK(use(made, now, scope_list{"claim:a"}).scopes->list() ==
        scope_list{"assume:anonymous", "claim:a", "public:*"});
  CHECK(use(made, now, scope_list{"public:x"}).what == auth_result::status::success);
  CHECK(use(made, now, scope_list{}).scopes->list() == scope_list{"assume:anonymous", "public:*"});
  CHECK(use(made, now, scope_list{"claim:*"}).what == auth_result::status::failed);
}

TEST_CASE("TMP-1 whatever is issued is accepted and has exactly its scopes") {
  const auto scope = rc::gen::container<std::string>(
      rc::gen::map(rc::gen::inRange(0x20, 0x7f), [](int c) { return static_cast<char>(c); }));
  CHECK(rc::check([&] {
    const auto scopes = *rc::gen::container<scope_list>(scope);
    const auto got = use(by_root.issue("a/b", scopes, now, {now.ms + minute}, seed));
    RC_ASSERT(got.message.empty());
    RC_ASSERT(got.scopes->satisfies_all(scopes));
    auto expected = scopes;
    expected.emplace_back("assume:anonymous");
    expected.emplace_back("public:*");
    RC_ASSERT(got.scopes->list() == role_expander{some_roles()}.expand(expected));
  }));
}
