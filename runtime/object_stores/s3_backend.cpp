#include "runtime/object_stores/s3_backend.hpp"

#include "runtime/lane/lane.hpp"
#include "runtime/log/log.hpp"
#include "runtime/objects/object_answers.hpp"
#include "runtime/s3/s3_connection.hpp"
#include "runtime/s3/s3_store.hpp"

#include <openssl/ssl.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ssl/context.hpp>

#include <optional>
#include <utility>

namespace troupe {

namespace asio = boost::asio;

namespace {

constexpr std::size_t longest_key = 1024;
constexpr std::chrono::seconds answer_limit{20};
// An upload that begins as the URL is about to end is let in.
constexpr std::chrono::seconds put_slack{10};

api_error trouble(std::string text) {
  return make_api_error(error_code::service_unavailable, std::move(text));
}

std::chrono::seconds between(timestamp now, timestamp until) {
  return std::chrono::duration_cast<std::chrono::seconds>(until - now);
}

}  // namespace

/// Sends requests of the server's own, each on a connection of its own.
struct s3_backend::courier : std::enable_shared_from_this<courier> {
  courier(std::string of, asio::io_context& on, const clock& clock, const s3_signer& signs)
      : id(std::move(of)), io(on), time(clock), signer(signs) {}

  using answer_handler = std::function<void(const outcome<s3_answer>&)>;

  // The system's authorities; OpenSSL lets SSL_CERT_FILE and SSL_CERT_DIR name others.
  void prepare_tls() {
    if (tls)
      return;
    tls.emplace(asio::ssl::context::tls_client);
    // Asio keeps errors of connections apart by itself; see s3_remover.
    SSL_CTX_set_info_callback(tls->native_handle(), nullptr);
    tls->set_default_verify_paths();
  }

  static asio::awaitable<void> work(std::shared_ptr<courier> self, s3_request request,
                                    answer_handler done) {
    outcome<s3_answer> result = s3_answer{};
    try {
      self->prepare_tls();
      self->signer.sign(request, self->time.now());
      s3_connection connection{self->io, *self->tls, self->signer, answer_limit};
      result = co_await connection.exchange(request);
    } catch (const std::exception& unforeseen) {
      result = make_api_error(error_code::internal_server_error, unforeseen.what());
    }
    done(result);
  }

  void send(s3_request request, answer_handler done) {
    asio::co_spawn(io, work(shared_from_this(), std::move(request), std::move(done)),
                   [](const std::exception_ptr& unforeseen) {
                     if (unforeseen)
                       std::rethrow_exception(unforeseen);
                   });
  }

  // What callers hear is short: the log has the rest.
  api_error unfit(const outcome<s3_answer>& result, const std::string& what) const {
    const auto why = result ? "it answered " + std::to_string(result->status) + " " + result->body
                            : result.error().message;
    log_message(severity::error, "object backend '" + id + "' could not " + what + ": " + why);
    return trouble("The store of the object cannot be used now; repeat the call later.");
  }

  const std::string id;
  asio::io_context& io;
  const clock& time;
  const s3_signer signer;
  std::optional<asio::ssl::context> tls;
};

s3_backend::s3_backend(std::string id, const s3_backend_settings& config,
                       const std::vector<lane*>& lanes, const clock& time)
    : bucket_(config.bucket), sign_get_urls_(config.sign_get_urls), signer_(signer_of(config)) {
  const auto tell = [id](const std::string& what) {
    log_message(severity::error, "object backend '" + id + "': " + what);
  };
  // One by one: not every store deletes many at once.
  const s3_remover_options one_by_one{false, 1, answer_limit};
  for (auto* on : lanes) {
    couriers_.push_back(std::make_shared<courier>(id, on->io(), time, signer_));
    removers_.emplace_back(on->io(), time, couriers_.back()->signer, one_by_one, tell);
  }
}

s3_backend::~s3_backend() = default;

outcome<void> s3_backend::accepts(std::string_view name) const {
  if (name.size() <= longest_key)
    return boost::system::in_place_value;
  return make_api_error(
      error_code::input_error,
      "The store of this object takes names of up to 1024 bytes, and this one has " +
          std::to_string(name.size()));
}

std::string s3_backend::put_url(const stored_object& object, const upload_proposal& proposed,
                                timestamp now, timestamp until) const {
  // The length is signed, too: no other data can be meant.
  return signer_.put_url(place_of(object), put_headers(proposed), now,
                         between(now, until) + put_slack);
}

std::string s3_backend::get_url(const stored_object& object, timestamp now, timestamp until) const {
  return sign_get_urls_ ? signer_.get_url(place_of(object), now, between(now, until))
                        : signer_.url(place_of(object));
}

void s3_backend::put(lane& on, const stored_object& object, std::string content_type,
                     std::string bytes, done_handler done) {
  s3_request request{"PUT", place_of(object)};
  request.headers.emplace_back("Content-Type", content_type);
  if (is_html(content_type))
    request.headers.emplace_back("Content-Disposition", "attachment");
  request.body = std::move(bytes);
  const auto& by = couriers_[on.index()];
  by->send(std::move(request), [by, done = std::move(done)](const outcome<s3_answer>& result) {
    if (result && result->status / 100 == 2)
      return done(boost::system::in_place_value);
    done(by->unfit(result, "take data"));
  });
}

// The store alone has seen the data: hashes are what the uploader says.
void s3_backend::finish(lane& on, const stored_object& object, std::string, done_handler done) {
  const auto& by = couriers_[on.index()];
  by->send(
      {"HEAD", place_of(object)}, [by, done = std::move(done)](const outcome<s3_answer>& result) {
        if (result && result->status / 100 == 2)
          return done(boost::system::in_place_value);
        if (result && result->status == 404)
          return done(
              make_api_error(error_code::input_error,
                             "Nothing was uploaded. PUT the data to the URL of the upload first."));
        done(by->unfit(result, "tell whether an object is there"));
      });
}

void s3_backend::remove(lane& on, const stored_object& object, done_handler done) {
  removers_[on.index()].remove(place_of(object),
                               [&on, done = std::move(done)](const outcome<void>& gone) {
                                 on.post([done, gone] { done(gone); });
                               });
}

}  // namespace troupe
