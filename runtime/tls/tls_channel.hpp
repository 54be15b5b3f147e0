#pragma once

#include <memory>
#include <string>
#include <string_view>

struct ssl_st;
struct ssl_ctx_st;

namespace troupe {

/// The server's side of one TLS connection, without its socket: who has the socket hands over what
/// came, and sends what is to go. So TLS costs the reading and writing of sockets no other form.
/// Used by one thread at a time.
class tls_channel {
 public:
  explicit tls_channel(const std::shared_ptr<ssl_ctx_st>& context);
  ~tls_channel();
  tls_channel(const tls_channel&) = delete;
  tls_channel& operator=(const tls_channel&) = delete;

  enum class state {
    open,
    ended,       ///< the peer said that nothing more comes
    broken,      ///< not TLS, or none that both can speak; an alert may wait in `take_output`
    clear_text,  ///< broken at once: the peer speaks HTTP without TLS
  };

  /// Takes bytes of the peer; what they say is appended to `text`.
  state receive(std::string_view sealed, std::string& text);

  /// Appends `text` to `sealed` as it is to be sent. False when the connection is broken, or the
  /// peers have not shaken hands yet.
  bool send(std::string_view text, std::string& sealed);

  /// Appends what TLS itself has to say: its part of the handshake, alerts. To be sent after each
  /// `receive`.
  void take_output(std::string& sealed);

  /// Appends the word that nothing more comes.
  void end(std::string& sealed);

  /// Whether the peers have shaken hands.
  bool established() const;

 private:
  struct deleter {
    void operator()(ssl_st* session) const;
  };

  std::unique_ptr<ssl_st, deleter> session_;
  bool broken_ = false;
};

}  // namespace troupe
