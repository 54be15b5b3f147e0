#pragma once

#include "runtime/auth/credentials.hpp"
#include "runtime/queue_client/call_result.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// What a server says of a file, so that it need not send it again.
struct file_version {
  std::string entity_tag;
  std::string last_modified;
};

/// How a call under way is given up.
enum class giving_up {
  at_once,
  /// The server is told that nothing more comes, and an answer that is on its way is still taken:
  /// it may be a claim, which nobody else would know of.
  politely,
};

/// Calls the API over HTTP, blocking, on one kept connection. Used by one thread at a time.
class queue_client {
 public:
  /// A call under way is given up when `give_up` is true and `wake` is called.
  explicit queue_client(std::string root_url, const std::atomic<bool>* give_up = nullptr,
                        giving_up how = giving_up::at_once);
  ~queue_client();
  queue_client(const queue_client&) = delete;
  queue_client& operator=(const queue_client&) = delete;

  /// One signed call; `target` is the raw path with query.
  call_result call(const credentials& by, std::string_view verb, const std::string& target,
                   const std::string& body, std::string_view content_type,
                   std::chrono::milliseconds timeout = std::chrono::seconds{30},
                   const std::optional<std::vector<std::string>>& scopes = {});

  /// An unsigned PUT of a text's bytes to a URL.
  call_result put(const std::string& url, const std::string& bytes,
                  const std::vector<std::string>& headers);

  /// The same of the bytes of an open file, from its beginning, which are read as they are sent.
  call_result put_file(const std::string& url, int file, std::uint64_t size,
                       const std::vector<std::string>& headers);

  /// An unsigned GET of a URL, which may redirect. The bytes go to `take` as they come, which says
  /// whether it could take them; those of an error into the result's body. With a `version` that is
  /// not empty the answer is 304 when the file has not changed; it becomes that of the answer.
  call_result download(const std::string& url, const std::function<bool(std::string_view)>& take,
                       file_version& version);

  /// Lets a call under way look at `give_up`; from any thread.
  void wake();

  const std::string& root_url() const { return root_url_; }

 private:
  call_result perform(const std::string& url, std::string_view verb, const std::string& body,
                      const std::vector<std::string>& headers, std::chrono::milliseconds timeout,
                      bool follow);
  void prepare(const std::string& url);
  call_result finish(const std::vector<std::string>& headers, call_result& result);
  int run_transfer();
  bool keeps_on(std::chrono::steady_clock::time_point& until);
  static int open_socket(void* self, int purpose, void* address);
  static int close_socket(void* self, int socket);

  std::string root_url_;
  host_and_port where_;
  const std::atomic<bool>* give_up_;
  const giving_up how_;
  int socket_ = -1;  // of the connection
  void* curl_ = nullptr;
  void* multi_ = nullptr;  // only with `give_up_`
};

}  // namespace troupe
