#include "gateways/websocket/shell_end.hpp"

#include "gateways/rest/door_access.hpp"
#include "gateways/websocket/shell_desk.hpp"
#include "runtime/lane/lane.hpp"

#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>

#include <utility>

namespace troupe {

namespace beast = boost::beast;
namespace websocket = beast::websocket;

namespace {

constexpr std::size_t longest_message = 1024 * 1024;
// Of a worker that has given a display away; before it there may be what it said of displays.
constexpr std::string_view begin_word = "begin";
constexpr auto patience_with_worker = std::chrono::seconds{20};

websocket::close_reason reason_of(shell_ending why) {
  const auto own = [](unsigned code) { return static_cast<websocket::close_code>(code); };
  switch (why) {
    case shell_ending::server_ends:
      return {websocket::close_code::going_away, "the server ends"};
    case shell_ending::worker_gone:
      return {websocket::close_code::going_away, "the worker is gone"};
    case shell_ending::taken:
      return {own(4409), "the secret belongs to another run"};
    default:
      return {own(4503), "the worker does not answer"};
  }
}

// What one side was closed with closes the other, if it is for the wire.
websocket::close_reason reason_for_other(const websocket::close_reason& reason, bool of_worker) {
  const auto code = static_cast<unsigned>(reason.code);
  const bool fit = code == 1000 || code == 1001 || code == 1011 || (code >= 3000 && code < 5000);
  if (fit)
    return reason;
  return of_worker ? reason_of(shell_ending::worker_gone)
                   : websocket::close_reason{websocket::close_code::normal, "the reader is gone"};
}

}  // namespace

shell_end::shell_end(upgraded_connection&& connection, shell_desk& desk, side which,
                     shell_request about)
    : lane_(*connection.on),
      desk_(desk),
      side_(which),
      about_(std::move(about)),
      request_(std::move(connection.request)),
      socket_(std::move(connection.socket)),
      patience_(lane_.io()) {}

// Whoever tells an end something may do so while it holds the desk, or on another lane.
template <class Job>
void shell_end::post(Job job) {
  lane_.post([self = shared_from_this(), job = std::move(job)] { job(*self); });
}

// A peer that vanished without a word is noticed by pings, sent after half of the idle time.
void shell_end::set_limits() {
  websocket::stream_base::timeout limits{};
  limits.handshake_timeout = std::chrono::seconds{30};
  limits.idle_timeout = std::chrono::seconds{60};
  limits.keep_alive_pings = true;
  socket_.set_option(limits);
  socket_.read_message_max(longest_message);
  socket_.binary(true);
}

// That of displays; a client that names protocols must be answered with one of them.
void shell_end::choose_protocol() {
  const auto named = request_.find(beast::http::field::sec_websocket_protocol);
  if (named == request_.end() || !beast::http::token_list{named->value()}.exists("binary"))
    return;
  socket_.set_option(websocket::stream_base::decorator([](websocket::response_type& response) {
    response.set(beast::http::field::sec_websocket_protocol, "binary");
  }));
}

void shell_end::accept() {
  post([](shell_end& self) {
    self.set_limits();
    self.choose_protocol();
    self.socket_.async_accept(self.request_,
                              [keep = self.shared_from_this()](const beast::error_code& failed) {
                                if (failed)
                                  keep->gone();
                                else
                                  keep->opened();
                              });
  });
}

void shell_end::refuse(const api_error& why) {
  post([why](shell_end& self) {
    self.refuse(http_status(why.code), door_failure(self.lane_, "shell", why).body);
  });
}

void shell_end::refuse(unsigned status, std::string body) {
  post([status, body = std::move(body)](shell_end& self) {
    const auto text = std::make_shared<std::string>(
        "HTTP/1.1 " + std::to_string(status) + " " +
        std::string{beast::http::obsolete_reason(static_cast<beast::http::status>(status))} +
        "\r\nContent-Type: application/json; charset=utf-8\r\nConnection: close\r\n"
        "Content-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body);
    boost::asio::async_write(
        self.socket_.next_layer(), boost::asio::buffer(*text),
        [keep = self.shared_from_this(), text](const beast::error_code&, std::size_t) {
          beast::error_code ignored;
          beast::get_lowest_layer(keep->socket_)
              .shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
        });
  });
}

void shell_end::end(shell_ending why) {
  post([why](shell_end& self) { self.finish(reason_of(why)); });
}

void join(const std::shared_ptr<shell_end>& worker, const std::shared_ptr<shell_end>& reader) {
  const auto& display = reader->about().display;
  const auto word = display.empty() ? std::string{"open"} : "open " + display;
  worker->post(
      [other = std::weak_ptr{reader}, word](shell_end& self) { self.join_to(other, word); });
  reader->post([other = std::weak_ptr{worker}](shell_end& self) { self.join_to(other, {}); });
}

// -- on the lane ----------------------------------------------------------------------------------

void shell_end::opened() {
  open_ = true;
  if (side_ == side::worker) {
    desk_.offer(shared_from_this());
  } else if (!joined_) {
    patience_.expires_after(patience_with_worker);
    patience_.async_wait([weak = weak_from_this()](const beast::error_code& canceled) {
      const auto self = weak.lock();
      if (self && !canceled && !self->joined_)
        self->finish(reason_of(shell_ending::no_answer));
    });
  }
  read();
  write();
}

void shell_end::join_to(std::weak_ptr<shell_end> other, const std::string& word) {
  other_ = std::move(other);
  joined_ = true;
  patience_.cancel();
  if (side_ == side::worker) {
    begun_ = word.find(' ') == std::string::npos;
    deliver({std::make_shared<const std::string>(word), {}});
  }
  if (held_)
    received(std::exchange(held_, nullptr));
}

void shell_end::read() {
  if (!open_ || reading_ || held_ || closing_)
    return;
  reading_ = true;
  socket_.async_read(input_, [self = shared_from_this()](const beast::error_code& failed,
                                                         std::size_t) {
    self->reading_ = false;
    if (failed)
      return self->gone();
    auto text = std::make_shared<const std::string>(beast::buffers_to_string(self->input_.data()));
    self->input_.clear();
    self->received(std::move(text));
  });
}

// A reader that is early is heard later; a worker that waits says which displays there are.
void shell_end::received(message text) {
  if (side_ == side::worker && (!joined_ || !begun_)) {
    begun_ = joined_ && *text == begin_word;
    if (!begun_)
      desk_.tell(shared_from_this(), *text);
    return read();
  }
  if (!joined_) {
    held_ = std::move(text);
    return;
  }
  if (const auto other = other_.lock())
    other->post([text, from = weak_from_this()](shell_end& self) { self.deliver({text, from}); });
}

void shell_end::deliver(outgoing what) {
  if (ending_)
    return;
  waiting_.push_back(std::move(what));
  write();
}

void shell_end::write() {
  if (!open_ || writing_ || closing_)
    return;
  if (!waiting_.empty()) {
    writing_ = true;
    socket_.async_write(boost::asio::buffer(*waiting_.front().text),
                        [self = shared_from_this()](const beast::error_code& failed, std::size_t) {
                          self->wrote(failed);
                        });
  } else if (ending_) {
    closing_ = true;
    socket_.async_close(*ending_,
                        [self = shared_from_this()](const beast::error_code&) { self->gone(); });
  }
}

void shell_end::wrote(const beast::error_code& failed) {
  writing_ = false;
  if (failed)
    return gone();
  const auto sent = std::move(waiting_.front());
  waiting_.pop_front();
  if (const auto from = sent.from.lock())
    from->post([](shell_end& self) { self.read(); });
  write();
}

// What was delivered is sent first.
void shell_end::finish(const close_reason& reason) {
  if (ending_)
    return;
  ending_ = reason;
  write();
}

void shell_end::gone() {
  if (const auto other = std::exchange(other_, {}).lock())
    other->post([reason = reason_for_other(socket_.reason(), side_ == side::worker)](
                    shell_end& self) { self.finish(reason); });
  ending_.emplace();
  closing_ = true;
  waiting_.clear();
  patience_.cancel();
  desk_.leave(shared_from_this());
}

}  // namespace troupe
