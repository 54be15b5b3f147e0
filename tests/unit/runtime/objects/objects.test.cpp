#include "runtime/objects/content_hashes.hpp"
#include "runtime/objects/object_answers.hpp"

#include <catch2/catch_test_macros.hpp>

#include <boost/json.hpp>

using namespace troupe;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

constexpr timestamp now{1'764'000'000'000};

}  // namespace

TEST_CASE("section 2.3 hashes are compared with what was seen") {
  const auto seen = hashes_of("hello");
  CHECK(seen.sha256 == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
  CHECK(seen.sha512.size() == 128);
  CHECK(check_hashes("", seen).has_value());
  CHECK(check_hashes(R"({"md5":"x"})", seen).has_value());
  CHECK(check_hashes(R"({"sha256":")" + seen.sha256 + R"(","sha512":")" + seen.sha512 + "\"}", seen)
            .has_value());
  CHECK(check_hashes(R"({"sha256":"aa"})", {}).has_value());
  CHECK_FALSE(check_hashes(R"({"sha512":"aa"})", seen).has_value());
  CHECK_FALSE(check_hashes(R"({"sha256":7})", seen).has_value());
}

TEST_CASE("section 3 of the methods that are proposed, data inline are best") {
  upload_proposal proposed;
  CHECK(choose_upload(proposed) == upload_method::none);
  proposed.put_url = true;
  CHECK(choose_upload(proposed) == upload_method::put_url);
  proposed.data_inline = true;
  CHECK(choose_upload(proposed) == upload_method::data_inline);
}

TEST_CASE("section 2.1 what createUpload answers") {
  upload_proposal proposed;
  proposed.content_type = "text/html; charset=utf-8";
  proposed.content_length = 5;
  const auto text = [&](upload_method method) {
    return json::parse(
        create_upload_text("p", "u", now, proposed, method, "https://example.com/x", now + 45min));
  };
  const auto put = text(upload_method::put_url);
  CHECK(put.at("projectId") == "p");
  CHECK(put.at("uploadId") == "u");
  CHECK(put.at("expires") == json::value(to_iso(now)));
  CHECK(put.at("uploadMethod").at("putUrl") ==
        json::value{{"url", "https://example.com/x"},
                    {"expires", to_iso(now + 45min)},
                    {"headers",
                     {{"Content-Type", "text/html; charset=utf-8"},
                      {"Content-Length", "5"},
                      {"Content-Encoding", "identity"},
                      {"Content-Disposition", "attachment"}}}});
  CHECK(text(upload_method::data_inline).at("uploadMethod") == json::value{{"dataInline", true}});
  CHECK(text(upload_method::none).at("uploadMethod").as_object().empty());
  proposed.content_type = "text/plain";
  CHECK(put_headers(proposed).size() == 3);
}

TEST_CASE("section 4 no method in common is a 406 that lists those on offer") {
  const auto result = object_answer(object_reading::unknown_method, {"p", now, ""}, "", now);
  REQUIRE(result.error);
  CHECK(result.status == 406);
  CHECK(code_name(result.error->code) == "NoMatchingMethod");
  CHECK(result.error->message.find("getUrl, simple") != std::string::npos);
}
