#pragma once

#include "gateways/rest/content_coding.hpp"
#include "gateways/rest/response_head.hpp"
#include "gateways/rest/takeover.hpp"
#include "runtime/lane/timer_wheel.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

class door_routes;
class http_session;
class lane;
class server_certificate;
struct api_lane;
struct settings;

/// A connection that has no session yet.
struct accepted_connection {
  int descriptor = -1;  ///< belongs to who has this
  bool v6 = false;
  std::string source_ip;
  server_certificate* certificate = nullptr;  ///< null: without TLS
};

/// The HTTP sessions of one lane and what they share: a buffer to read into, zlib's memory, one
/// timer for all time-outs. Used on its lane only, but for `connections`.
class http_lane final : public timer_target {
 public:
  http_lane(api_lane& api, const door_routes& doors, const settings& config);
  ~http_lane() override;

  lane& on();
  api_lane& api() { return api_; }
  const door_routes& doors() const { return doors_; }
  const settings& config() const { return config_; }

  /// Counts a connection that will be adopted, so that others see it at once; from any thread.
  void expect_one() { count_.fetch_add(1, std::memory_order_relaxed); }

  /// Serves a connection that was accepted and expected.
  void adopt(accepted_connection&& connection);

  /// The session is closed.
  void remove(http_session& session);

  /// Lets every session end after its request, and closes those that have none.
  void drain();

  /// Closes all sessions.
  void close_all();
  bool draining() const { return draining_; }

  /// Open connections; from any thread.
  std::size_t connections() const { return count_.load(std::memory_order_relaxed); }

  /// Memory to read into during one call.
  char* buffer() { return buffer_.data(); }
  std::size_t buffer_size() const { return buffer_.size(); }

  /// Memory to put the head of a response together, empty.
  std::string& scratch() {
    scratch_.clear();
    return scratch_;
  }

  /// Memory for what TLS makes of one read, empty.
  std::string& unsealed() {
    unsealed_.clear();
    return unsealed_;
  }
  gzip_encoder& gzip() { return gzip_; }

  /// The current `Date` header.
  std::string_view date();

  /// A new UUID.
  uuid_text new_uuid();

  /// Whether `X-Forwarded-*` headers count.
  bool trusts_proxy() const { return trusts_proxy_; }
  /// Whether `Strict-Transport-Security` is sent.
  bool strict_transport() const { return strict_transport_; }

  /// Requests under way above which new ones get 503.
  std::size_t most_calls() const { return most_calls_; }

  void on_timer() override;

 private:
  void arm_sweep();

  api_lane& api_;
  const door_routes& doors_;
  const settings& config_;
  std::vector<char> buffer_;
  std::string scratch_;
  std::string unsealed_;
  gzip_encoder gzip_;
  std::vector<std::shared_ptr<http_session>> sessions_;
  std::atomic<std::size_t> count_{0};
  timer_id sweep_ = 0;
  std::int64_t date_second_ = -1;
  std::string date_;
  std::size_t most_calls_;
  bool trusts_proxy_;
  bool strict_transport_;
  bool draining_ = false;
};

}  // namespace troupe
