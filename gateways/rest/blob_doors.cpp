#include "gateways/rest/blob_doors.hpp"

#include "gateways/rest/byte_range.hpp"
#include "messages/json_text.hpp"
#include "messages/object_commands.hpp"
#include "runtime/blobs/blob_signer.hpp"
#include "runtime/blobs/blob_store.hpp"
#include "runtime/lane/lane.hpp"

#include <utility>

namespace troupe {

namespace {

constexpr std::size_t piece_bytes = 256 * 1024;
constexpr std::size_t most_waiting_bytes = 1024 * 1024;

api_response failure(const api_error& error) {
  api_response response;
  response.status = static_cast<std::uint16_t>(http_status(error.code));
  response.body = R"({"error":)";
  append_json_string(response.body, error.message);
  response.body += '}';
  return response;
}

// -- uploads
// ---------------------------------------------------------------------------------------

/// One upload. Lives on its lane; the writer is used by the pool, one job at a time.
class upload final : public body_consumer, public std::enable_shared_from_this<upload> {
 public:
  upload(lane& on, blob_store& store, std::shared_ptr<response_stream> stream)
      : on_(on), store_(store), stream_(std::move(stream)) {}

  ~upload() override {
    // An upload that came to nothing is removed from the disk, which is not for a lane to do.
    if (writer_)
      store_.pool().run([writer = std::shared_ptr<blob_writer>(std::move(writer_))] {});
  }

  void start(signed_blob blob, std::string encoding) {
    if (encoding == "identity")
      encoding.clear();
    working_ = true;
    store_.pool().run(
        [self = shared_from_this(), blob = std::move(blob), encoding = std::move(encoding)] {
          auto writer = self->store_.create(blob.key, blob.content_type, encoding);
          auto shared = std::make_shared<decltype(writer)>(std::move(writer));
          self->on_.post([self, shared] {
            if (!*shared)
              return self->fail(shared->error());
            self->writer_ = std::move(**shared);
            self->worked();
          });
        });
  }

  bool on_bytes(std::string_view bytes) override {
    if (over_)
      return true;
    waiting_.append(bytes);
    advance();
    return waiting_.size() < most_waiting_bytes;
  }

  void on_body_end() override {
    complete_ = true;
    advance();
  }

  void on_body_lost() override { over_ = true; }

 private:
  /// Gives the pool its next job, when it has none.
  void advance() {
    if (working_ || over_ || (!complete_ && waiting_.size() < piece_bytes))
      return;
    working_ = true;
    const bool last = complete_;
    auto bytes = std::make_shared<const std::string>(std::exchange(waiting_, {}));
    store_.pool().run([self = shared_from_this(), bytes, last] {
      outcome<void> done = self->writer_->write(*bytes);
      std::string etag;
      if (done && last) {
        auto info = self->writer_->finish();
        if (info)
          etag = info->etag;
        else
          done = info.error();
      }
      self->on_.post([self, done, last, etag] {
        if (!done)
          self->fail(done.error());
        else if (last)
          self->finish(etag);
        else
          self->worked();
      });
    });
  }

  void worked() {
    working_ = false;
    stream_->resume_body();
    advance();
  }

  void finish(const std::string& etag) {
    over_ = true;
    api_response response;
    response.headers.emplace_back("ETag", etag);
    stream_->respond(std::move(response));
  }

  void fail(const api_error& error) {
    if (std::exchange(over_, true))
      return;
    waiting_.clear();
    stream_->respond(failure(error));
  }

  lane& on_;
  blob_store& store_;
  std::shared_ptr<response_stream> stream_;
  std::unique_ptr<blob_writer> writer_;
  std::string waiting_;
  bool working_ = false;
  bool complete_ = false;
  bool over_ = false;
};

// -- downloads
// -------------------------------------------------------------------------------------

/// One download: reads a piece when the piece before has left.
class download : public std::enable_shared_from_this<download> {
 public:
  download(door_request door, blob_store& store, std::shared_ptr<response_stream> stream)
      : door_(std::move(door)), store_(store), stream_(std::move(stream)) {}

  void start(std::string key) {
    stream_->on_gone([self = shared_from_this()] { self->stop(); });
    stream_->on_drained([self = shared_from_this()] { self->read_on(); });
    store_.pool().run([self = shared_from_this(), key = std::move(key)] {
      auto opened = self->store_.read(key);
      auto shared = std::make_shared<decltype(opened)>(std::move(opened));
      self->door_.on->post([self, shared] {
        if (self->over_)
          return;
        if (!*shared) {
          self->stream_->respond(failure(shared->error()));
          return self->stop();
        }
        self->reader_ = std::move(**shared);
        self->begin();
      });
    });
  }

