#pragma once

#include "messages/api_error.hpp"
#include "runtime/events/event.hpp"
#include "runtime/store/redis_link.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct redisContext;

namespace troupe {

/// Some entries of one stream. The events it gives live until it is changed.
class event_page {
 public:
  std::size_t size() const { return reply_.size(); }

  /// The event at a place; nothing when the entry is none of ours.
  std::optional<event> at(std::size_t index);

 private:
  friend class event_log_reader;
  redis_reply reply_;
  std::uint16_t stream_ = 0;
  std::vector<std::string> cc_;  // of the event given last
};

/// Where a reader of the whole log stands: it reads stream after stream, each from the oldest
/// entry.
struct log_position {
  std::int64_t from_ms = 0;  ///< where each stream begins
  std::uint16_t stream = 0;  ///< `stream_count`: at the end
  std::string next;          ///< of the stream; empty at its beginning
  /// The newest event read of each stream; `n` is 0 where none was.
  std::array<event_id, stream_count> newest{};
};

/// Reads the event log in Redis, waiting for each answer, so on a thread of its own. Connects when
/// it is asked something, and again when the connection was lost.
class event_log_reader {
 public:
  explicit event_log_reader(redis_endpoint where);
  ~event_log_reader();

  /// Where to begin after an event: two seconds before it in every stream, since lanes do not
  /// agree on time (design, section 5); without one at what is kept.
  static log_position begin(const std::optional<event_id>& after);

  /// True when events after this one may be kept no longer.
  outcome<bool> has_gap(const event_id& after);

  /// The next entries; false at the end of the log. A page may be empty before that.
  outcome<bool> read(log_position& position, event_page& page);

  /// The newest event of each stream that has any.
  outcome<std::vector<event_id>> newest();

  /// Ends the connection until something is asked.
  void rest() { context_.reset(); }

 private:
  struct ender {
    void operator()(redisContext* context) const;
  };

  bool connect();
  outcome<redis_reply> ask(const std::vector<std::string>& command);
  api_error away(std::string_view why) const;

  redis_endpoint where_;
  std::unique_ptr<redisContext, ender> context_;
};

}  // namespace troupe
