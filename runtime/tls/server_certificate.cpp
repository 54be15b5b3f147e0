#include "runtime/tls/server_certificate.hpp"

#include "runtime/tls/tls_context.hpp"

#include <openssl/ssl.h>

#include <sys/stat.h>
#include <string_view>

namespace troupe {

namespace {

// HTTP/1.1 is all that is spoken here; who offers others only is answered all the same.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                    const unsigned char* offered, unsigned offered_size, void*) {
  static constexpr unsigned char ours[] = "\x08http/1.1";
  auto* out = const_cast<unsigned char*>(*chosen);
  if (SSL_select_next_proto(&out, chosen_size, ours, sizeof ours - 1, offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *chosen = out;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

server_certificate::server_certificate(std::string certificate_file, std::string key_file,
                                       listener replaced)
    : certificate_file_(std::move(certificate_file)),
      key_file_(std::move(key_file)),
      replaced_(std::move(replaced)) {}

outcome<std::shared_ptr<server_certificate>> server_certificate::load(std::string certificate_file,
                                                                      std::string key_file,
                                                                      listener replaced) {
  std::shared_ptr<server_certificate> made{new server_certificate(
      std::move(certificate_file), std::move(key_file), std::move(replaced))};
  made->seen_ = made->look();
  TROUPE_CHECK(made->read());
  return made;
}

server_certificate::stamps server_certificate::look() const {
  stamps now;
  const std::string* files[] = {&certificate_file_, &key_file_};
  for (std::size_t i = 0; i < now.size(); ++i) {
    struct stat found {};
    if (::stat(files[i]->c_str(), &found) == 0)
      now[i] = {found.st_mtim.tv_sec * 1'000'000'000 + found.st_mtim.tv_nsec, found.st_size,
                found.st_ino};
  }
  return now;
}

outcome<void> server_certificate::read() {
  std::shared_ptr<ssl_ctx_st> made{SSL_CTX_new(TLS_server_method()), SSL_CTX_free};
  TROUPE_CHECK(use_certificate(made.get(), certificate_file_, key_file_));
  SSL_CTX_set_min_proto_version(made.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(made.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // An idle connection keeps no buffers of records.
  SSL_CTX_set_mode(made.get(), SSL_MODE_RELEASE_BUFFERS);
  // Who comes back brings a ticket; nothing is kept here.
  SSL_CTX_set_session_cache_mode(made.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(made.get(), choose_protocol, nullptr);
  context_ = std::move(made);
  return boost::system::in_place_value;
}

std::shared_ptr<ssl_ctx_st> server_certificate::context() {
  const std::lock_guard lock{mutex_};
  if (const auto now = look(); now != seen_) {
    seen_ = now;
    // Certificate and key come one after the other: between them they do not fit, and the next
    // connection finds that the second has come, too.
    const auto done = read();
    if (replaced_)
      replaced_(done ? std::string{} : done.error().message);
  }
  return context_;
}

}  // namespace troupe
