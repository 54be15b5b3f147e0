#include "gateways/websocket/log_upload.hpp"

#include "messages/log_commands.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/lane/switchboard.hpp"

namespace troupe {

namespace {

constexpr std::size_t longest_append = 4 * 1024 * 1024;
constexpr std::chrono::seconds answer_time{25};

// Waits for the answer of the log's actor, but not for ever. Owns itself until then.
class log_reply final : public answer_sink,
                        public timer_target,
                        public std::enable_shared_from_this<log_reply> {
 public:
  log_reply(lane& on, std::shared_ptr<response_stream> stream)
      : lane_(on), stream_(std::move(stream)) {}

  reply_handle open() {
    self_ = shared_from_this();
    handle_ = lane_.open_reply(*this);
    timer_ = lane_.add_timer(lane_.now() + answer_time, *this);
    stream_->on_gone([weak = weak_from_this()] {
      if (const auto self = weak.lock())
        self->stop();
    });
    return handle_;
  }

  void complete(answer&& result) override {
    const auto keep = stop();
    stream_->respond(log_response(lane_, std::move(result)));
  }

  void on_timer() override {
    timer_ = 0;
    const auto keep = stop();
    stream_->respond(log_failure(
        lane_, make_api_error(error_code::service_unavailable,
                              "the disk of the data directory does not answer; send the same "
                              "bytes again in a moment")));
  }

 private:
  std::shared_ptr<log_reply> stop() {
    lane_.close_reply(handle_);
    lane_.cancel_timer(std::exchange(timer_, 0));
    return std::move(self_);
  }

  lane& lane_;
  std::shared_ptr<response_stream> stream_;
  reply_handle handle_;
  timer_id timer_ = 0;
  std::shared_ptr<log_reply> self_;
};

class log_upload final : public body_consumer {
 public:
  log_upload(lane& on, switchboard& board, log_request about,
             std::shared_ptr<response_stream> stream)
      : lane_(on), board_(board), about_(about), stream_(std::move(stream)) {}

  bool on_bytes(std::string_view bytes) override {
    if (!stream_)
      return true;
    if (text_.size() + bytes.size() > longest_append)
      std::exchange(stream_, nullptr)
          ->respond(log_failure(lane_, make_api_error(error_code::input_too_large,
                                                      "send at most 4 MiB of a log at a time")));
    else
      text_ += bytes;
    return true;
  }

  void on_body_end() override {
    if (!stream_)
      return;
    const auto reply = std::make_shared<log_reply>(lane_, std::move(stream_))->open();
    board_.tell(lane_, append_log{about_.task, about_.run, about_.offset,
                                  std::make_shared<const std::string>(std::move(text_)), reply});
  }

  void on_body_lost() override { stream_.reset(); }

 private:
  lane& lane_;
  switchboard& board_;
  log_request about_;
  std::shared_ptr<response_stream> stream_;  // null once it was answered or handed on
  std::string text_;
};

}  // namespace

std::shared_ptr<body_consumer> append_from_body(const door_request& request,
                                                const log_request& about, switchboard& board,
                                                std::shared_ptr<response_stream> stream) {
  const auto coding = request.header("content-encoding");
  if (!coding.empty() && coding != "identity") {
    stream->respond(log_failure(
        *request.on, make_api_error(error_code::unsupported_encoding,
                                    "a live log is sent as it is, without content encoding")));
    return nullptr;
  }
  return std::make_shared<log_upload>(*request.on, board, about, std::move(stream));
}

void finish_by_request(const door_request& request, const log_request& about, switchboard& board,
                       std::shared_ptr<response_stream> stream) {
  const auto reply = std::make_shared<log_reply>(*request.on, std::move(stream))->open();
  board.tell(*request.on, finish_log{about.task, about.run, reply});
}

}  // namespace troupe
