#include "runtime/tls/tls_channel.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <limits>
#include <new>

namespace troupe {

namespace {

// The longest record of TLS, so that one call reads a whole one.
constexpr std::size_t longest_record = 16 * 1024;

int as_int(std::size_t size) {
  return static_cast<int>(
      std::min<std::size_t>(size, static_cast<std::size_t>(std::numeric_limits<int>::max())));
}

}  // namespace

void tls_channel::deleter::operator()(ssl_st* session) const { SSL_free(session); }

tls_channel::tls_channel(const std::shared_ptr<ssl_ctx_st>& context)
    : session_(SSL_new(context.get())) {
  auto* in = BIO_new(BIO_s_mem());
  auto* out = BIO_new(BIO_s_mem());
  if (!session_ || in == nullptr || out == nullptr) {
    BIO_free(in);
    BIO_free(out);
    throw std::bad_alloc{};
  }
  SSL_set_bio(session_.get(), in, out);
  SSL_set_accept_state(session_.get());
}

tls_channel::~tls_channel() = default;

bool tls_channel::established() const { return SSL_is_init_finished(session_.get()) == 1; }

tls_channel::state tls_channel::receive(std::string_view sealed, std::string& text) {
  if (broken_)
    return state::broken;
  // OpenSSL tells failures by the thread's queue, where others may have left something.
  ERR_clear_error();
  auto* in = SSL_get_rbio(session_.get());
  // A BIO in memory takes all there is, or there is no memory.
  if (BIO_write(in, sealed.data(), as_int(sealed.size())) != as_int(sealed.size()))
    throw std::bad_alloc{};
  for (;;) {
    const auto had = text.size();
    text.resize(had + longest_record);
    const int n = SSL_read(session_.get(), text.data() + had, as_int(longest_record));
    text.resize(had + static_cast<std::size_t>(std::max(n, 0)));
    if (n > 0)
      continue;
    switch (SSL_get_error(session_.get(), n)) {
      case SSL_ERROR_WANT_READ:
        return state::open;
      case SSL_ERROR_ZERO_RETURN:
        return state::ended;
      default:
        break;
    }
    broken_ = true;
    const auto why = ERR_GET_REASON(ERR_peek_last_error());
    ERR_clear_error();
    return why == SSL_R_HTTP_REQUEST ? state::clear_text : state::broken;
  }
}

bool tls_channel::send(std::string_view text, std::string& sealed) {
  if (broken_ || !established())
    return false;
  ERR_clear_error();
  while (!text.empty()) {
    // Output in memory never has to wait, so a call takes all it is given.
    const int n = SSL_write(session_.get(), text.data(), as_int(text.size()));
    if (n <= 0) {
      broken_ = true;
      ERR_clear_error();
      return false;
    }
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  take_output(sealed);
  return true;
}

void tls_channel::take_output(std::string& sealed) {
  auto* out = SSL_get_wbio(session_.get());
  const auto waiting = BIO_ctrl_pending(out);
  if (waiting == 0)
    return;
  const auto had = sealed.size();
  sealed.resize(had + waiting);
  const int n = BIO_read(out, sealed.data() + had, as_int(waiting));
  sealed.resize(had + static_cast<std::size_t>(std::max(n, 0)));
}

void tls_channel::end(std::string& sealed) {
  if (broken_ || !established())
    return;
  ERR_clear_error();
  SSL_shutdown(session_.get());
  ERR_clear_error();
  take_output(sealed);
}

}  // namespace troupe
