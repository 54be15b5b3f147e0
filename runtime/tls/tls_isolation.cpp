#include "runtime/tls/tls_isolation.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace troupe {

namespace {

// What is in the queue before the socket is asked belongs to somebody else.
long before_socket(BIO*, int operation, const char*, std::size_t, int, long, int result,
                   std::size_t*) {
  if (operation == BIO_CB_READ || operation == BIO_CB_WRITE)
    ERR_clear_error();
  return result;
}

void on_handshake(const SSL* session, int where, int) {
  if ((where & SSL_CB_HANDSHAKE_START) == 0)
    return;
  if (auto* socket = SSL_get_rbio(session))
    BIO_set_callback_ex(socket, &before_socket);
}

// CAF makes a context for each connection and shows it to nobody.
void on_new_context(void* context, void*, CRYPTO_EX_DATA*, int, long, void*) {
  SSL_CTX_set_info_callback(static_cast<SSL_CTX*>(context), &on_handshake);
}

}  // namespace

void isolate_tls_errors() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, &on_new_context, nullptr, nullptr);
  (void)index;
}

}  // namespace troupe
