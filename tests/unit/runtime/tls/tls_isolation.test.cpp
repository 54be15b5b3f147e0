#include "runtime/tls/tls_isolation.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <catch2/catch_test_macros.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <memory>

using namespace troupe;

namespace {

using context = std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)>;
using session = std::unique_ptr<SSL, void (*)(SSL*)>;

context make_context() { return {SSL_CTX_new(TLS_method()), &SSL_CTX_free}; }

// With a certificate that it made itself.
context make_server_context() {
  auto made = make_context();
  std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key{EVP_EC_gen("P-256"), &EVP_PKEY_free};
  std::unique_ptr<X509, void (*)(X509*)> certificate{X509_new(), &X509_free};
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  SSL_CTX_use_certificate(made.get(), certificate.get());
  SSL_CTX_use_PrivateKey(made.get(), key.get());
  return made;
}

// Two ends of a connection that are through with their handshake.
struct connection {
  connection() {
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets) == 0);
    SSL_set_fd(server.get(), sockets[0]);
    SSL_set_accept_state(server.get());
    SSL_set_fd(client.get(), sockets[1]);
    SSL_set_connect_state(client.get());
    for (int i = 0; i < 10; ++i) {
      SSL_do_handshake(client.get());
      SSL_do_handshake(server.get());
    }
    REQUIRE(SSL_is_init_finished(server.get()));
    REQUIRE(SSL_is_init_finished(client.get()));
    ERR_clear_error();
  }
  ~connection() {
    ::close(sockets[0]);
    ::close(sockets[1]);
  }

  int read() {
    char byte = 0;
    return SSL_get_error(server.get(), SSL_read(server.get(), &byte, 1));
  }

  int sockets[2] = {-1, -1};
  context server_context = make_server_context();
  context client_context = make_context();
  session server{SSL_new(server_context.get()), &SSL_free};
  session client{SSL_new(client_context.get()), &SSL_free};
};

}  // namespace

TEST_CASE("the failure of one TLS connection is none of the next one") {
  isolate_tls_errors();
  connection ends;
  connection goes_on;
  CHECK(goes_on.read() == SSL_ERROR_WANT_READ);
  ::shutdown(ends.sockets[1], SHUT_WR);  // without a word of TLS, as programs end that are killed
  const auto how = ends.read();
  CHECK((how == SSL_ERROR_SSL || how == SSL_ERROR_SYSCALL));
  CHECK(goes_on.read() == SSL_ERROR_WANT_READ);
  ERR_raise(ERR_LIB_USER, 1);  // as CAF leaves it
  CHECK(goes_on.read() == SSL_ERROR_WANT_READ);
  CHECK(SSL_write(goes_on.client.get(), "x", 1) == 1);
  ERR_raise(ERR_LIB_USER, 1);
  CHECK(goes_on.read() == SSL_ERROR_NONE);
}
