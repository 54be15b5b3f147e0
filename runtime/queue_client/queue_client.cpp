#include "runtime/queue_client/queue_client.hpp"

#include "runtime/clock/clock.hpp"
#include "runtime/clock/random.hpp"

#include <curl/curl.h>

#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>

namespace troupe {

namespace {

constexpr int longest_wait_ms = 60'000;  // curl's own timers and `wake` cut it short
constexpr int farewell_wait_ms = 200;
constexpr std::chrono::seconds longest_farewell{2};

void prepare_curl() {
  static const auto result = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)result;
}

std::size_t take_bytes(char* data, std::size_t size, std::size_t count, void* out) {
  static_cast<std::string*>(out)->append(data, size * count);
  return size * count;
}

struct sent_file {
  int file;
  off_t at;
};

std::size_t give_bytes(char* to, std::size_t size, std::size_t count, void* self) {
  auto& sends = *static_cast<sent_file*>(self);
  const auto got = ::pread(sends.file, to, size * count, sends.at);
  if (got < 0)
    return CURL_READFUNC_ABORT;
  sends.at += got;
  return static_cast<std::size_t>(got);
}

int rewind_file(void* self, curl_off_t offset, int origin) {
  if (origin != SEEK_SET)
    return CURL_SEEKFUNC_CANTSEEK;
  static_cast<sent_file*>(self)->at = offset;
  return CURL_SEEKFUNC_OK;
}

struct received_file {
  CURL* curl;
  const std::function<bool(std::string_view)>* take;
  std::string* error;
};

// What is no file is the text of an error, of which the beginning is enough.
std::size_t receive_bytes(char* data, std::size_t size, std::size_t count, void* self) {
  constexpr std::size_t most_of_error = 4096;
  auto& receives = *static_cast<received_file*>(self);
  const std::string_view bytes{data, size * count};
  long status = 0;
  curl_easy_getinfo(receives.curl, CURLINFO_RESPONSE_CODE, &status);
  if (status == 200)
    return (*receives.take)(bytes) ? bytes.size() : 0;
  const auto room = most_of_error - std::min(most_of_error, receives.error->size());
  receives.error->append(bytes.substr(0, room));
  return bytes.size();
}

// A transfer may take as long as it needs, but not stand still.
void end_when_silent(CURL* curl) {
  constexpr long silence_s = 60;
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, silence_s);
}

std::string response_header(CURL* curl, const char* name) {
  curl_header* found = nullptr;
  if (curl_easy_header(curl, name, 0, CURLH_HEADER, -1, &found) != CURLHE_OK)
    return {};
  return found->value;
}

}  // namespace

queue_client::queue_client(std::string root_url, const std::atomic<bool>* give_up, giving_up how)
    : root_url_(std::move(root_url)),
      where_(split_root_url(root_url_)),
      give_up_(give_up),
      how_(how) {
  prepare_curl();
  curl_ = curl_easy_init();
  if (give_up_ != nullptr)
    multi_ = curl_multi_init();
}

queue_client::~queue_client() {
  curl_easy_cleanup(curl_);
  if (multi_ != nullptr)
    curl_multi_cleanup(multi_);
}

void queue_client::wake() {
  if (multi_ != nullptr)
    curl_multi_wakeup(multi_);
}

// Whether a transfer that is under way goes on. Who gives up politely ends its own side of the
// connection: the server then ends the other one, at once if it has nothing to say.
bool queue_client::keeps_on(std::chrono::steady_clock::time_point& until) {
  if (!*give_up_)
    return true;
  if (how_ == giving_up::at_once || socket_ < 0)
    return false;
  const auto now = std::chrono::steady_clock::now();
  if (until == std::chrono::steady_clock::time_point{}) {
    until = now + longest_farewell;
    ::shutdown(socket_, SHUT_WR);
  }
  return now < until;
}

// No connection is made once the call is given up: curl repeats by itself what got no answer.
int queue_client::open_socket(void* self, int, void* address) {
  auto& client = *static_cast<queue_client*>(self);
  if (*client.give_up_)
    return CURL_SOCKET_BAD;
  const auto& to = *static_cast<const curl_sockaddr*>(address);
  client.socket_ = ::socket(to.family, to.socktype | SOCK_CLOEXEC, to.protocol);
  return client.socket_;
}

int queue_client::close_socket(void* self, int socket) {
  auto& client = *static_cast<queue_client*>(self);
  if (client.socket_ == socket)
    client.socket_ = -1;
  return ::close(socket);
}

