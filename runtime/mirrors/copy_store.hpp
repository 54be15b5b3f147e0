#pragma once

#include "messages/api_error.hpp"
#include "messages/timestamp.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace troupe {

// What copies are read from and written to, on the thread of the copier, piece by piece.

/// Why a copy came to nothing; thrown where it is found, and caught by the copier.
struct copy_trouble {
  std::string why;
  bool lasting = false;  ///< it will be no better the next time
};

/// What stands beside the data, which are copied as they are stored.
struct content_head {
  std::string type;
  std::string encoding;     ///< empty: none
  std::string disposition;  ///< empty: none
  std::uint64_t size = 0;   ///< of the bytes as stored
};

/// Data that are read from the beginning to the end.
class copy_reader {
 public:
  virtual ~copy_reader() = default;

  const content_head& head() const { return head_; }
  /// The hash of the bytes as stored, in hexadecimal; empty: not known.
  const std::string& sha256() const { return sha256_; }

  /// The next bytes; none at the end. Throws `copy_trouble`.
  virtual boost::asio::awaitable<std::string> read() = 0;

 protected:
  content_head head_;
  std::string sha256_;
};

/// Data that are written from the beginning to the end. Until `finish` there is no copy, nor if it
/// is abandoned or let go before.
class copy_writer {
 public:
  virtual ~copy_writer() = default;

  /// Throw `copy_trouble`.
  virtual boost::asio::awaitable<void> write(std::string_view bytes) = 0;
  virtual boost::asio::awaitable<void> finish() = 0;

  /// Nothing more comes, for whatever reason: what the store holds already may go. Does not throw.
  virtual boost::asio::awaitable<void> abandon() { co_return; }
};

/// What has the copies of a site.
class copy_store {
 public:
  virtual ~copy_store() = default;

  /// A URL that answers with the copy until `until`; from any thread.
  virtual std::string get_url(const std::string& key, timestamp now, timestamp until) const = 0;

  /// Begins a copy, in place of a former one. Throws `copy_trouble`.
  virtual boost::asio::awaitable<std::unique_ptr<copy_writer>> begin(std::string key,
                                                                     const content_head& head) = 0;

  /// Removes a copy and calls back, on the thread of the copier; fine when there is none.
  virtual void remove(std::string key, std::function<void(outcome<void>)> done) = 0;
};

}  // namespace troupe
