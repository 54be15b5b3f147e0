#pragma once

#include "messages/api_error.hpp"
#include "runtime/clock/clock.hpp"
#include "runtime/s3/s3_signer.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace troupe {

/// How objects are removed.
struct s3_remover_options {
  bool bulk = true;  ///< many of a bucket by one request
  std::size_t most_at_once = 1000;
  std::chrono::seconds limit{30};  ///< how long an answer may take
};

/// Removes objects from a store. Lives on the thread of an io_context, which it does not block:
/// what is wanted while a request is on its way goes with the next one.
class s3_remover {
 public:
  using done_handler = std::function<void(outcome<void>)>;

  /// `time` and `signer` must be there as long as the io_context runs. `on_trouble` is told, in one
  /// line, of each request that failed as a whole and of each object that a store would not remove.
  s3_remover(boost::asio::io_context& io, const clock& time, const s3_signer& signer,
             s3_remover_options options, std::function<void(std::string)> on_trouble);

  /// Removes the object and calls back, later, on the same thread; fine when there is none. After
  /// an error it may still be there.
  void remove(s3_object object, done_handler done);

 private:
  struct impl;
  std::shared_ptr<impl> impl_;
};

}  // namespace troupe
