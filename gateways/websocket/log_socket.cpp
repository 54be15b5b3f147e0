#include "gateways/websocket/log_socket.hpp"

#include "gateways/websocket/log_request.hpp"
#include "messages/log_commands.hpp"
#include "runtime/envelope/envelope.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/lane/switchboard.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>

#include <memory>
#include <vector>

namespace troupe {

namespace beast = boost::beast;
namespace websocket = beast::websocket;

namespace {

constexpr std::size_t longest_message_from_follower = 4096;
constexpr std::size_t longest_reason = 120;

websocket::close_reason reason_of(const api_error& why) {
  return {static_cast<websocket::close_code>(4000 + http_status(why.code)),
          fill_message(why).substr(0, longest_reason)};
}

class log_socket final : public log_follower, public std::enable_shared_from_this<log_socket> {
 public:
  log_socket(upgraded_connection&& connection, switchboard& board)
      : lane_(*connection.on),
        board_(board),
        request_(std::move(connection.request)),
        socket_(std::move(connection.socket)) {
    // A peer that vanished without a word is noticed by pings, sent after half of the idle time.
    websocket::stream_base::timeout limits{};
    limits.handshake_timeout = std::chrono::seconds{30};
    limits.idle_timeout = std::chrono::seconds{60};
    limits.keep_alive_pings = true;
    socket_.set_option(limits);
    socket_.read_message_max(longest_message_from_follower);
    socket_.binary(true);
  }

  void follow(const log_request& about) {
    about_ = about;
    accept([](log_socket& self) {
      self.following_ = true;
      self.read();
      self.board_.tell(self.lane_, follow_log{self.about_.task, self.about_.run, self.about_.offset,
                                              self.shared_from_this(), self.lane_.index(),
                                              self.about_.tail_lines});
    });
  }

  void refuse(const api_error& why) {
    accept([reason = reason_of(why)](log_socket& self) { self.close(reason); });
  }

  void on_bytes(std::uint64_t, const log_bytes& bytes) override {
    if (bytes->empty() || closing_)
      return;
    waiting_bytes_ += bytes->size();
    waiting_.push_back(bytes);
    write();
  }

  void on_end() override { end({websocket::close_code::normal, "end of log"}); }

  void on_missing() override {
    end({static_cast<websocket::close_code>(4404), "there is no live log of this run"});
  }

  std::size_t backlog_bytes() const override { return waiting_bytes_; }

 private:
  template <class Then>
  void accept(Then then) {
    socket_.async_accept(request_,
                         [self = shared_from_this(), then](const beast::error_code& failed) {
                           if (!failed)
                             then(*self);
                         });
  }

  // Nothing is expected of the follower; reading answers pings and notices that it has gone.
  void read() {
    socket_.async_read(input_,
                       [self = shared_from_this()](const beast::error_code& failed, std::size_t) {
                         if (failed)
                           return self->gone();
                         self->input_.clear();
                         self->read();
                       });
  }

  // All that waits goes out as one message.
  void write() {
    if (writing_)
      return;
    if (waiting_.empty()) {
      if (ending_)
        close(*ending_);
      return;
    }
    writing_ = true;
    leaving_ = std::exchange(waiting_, {});
    std::vector<boost::asio::const_buffer> message;
    for (const auto& piece : leaving_)
      message.push_back(boost::asio::buffer(*piece));
    socket_.async_write(message, [self = shared_from_this()](const beast::error_code& failed,
                                                             std::size_t) { self->wrote(failed); });
  }

  void wrote(const beast::error_code& failed) {
    writing_ = false;
    for (const auto& piece : leaving_)
      waiting_bytes_ -= piece->size();
    leaving_.clear();
    if (failed)
      return gone();
    if (!ending_)
      board_.tell(lane_, follower_ready{about_.task, about_.run, this, false});
    write();
  }

  void end(websocket::close_reason reason) {
    following_ = false;
    ending_ = std::move(reason);
    write();
  }

  void close(const websocket::close_reason& reason) {
    if (std::exchange(closing_, true))
      return;
    socket_.async_close(reason, [self = shared_from_this()](const beast::error_code&) {});
  }

  void gone() {
    closing_ = true;
    if (std::exchange(following_, false))
      board_.tell(lane_, follower_ready{about_.task, about_.run, this, true});
  }

  lane& lane_;
  switchboard& board_;
  log_request about_;
  beast::http::request<beast::http::empty_body> request_;
  websocket::stream<web_stream> socket_;
  beast::flat_buffer input_;
  std::vector<log_bytes> waiting_;
  std::vector<log_bytes> leaving_;  // in the message that is being sent
  std::size_t waiting_bytes_ = 0;   // of both
  std::optional<websocket::close_reason> ending_;
  bool following_ = false;
  bool writing_ = false;
  bool closing_ = false;
};

}  // namespace

void follow_by_socket(upgraded_connection&& connection, switchboard& board) {
  const auto about = read_log_request(connection.door);
  const auto allowed = about ? may_read_log(connection.door) : outcome<void>{about.error()};
  // A client waits for the handshake before it speaks, so nothing may have come after it.
  const bool hasty = !connection.leftover.empty();
  const auto socket = std::make_shared<log_socket>(std::move(connection), board);
  if (!allowed)
    return socket->refuse(allowed.error());
  if (hasty)
    return socket->refuse(
        make_api_error(error_code::input_error, "wait for the handshake before sending"));
  socket->follow(*about);
}

}  // namespace troupe
