#include "gateways/rest/http_lane.hpp"
#include "gateways/rest/http_session.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/lane/lane.hpp"

#include <sys/socket.h>

namespace troupe {

namespace http = boost::beast::http;

// -- whole responses
// -------------------------------------------------------------------------------

void http_session::on_response(api_response&& response) {
  if (phase_ == phase::closed) {
    home_.api().give_back(response.handed_out);
    return;
  }
  send_response(std::move(response));
}

void http_session::fill_head(response_head& head) {
  head.version = request_.version();
  // A request that was not read to its end leaves the connection useless.
  keep_alive_ = keep_alive_ && !finish_soon_ && parser_ && parser_->is_done();
  head.keep_alive = keep_alive_;
  head.below_api = request_.target().starts_with("/api/");
  head.strict_transport = home_.strict_transport();
  head.trace_id = trace_id_;
  head.request_id = {request_id_.data(), request_id_.size()};
  head.date = home_.date();
}

void http_session::send_response(api_response&& response) {
  const auto keep = shared_from_this();
  response_head head;
  fill_head(head);
  head.status = response.status;
  head.allow = response.allow;
  head.more = response.headers;
  const bool bodiless = response.status == 204 || response.status == 304;
  if (!response.body.empty() && !bodiless) {
    head.content_type = response.content_type;
    if (response.body.size() >= least_compressed_bytes &&
        accepts_gzip(request_.header(http::field::accept_encoding))) {
      if (auto packed = home_.gzip().encode(response.body); !packed.empty()) {
        response.body = std::move(packed);
        head.content_encoding = "gzip";
      }
    }
  }
  if (!bodiless)
    head.content_length = response.body.size();
  auto& text = home_.scratch();
  append_response_head(text, head);
  const bool no_body = bodiless || request_.verb() == "HEAD";
  delivering_ = std::move(response.handed_out);
  if (auto stream = std::exchange(stream_, nullptr))
    stream->detach();
  phase_ = phase::writing;
  after_write(writer_.send(text, no_body ? std::string_view{} : std::string_view{response.body}));
}

void http_session::after_write(socket_writer::result sent) {
  if (phase_ == phase::closed)
    return;
  if (sent == socket_writer::result::broken)
    return close();
  if (sent == socket_writer::result::waiting) {
    since_ = home_.on().now();
    progress_ = writer_.progress();
    watch_backlog();
    return;
  }
  if (phase_ == phase::writing) {
    delivering_.clear();
    finish_request();
  }
}

void http_session::watch_backlog() {
  writer_.drain(shared_from_this(), [this](socket_writer::result sent) {
    if (phase_ == phase::streaming && sent == socket_writer::result::sent) {
      if (const auto stream = stream_)
        stream->tell_drained();
      return;
    }
    after_write(sent);
  });
}

void http_session::finish_request() {
  since_ = home_.on().now();
  consumer_.reset();
  body_paused_ = false;
  if (!keep_alive_)
    return linger();
  parser_.reset();
  phase_ = phase::head;
  if (parsing_)
    return;  // the loop that called goes on with what is left
  go_on();
  arm_read();
}

void http_session::linger() {
  if (eof_)
    return close();
  // Closing while the peer still sends would make it lose our response, so it closes first.
  phase_ = phase::lingering;
  writer_.say_end();
  ::shutdown(socket_.native_handle(), SHUT_WR);
  pending_.clear();
  arm_read();
}

// -- streamed responses
// ----------------------------------------------------------------------------

void http_session::stream_begin(std::uint16_t status, std::string_view content_type,
                                const std::vector<std::pair<std::string, std::string>>& headers,
                                std::optional<std::uint64_t> content_length, bool chunked) {
  response_head head;
  // A body whose end only the closing of the connection tells.
  const bool ends_by_closing =
      !chunked && !content_length && request_.verb() != "HEAD" && status != 204 && status != 304;
  const bool was_kept = keep_alive_;
  keep_alive_ = keep_alive_ && !ends_by_closing;
  fill_head(head);
  keep_alive_ = head.keep_alive && was_kept;
  head.status = status;
  head.content_type = content_type;
  head.content_length = content_length;
  head.chunked = chunked;
  head.more = headers;
  auto& text = home_.scratch();
  append_response_head(text, head);
  after_write(writer_.send(text, {}));
}

void http_session::stream_write(std::string_view prefix, std::shared_ptr<const std::string> bytes,
                                std::string_view suffix) {
  after_write(writer_.send(prefix, std::move(bytes), suffix));
}

void http_session::stream_end(std::string_view last) {
  stream_.reset();
  phase_ = phase::writing;
  if (!last.empty()) {
    after_write(writer_.send(last, {}));
    return;
  }
  // What is still on its way finishes the request when it has left.
  after_write(writer_.backlog_bytes() == 0 ? socket_writer::result::sent
                                           : socket_writer::result::waiting);
}

void http_session::resume_body() {
  if (!body_paused_ || phase_ != phase::streaming)
    return;
  body_paused_ = false;
  since_ = home_.on().now();
  go_on();
  arm_read();
}

}  // namespace troupe
