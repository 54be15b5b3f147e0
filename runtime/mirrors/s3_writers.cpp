#include "runtime/mirrors/s3_writers.hpp"

#include "messages/object_commands.hpp"
#include "runtime/web/xml_text.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace troupe {

namespace asio = boost::asio;

namespace {

using named_texts = std::vector<std::pair<std::string, std::string>>;

constexpr const char* store_name = "the store of the site";
constexpr std::chrono::hours put_url_lasts{1};
constexpr std::size_t longest_answer = 64 * 1024;

named_texts headers_of(const content_head& head) {
  named_texts headers;
  headers.emplace_back("Content-Type", head.type.empty() ? "application/binary" : head.type);
  if (!head.encoding.empty())
    headers.emplace_back("Content-Encoding", head.encoding);
  if (!head.disposition.empty())
    headers.emplace_back("Content-Disposition", head.disposition);
  else if (is_html(head.type))
    headers.emplace_back("Content-Disposition", "attachment");
  return headers;
}

s3_request request_of(std::string verb, const s3_object& object, named_texts query = {},
                      named_texts headers = {}, std::string body = {}) {
  return {std::move(verb), object, std::move(query), std::move(headers), std::move(body)};
}

// That puts an object together.
s3_request completion(const s3_object& object, const std::string& upload,
                      const std::vector<std::string>& tags) {
  std::string body = "<CompleteMultipartUpload>";
  for (std::size_t i = 0; i < tags.size(); ++i) {
    body += "<Part><PartNumber>" + std::to_string(i + 1) + "</PartNumber><ETag>";
    append_xml(body, tags[i]);
    body += "</ETag></Part>";
  }
  body += "</CompleteMultipartUpload>";
  return request_of("POST", object, {{"uploadId", upload}}, {{"Content-Type", "application/xml"}},
                    std::move(body));
}

web_request web_request_of(const s3_signer& signer, const s3_request& question) {
  const auto& where = signer.location();
  return {question.verb,
          (where.tls ? "https://" : "http://") + signer.host_header(question.object.bucket),
          signer.target(question),
          question.headers,
          {}};
}

// Sends a small signed request; the answer has the beginning of its body.
asio::awaitable<web_answer> ask(const s3_target& to, s3_request question) {
  to.signer.sign(question, to.time.now());
  const auto request = web_request_of(to.signer, question);
  store_exchange with{to.line, store_name};
  co_await with.attempt([&](web_channel& on) { return on.begin(request, question.body.size()); });
  if (!question.body.empty())
    co_await with.attempt([&](web_channel& on) { return on.send(question.body); });
  auto answer = co_await with.attempt([](web_channel& on) { return on.head(); });
  if (question.verb == "HEAD")
    co_return answer;
  if (!answer.fine())
    co_await with.refuse(answer);
  while (answer.body.size() < longest_answer) {
    const auto more =
        co_await with.attempt([](web_channel& on) { return on.receive(longest_answer); });
    if (more.empty())
      break;
    answer.body += more;
  }
  co_return answer;
}

// Whether the store has so many bytes now.
asio::awaitable<void> check(const s3_target& to, std::uint64_t size) {
  auto question = request_of("HEAD", to.object);
  const auto answer = co_await ask(to, std::move(question));
  if (answer.status != 200)
    throw copy_trouble{"the store of the site answered " + std::to_string(answer.status) +
                       " when it was asked what it has"};
  if (size_in(answer) != size)
    throw copy_trouble{"the store of the site has " + std::to_string(size_in(answer)) +
                       " bytes of " + std::to_string(size)};
}

/// A PUT of a size that is known, to a URL. The store takes nothing that breaks off.
class store_put {
 public:
  explicit store_put(const copy_line& line) : to_(line, store_name) {}

  asio::awaitable<void> open(std::string url, named_texts headers, std::uint64_t size) {
    const web_request request{"PUT", std::move(url), {}, std::move(headers), {}};
    co_await to_.attempt([&](web_channel& on) { return on.begin(request, size); });
  }

  asio::awaitable<void> write(std::string_view bytes) {
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

  asio::awaitable<web_answer> finish() {
    auto answer = co_await to_.attempt([](web_channel& on) { return on.head(); });
    if (!answer.fine())
      co_await to_.refuse(answer);
    co_return answer;
  }

 private:
  store_exchange to_;
};

/// One PUT.
class whole_writer final : public copy_writer {
 public:
  whole_writer(s3_target to, std::uint64_t size)
      : target_(std::move(to)), size_(size), put_(target_.line) {}

