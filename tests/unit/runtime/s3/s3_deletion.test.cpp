#include "runtime/s3/s3_deletion.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;

namespace {

std::string error_body(const std::string& code, const std::string& message) {
  return "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code><Message>" + message +
         "</Message></Error>";
}

std::string escaped(const std::string& key) {
  const auto body = bulk_delete_request("pub", {key}).body;
  const auto from = body.find("<Key>") + 5;
  return body.substr(from, body.find("</Key>") - from);
}

// Keys as artifacts have them: printable ASCII.
rc::Gen<std::string> any_key() {
  return rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange<char>(' ', '\x7f')));
}

}  // namespace

TEST_CASE("one object is deleted by DELETE, many by a POST with a digest of its body") {
  const auto one = delete_request({"pub", "a/b"});
  CHECK(one.verb == "DELETE");
  CHECK(one.object.key == "a/b");
  CHECK(one.body.empty());

  const auto many = bulk_delete_request("pub", {"a & b", "<c>"});
  CHECK(many.verb == "POST");
  CHECK(many.object.bucket == "pub");
  CHECK(many.object.key.empty());
  CHECK(many.query.front().first == "delete");
  CHECK(many.body.find("<Object><Key>a &amp; b</Key></Object><Object><Key>&lt;c&gt;</Key>") !=
        std::string::npos);
  // As `openssl md5 -binary | base64` has it for the body of no keys.
  CHECK(bulk_delete_request("pub", {}).headers.back() ==
        std::pair<std::string, std::string>{"Content-MD5", "t0dYyeJjb6+yO3gvIYdkEw=="});
}

TEST_CASE("keys that XML may change go alone") {
  CHECK(fits_bulk_delete("task/0/public/a b & <c>"));
  for (const auto* key : {"", " a", "a ", "a\nb", "\xc3\xa4"})
    CHECK_FALSE(fits_bulk_delete(key));
}

TEST_CASE("EX-4 what was not there counts as deleted") {
  for (const unsigned status : {200u, 204u})
    CHECK(read_deletion({status, ""}, false).trouble.empty());
  CHECK(read_deletion({404, error_body("NoSuchKey", "none")}, false).trouble.empty());
  const auto many = read_deletion(
      {200, "<DeleteResult><Error><Key>a</Key><Code>NoSuchKey</Code></Error></DeleteResult>"},
      true);
  CHECK(many.trouble.empty());
  CHECK(many.kept.empty());
}

TEST_CASE("EX-2 what is left of a bucket that does not exist counts as deleted, and is told") {
  for (const bool bulk : {false, true}) {
    const auto result = read_deletion({404, error_body("NoSuchBucket", "none")}, bulk);
    CHECK(result.bucket_is_gone);
    CHECK(result.trouble.empty());
  }
}

TEST_CASE("EX-3 a request that fails as a whole says why") {
  CHECK(read_deletion({403, error_body("AccessDenied", "You &lt;may not&gt;")}, true).trouble ==
        "the store answered 403 AccessDenied: You <may not>");
  CHECK(read_deletion({503, error_body("SlowDown", "")}, false).trouble ==
        "the store answered 503 SlowDown");
  CHECK(read_deletion({502, "bad gateway"}, false).trouble == "the store answered 502 bad gateway");
  CHECK(read_deletion({500, ""}, false).trouble == "the store answered 500");
  // Late failures come in the body of a 200, and something else may answer at that address.
  CHECK(read_deletion({200, error_body("InternalError", "again")}, true).trouble ==
        "the store answered 200 InternalError: again");
  CHECK(read_deletion({200, "<html></html>"}, true).trouble ==
        "the store answered 200 <html></html>");
  CHECK(read_deletion({404, error_body("NoSuchKey", "")}, true).trouble ==
        "the store answered 404 NoSuchKey");
}

TEST_CASE("a bulk answer names the objects that stayed") {
  const auto result = read_deletion(
      {200,
       "<DeleteResult xmlns=\"a\"><Deleted><Key>x</Key></Deleted>"
       "<Error><Key>a &amp; b</Key><Code>AccessDenied</Code><Message>no</Message></Error>"
       "<Error><Key>c&#39;&#x22;</Key><Code>InternalError</Code></Error></DeleteResult>"},
      true);
  CHECK(result.trouble.empty());
  REQUIRE(result.kept.size() == 2);
  CHECK(result.kept.at("a & b") == "AccessDenied: no");
  CHECK(result.kept.at("c'\"") == "InternalError");
}

TEST_CASE("every key of an artifact is read back as it was written") {
  CHECK(rc::check([] {
    const auto key = *any_key();
    const auto result = read_deletion({200, "<DeleteResult><Error><Key>" + escaped(key) +
                                                "</Key><Code>AccessDenied</Code></Error>"
                                                "</DeleteResult>"},
                                      true);
    RC_ASSERT(result.kept.size() == 1u);
    RC_ASSERT(result.kept.begin()->first == key);
  }));
}

TEST_CASE("no answer of a store is too odd to be read") {
  CHECK(rc::check([] {
    const auto bits = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
        "<Error>", "</Error>", "<Key>", "</Key>", "<Code>", "</Code>", "DeleteResult", "&amp;",
        "&#", "&#99999999999;", ";", "&", "a", "NoSuchKey", "NoSuchBucket"));
    std::string body;
    for (const auto& bit : bits)
      body += bit;
    const auto status = *rc::gen::element(200u, 204u, 404u, 500u);
    read_deletion({status, body}, *rc::gen::arbitrary<bool>());
  }));
}
