#include "runtime/store/redis_link.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>

#include <hiredis/hiredis.h>

#include <algorithm>
#include <cassert>

namespace troupe {

namespace asio = boost::asio;

namespace {

constexpr std::size_t input_size = 256 * 1024;

std::vector<asio::generic::stream_protocol::endpoint> addresses_of(asio::io_context& io,
                                                                   const redis_endpoint& where) {
  std::vector<asio::generic::stream_protocol::endpoint> result;
  if (!where.unix_path.empty()) {
    result.emplace_back(asio::local::stream_protocol::endpoint{where.unix_path});
    return result;
  }
  // Names are looked up only when the connection is made anew; addresses need no look-up.
  asio::ip::tcp::resolver resolver{io};
  boost::system::error_code failed;
  for (const auto& entry : resolver.resolve(where.host, std::to_string(where.port), failed))
    result.emplace_back(entry.endpoint());
  return result;
}

}  // namespace

outcome<redis_endpoint> redis_endpoint::parse(std::string_view text) {
  redis_endpoint result;
  const std::string original{text};
  auto bad = [&original] {
    return make_api_error(error_code::input_error,
                          "'" + original +
                              "' is no address of Redis; write unix:/path/to/socket, "
                              "redis://[user:password@]host:port[/database] or host:port");
  };
  if (text.starts_with("unix:")) {
    result.unix_path = text.substr(text.starts_with("unix://") ? 7 : 5);
    if (result.unix_path.empty())
      return bad();
    return result;
  }
  if (text.starts_with("/")) {
    result.unix_path = text;
    return result;
  }
  if (text.starts_with("redis://"))
    text.remove_prefix(8);
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    const auto user_info = text.substr(0, at);
    const auto colon = user_info.find(':');
    result.username = user_info.substr(0, colon == std::string_view::npos ? 0 : colon);
    result.password = colon == std::string_view::npos ? user_info : user_info.substr(colon + 1);
    text.remove_prefix(at + 1);
  }
  if (const auto slash = text.find('/'); slash != std::string_view::npos) {
    const auto number = text.substr(slash + 1);
    if (!number.empty() &&
        std::from_chars(number.data(), number.data() + number.size(), result.database).ptr !=
            number.data() + number.size())
      return bad();
    text = text.substr(0, slash);
  }
  if (const auto colon = text.rfind(':'); colon != std::string_view::npos) {
    const auto number = text.substr(colon + 1);
    if (std::from_chars(number.data(), number.data() + number.size(), result.port).ptr !=
            number.data() + number.size() ||
        number.empty())
      return bad();
    text = text.substr(0, colon);
  }
  if (text.empty())
    return bad();
  result.host = text;
  return result;
}

std::string redis_endpoint::describe() const {
  if (!unix_path.empty())
    return "unix:" + unix_path;
  return host + ":" + std::to_string(port);
}

// -- redis_reply ----------------------------------------------------------------------------------

redis_reply& redis_reply::operator=(redis_reply&& other) noexcept {
  std::swap(raw_, other.raw_);
  std::swap(owned_, other.owned_);
  return *this;
}

redis_reply::~redis_reply() {
  if (owned_ && raw_ != nullptr)
    freeReplyObject(raw_);
}

bool redis_reply::is_error() const { return raw_ != nullptr && raw_->type == REDIS_REPLY_ERROR; }
bool redis_reply::is_nil() const { return raw_ == nullptr || raw_->type == REDIS_REPLY_NIL; }
std::string_view redis_reply::text() const { return text_of(raw_); }
std::int64_t redis_reply::integer() const {
  return raw_ != nullptr && raw_->type == REDIS_REPLY_INTEGER ? raw_->integer : 0;
}
std::size_t redis_reply::size() const {
  return raw_ != nullptr && raw_->type == REDIS_REPLY_ARRAY ? raw_->elements : 0;
}
redisReply* redis_reply::at(std::size_t index) const { return raw_->element[index]; }

std::string_view text_of(const redisReply* reply) {
  if (reply == nullptr || reply->str == nullptr)
    return {};
  return {reply->str, reply->len};
}

// -- redis_link -----------------------------------------------------------------------------------

redis_link::redis_link(asio::io_context& io, redis_endpoint endpoint)
    : io_(io),
      endpoint_(std::move(endpoint)),
      retry_(io),
      reader_(nullptr, &redisReaderFree),
      input_(input_size) {}

redis_link::~redis_link() = default;

void redis_link::start(std::function<void(std::function<void(std::string)>)> greet,
                       std::function<void()> on_down, std::function<void(std::string)> on_refused) {
  greet_ = std::move(greet);
  on_down_ = std::move(on_down);
  on_refused_ = std::move(on_refused);
  connect();
}

void redis_link::stop() {
  stopped_ = true;
  ++connection_;
  retry_.cancel();
  if (socket_) {
    boost::system::error_code ignored;
    socket_->close(ignored);
  }
}

void redis_link::connect() {
  if (stopped_)
    return;
  ++connection_;
  ready_ = false;
  writing_now_ = false;
  writing_.clear();
  socket_ = std::make_unique<socket_type>(io_.get_executor());
  for (auto& request : requests_)
    request.got.clear();
  arena_.clear();
  reader_ = arena_.make_reader();
  // Without a limit: an EXEC of many commits answers with a large array.
  reader_->maxbuf = 0;
  const auto targets = addresses_of(io_, endpoint_);
  if (targets.empty())
    return retry_later();
  socket_->async_connect(targets.front(),
                         [this, mine = connection_](const boost::system::error_code& failed) {
                           if (mine != connection_)
                             return;
                           if (failed)
                             return broken();
                           on_connected();
                         });
}

