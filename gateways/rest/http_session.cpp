#include "gateways/rest/http_session.hpp"

#include "gateways/rest/http_lane.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/lane/lane.hpp"

#include <boost/beast/http/error.hpp>

#include <sys/socket.h>

#include <cerrno>

namespace troupe {

namespace http = boost::beast::http;

namespace {

// What a peer may send ahead while its request is under way; then reading pauses.
constexpr std::size_t most_ahead_bytes = 256 * 1024;
constexpr std::uint64_t most_lingered_bytes = 64 * 1024 * 1024;

constexpr std::string_view clear_text_answer =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json; charset=utf-8\r\n"
    "Content-Length: 58\r\nConnection: close\r\n\r\n"
    R"({"error":"This port takes HTTPS only; say https:// to it"})";

}  // namespace

http_session::http_session(http_lane& home, tcp_socket socket, std::string source_ip,
                           std::unique_ptr<tls_channel> tls)
    : home_(home),
      socket_(std::move(socket)),
      source_ip_(std::move(source_ip)),
      tls_(std::move(tls)),
      writer_(socket_, tls_.get()),
      call_(home.api(), *this),
      since_(home.on().now()) {}

http_session::~http_session() = default;

void http_session::start() { arm_read(); }

bool http_session::wants_bytes() const {
  switch (phase_) {
    case phase::head:
    case phase::lingering:
      return true;
    case phase::body:
      return !body_paused_;
    case phase::calling:
    case phase::writing:
      return pending_.size() < most_ahead_bytes && !eof_;
    case phase::streaming:
      return body_done_ ? pending_.size() < most_ahead_bytes && !eof_ : !body_paused_;
    case phase::closed:
      return false;
  }
  return false;
}

void http_session::arm_read() {
  if (reading_ || !wants_bytes())
    return;
  reading_ = true;
  // Waits without a buffer: the bytes are read into the lane's when they are there.
  socket_.async_wait(tcp_socket::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& failed) {
                       self->reading_ = false;
                       if (!failed && self->phase_ != phase::closed)
                         self->on_readable();
                     });
}

void http_session::on_readable() {
  const auto keep = shared_from_this();
  const lane::moment one{home_.on()};
  // Bounded, so that one quick sender does not hold up the lane.
  for (int turn = 0; turn < 16 && wants_bytes(); ++turn) {
    const auto n =
        ::recv(socket_.native_handle(), home_.buffer(), home_.buffer_size(), MSG_DONTWAIT);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
      break;
    if (n < 0)
      return close();
    if (n == 0) {
      on_eof();
      break;
    }
    const auto size = static_cast<std::size_t>(n);
    if (phase_ == phase::body || phase_ == phase::streaming)
      since_ = home_.on().now();
    if (tls_)
      take_sealed({home_.buffer(), size});
    else
      take({home_.buffer(), size});
    if (phase_ == phase::closed || size < home_.buffer_size())
      break;
  }
  arm_read();
}

void http_session::take_sealed(std::string_view sealed) {
  auto& text = home_.unsealed();
  const auto state = tls_->receive(sealed, text);
  if (state == tls_channel::state::clear_text)
    writer_.send_clear(clear_text_answer);
  else
    after_write(writer_.send_handshake());
  if (phase_ == phase::closed)
    return;
  // All of it, even when no more is wanted for now: nobody would say that it is still there.
  if (!text.empty())
    take(text);
  if (phase_ == phase::closed || state == tls_channel::state::open)
    return;
  if (state == tls_channel::state::ended)
    on_eof();
  else
    close();
}

void http_session::take(std::string_view bytes) {
  if (phase_ == phase::lingering) {
    lingered_ += bytes.size();
    if (lingered_ > most_lingered_bytes)
      close();
    return;
  }
  if (!pending_.empty()) {
    pending_.append(bytes);
    go_on();
    return;
  }
  const auto used = parse(bytes);
  if (phase_ != phase::closed && used < bytes.size())
    pending_.append(bytes.substr(used));
}

void http_session::go_on() {
  const auto keep = shared_from_this();
  if (parsing_ || pending_.empty())
    return;
  const auto bytes = std::move(pending_);
  pending_.clear();
  const auto used = parse(bytes);
  if (phase_ != phase::closed && used < bytes.size())
    pending_.insert(0, bytes, used);
}

std::size_t http_session::parse(std::string_view bytes) {
  const auto all = bytes.size();
  parsing_ = true;
  while (!bytes.empty() && parse_some(bytes)) {
  }
  parsing_ = false;
  return all - bytes.size();
}

