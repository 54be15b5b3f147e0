#include "runtime/crypto/sha256.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;

// FIPS 180-4 examples.
TEST_CASE("SHA-256 of known texts") {
  CHECK(hex(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

// RFC 4231, cases 1, 2, 6 and 7: short, shorter than a block, and longer than a block.
TEST_CASE("HMAC-SHA256 of known texts") {
  CHECK(hex(hmac_key(std::string(20, '\x0b')).mac("Hi There")) ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(hex(hmac_key("Jefe").mac("what do ya want for nothing?")) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hex(hmac_key(std::string(131, '\xaa'))
                .mac("Test Using Larger Than Block-Size Key - Hash Key First")) ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  CHECK(hex(hmac_key(std::string(131, '\xaa'))
                .mac("This is a test using a larger than block-size key and a larger than "
                     "block-size data. The key needs to be hashed before being used by the HMAC "
                     "algorithm.")) ==
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

TEST_CASE("a key may be used again, and be empty") {
  const hmac_key key{""};
  const auto first = key.mac("x");
  CHECK(key.mac("x") == first);
  CHECK(hex(key.mac("")) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

// RFC 4648 section 10.
TEST_CASE("base64 of known texts") {
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("foob") == "Zm9vYg==");
  CHECK(base64("\xfb\xff") == "+/8=");
  CHECK(base64url("\xfb\xff") == "-_8");
  CHECK(hex("\xfb\x0f") == "fb0f");
}

TEST_CASE("base64 is read in either alphabet, padded or not") {
  std::string out;
  for (const auto* text : {"+/8=", "+/8", "-_8=", "-_8", "+_8"}) {
    REQUIRE(decode_base64(text, out));
    CHECK(out == "\xfb\xff");
  }
  REQUIRE(decode_base64("", out));
  CHECK(out.empty());
  for (const auto* text : {"a", "abcde", "ab cd", "ab\ncd", "a=bc", "\xc3\xa9=="})
    CHECK_FALSE(decode_base64(text, out));
}

TEST_CASE("what was encoded decodes to itself") {
  CHECK(rc::check([](const std::string& bytes) {
    std::string out;
    RC_ASSERT(decode_base64(base64(bytes), out));
    RC_ASSERT(out == bytes);
    RC_ASSERT(decode_base64(base64url(bytes), out));
    RC_ASSERT(out == bytes);
  }));
}

TEST_CASE("texts and digests are compared in full") {
  CHECK(equal_in_constant_time("abc", "abc"));
  CHECK(equal_in_constant_time("", ""));
  CHECK_FALSE(equal_in_constant_time("abc", "abd"));
  CHECK_FALSE(equal_in_constant_time("abc", "ab"));
  const auto made = sha256("x");
  auto text = base64(made);
  CHECK(equal_in_constant_time(made, text));
  text[20] = text[20] == 'A' ? 'B' : 'A';
  CHECK_FALSE(equal_in_constant_time(made, text));
  CHECK_FALSE(equal_in_constant_time(made, ""));
}
