#include "runtime/mirrors/s3_copies.hpp"

#include "messages/object_commands.hpp"
#include "runtime/s3/s3_store.hpp"
#include "runtime/web/web_channel.hpp"

#include <boost/system/system_error.hpp>

#include <charconv>
#include <utility>
#include <vector>

namespace troupe {

namespace asio = boost::asio;

namespace {

constexpr std::size_t piece_bytes = 256 * 1024;
constexpr std::size_t longest_told = 300;  // of what a store says when it fails
constexpr std::chrono::hours put_url_lasts{1};

std::string without_line_ends(std::string text) {
  for (auto& c : text)
    if (static_cast<unsigned char>(c) < ' ')
      c = ' ';
  return text;
}

std::uint64_t size_in(const web_answer& answer) {
  const auto text = answer.header("content-length");
  std::uint64_t size = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (text.empty() || failed != std::errc{} || end != text.data() + text.size())
    throw copy_trouble{"the store does not say how many bytes there are", true};
  return size;
}

// An exchange, with errors as the copier knows them.
class exchange {
 public:
  exchange(const copy_line& line, std::string name)
      : channel_(line.io, line.tls, line.limit), name_(std::move(name)) {}

  template <class Step>
  auto attempt(Step step) -> decltype(step(std::declval<web_channel&>())) {
    std::string why;
    try {
      co_return co_await step(channel_);
    } catch (const boost::system::system_error& failed) {
      why = channel_.why(failed);
    }
    throw copy_trouble{name_ + ": " + why};
  }

  // What a store says when it does not do it.
  asio::awaitable<void> refuse(const web_answer& answer) {
    auto text = name_ + " answered " + std::to_string(answer.status) + " ";
    text += co_await attempt([](web_channel& on) { return on.receive(longest_told); });
    throw copy_trouble{without_line_ends(std::move(text))};
  }

 private:
  web_channel channel_;
  std::string name_;
};

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
  exchange from_;
};

// The store takes nothing that breaks off.
class s3_writer final : public copy_writer {
 public:
  s3_writer(copy_line line, const s3_signer& signer, const clock& time, s3_object object,
            const content_head& head)
      : line_(line),
        signer_(signer),
        time_(time),
        object_(std::move(object)),
        size_(head.size),
        to_(line, "the store of the site") {
    headers_.emplace_back("Content-Type", head.type.empty() ? "application/binary" : head.type);
    if (!head.encoding.empty())
      headers_.emplace_back("Content-Encoding", head.encoding);
    if (!head.disposition.empty())
      headers_.emplace_back("Content-Disposition", head.disposition);
    else if (is_html(head.type))
      headers_.emplace_back("Content-Disposition", "attachment");
  }

  asio::awaitable<void> open() {
    web_request request{
        "PUT", signer_.put_url(object_, headers_, time_.now(), put_url_lasts), {}, headers_, {}};
    co_await to_.attempt([&](web_channel& on) { return on.begin(request, size_); });
  }

  asio::awaitable<void> write(std::string_view bytes) override {
    std::string broken;
    try {
      co_await to_.attempt([&](web_channel& on) { return on.send(bytes); });
    } catch (copy_trouble& trouble) {
      broken = std::move(trouble.why);
    }
    if (broken.empty())
      co_return;
    // A store that wants no more has perhaps said why.
    std::optional<web_answer> answer;
    try {
      answer = co_await to_.attempt([](web_channel& on) { return on.head(); });
    } catch (const copy_trouble&) {
      throw copy_trouble{std::move(broken)};
    }
    co_await to_.refuse(*answer);
  }

  asio::awaitable<void> finish() override {
    const auto answer = co_await to_.attempt([](web_channel& on) { return on.head(); });
    if (!answer.fine())
      co_await to_.refuse(answer);
    co_await check();
  }

 private:
  // What the store has now.
  asio::awaitable<void> check() {
    s3_request question{"HEAD", object_};
    signer_.sign(question, time_.now());
    const auto& where = signer_.location();
    web_request request{"HEAD",
                        (where.tls ? "https://" : "http://") + signer_.host_header(object_.bucket),
                        signer_.target(question),
                        question.headers,
                        {}};
    exchange with{line_, "the store of the site"};
    co_await with.attempt([&](web_channel& on) { return on.begin(request); });
    const auto answer = co_await with.attempt([](web_channel& on) { return on.head(); });
    if (answer.status != 200)
      throw copy_trouble{"the store of the site answered " + std::to_string(answer.status) +
                         " when it was asked what it has"};
    if (size_in(answer) != size_)
      throw copy_trouble{"the store of the site has " + std::to_string(size_in(answer)) +
                         " bytes of " + std::to_string(size_)};
  }

  copy_line line_;
  const s3_signer& signer_;
  const clock& time_;
  s3_object object_;
  std::uint64_t size_;
  std::vector<std::pair<std::string, std::string>> headers_;
  exchange to_;
};

}  // namespace

asio::awaitable<std::unique_ptr<copy_reader>> read_url(copy_line line, std::string url) {
  auto reader = std::make_unique<url_reader>(line, std::move(url));
  co_await reader->open();
  co_return reader;
}

s3_copies::s3_copies(const s3_backend_settings& config, copy_line line, const clock& time,
                     const std::function<void(std::string)>& on_trouble)
    : bucket_(config.bucket),
      sign_get_urls_(config.sign_get_urls),
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
  auto writer =
      std::make_unique<s3_writer>(line_, signer_, time_, s3_object{bucket_, std::move(key)}, head);
  co_await writer->open();
  co_return writer;
}

void s3_copies::remove(std::string key, std::function<void(outcome<void>)> done) {
  remover_.remove({bucket_, std::move(key)}, std::move(done));
}

}  // namespace troupe
