#include "gateways/rest/session_stream.hpp"

#include "gateways/rest/http_session.hpp"

#include <charconv>

namespace troupe {

void session_stream::begin(std::uint16_t status, std::string_view content_type,
                           std::vector<std::pair<std::string, std::string>> headers,
                           std::optional<std::uint64_t> content_length) {
  if (session_ == nullptr || begun_)
    return;
  begun_ = true;
  chunked_ =
      !content_length && session_->request_.version() == 11 && status != 204 && status != 304;
  session_->stream_begin(status, content_type, headers, content_length, chunked_);
}

void session_stream::write(std::shared_ptr<const std::string> bytes) {
  if (session_ == nullptr || !begun_ || headless_ || bytes->empty())
    return;
  if (!chunked_) {
    session_->stream_write({}, std::move(bytes), {});
    return;
  }
  char head[24];
  auto* end = std::to_chars(head, head + 20, bytes->size(), 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  session_->stream_write({head, static_cast<std::size_t>(end - head)}, std::move(bytes), "\r\n");
}

void session_stream::end() {
  if (session_ == nullptr || !begun_)
    return;
  auto* session = std::exchange(session_, nullptr);
  session->stream_end(chunked_ && !headless_ ? std::string_view{"0\r\n\r\n"} : std::string_view{});
}

void session_stream::respond(api_response&& response) {
  if (session_ == nullptr || begun_)
    return;
  auto* session = std::exchange(session_, nullptr);
  session->send_response(std::move(response));
}

void session_stream::abort() {
  if (auto* session = std::exchange(session_, nullptr)) {
    gone_ = nullptr;
    session->close();
  }
}

std::size_t session_stream::backlog_bytes() const {
  return session_ == nullptr ? 0 : session_->writer_.backlog_bytes();
}

void session_stream::resume_body() {
  if (session_ != nullptr)
    session_->resume_body();
}

void session_stream::tell_drained() {
  if (drained_) {
    // Copied, since the door may set another one from within.
    const auto told = drained_;
    told();
  }
}

void session_stream::tell_gone() {
  session_ = nullptr;
  drained_ = nullptr;
  if (auto told = std::exchange(gone_, nullptr))
    told();
}

}  // namespace troupe