void redis_link::retry_later() {
  if (stopped_)
    return;
  // Quick at first, since most outages are restarts; then gently.
  const int wait_ms = std::min(20 * (1 << std::min(attempts_, 5)), 500);
  ++attempts_;
  retry_.expires_after(std::chrono::milliseconds{wait_ms});
  retry_.async_wait([this](const boost::system::error_code& failed) {
    if (!failed && !stopped_)
      connect();
  });
}

void redis_link::on_connected() {
  if (endpoint_.unix_path.empty()) {
    boost::system::error_code ignored;
    socket_->set_option(asio::ip::tcp::no_delay{true}, ignored);
  }
  // What waits is sent again after the handshake; replies to an old handshake never come.
  std::erase_if(requests_, [](const pending& request) { return request.once; });
  sent_ = 0;
  greeting_ = true;
  read_more();
  hello();
}

void redis_link::hello() {
  resp_writer commands;
  if (!endpoint_.password.empty()) {
    if (endpoint_.username.empty())
      commands.command("AUTH", endpoint_.password);
    else
      commands.command("AUTH", endpoint_.username, endpoint_.password);
  }
  if (endpoint_.database != 0)
    commands.command("SELECT", endpoint_.database);
  commands.command("CLIENT", "ID");
  request_now(commands, [this, mine = connection_](std::vector<redis_reply>& replies) {
    if (mine != connection_)
      return;
    for (const auto& reply : replies) {
      if (!reply.is_error())
        continue;
      // While Redis loads its data it says so; that passes.
      if (reply.text().starts_with("LOADING") || reply.text().starts_with("MASTERDOWN"))
        return broken();
      return accept_greeting("Redis at " + endpoint_.describe() +
                             " refuses: " + std::string{reply.text()});
    }
    client_id_ = static_cast<std::uint64_t>(replies.back().integer());
    greet_([this, mine](std::string refused) {
      if (mine == connection_)
        accept_greeting(refused);
    });
  });
}

void redis_link::accept_greeting(const std::string& refused) {
  greeting_ = false;
  if (!refused.empty()) {
    if (refused == "again")
      return broken();
    stop();
    return on_refused_(refused);
  }
  attempts_ = 0;
  ready_ = true;
  write_more();
}

void redis_link::request(std::shared_ptr<const std::string> text, std::size_t replies,
                         reply_handler done) {
  requests_.push_back(pending{std::move(text), replies, {}, std::move(done), false});
  if (ready_)
    write_more();
}

void redis_link::request_now(const resp_writer& commands, reply_handler done) {
  // The handshake stands before everything that waits.
  pending request{std::make_shared<const std::string>(commands.text()),
                  commands.commands(),
                  {},
                  std::move(done),
                  true};
  const auto place = static_cast<std::ptrdiff_t>(sent_);
  requests_.insert(requests_.begin() + place, std::move(request));
  write_more();
}

void redis_link::write_more() {
  if (writing_now_)
    return;
  std::vector<asio::const_buffer> buffers;
  while (sent_ < requests_.size() && (ready_ || requests_[sent_].once)) {
    auto& request = requests_[sent_++];
    writing_.push_back(request.text);
    buffers.emplace_back(asio::buffer(*request.text));
  }
  if (buffers.empty())
    return;
  writing_now_ = true;
  asio::async_write(
      *socket_, buffers,
      [this, mine = connection_](const boost::system::error_code& failed, std::size_t) {
        if (mine != connection_)
          return;
        writing_now_ = false;
        writing_.clear();
        if (failed)
          return broken();
        write_more();
      });
}

void redis_link::read_more() {
  socket_->async_read_some(
      asio::buffer(input_),
      [this, mine = connection_](const boost::system::error_code& failed, std::size_t size) {
        if (mine != connection_)
          return;
        if (failed)
          return broken();
        redisReaderFeed(reader_.get(), input_.data(), size);
        on_replies();
        if (mine == connection_)
          read_more();
      });
}

void redis_link::on_replies() {
  const auto mine = connection_;
  for (;;) {
    void* raw = nullptr;
    if (redisReaderGetReply(reader_.get(), &raw) != REDIS_OK)
      return broken();
    if (raw == nullptr)
      return;
    if (requests_.empty() || sent_ == 0)
      return broken();  // a reply nobody asked for: the stream is out of step
    auto& request = requests_.front();
    request.got.reserve(request.replies);
    request.got.push_back(redis_reply::in_arena(static_cast<redisReply*>(raw)));
    if (request.got.size() < request.replies)
      continue;
    auto finished = std::move(request);
    requests_.pop_front();
    --sent_;
    finished.done(finished.got);
    finished.got.clear();
    if (mine != connection_)
      return;
    // Whatever was read so far was for this request alone.
    arena_.clear();
  }
}

void redis_link::broken() {
  const bool was_ready = ready_;
  ready_ = false;
  greeting_ = false;
  ++connection_;
  boost::system::error_code ignored;
  if (socket_)
    socket_->close(ignored);
  if (was_ready && on_down_)
    on_down_();
  retry_later();
}

}  // namespace troupe