  asio::awaitable<void> open(const content_head& head) {
    const auto headers = headers_of(head);
    auto url = target_.signer.put_url(target_.object, headers, target_.time.now(), put_url_lasts);
    co_await put_.open(std::move(url), headers, size_);
  }

  asio::awaitable<void> write(std::string_view bytes) override { co_await put_.write(bytes); }

  asio::awaitable<void> finish() override {
    co_await put_.finish();
    co_await check(target_, size_);
  }

 private:
  s3_target target_;
  std::uint64_t size_;
  store_put put_;
};

/// Several PUTs, of which the store makes an object in the end.
class part_writer final : public copy_writer {
 public:
  part_writer(s3_target to, std::uint64_t size, std::uint64_t part_bytes)
      : target_(std::move(to)), size_(size), part_bytes_(part_bytes) {}

  asio::awaitable<void> open(const content_head& head) {
    auto question = request_of("POST", target_.object, {{"uploads", ""}}, headers_of(head));
    const auto answer = co_await ask(target_, std::move(question));
    upload_ = from_xml(xml_text(answer.body, "UploadId").value_or(""));
    if (upload_.empty())
      throw copy_trouble{"the store of the site does not say what the upload is called"};
  }

  asio::awaitable<void> write(std::string_view bytes) override {
    while (!bytes.empty()) {
      if (!part_)
        co_await begin_part();
      const auto now = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), part_left_));
      co_await part_->write(bytes.substr(0, now));
      bytes.remove_prefix(now);
      written_ += now;
      part_left_ -= now;
      if (part_left_ == 0)
        co_await end_part();
    }
  }

  asio::awaitable<void> finish() override {
    auto question = completion(target_.object, upload_, tags_);
    const auto answer = co_await ask(target_, std::move(question));
    // A store may find out what is wrong after it has begun to answer.
    if (const auto wrong = xml_text(answer.body, "Code"))
      throw copy_trouble{"the store of the site does not put the parts together: " +
                         from_xml(*wrong)};
    upload_.clear();
    co_await check(target_, size_);
  }

  // What the store does not hear of it removes by itself, if its bucket is told to.
  asio::awaitable<void> abandon() override {
    part_.reset();
    if (upload_.empty())
      co_return;
    auto question = request_of("DELETE", target_.object, {{"uploadId", upload_}});
    try {
      co_await ask(target_, std::move(question));
    } catch (const copy_trouble&) {
      // whoever hears of it hears why the copy failed, which is more
    }
  }

 private:
  asio::awaitable<void> begin_part() {
    part_left_ = std::min(part_bytes_, size_ - written_);
    part_.emplace(target_.line);
    const auto part =
        request_of("PUT", target_.object,
                   {{"partNumber", std::to_string(tags_.size() + 1)}, {"uploadId", upload_}});
    auto url = target_.signer.put_url(part, target_.time.now(), put_url_lasts);
    const named_texts no_headers;
    co_await part_->open(std::move(url), no_headers, part_left_);
  }

  asio::awaitable<void> end_part() {
    const auto answer = co_await part_->finish();
    part_.reset();
    tags_.emplace_back(answer.header("etag"));
    if (tags_.back().empty())
      throw copy_trouble{"the store of the site does not say what a part is called"};
  }

  s3_target target_;
  std::uint64_t size_;
  std::uint64_t part_bytes_;
  std::string upload_;  // its id; empty when there is none any more
  std::vector<std::string> tags_;
  std::optional<store_put> part_;
  std::uint64_t part_left_ = 0;
  std::uint64_t written_ = 0;
};

}  // namespace

std::uint64_t size_of_parts(std::uint64_t bytes, std::uint64_t wanted) {
  return std::max(wanted, (bytes + most_s3_parts - 1) / most_s3_parts);
}

asio::awaitable<std::unique_ptr<copy_writer>> begin_s3_copy(s3_target to, const content_head& head,
                                                            std::uint64_t part_bytes) {
  if (head.size <= part_bytes) {
    auto whole = std::make_unique<whole_writer>(std::move(to), head.size);
    co_await whole->open(head);
    co_return whole;
  }
  const auto of_part = size_of_parts(head.size, part_bytes);
  auto parts = std::make_unique<part_writer>(std::move(to), head.size, of_part);
  co_await parts->open(head);
  co_return parts;
}

}  // namespace troupe
