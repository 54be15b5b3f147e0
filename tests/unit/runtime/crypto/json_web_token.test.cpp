#include "runtime/crypto/json_web_token.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>

#include <catch2/catch_test_macros.hpp>

namespace troupe {

namespace {

using pkey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

std::string pem_of(EVP_PKEY* key) {
  std::unique_ptr<BIO, decltype(&BIO_free)> out{BIO_new(BIO_s_mem()), BIO_free};
  PEM_write_bio_PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  char* text = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

bool verifies(EVP_PKEY* key, std::string_view text, std::string_view signature) {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> check{EVP_MD_CTX_new(), EVP_MD_CTX_free};
  return EVP_DigestVerifyInit(check.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
         EVP_DigestVerify(check.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                          signature.size(), reinterpret_cast<const unsigned char*>(text.data()),
                          text.size()) == 1;
}

}  // namespace

// Worked out by another program.
TEST_CASE("a token by HS256 is that of a known vector") {
  CHECK(
      json_web_token(R"({"sub":"1234567890","iat":1516239022})", hmac_key{"your-256-bit-secret"}) ==
      "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwiaWF0IjoxNTE2MjM5MDIyfQ."
      "L8i6g3PfcHlioHCCPURC9pmXT7gdJpx3kOoyAfNUwCc");
}

TEST_CASE("a token by RS256 is one that the public key verifies, and names its key") {
  const pkey key{EVP_RSA_gen(2048), EVP_PKEY_free};
  const auto ours = rsa_signing_key::read(pem_of(key.get()));
  REQUIRE(ours.has_value());
  const auto token = json_web_token(R"({"iss":"me"})", *ours, "key-1");
  const auto last = token.rfind('.');
  std::string signature;
  REQUIRE(decode_base64(token.substr(last + 1), signature));
  CHECK(verifies(key.get(), token.substr(0, last), signature));
  CHECK_FALSE(verifies(key.get(), token.substr(0, last) + "x", signature));
  std::string header;
  REQUIRE(decode_base64(token.substr(0, token.find('.')), header));
  CHECK(header.find("\"RS256\"") != std::string::npos);
  CHECK(header.find("\"key-1\"") != std::string::npos);
}

TEST_CASE("short keys, other kinds of keys and nonsense are no signing keys") {
  const pkey small{EVP_RSA_gen(1024), EVP_PKEY_free};
  const pkey curve{EVP_EC_gen("P-256"), EVP_PKEY_free};
  CHECK_FALSE(rsa_signing_key::read(pem_of(small.get())).has_value());
  CHECK_FALSE(rsa_signing_key::read(pem_of(curve.get())).has_value());
  CHECK_FALSE(rsa_signing_key::read("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END").has_value());
  CHECK_FALSE(rsa_signing_key::read("").has_value());
}

}  // namespace troupe
