#pragma once

#include "app/stop_signal.hpp"
#include "runtime/auth/credentials.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace troupe {

/// What a request came to.
struct api_reply {
  unsigned status = 0;    ///< of HTTP; 0: the server was not reached, or was lost
  std::string body;       ///< empty for what was read piece by piece
  std::string trouble;    ///< why it was not reached
  bool given_up = false;  ///< by us: it was to stop, or nothing came any more
};

/// Signed requests of a subcommand to the API of a server, one at a time.
class api_client {
 public:
  /// Requests under way end when `stop` is set.
  api_client(std::string root_url, credentials by, const stop_signal* stop = nullptr);
  ~api_client();
  api_client(const api_client&) = delete;
  api_client& operator=(const api_client&) = delete;

  /// One call; `target` is the raw path with query, a body is JSON.
  api_reply call(std::string_view verb, const std::string& target, const std::string& body = {});

  /// Reads a stream to its end, and hands on what comes of it when the status is good; gives up
  /// after a silence. With a `Range` header where `range` is not empty.
  api_reply read(const std::string& target, const std::function<void(std::string_view)>& take,
                 std::chrono::milliseconds silence, const std::string& range = {});

  /// Reads an artifact in the same way: goes where it is, and unpacks it.
  api_reply fetch(const std::string& target, const std::function<void(std::string_view)>& take,
                  std::chrono::milliseconds silence);

  const std::string& root_url() const { return root_url_; }

 private:
  struct reading_way {
    std::string range;
    bool redirected = false;
  };

  api_reply perform(std::string_view verb, const std::string& target, const std::string* body,
                    const std::function<void(std::string_view)>* take,
                    std::chrono::milliseconds silence, const reading_way& way);
  api_reply transfer(const std::function<bool()>& moved, std::chrono::milliseconds silence);

  std::string root_url_;
  credentials by_;
  const stop_signal* stop_;
  void* curl_;  // handles of curl, whose names stay in the source
  void* multi_;
};

}  // namespace troupe
