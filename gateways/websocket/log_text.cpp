#include "gateways/websocket/log_text.hpp"

#include "gateways/rest/byte_range.hpp"
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
                std::shared_ptr<response_stream> stream, bool head_only, std::string range)
      : lane_(on),
        board_(board),
        about_(about),
        stream_(std::move(stream)),
        head_only_(head_only),
        range_(std::move(range)) {}

  void start() {
    stream_->on_gone([weak = weak_from_this()] {
      if (const auto self = weak.lock())
        self->report(true);
    });
    stream_->on_drained([weak = weak_from_this()] {
      if (const auto self = weak.lock())
        self->report(false);
    });
    follow_log command{about_.task,        about_.run,    about_.offset,
                       shared_from_this(), lane_.index(), about_.tail_lines};
    if (!range_.empty())
      command.part = [range = range_](std::uint64_t size) {
        const auto wanted = read_range(range, size);
        return wanted.what == wanted_range::kind::part
                   ? log_part{wanted.part.first, wanted.part.last + 1}
                   : log_part{};
      };
    board_.tell(lane_, std::move(command));
  }

  void on_part(log_part part, std::uint64_t size, bool whole) override {
    if (part.begin < part.end) {
      part_ = part;
      size_ = whole ? std::to_string(size) : "*";
      return;
    }
    begun_ = true;
    stream_->begin(416, {}, {{"Content-Range", "bytes */" + std::to_string(size)}}, 0);
    stream_->end();
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
    if (part_.end != 0)
      return stream_->begin(206, "text/plain; charset=utf-8",
                            {{"Cache-Control", "no-store"},
                             {"Access-Control-Expose-Headers", "Content-Range"},
                             {"Content-Range", "bytes " + std::to_string(part_.begin) + "-" +
                                                   std::to_string(part_.end - 1) + "/" + size_}},
                            part_.end - part_.begin);
    // Where the text begins, which a reader of the tail does not know.
    stream_->begin(200, "text/plain; charset=utf-8",
                   {{"Cache-Control", "no-store"},
                    {"Accept-Ranges", "bytes"},
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
  std::string range_;  // what of the log there is now; empty: all of it, and what comes
  log_part part_;
  std::string size_;
  bool begun_ = false;
};

}  // namespace

void follow_as_text(const door_request& request, const log_request& about, switchboard& board,
                    std::shared_ptr<response_stream> stream) {
  // Whether it can be met shows when the size is known.
  const auto range = request.header("range");
  const bool is_range = read_range(range, ~std::uint64_t{0}).what == wanted_range::kind::part;
  std::make_shared<text_follower>(*request.on, board, about, std::move(stream),
                                  request.verb == "HEAD", std::string{is_range ? range : ""})
      ->start();
}

}  // namespace troupe
