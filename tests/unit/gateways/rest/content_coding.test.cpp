#include "gateways/rest/content_coding.hpp"

#include <rapidcheck.h>
#include <zlib.h>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;

namespace {

std::string deflated(const std::string& text, int window) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

constexpr std::size_t limit = 1 << 20;

}  // namespace

TEST_CASE("gzip, deflate and identity bodies are decoded") {
  const std::string text = R"({"a":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"})";
  CHECK(*decode_content("gzip", deflated(text, 31), limit) == text);
  CHECK(*decode_content(" GZip ", deflated(text, 31), limit) == text);
  CHECK(*decode_content("x-gzip", deflated(text, 31), limit) == text);
  CHECK(*decode_content("deflate", deflated(text, 15), limit) == text);
  CHECK(*decode_content("deflate", deflated(text, -15), limit) == text);
  CHECK(*decode_content("identity", text, limit) == text);
}

TEST_CASE("a body that grows beyond the limit, is broken or in an unknown coding is refused") {
  const std::string bomb(limit + 1, 'x');
  CHECK(decode_content("gzip", deflated(bomb, 31), limit).error().code ==
        error_code::input_too_large);
  CHECK(decode_content("gzip", "not gzip", limit).error().code == error_code::malformed_payload);
  CHECK(decode_content("gzip", deflated("abc", 31).substr(0, 10), limit).error().code ==
        error_code::malformed_payload);
  CHECK(decode_content("gzip", deflated("abc", 31) + "x", limit).error().code ==
        error_code::malformed_payload);
  CHECK(decode_content("br", "x", limit).error().code == error_code::unsupported_encoding);
}

TEST_CASE("API-15 who takes gzip") {
  CHECK(accepts_gzip("gzip"));
  CHECK(accepts_gzip("deflate, gzip;q=0.5"));
  CHECK(accepts_gzip("GZIP"));
  CHECK(accepts_gzip("*"));
  CHECK_FALSE(accepts_gzip(""));
  CHECK_FALSE(accepts_gzip("identity"));
  CHECK_FALSE(accepts_gzip("gzip;q=0"));
  CHECK_FALSE(accepts_gzip("gzip;q=0, *"));
  CHECK_FALSE(accepts_gzip("br, deflate"));
}

TEST_CASE("what the encoder makes can be decoded, again and again") {
  gzip_encoder encoder;
  CHECK(rc::check("decoding undoes encoding", [&encoder](const std::string& text) {
    RC_ASSERT(*decode_content("gzip", encoder.encode(text), limit) == text);
  }));
}
