#include "runtime/mirrors/s3_copies.hpp"

#include "runtime/mirrors/s3_writers.hpp"
#include "runtime/s3/s3_store.hpp"

#include <utility>

namespace troupe {

namespace asio = boost::asio;

namespace {

constexpr std::size_t piece_bytes = 256 * 1024;
class url_reader final : public copy_reader {
 public:
  url_reader(const copy_line& line, std::string url)
      : url_(std::move(url)), from_(line, "the store of the data") {}

  asio::awaitable<void> open() {
    // Stored bytes are wanted, whatever their encoding.
    web_request request{"GET", url_, {}, {{"Accept-Encoding", "gzip, identity, *"}}, {}};
    co_await from_.attempt([&](web_channel& on) { return on.begin(request); });
    const auto answer = co_await from_.attempt([](web_channel& on) { return on.head(); });
    if (answer.status != 200)
      co_await from_.refuse(answer);
    head_.type = answer.header("content-type");
    head_.encoding = answer.header("content-encoding");
    head_.disposition = answer.header("content-disposition");
    if (head_.encoding == "identity")
      head_.encoding.clear();
    head_.size = size_in(answer);
  }

  asio::awaitable<std::string> read() override {
    co_return co_await from_.attempt([](web_channel& on) { return on.receive(piece_bytes); });
  }

 private:
  std::string url_;
  store_exchange from_;
};

}  // namespace

asio::awaitable<std::unique_ptr<copy_reader>> read_url(copy_line line, std::string url) {
  auto reader = std::make_unique<url_reader>(line, std::move(url));
  co_await reader->open();
  co_return reader;
}

s3_copies::s3_copies(const s3_backend_settings& config, std::uint64_t part_bytes, copy_line line,
                     const clock& time, const std::function<void(std::string)>& on_trouble)
    : bucket_(config.bucket),
      sign_get_urls_(config.sign_get_urls),
      part_bytes_(part_bytes),
      signer_(signer_of(config)),
      line_(line),
      time_(time),
      // One by one: not every store deletes many at once.
      remover_(line.io, time, signer_, {false, 1, line.limit}, on_trouble) {}

std::string s3_copies::get_url(const std::string& key, timestamp now, timestamp until) const {
  if (!sign_get_urls_)
    return signer_.url({bucket_, key});
  return signer_.get_url({bucket_, key}, now,
                         std::chrono::duration_cast<std::chrono::seconds>(until - now));
}

asio::awaitable<std::unique_ptr<copy_writer>> s3_copies::begin(std::string key,
                                                               const content_head& head) {
  s3_target to{line_, signer_, time_, {bucket_, std::move(key)}};
  auto writer = co_await begin_s3_copy(std::move(to), head, part_bytes_);
  co_return writer;
}

void s3_copies::remove(std::string key, std::function<void(outcome<void>)> done) {
  remover_.remove({bucket_, std::move(key)}, std::move(done));
}

}  // namespace troupe
