#pragma once

#include "messages/api_error.hpp"
#include "runtime/store/reply_arena.hpp"
#include "runtime/store/resp_writer.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct redisReader;
struct redisReply;

namespace troupe {

/// Where Redis is: `unix:/path`, `redis://[:password@]host:port[/db]` or `host:port`.
struct redis_endpoint {
  std::string unix_path;  ///< a unix socket when not empty
  std::string host = "127.0.0.1";
  std::uint16_t port = 6379;
  std::string username;
  std::string password;
  int database = 0;

  /// Reads an address as the option `--redis` takes it.
  static outcome<redis_endpoint> parse(std::string_view text);

  /// The address for messages, without the password.
  std::string describe() const;
};

/// One reply of Redis. It owns the memory of the client library, unless it was answered to a
/// request of a `redis_link`: then it is there until the request's handler returns.
class redis_reply {
 public:
  redis_reply() = default;
  explicit redis_reply(redisReply* raw) : raw_(raw), owned_(true) {}
  redis_reply(redis_reply&& other) noexcept
      : raw_(std::exchange(other.raw_, nullptr)), owned_(other.owned_) {}

  /// One whose memory is another's.
  static redis_reply in_arena(redisReply* raw) {
    redis_reply result;
    result.raw_ = raw;
    return result;
  }

  redis_reply& operator=(redis_reply&& other) noexcept;
  ~redis_reply();

  redisReply* operator->() const { return raw_; }
  redisReply* get() const { return raw_; }

  bool is_error() const;
  bool is_nil() const;
  /// Text of a string, status or error reply; empty for others.
  std::string_view text() const;
  std::int64_t integer() const;
  std::size_t size() const;
  /// Element of an array reply, not owned.
  redisReply* at(std::size_t index) const;

 private:
  redisReply* raw_ = nullptr;
  bool owned_ = false;
};

/// Text of a nested reply; empty for nil and numbers.
std::string_view text_of(const redisReply* reply);

/// A pipelined connection to Redis that comes back by itself. Commands are sent in order, and
/// each request gets its replies in order. What was not answered when the connection broke is
/// sent again on the next one, after the handshake, so requests must be safe to repeat.
class redis_link {
 public:
  /// Replies of one request, one for each of its commands. They go when it returns.
  using reply_handler = std::function<void(std::vector<redis_reply>&)>;

  redis_link(boost::asio::io_context& io, redis_endpoint endpoint);
  ~redis_link();

  /// Connects and goes on trying. `greet` is called on every connection before anything else is
  /// sent; it may use `request_now` and must call its argument when the link may be used, with an
  /// empty text, or with the reason why it must not be.
  void start(std::function<void(std::function<void(std::string)>)> greet,
             std::function<void()> on_down, std::function<void(std::string)> on_refused);

  /// Sends commands when the link is ready; keeps them until answered. The text must stay alive
  /// until the reply: it is held by the shared pointer.
  void request(std::shared_ptr<const std::string> text, std::size_t replies, reply_handler done);

  /// Sends commands at once, within `greet`; they are lost when the connection breaks.
  void request_now(const resp_writer& commands, reply_handler done);

  bool ready() const { return ready_; }

  /// Requests that were not answered yet.
  std::size_t waiting() const { return requests_.size(); }

  /// The id of this connection as Redis knows it, set by the handshake.
  std::uint64_t client_id() const { return client_id_; }

  /// Ends the connection and the attempts.
  void stop();

  const redis_endpoint& endpoint() const { return endpoint_; }

 private:
  struct pending {
    std::shared_ptr<const std::string> text;
    std::size_t replies = 0;
    std::vector<redis_reply> got;
    reply_handler done;
    bool once = false;  // part of the handshake: not repeated
  };

  void connect();
  void on_connected();
  void hello();
  void accept_greeting(const std::string& refused);
  void write_more();
  void read_more();
  void on_replies();
  void broken();
  void retry_later();

  using socket_type = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol,
                                                       boost::asio::io_context::executor_type>;

  boost::asio::io_context& io_;
  redis_endpoint endpoint_;
  std::unique_ptr<socket_type> socket_;
  boost::asio::steady_timer retry_;
  reply_arena arena_;  // of what was answered to the first request
  std::unique_ptr<redisReader, void (*)(redisReader*)> reader_;
  std::vector<char> input_;
  std::deque<pending> requests_;  // answered from the front
  std::size_t sent_ = 0;          // how many of them were handed to the socket
  std::vector<std::shared_ptr<const std::string>> writing_;
  bool writing_now_ = false;
  bool ready_ = false;
  bool greeting_ = false;
  bool stopped_ = false;
  std::uint64_t client_id_ = 0;
  std::uint64_t connection_ = 0;  // tells handlers of an old connection from the present one
  int attempts_ = 0;
  std::function<void(std::function<void(std::string)>)> greet_;
  std::function<void()> on_down_;
  std::function<void(std::string)> on_refused_;
};

}  // namespace troupe
