#include "runtime/s3/s3_remover.hpp"

#include "runtime/s3/s3_connection.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <openssl/ssl.h>

#include <deque>
#include <optional>
#include <vector>

namespace troupe {

namespace asio = boost::asio;

namespace {

struct wish {
  s3_object object;
  s3_remover::done_handler done;
};

const std::string tried_again = " could not be removed, which is tried again later: ";

std::string counted(std::size_t objects) {
  return objects == 1 ? "1 object" : std::to_string(objects) + " objects";
}

struct batch {
  std::vector<wish> wishes;  // of one bucket
  bool bulk = false;
};

}  // namespace

struct s3_remover::impl : std::enable_shared_from_this<impl> {
  impl(asio::io_context& on, const clock& clock, const s3_signer& signs, s3_remover_options given,
       std::function<void(std::string)> tell)
      : io(on), time(clock), signer(signs), options(given), on_trouble(std::move(tell)) {}

  static asio::awaitable<void> work(std::shared_ptr<impl> self);
  void prepare_tls();
  batch next_batch();
  s3_request request_for(const batch& wanted) const;
  void take(batch wanted, const outcome<s3_answer>& answer);
  void fail(std::vector<wish> wishes, const api_error& why);

  asio::io_context& io;
  const clock& time;
  const s3_signer& signer;
  s3_remover_options options;
  std::function<void(std::string)> on_trouble;
  std::optional<asio::ssl::context> tls;  // made for the first object
  std::deque<wish> waiting;
  bool working = false;
};

// The system's authorities; OpenSSL lets SSL_CERT_FILE and SSL_CERT_DIR name others.
void s3_remover::impl::prepare_tls() {
  if (tls)
    return;
  tls.emplace(asio::ssl::context::tls_client);
  // Asio keeps errors of connections apart by itself, and reads them when all is done: what looks
  // after that for other contexts of the process would take them away.
  SSL_CTX_set_info_callback(tls->native_handle(), nullptr);
  tls->set_default_verify_paths();
}

batch s3_remover::impl::next_batch() {
  batch result;
  const auto& first = waiting.front().object;
  result.bulk = options.bulk && fits_bulk_delete(first.key);
  const auto bucket = first.bucket;
  const auto most = result.bulk ? options.most_at_once : 1;
  while (!waiting.empty() && result.wishes.size() < most) {
    const auto& next = waiting.front().object;
    if (next.bucket != bucket || (result.bulk && !fits_bulk_delete(next.key)))
      break;
    result.wishes.push_back(std::move(waiting.front()));
    waiting.pop_front();
  }
  return result;
}

s3_request s3_remover::impl::request_for(const batch& wanted) const {
  const auto& first = wanted.wishes.front().object;
  if (!wanted.bulk)
    return delete_request(first);
  std::vector<std::string> keys;
  for (const auto& one : wanted.wishes)
    keys.push_back(one.object.key);
  return bulk_delete_request(first.bucket, keys);
}

void s3_remover::impl::fail(std::vector<wish> wishes, const api_error& why) {
  for (auto& one : wishes)
    one.done(why);
}

void s3_remover::impl::take(batch wanted, const outcome<s3_answer>& answer) {
  const auto bucket = wanted.wishes.front().object.bucket;
  const auto failed = [](const std::string& text) {
    return make_api_error(error_code::service_unavailable, text);
  };
  if (!answer) {
    // The others would not fare better, and each would wait as long.
    for (auto& one : waiting)
      wanted.wishes.push_back(std::move(one));
    waiting.clear();
    on_trouble(counted(wanted.wishes.size()) + tried_again + answer.error().message);
    return fail(std::move(wanted.wishes), answer.error());
  }
  const auto result = read_deletion(*answer, wanted.bulk);
  if (result.bucket_is_gone)
    on_trouble("bucket '" + bucket + "' does not exist; " + counted(wanted.wishes.size()) +
               " in it: counted as removed");
  if (!result.trouble.empty()) {
    on_trouble(counted(wanted.wishes.size()) + " of bucket '" + bucket + "'" + tried_again +
               result.trouble);
    return fail(std::move(wanted.wishes), failed(result.trouble));
  }
  for (auto& one : wanted.wishes) {
    const auto kept = result.kept.find(one.object.key);
    if (kept == result.kept.end()) {
      one.done(boost::system::in_place_value);
      continue;
    }
    on_trouble("object '" + one.object.key + "' of bucket '" + bucket + "'" + tried_again +
               kept->second);
    one.done(failed(kept->second));
  }
}

asio::awaitable<void> s3_remover::impl::work(std::shared_ptr<impl> self) {
  self->prepare_tls();
  s3_connection connection{self->io, *self->tls, self->signer, self->options.limit};
  while (!self->waiting.empty()) {
    auto wanted = self->next_batch();
    outcome<s3_answer> answer = s3_answer{};
    try {
      auto request = self->request_for(wanted);
      self->signer.sign(request, self->time.now());
      answer = co_await connection.exchange(request);
    } catch (const std::exception& unforeseen) {
      answer = make_api_error(error_code::internal_server_error, unforeseen.what());
    }
    self->take(std::move(wanted), answer);
  }
  self->working = false;
}

s3_remover::s3_remover(asio::io_context& io, const clock& time, const s3_signer& signer,
                       s3_remover_options options, std::function<void(std::string)> on_trouble)
    : impl_(std::make_shared<impl>(io, time, signer, options, std::move(on_trouble))) {}

void s3_remover::remove(s3_object object, done_handler done) {
  impl_->waiting.push_back({std::move(object), std::move(done)});
  if (std::exchange(impl_->working, true))
    return;
  // Whatever else is wanted right now is to go along.
  asio::post(impl_->io, [self = impl_] {
    asio::co_spawn(self->io, impl::work(self), [self](const std::exception_ptr& unforeseen) {
      if (unforeseen)
        std::rethrow_exception(unforeseen);
    });
  });
}

}  // namespace troupe
