#pragma once

#include "gateways/rest/takeover.hpp"

#include <memory>

namespace troupe {

class http_session;

/// The response of one streamed request. Stands between a door and the session: once the response
/// is complete, or the connection gone, it is cut off from the session and does nothing any more.
class session_stream final : public response_stream {
 public:
  session_stream(http_session& session, bool headless) : session_(&session), headless_(headless) {}

  void begin(std::uint16_t status, std::string_view content_type,
             std::vector<std::pair<std::string, std::string>> headers,
             std::optional<std::uint64_t> content_length) override;
  void write(std::shared_ptr<const std::string> bytes) override;
  void end() override;
  void respond(api_response&& response) override;
  void abort() override;
  std::size_t backlog_bytes() const override;
  void on_drained(std::function<void()> told) override { drained_ = std::move(told); }
  void on_gone(std::function<void()> told) override { gone_ = std::move(told); }
  void resume_body() override;

  // For the session.

  /// True between `begin` and the end.
  bool begun() const { return begun_; }
  bool chunked() const { return chunked_; }

  /// All bytes left.
  void tell_drained();

  /// The connection is gone; cuts off.
  void tell_gone();

  /// The response is complete; cuts off.
  void detach() { session_ = nullptr; }

 private:
  http_session* session_;
  std::function<void()> drained_;
  std::function<void()> gone_;
  bool begun_ = false;
  bool chunked_ = false;
  bool headless_ = false;  // answers HEAD: the body is not sent
};

}  // namespace troupe
