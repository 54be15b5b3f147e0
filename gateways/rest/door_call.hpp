#pragma once

#include "gateways/rest/takeover.hpp"
#include "messages/api_error.hpp"
#include "messages/caller.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace troupe {

class lane;

/// A call of one of Troupe's own methods that takes its body in pieces, on the lane of its
/// connection. It owns itself from the end of the body until it is answered, or the caller is gone.
class door_call : public body_consumer, public std::enable_shared_from_this<door_call> {
 public:
  void on_body_end() final;
  void on_body_lost() final { let_go(); }

 protected:
  /// `method` is the name of a method of `troupe_methods`.
  door_call(std::string_view method, const door_request& request,
            std::shared_ptr<response_stream> to);

  /// The body is complete. An error is the answer.
  virtual outcome<void> begin() = 0;

  /// Nobody waits for the answer any more, or it is about to go out.
  virtual void on_let_go() {}

  /// An answer is still awaited.
  bool awaited() const { return to_ != nullptr; }

  /// Whether the body is of the type JSON, and the one whose hash was signed.
  outcome<void> check_body(std::string_view text) const;

  /// The caller signed a hash of the body.
  bool body_is_signed() const { return !body_hash_.empty(); }

  void fail(const api_error& error);
  void respond(api_response&& response);

  lane& on() const { return lane_; }
  const caller_ptr& by() const { return by_; }

 private:
  std::shared_ptr<response_stream> let_go();

  const std::string_view method_;
  lane& lane_;
  std::shared_ptr<response_stream> to_;  // null once it was answered, or is gone
  const caller_ptr by_;
  const std::string content_type_;
  const std::string body_hash_;
  std::shared_ptr<door_call> self_;
};

}  // namespace troupe
