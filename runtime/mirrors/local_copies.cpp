#include "runtime/mirrors/local_copies.hpp"

namespace troupe {

namespace asio = boost::asio;

namespace {

constexpr std::size_t piece_bytes = 256 * 1024;

class disk_reader final : public copy_reader {
 public:
  explicit disk_reader(std::unique_ptr<blob_reader> opened) : blob_(std::move(opened)) {
    const auto& info = blob_->info();
    head_ = {info.content_type, info.content_encoding, {}, info.size};
    sha256_ = info.sha256;
  }

  asio::awaitable<std::string> read() override {
    auto piece = blob_->read(at_, piece_bytes);
    if (!piece)
      throw copy_trouble{piece.error().message};
    at_ += piece->size();
    co_return *std::move(piece);
  }

 private:
  std::unique_ptr<blob_reader> blob_;
  std::uint64_t at_ = 0;
};

class disk_writer final : public copy_writer {
 public:
  explicit disk_writer(std::unique_ptr<blob_writer> begun) : blob_(std::move(begun)) {}

  asio::awaitable<void> write(std::string_view bytes) override {
    if (auto done = blob_->write(bytes); !done)
      throw copy_trouble{done.error().message};
    co_return;
  }

  asio::awaitable<void> finish() override {
    if (auto done = blob_->finish(); !done)
      throw copy_trouble{done.error().message};
    co_return;
  }

 private:
  std::unique_ptr<blob_writer> blob_;
};

}  // namespace

std::unique_ptr<copy_reader> read_local(blob_store& store, const std::string& key) {
  auto opened = store.read(key);
  if (!opened)
    throw copy_trouble{opened.error().message};
  return std::make_unique<disk_reader>(std::move(*opened));
}

std::string local_copies::get_url(const std::string& key, timestamp, timestamp until) const {
  return signer_.get_url(key, until);
}

asio::awaitable<std::unique_ptr<copy_writer>> local_copies::begin(std::string key,
                                                                  const content_head& head) {
  auto begun = store_.create(key, head.type, head.encoding);
  if (!begun)
    throw copy_trouble{begun.error().message};
  co_return std::make_unique<disk_writer>(std::move(*begun));
}

void local_copies::remove(std::string key, std::function<void(outcome<void>)> done) {
  done(store_.remove(key));
}

}  // namespace troupe