bool http_session::parse_some(std::string_view& bytes) {
  const bool takes_body = phase_ == phase::body || (phase_ == phase::streaming && !body_done_);
  if ((phase_ != phase::head && !takes_body) || body_paused_)
    return false;
  if (!parser_)
    begin_request();
  const bool had_head = parser_->is_header_done();
  boost::system::error_code failed;
  const auto used = parser_->take(bytes, failed);
  bytes.remove_prefix(used);
  if (failed == http::error::need_more) {
    // What cannot be used yet is a head, the head of a chunk, or what follows the last chunk.
    if (bytes.size() <= home_.config().max_header_bytes)
      return false;
    failed = http::error::header_limit;
  }
  if (failed) {
    on_parse_error(failed);
    return false;
  }
  if (!had_head && parser_->is_header_done())
    on_head(bytes);
  if (phase_ == phase::closed)
    return false;
  if (parser_ && parser_->is_done() && !body_done_) {
    body_done_ = true;
    if (phase_ == phase::body)
      dispatch_call();
    else if (consumer_)
      std::exchange(consumer_, nullptr)->on_body_end();
  }
  return true;
}

void http_session::begin_request() {
  const auto& config = home_.config();
  request_.clear();
  parser_.emplace(request_, config.max_header_bytes, config.max_body_bytes);
  body_done_ = false;
  since_ = home_.on().now();
}

void http_session::on_head(std::string_view rest) {
  parser_->eager(true);
  keep_alive_ = parser_->keep_alive() && !finish_soon_;
  make_ids();
  phase_ = phase::body;
  since_ = home_.on().now();
  if (dispatch_door(rest))
    return;
  const auto expect = request_.header(http::field::expect);
  if (rest.empty() && !parser_->is_done() && (expect == "100-continue" || expect == "100-Continue"))
    after_write(writer_.send("HTTP/1.1 100 Continue\r\n\r\n", {}));
}

void http_session::make_ids() {
  request_id_ = home_.new_uuid();
  const auto sent = usable_trace_id(request_.header("x-taskcluster-trace-id"));
  if (!sent.empty()) {
    trace_id_ = sent;
    return;
  }
  const auto made = home_.new_uuid();
  trace_id_.assign(made.data(), made.size());
}

void http_session::on_parse_error(const boost::system::error_code& failed) {
  if (phase_ == phase::streaming)
    return close();
  keep_alive_ = false;
  if (failed == http::error::body_limit) {
    refuse_call(make_api_error(error_code::input_too_large,
                               "Request body is too large; the limit is " +
                                   std::to_string(home_.config().max_body_bytes) + " bytes"));
    return;
  }
  api_response response;
  response.status = failed == http::error::header_limit ? 431 : 400;
  response.body = failed == http::error::header_limit
                      ? R"({"error":"The head of the request is too large"})"
                      : R"({"error":"Not a valid HTTP request"})";
  if (phase_ == phase::head)
    make_ids();
  send_response(std::move(response));
}

void http_session::on_eof() {
  eof_ = true;
  // A claim that waits is only good for a peer that is there; any other answer may still be read.
  // A stream may have nothing to say for hours, so its reader would never be missed.
  const bool answer_wanted =
      phase_ == phase::writing || (phase_ == phase::calling && !call_.abandonable());
  if (!answer_wanted)
    return close();
  keep_alive_ = false;
}

void http_session::close() {
  if (phase_ == phase::closed)
    return;
  const auto keep = shared_from_this();
  phase_ = phase::closed;
  writer_.say_end();
  boost::system::error_code ignored;
  socket_.close(ignored);
  call_.abandon();
  home_.api().give_back(delivering_);
  if (auto consumer = std::exchange(consumer_, nullptr))
    consumer->on_body_lost();
  if (auto stream = std::exchange(stream_, nullptr))
    stream->tell_gone();
  home_.remove(*this);
}

void http_session::finish_soon() {
  finish_soon_ = true;
  keep_alive_ = false;
  if (phase_ == phase::head || phase_ == phase::lingering)
    close();
  else if (phase_ == phase::calling)
    call_.release_claim();
}

void http_session::check_time(timestamp now) {
  const auto& config = home_.config();
  const auto seconds = [](std::uint32_t n) { return std::chrono::seconds{n}; };
  const auto spent = now - since_;
  switch (phase_) {
    case phase::head: {
      const bool idle = pending_.empty() && !parser_ && (!tls_ || tls_->established());
      if (spent > seconds(idle ? config.keep_alive_s : config.header_timeout_s))
        close();
      break;
    }
    case phase::calling:
      if (spent > call_.patience())
        call_.time_out();
      break;
    case phase::lingering:
      if (spent > seconds(5))
        close();
      break;
    case phase::body:
    case phase::writing:
    case phase::streaming: {
      if (writer_.progress() != progress_) {
        progress_ = writer_.progress();
        since_ = now;
        break;
      }
      // A live log that has nothing to say is fine; bytes that nobody takes are not.
      const bool stalled = writer_.backlog_bytes() > 0 || (!body_done_ && !body_paused_);
      if (stalled && spent > seconds(config.body_timeout_s))
        close();
      break;
    }
    case phase::closed:
      break;
  }
}

}  // namespace troupe
