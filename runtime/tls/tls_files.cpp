#include "runtime/tls/tls_files.hpp"

#include "runtime/tls/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <utility>

namespace troupe {

namespace {

api_error unusable(const std::string& what, const std::string& file, const std::string& why) {
  return make_api_error(error_code::input_error,
                        "the TLS " + what + " '" + file + "' cannot be used: " + why);
}

outcome<void> readable(const std::string& what, const std::string& file) {
  if (::access(file.c_str(), R_OK) != 0)
    return unusable(what, file, std::strerror(errno));
  return boost::system::in_place_value;
}

}  // namespace

void tls_context_deleter::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

std::string take_tls_errors() {
  std::string text;
  while (const auto code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    text += (text.empty() ? "" : ", ") + std::string{reason != nullptr ? reason : "unknown error"};
  }
  return text.empty() ? "the connection was closed" : text;
}

outcome<void> use_certificate(ssl_ctx_st* context, const std::string& certificate_file,
                              const std::string& key_file) {
  TROUPE_CHECK(readable("certificate", certificate_file));
  TROUPE_CHECK(readable("key", key_file));
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1)
    return unusable("certificate", certificate_file, take_tls_errors());
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1)
    return unusable("key", key_file, take_tls_errors());
  return boost::system::in_place_value;
}

outcome<tls_context> make_tls_context(const tls_files& files) {
  tls_context context{SSL_CTX_new(TLS_method())};
  TROUPE_CHECK(use_certificate(context.get(), files.certificate, files.key));
  TROUPE_CHECK(readable("authority", files.authority));
  if (SSL_CTX_load_verify_locations(context.get(), files.authority.c_str(), nullptr) != 1)
    return unusable("authority", files.authority, take_tls_errors());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  return outcome<tls_context>{std::move(context)};
}

outcome<void> check_tls_files(const tls_files& files) {
  TROUPE_CHECK(make_tls_context(files));
  return boost::system::in_place_value;
}

}  // namespace troupe
