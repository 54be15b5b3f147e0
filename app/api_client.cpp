#include "app/api_client.hpp"

#include "runtime/clock/clock.hpp"
#include "runtime/clock/random.hpp"

#include <curl/curl.h>

#include <memory>
#include <utility>

namespace troupe {

namespace {

using namespace std::chrono_literals;

constexpr auto longest_call = 30s;

// Where the bytes of an answer go.
struct byte_sink {
  const std::function<void(std::string_view)>* take = nullptr;
  std::string* body = nullptr;
  bool moved = false;
};

std::size_t sink_bytes(char* data, std::size_t size, std::size_t count, void* to) {
  auto& sink = *static_cast<byte_sink*>(to);
  sink.moved = true;
  if (sink.take != nullptr)
    (*sink.take)({data, size * count});
  else
    sink.body->append(data, size * count);
  return size * count;
}

}  // namespace

api_client::api_client(std::string root_url, credentials by, const stop_signal* stop)
    : root_url_(std::move(root_url)), by_(std::move(by)), stop_(stop) {
  static const auto prepared = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)prepared;
  curl_ = curl_easy_init();
  multi_ = curl_multi_init();
}

api_client::~api_client() {
  curl_easy_cleanup(curl_);
  curl_multi_cleanup(multi_);
}

api_reply api_client::call(std::string_view verb, const std::string& target,
                           const std::string& body) {
  return perform(verb, target, &body, nullptr, longest_call, {});
}

api_reply api_client::read(const std::string& target,
                           const std::function<void(std::string_view)>& take,
                           std::chrono::milliseconds silence, const std::string& range) {
  return perform("GET", target, nullptr, &take, silence, {range, false});
}

api_reply api_client::fetch(const std::string& target,
                            const std::function<void(std::string_view)>& take,
                            std::chrono::milliseconds silence) {
  return perform("GET", target, nullptr, &take, silence, {{}, true});
}

api_reply api_client::perform(std::string_view verb, const std::string& target,
                              const std::string* body,
                              const std::function<void(std::string_view)>* take,
                              std::chrono::milliseconds silence, const reading_way& way) {
  const auto where = split_root_url(root_url_);
  const auto signature =
      "Authorization: " + sign_header(by_, {verb, target, where.host, where.port},
                                      system_clock{}.now(),
                                      make_slugid(thread_random()).substr(0, 8));
  const bool sends = body != nullptr && verb != "GET";
  curl_slist* list = curl_slist_append(nullptr, signature.c_str());
  list = curl_slist_append(list, "Expect:");
  list = curl_slist_append(
      list, sends && !body->empty() ? "Content-Type: application/json" : "Content-Type:");
  if (!way.range.empty())
    list = curl_slist_append(list, ("Range: " + way.range).c_str());
  const std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers{list, &curl_slist_free_all};
  const std::string verb_text{verb};
  const auto url = root_url_ + target;
  std::string received;
  byte_sink sink{take, &received};
  curl_easy_reset(curl_);
  curl_easy_setopt(curl_, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl_, CURLOPT_CUSTOMREQUEST, verb_text.c_str());
  curl_easy_setopt(curl_, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl_, CURLOPT_CONNECTTIMEOUT_MS, 5000L);
  curl_easy_setopt(curl_, CURLOPT_FAILONERROR, take != nullptr ? 1L : 0L);
  curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, &sink_bytes);
  curl_easy_setopt(curl_, CURLOPT_WRITEDATA, &sink);
  if (way.redirected) {
    curl_easy_setopt(curl_, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl_, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl_, CURLOPT_ACCEPT_ENCODING, "");
  }
  if (sends) {
    curl_easy_setopt(curl_, CURLOPT_POSTFIELDS, body->data());
    curl_easy_setopt(curl_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size()));
  }
  curl_multi_add_handle(multi_, curl_);
  auto reply = transfer([&sink] { return std::exchange(sink.moved, false); }, silence);
  curl_multi_remove_handle(multi_, curl_);
  reply.body = std::move(received);
  return reply;
}

api_reply api_client::transfer(const std::function<bool()>& moved,
                               std::chrono::milliseconds silence) {
  api_reply reply;
  int running = 1;
  for (auto quiet_since = system_clock{}.now();;) {
    if (const auto failed = curl_multi_perform(multi_, &running); failed != CURLM_OK) {
      reply.trouble = curl_multi_strerror(failed);
      return reply;
    }
    if (running == 0)
      break;
    const auto now = system_clock{}.now();
    if (moved())
      quiet_since = now;
    reply.given_up = (stop_ != nullptr && stop_->is_set()) || now - quiet_since > silence;
    if (reply.given_up) {
      reply.trouble = "it took too long";
      return reply;
    }
    curl_waitfd also{stop_ != nullptr ? stop_->descriptor() : -1, CURL_WAIT_POLLIN, 0};
    curl_multi_poll(multi_, &also, stop_ != nullptr ? 1 : 0, 1000, nullptr);
  }
  int left = 0;
  const auto* done = curl_multi_info_read(multi_, &left);
  const auto result = done != nullptr ? done->data.result : CURLE_RECV_ERROR;
  long status = 0;
  curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
  if (result == CURLE_OK || result == CURLE_HTTP_RETURNED_ERROR)
    reply.status = static_cast<unsigned>(status);
  else
    reply.trouble = curl_easy_strerror(result);
  return reply;
}

}  // namespace troupe
