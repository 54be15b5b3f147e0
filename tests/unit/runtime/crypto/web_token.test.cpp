#include "runtime/crypto/web_token.hpp"

#include <catch2/catch_test_macros.hpp>

namespace troupe {

// Made by another implementation (openssl dgst -sha256 -hmac) of the same claims.
TEST_CASE("a web token has header, claims and signature") {
  CHECK(sign_web_token({{"sub", "1234567890"}, {"iat", 1516239022}}, "your-256-bit-secret") ==
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwiaWF0IjoxNTE2MjM5MDIyfQ."
        "L8i6g3PfcHlioHCCPURC9pmXT7gdJpx3kOoyAfNUwCc");
}

}  // namespace troupe
