#pragma once

#include "gateways/rest/takeover.hpp"
#include "messages/api_error.hpp"
#include "messages/ids.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <string>

namespace troupe {

class shell_desk;

/// Which shells a connection is about: those of whoever chose the secret. Displays of a task are
/// offered and found in the same way.
struct shell_request {
  std::string secret;
  task_id task;  ///< of workers only
  run_id run = 0;
  std::string display = {};  ///< that a reader wants
};

/// Why the server closes a connection.
enum class shell_ending { server_ends, worker_gone, taken, no_answer };

/// The WebSocket of a worker that offers a shell, or of who wants one. Joined to another it hands
/// on every message, and takes the next one when the other has sent it. It does all on the lane of
/// its connection; what it is told may be told on any.
class shell_end : public std::enable_shared_from_this<shell_end> {
 public:
  enum class side { worker, reader };

  shell_end(upgraded_connection&& connection, shell_desk& desk, side which, shell_request about);

  const shell_request& about() const { return about_; }

  /// Completes the handshake. A worker is then at the desk; a reader waits for a worker, and not
  /// for ever.
  void accept();

  /// Answers the handshake with an error, whose text browsers do not show.
  void refuse(const api_error& why);
  void refuse(unsigned status, std::string body);

  /// Closes it.
  void end(shell_ending why);

 private:
  using message = std::shared_ptr<const std::string>;
  using close_reason = boost::beast::websocket::close_reason;
  struct outgoing {
    message text;
    std::weak_ptr<shell_end> from;  // waits until it is sent
  };

  friend void join(const std::shared_ptr<shell_end>& worker,
                   const std::shared_ptr<shell_end>& reader);

  template <class Job>
  void post(Job job);
  void set_limits();
  void choose_protocol();
  void opened();
  void join_to(std::weak_ptr<shell_end> other, const std::string& word);
  void read();
  void received(message text);
  void deliver(outgoing what);
  void write();
  void wrote(const boost::beast::error_code& failed);
  void finish(const close_reason& reason);
  void gone();

  lane& lane_;
  shell_desk& desk_;
  const side side_;
  const shell_request about_;
  boost::beast::http::request<boost::beast::http::empty_body> request_;
  boost::beast::websocket::stream<web_stream> socket_;
  boost::asio::steady_timer patience_;
  boost::beast::flat_buffer input_;
  std::weak_ptr<shell_end> other_;
  bool joined_ = false;
  bool begun_ = true;  // what it says is for the other
  message held_;       // of a reader that is not joined yet
  std::deque<outgoing> waiting_;
  std::optional<close_reason> ending_;
  bool open_ = false;
  bool reading_ = false;
  bool writing_ = false;
  bool closing_ = false;
};

/// Joins the two; the worker is told that a reader has come.
void join(const std::shared_ptr<shell_end>& worker, const std::shared_ptr<shell_end>& reader);

}  // namespace troupe
