#include "runtime/s3/s3_signer.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

// The examples of the S3 documentation: 2013-05-24T00:00:00Z, with keys that open nothing.
constexpr timestamp example_time{1'369'353'600'000};
const s3_credentials example_keys{"AKIAIOSFODNN7EXAMPLE",
                                  "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};

s3_signer example_signer() {
  return {s3_location_of("https://s3.amazonaws.com", "us-east-1", s3_addressing::virtual_host),
          example_keys};
}

s3_signer own_signer(std::string_view endpoint = "http://localhost:9000") {
  return {s3_location_of(endpoint, "us-east-1", s3_addressing::path), example_keys};
}

std::string signature_of(s3_request request) {
  example_signer().sign(request, example_time);
  const auto& text = request.headers.back().second;
  return text.substr(text.find("Signature=") + 10);
}

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    out += static_cast<char>(std::stoi(std::string{text.substr(i + 1, 2)}, nullptr, 16));
    i += 2;
  }
  return out;
}

}  // namespace

TEST_CASE("the signed URL of the S3 documentation") {
  CHECK(example_signer().get_url({"examplebucket", "test.txt"}, example_time, 86400s) ==
        "https://examplebucket.s3.amazonaws.com/test.txt"
        "?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST_CASE("the signed headers of the S3 documentation") {
  CHECK(signature_of({"GET", {"examplebucket", ""}, {{"lifecycle", ""}}}) ==
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  CHECK(signature_of({"GET", {"examplebucket", ""}, {{"prefix", "J"}, {"max-keys", "2"}}}) ==
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
  CHECK(signature_of({"GET", {"examplebucket", "test.txt"}, {}, {{"Range", "bytes=0-9"}}}) ==
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  CHECK(signature_of({"PUT",
                      {"examplebucket", "test$file.text"},
                      {},
                      {{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                       {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                      "Welcome to Amazon S3."}) ==
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST_CASE("AR-21 custom endpoints and path style give <endpoint>/<bucket>/<key>, each once") {
  const s3_object object{"pub", "task/0/public/a b+c/\xc3\xa4.txt"};
  CHECK(own_signer().url(object) == "http://localhost:9000/pub/task/0/public/a%20b%2Bc/%C3%A4.txt");
  CHECK(own_signer()
            .put_url(object, "text/plain", example_time, 60s)
            .starts_with("http://localhost:9000/pub/task/0/public/a%20b%2Bc/%C3%A4.txt?X-Amz-"));
  CHECK(own_signer("https://S3.Example.com:443").url({"pub", "a"}) ==
        "https://s3.example.com/pub/a");
  CHECK(own_signer("http://[::1]:9000").url({"pub", "a"}) == "http://[::1]:9000/pub/a");
  CHECK(own_signer("http://[::1]").host_header("pub") == "[::1]");
  CHECK(example_signer().url({"pub", "a b"}) == "https://pub.s3.amazonaws.com/a%20b");
}

TEST_CASE("a bucket itself has no slash behind its name in path style") {
  CHECK(own_signer().target({"POST", {"pub", ""}, {{"delete", ""}}}) == "/pub?delete=");
  CHECK(example_signer().target({"POST", {"pub", ""}, {{"delete", ""}}}) == "/?delete=");
}

TEST_CASE("the Content-Type of an upload is signed") {
  const auto url = own_signer().put_url({"pub", "a"}, "text/plain", example_time, 2710s);
  CHECK(url.find("&X-Amz-SignedHeaders=content-type%3Bhost&") != std::string::npos);
  CHECK(url.find("&X-Amz-Expires=2710&") != std::string::npos);
  CHECK(url != own_signer().put_url({"pub", "a"}, "text/html", example_time, 2710s));
}

TEST_CASE("temporary credentials bring their token into URLs and headers") {
  auto keys = example_keys;
  keys.session_token = "a/token=";
  const s3_signer signer{own_signer().location(), keys};
  CHECK(signer.get_url({"pub", "a"}, example_time, 60s)
            .find("&X-Amz-Security-Token=a%2Ftoken%3D&X-Amz-SignedHeaders=host&X-Amz-Signature=") !=
        std::string::npos);
  s3_request request{"DELETE", {"pub", "a"}};
  signer.sign(request, example_time);
  CHECK(request.headers.back().second.find(
            "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,") !=
        std::string::npos);
}

TEST_CASE("no URL lasts longer than a store permits, nor no time at all") {
  const auto expires = [](std::chrono::seconds lasts) {
    const auto url = own_signer().get_url({"pub", "a"}, example_time, lasts);
    const auto from = url.find("X-Amz-Expires=") + 14;
    return url.substr(from, url.find('&', from) - from);
  };
  CHECK(expires(30min) == "1800");
  CHECK(expires(-5s) == "1");
  CHECK(expires(9000h) == "604800");
}

TEST_CASE("AR-21 of every key the slashes stay, and all else can be read back") {
  CHECK(rc::check([] {
    const auto key = *rc::gen::nonEmpty<std::string>();
    const auto url = own_signer().url({"pub", key});
    const std::string front = "http://localhost:9000/pub/";
    RC_ASSERT(url.starts_with(front));
    const auto path = url.substr(front.size());
    RC_ASSERT(decoded(path) == key);
    RC_ASSERT(std::count(path.begin(), path.end(), '/') == std::count(key.begin(), key.end(), '/'));
    RC_ASSERT(std::all_of(path.begin(), path.end(), [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
             std::string_view{"-_.~/%"}.find(c) != std::string_view::npos;
    }));
  }));
}

TEST_CASE("section 7.2 the URL of a part names it, and is signed with that") {
  const auto url_of = [](const std::string& part) {
    const s3_request request{"PUT", {"pub", "k"}, {{"partNumber", part}, {"uploadId", "a+b/"}}};
    return own_signer().put_url(request, example_time, 60s);
  };
  const auto url = url_of("1");
  CHECK(url.starts_with("http://localhost:9000/pub/k?"));
  CHECK(url.find("&partNumber=1&") != std::string::npos);
  CHECK(url.find("uploadId=a%2Bb%2F") != std::string::npos);
  CHECK(url.substr(url.rfind('=')) != url_of("2").substr(url_of("2").rfind('=')));
}

TEST_CASE("signatures are equal for equal URLs only") {
  CHECK(rc::check([] {
    struct terms {
      std::string key, type;
      std::int64_t second, lasts;
      bool operator==(const terms&) const = default;
    };
    // Few values, so that pairs are often equal.
    const auto any = [] {
      return terms{*rc::gen::element<std::string>("a", "b", "a/b", "a b"),
                   *rc::gen::element<std::string>("text/plain", "text/html"),
                   *rc::gen::inRange<std::int64_t>(0, 2), *rc::gen::inRange<std::int64_t>(60, 62)};
    };
    const auto signature = [](const terms& of) {
      const auto url =
          own_signer().put_url({"pub", of.key}, of.type, example_time + of.second * 1000ms,
                               std::chrono::seconds{of.lasts});
      return url.substr(url.rfind('='));
    };
    const auto one = any();
    const auto other = any();
    RC_ASSERT((signature(one) == signature(other)) == (one == other));
  }));
}
