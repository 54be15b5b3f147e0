#include "gateways/websocket/log_text.hpp"

#include "messages/log_commands.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/lane/switchboard.hpp"

namespace troupe {

namespace {

// Kept by the log while it follows; what the stream tells it finds it only as long.
class text_follower final : public log_follower,
                            public std::enable_shared_from_this<text_follower> {
 public:
  text_follower(lane& on, switchboard& board, log_request about,
                std::shared_ptr<response_stream> stream, bool head_only)
      : lane_(on),
        board_(board),
        about_(about),
        stream_(std::move(stream)),
        head_only_(head_only) {}

  void start() {
    stream_->on_gone([weak = weak_from_this()] {
      if (const auto self = weak.lock())
        self->report(true);
    });
    stream_->on_drained([weak = weak_from_this()] {
      if (const auto self = weak.lock())
        self->report(false);
    });
    board_.tell(lane_, follow_log{about_.task, about_.run, about_.offset, shared_from_this(),
                                  lane_.index(), about_.tail_lines});
  }

  void on_bytes(std::uint64_t offset, const log_bytes& bytes) override {
    begin(offset);
    if (head_only_) {
      stream_->end();
      return report(true);
    }
    if (bytes->empty())
      return;
    stream_->write(bytes);
    // What left at once will not be told as drained.
    if (stream_->backlog_bytes() == 0)
      report(false);
  }

  void on_end() override { stream_->end(); }

  void on_missing() override {
    if (begun_)
      return stream_->abort();
    stream_->respond(log_failure(
        lane_, make_api_error(error_code::resource_not_found,
                              "there is no live log of this run: it has not begun to write one, or "
                              "the log is kept as artifact public/logs/live_backing.log by now")));
  }

  std::size_t backlog_bytes() const override { return stream_->backlog_bytes(); }

 private:
  void begin(std::uint64_t offset) {
    if (std::exchange(begun_, true))
      return;
    // Where the text begins, which a reader of the tail does not know.
    stream_->begin(200, "text/plain; charset=utf-8",
                   {{"Cache-Control", "no-store"},
                    {"Access-Control-Expose-Headers", "X-Log-Offset"},
                    {"X-Log-Offset", std::to_string(offset)}},
                   std::nullopt);
  }

  void report(bool gone) {
    board_.tell(lane_, follower_ready{about_.task, about_.run, this, gone});
  }

  lane& lane_;
  switchboard& board_;
  log_request about_;
  std::shared_ptr<response_stream> stream_;
  bool head_only_;
  bool begun_ = false;
};

}  // namespace

void follow_as_text(const door_request& request, const log_request& about, switchboard& board,
                    std::shared_ptr<response_stream> stream) {
  std::make_shared<text_follower>(*request.on, board, about, std::move(stream),
                                  request.verb == "HEAD")
      ->start();
}

}  // namespace troupe