// A call that may be given up waits where it can be woken; the others simply wait.
int queue_client::run_transfer() {
  if (multi_ == nullptr)
    return curl_easy_perform(curl_);
  curl_multi_add_handle(multi_, curl_);
  int running = 1;
  int result = CURLE_ABORTED_BY_CALLBACK;
  std::chrono::steady_clock::time_point until;
  while (keeps_on(until)) {
    if (curl_multi_perform(multi_, &running) != CURLM_OK)
      break;
    if (running == 0) {
      int left = 0;
      if (const auto* done = curl_multi_info_read(multi_, &left))
        result = done->data.result;
      break;
    }
    curl_multi_poll(multi_, nullptr, 0, *give_up_ ? farewell_wait_ms : longest_wait_ms, nullptr);
  }
  curl_multi_remove_handle(multi_, curl_);
  return result;
}

void queue_client::prepare(const std::string& url) {
  auto* curl = static_cast<CURL*>(curl_);
  curl_easy_reset(curl);
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, 5000L);
  curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
  if (how_ == giving_up::politely) {
    curl_easy_setopt(
        curl, CURLOPT_OPENSOCKETFUNCTION,
        +[](void* self, curlsocktype purpose, curl_sockaddr* to) -> curl_socket_t {
          return open_socket(self, purpose, to);
        });
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, this);
    curl_easy_setopt(curl, CURLOPT_CLOSESOCKETFUNCTION, &close_socket);
    curl_easy_setopt(curl, CURLOPT_CLOSESOCKETDATA, this);
  }
}

// Makes the call that was prepared.
call_result queue_client::finish(const std::vector<std::string>& headers, call_result& result) {
  auto* curl = static_cast<CURL*>(curl_);
  curl_slist* list = nullptr;
  for (const auto& header : headers)
    list = curl_slist_append(list, header.c_str());
  list = curl_slist_append(list, "Expect:");
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
  const auto code = run_transfer();
  curl_slist_free_all(list);
  if (code != CURLE_OK) {
    result.trouble = curl_easy_strerror(static_cast<CURLcode>(code));
    return std::move(result);
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  result.status = static_cast<unsigned>(status);
  const char* location = nullptr;
  curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &location);
  if (location != nullptr)
    result.location = location;
  return std::move(result);
}

call_result queue_client::perform(const std::string& url, std::string_view verb,
                                  const std::string& body, const std::vector<std::string>& headers,
                                  std::chrono::milliseconds timeout, bool follow) {
  call_result result;
  auto* curl = static_cast<CURL*>(curl_);
  prepare(url);
  const std::string verb_text{verb};
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, verb_text.c_str());
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, follow ? 1L : 0L);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &take_bytes);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &result.body);
  if (verb != "GET") {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  }
  return finish(headers, result);
}

call_result queue_client::call(const credentials& by, std::string_view verb,
                               const std::string& target, const std::string& body,
                               std::string_view content_type, std::chrono::milliseconds timeout,
                               const std::optional<std::vector<std::string>>& scopes) {
  const signed_target signs{verb, target, where_.host, where_.port};
  const auto nonce = make_slugid(thread_random()).substr(0, 8);
  std::vector<std::string> headers = {"Authorization: " +
                                      sign_header(by, signs, system_clock{}.now(), nonce, scopes)};
  if (!body.empty())
    headers.push_back("Content-Type: " + std::string{content_type});
  else
    headers.emplace_back("Content-Type:");
  return perform(root_url_ + target, verb, body, headers, timeout, false);
}

call_result queue_client::put(const std::string& url, const std::string& bytes,
                              const std::vector<std::string>& headers) {
  return perform(url, "PUT", bytes, headers, std::chrono::minutes{30}, true);
}

call_result queue_client::put_file(const std::string& url, int file, std::uint64_t size,
                                   const std::vector<std::string>& headers) {
  call_result result;
  auto* curl = static_cast<CURL*>(curl_);
  prepare(url);
  sent_file sends{file, 0};
  curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_READFUNCTION, &give_bytes);
  curl_easy_setopt(curl, CURLOPT_READDATA, &sends);
  curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, &rewind_file);
  curl_easy_setopt(curl, CURLOPT_SEEKDATA, &sends);
  curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(size));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &take_bytes);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &result.body);
  end_when_silent(curl);
  return finish(headers, result);
}

call_result queue_client::download(const std::string& url,
                                   const std::function<bool(std::string_view)>& take,
                                   file_version& version) {
  call_result result;
  auto* curl = static_cast<CURL*>(curl_);
  prepare(url);
  received_file receives{curl, &take, &result.body};
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &receive_bytes);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &receives);
  // Files come as they were before they were compressed for storage.
  curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
  end_when_silent(curl);
  std::vector<std::string> headers;
  if (!version.entity_tag.empty())
    headers.push_back("If-None-Match: " + version.entity_tag);
  else if (!version.last_modified.empty())
    headers.push_back("If-Modified-Since: " + version.last_modified);
  auto answer = finish(headers, result);
  version = {response_header(curl, "ETag"), response_header(curl, "Last-Modified")};
  return answer;
}

}  // namespace troupe
