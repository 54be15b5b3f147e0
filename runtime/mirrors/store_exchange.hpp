#pragma once

#include "runtime/mirrors/copy_store.hpp"
#include "runtime/web/web_channel.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace troupe {

/// What the copier sends requests with.
struct copy_line {
  boost::asio::io_context& io;
  boost::asio::ssl::context& tls;
  std::chrono::seconds limit;  ///< how long a piece, and an answer, may take
};

/// One exchange with a store, whose errors are as the copier knows them.
class store_exchange {
 public:
  /// `name` is for people, like `the store of the site`.
  store_exchange(const copy_line& line, std::string name)
      : channel_(line.io, line.tls, line.limit), name_(std::move(name)) {}

  /// Runs a step of the exchange. Throws `copy_trouble`.
  template <class Step>
  auto attempt(Step step) -> decltype(step(std::declval<web_channel&>())) {
    std::string why;
    try {
      co_return co_await step(channel_);
    } catch (const boost::system::system_error& failed) {
      why = channel_.why(failed);
    }
    throw copy_trouble{name_ + ": " + why};
  }

  /// Throws what a store says when it does not do it.
  boost::asio::awaitable<void> refuse(const web_answer& answer);

 private:
  web_channel channel_;
  std::string name_;
};

/// The length that an answer tells; throws `copy_trouble` when it tells none.
std::uint64_t size_in(const web_answer& answer);

}  // namespace troupe
