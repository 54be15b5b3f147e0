#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace troupe_load {

/// Finds the end of an HTTP response in what has come so far.
class response_reader {
 public:
  /// Forgets the last response.
  void restart();

  /// Looks at all that has come since `restart`; true when the response is whole.
  bool read(std::string_view all);

  int status() const { return status_; }
  bool close_after() const { return close_after_; }

  /// Of the response that `read` found whole; `all` is what it was given.
  std::string_view body(std::string_view all) const {
    return chunked_ ? std::string_view{unchunked_} : all.substr(head_size_, body_size_);
  }

 private:
  bool read_head(std::string_view all);
  bool read_chunks(std::string_view all);

  bool have_head_ = false;
  bool chunked_ = false;
  bool close_after_ = false;
  int status_ = 0;
  std::size_t head_size_ = 0;
  std::size_t body_size_ = 0;
  std::string unchunked_;
};

}  // namespace troupe_load
