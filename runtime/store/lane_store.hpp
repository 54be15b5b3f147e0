#pragma once

#include "messages/answer.hpp"
#include "messages/reply_handle.hpp"
#include "runtime/events/event.hpp"
#include "runtime/store/redis_link.hpp"
#include "runtime/store/resp_writer.hpp"
#include "runtime/store/shard.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

class lane;

/// Numbers the commits of a lane; 0 is before the first.
using commit_number = std::uint64_t;

/// An event as an actor words it; the log adds id and time. The texts are copied.
struct event_draft {
  std::string_view exchange;
  std::string_view routing_key;
  std::vector<std::string> cc;
  std::string_view payload;
};

/// What a lane store needs to know.
struct store_options {
  redis_endpoint redis;
  std::uint64_t event_retention_bytes = std::uint64_t{1} << 30;  ///< of the whole node
  std::chrono::milliseconds event_retention_time = std::chrono::hours{24};
  std::chrono::milliseconds outage_bound{10'000};  ///< how long requests wait for Redis
};

/// The group commit of one lane: what its actors write within a loop turn goes to Redis as one
/// MULTI..EXEC, about 128 commits or 256 KB each, one on its way at a time. Replies and events wait
/// for the EXEC. Used on the lane's thread only.
class lane_store {
 public:
  lane_store(lane& owner, store_options options);
  ~lane_store();

  // -- writing -----------------------------------------------------------------------------------

  /// Begins a commit: the commands and events up to `end_commit` are never split.
  resp_writer& begin_commit();

  /// Appends an event to a stream of the log, within a commit; it is told to the listeners after
  /// the EXEC and before any reply that waits for it.
  void append_event(std::uint16_t stream, event_draft draft);

  /// Ends the commit and answers its number.
  commit_number end_commit();

  /// Takes back a commit that was begun and not ended, as whoever made it failed meanwhile;
  /// nothing of it is written. Without one it does nothing.
  void abandon_commit();

  /// The number of the last commit that was begun and ended.
  commit_number last() const { return last_; }

  /// The number of the last commit that is safe.
  commit_number safe() const { return safe_; }

  /// Runs the job once the commit is safe; at once when it already is.
  void when_safe(commit_number number, std::function<void()> job);

  /// Answers once the commit is safe; at once when it already is.
  void answer(commit_number number, const reply_handle& to, class answer&& result);

  // -- reading -----------------------------------------------------------------------------------

  /// Sends commands outside of any commit; `done` is called with one reply for each, in order, on
  /// the lane's thread. Sees what was committed before, not what is still being gathered. Asked
  /// again after a reconnect.
  void query(const resp_writer& commands, std::function<void(std::vector<redis_reply>&)> done);

  // -- state -------------------------------------------------------------------------------------

  /// True while Redis answers.
  bool connected() const { return link_.ready(); }

  /// Commits that are not safe yet.
  std::uint64_t backlog() const { return last_ - safe_; }

  /// True when Redis has been away longer than the bound: new requests are refused.
  bool overdue() const;

  /// Told of every event that is safe.
  void add_listener(event_listener& listener) { listeners_.push_back(&listener); }

  /// Goes on numbering events of a stream after what the log holds, before the first commit;
  /// which has so many `entries`.
  void resume_events(std::uint16_t stream, std::int64_t last_ms, std::uint64_t last_n,
                     std::uint64_t entries);

  /// The newest event of a stream.
  event_id newest_event(std::uint16_t stream) const;

  /// Connects, takes the leases of the lane's shards from whoever held them, then calls back with
  /// an error text or "".
  void start(std::function<void(std::string)> ready);

  /// Calls back when everything committed so far is safe, or after the bound.
  void flush_and_stop(std::function<void()> done);

  /// Told when the lane may not go on: another server took its shards, or what Redis holds no
  /// longer agrees with what was sent. The process must end; a restart reads the truth.
  void on_fatal(std::function<void(std::string)> handler) { fatal_ = std::move(handler); }

  /// Told in one line when Redis goes away or refuses to write, and when it is back.
  void on_trouble(std::function<void(std::string)> handler) { on_trouble_ = std::move(handler); }

  /// Counts for metrics and tests.
  struct counters {
    std::uint64_t commits = 0;
    std::uint64_t batches = 0;
    std::uint64_t reconnects = 0;
    std::uint64_t events = 0;
  };
  const counters& counted() const { return counters_; }

 private:
  struct pending_answer {
    reply_handle to;
    class answer result;
  };

  // A text within the commands of a batch, which stay until it is done.
  struct stretch {
    std::size_t at = 0;
    std::size_t size = 0;
    std::string_view in(const std::string& text) const {
      return std::string_view{text}.substr(at, size);
    }
  };

  struct pending_event {
    event_id id;
    timestamp time;
    stretch exchange;
    stretch routing_key;
    stretch payload;
    std::vector<std::string> cc;
  };

  struct batch {
    resp_writer commands;
    std::vector<pending_event> events;
    std::vector<pending_answer> answers;
    std::vector<std::function<void()>> jobs;
    commit_number last = 0;
    std::uint32_t commits = 0;
  };

  // A place in a stream of the log, so that it can be cut by size and by age.
  struct checkpoint {
    std::int64_t ms = 0;
    std::uint64_t n = 0;
    std::uint64_t bytes = 0;  // of the stretch that begins here
  };

  struct stream_log {
    std::int64_t last_ms = 0;
    std::uint64_t last_n = 0;
    std::uint64_t bytes = 0;
    std::deque<checkpoint> checkpoints;
  };

  batch& batch_of(commit_number number);
  void schedule_flush();
  void flush();
  void send();
  void on_exec(std::vector<redis_reply>& replies);
  void on_refused(const std::string& why);
  void finish_batch();
  void greet(std::function<void(std::string)> done);
  void take_leases(std::function<void(std::string)> done);
  void kill_former_owners(const std::vector<std::string>& clients,
                          std::function<void(std::string)> done);
  void verify_leases(std::function<void(std::string)> done);
  void claim_connection(std::function<void(std::string)> done);
  void note_event_size(std::uint16_t stream, std::size_t size);
  void trim_events(std::uint16_t stream);
  std::vector<std::uint16_t> own_shards() const;

  lane& lane_;
  store_options options_;
  redis_link link_;
  batch filling_;
  // One at a time: Redis may refuse a batch and take the next, and what it took cannot be undone.
  std::unique_ptr<batch> in_flight_;
  std::vector<std::unique_ptr<batch>> spare_;
  bool flush_scheduled_ = false;
  bool in_commit_ = false;
  // Where the commit begins that is being gathered.
  std::size_t commit_text_ = 0;
  std::size_t commit_commands_ = 0;
  std::size_t commit_events_ = 0;
  commit_number last_ = 0;
  commit_number safe_ = 0;
  std::vector<event_listener*> listeners_;
  std::array<stream_log, stream_count> logs_{};
  std::array<std::string, shard_count> epochs_{};
  bool leased_ = false;
  bool stopping_ = false;
  std::function<void(std::string)> ready_;
  std::function<void(std::string)> fatal_;
  std::function<void(std::string)> on_trouble_;
  std::function<void()> flushed_;
  boost::asio::steady_timer resend_;
  std::int64_t troubled_since_ms_ = 0;  // 0: Redis takes what we write
  counters counters_;
};

}  // namespace troupe