 private:
  void begin() {
    const auto& info = reader_->info();
    std::vector<std::pair<std::string, std::string>> headers{{"ETag", info.etag},
                                                             {"Accept-Ranges", "bytes"}};
    if (!info.content_encoding.empty())
      headers.emplace_back("Content-Encoding", info.content_encoding);
    // As a page of this origin it could act with the rights of who looks at it.
    if (is_html(info.content_type))
      headers.emplace_back("Content-Disposition", "attachment");
    if (etag_matches(door_.header("if-none-match"), info.etag)) {
      stream_->begin(304, {}, std::move(headers), std::nullopt);
      return finish();
    }
    const auto condition = door_.header("if-range");
    const auto wanted = condition.empty() || condition == info.etag
                            ? read_range(door_.header("range"), info.size)
                            : wanted_range{};
    if (wanted.what == wanted_range::kind::impossible) {
      headers.emplace_back("Content-Range", "bytes */" + std::to_string(info.size));
      stream_->begin(416, {}, std::move(headers), 0);
      return finish();
    }
    at_ = 0;
    end_ = info.size;
    if (wanted.what == wanted_range::kind::part) {
      at_ = wanted.part.first;
      end_ = wanted.part.last + 1;
      headers.emplace_back("Content-Range", "bytes " + std::to_string(at_) + "-" +
                                                std::to_string(end_ - 1) + "/" +
                                                std::to_string(info.size));
    }
    stream_->begin(wanted.what == wanted_range::kind::part ? 206 : 200, info.content_type,
                   std::move(headers), end_ - at_);
    if (door_.verb == "HEAD")
      at_ = end_;
    read_on();
  }

  void read_on() {
    if (over_ || reading_ || !reader_ || stream_->backlog_bytes() > 0)
      return;
    if (at_ == end_)
      return finish();
    reading_ = true;
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(piece_bytes, end_ - at_));
    store_.pool().run([self = shared_from_this(), at = at_, size] {
      auto bytes = self->reader_->read(at, size);
      auto shared = std::make_shared<decltype(bytes)>(std::move(bytes));
      self->door_.on->post([self, shared] {
        self->reading_ = false;
        if (self->over_)
          return;
        if (!*shared || (*shared)->empty()) {
          self->stream_->abort();
          return self->stop();
        }
        self->at_ += (*shared)->size();
        self->stream_->write(std::make_shared<const std::string>(std::move(**shared)));
        self->read_on();
      });
    });
  }

  void finish() {
    stream_->end();
    stop();
  }

  /// Lets go of what refers back to this.
  void stop() {
    over_ = true;
    stream_->on_drained(nullptr);
    stream_->on_gone(nullptr);
  }

  door_request door_;
  blob_store& store_;
  std::shared_ptr<response_stream> stream_;
  std::unique_ptr<blob_reader> reader_;
  std::uint64_t at_ = 0;
  std::uint64_t end_ = 0;
  bool reading_ = false;
  bool over_ = false;
};

}  // namespace

stream_handler blob_upload_door(const blob_signer& signer, blob_store& store) {
  return
      [&signer, &store](door_request&& door,
                        std::shared_ptr<response_stream> stream) -> std::shared_ptr<body_consumer> {
        auto blob = signer.verify(door.verb, door.params.at(0), door.query, door.on->now());
        if (!blob) {
          stream->respond(failure(blob.error()));
          return nullptr;
        }
        auto job = std::make_shared<upload>(*door.on, store, stream);
        job->start(std::move(*blob), std::string{door.header("content-encoding")});
        return job;
      };
}

stream_handler blob_download_door(const blob_signer& signer, blob_store& store,
                                  std::function<blob_store*(std::string_view)> copies) {
  return [&signer, &store, copies = std::move(copies)](
             door_request&& door,
             std::shared_ptr<response_stream> stream) -> std::shared_ptr<body_consumer> {
    auto blob = signer.verify(door.verb, door.params.at(0), door.query, door.on->now());
    if (!blob) {
      stream->respond(failure(blob.error()));
      return nullptr;
    }
    auto* copy = copies ? copies(blob->key) : nullptr;
    auto job = std::make_shared<download>(std::move(door), copy == nullptr ? store : *copy, stream);
    job->start(std::move(blob->key));
    return nullptr;
  };
}

}  // namespace troupe
