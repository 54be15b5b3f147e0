#pragma once

#include "messages/api_error.hpp"
#include "runtime/s3/s3_deletion.hpp"
#include "runtime/s3/s3_signer.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>

#include <chrono>
#include <memory>

namespace troupe {

/// A connection to a store on an io_context, which is never blocked. It is opened for the first
/// request and kept for the next while the store keeps it.
class s3_connection {
 public:
  /// `tls` and `signer` must outlive it. An answer that takes longer than `limit` is given up.
  s3_connection(boost::asio::io_context& io, boost::asio::ssl::context& tls,
                const s3_signer& signer, std::chrono::seconds limit);
  ~s3_connection();

  /// Sends the signed request; one at a time. The error says why there is no answer.
  boost::asio::awaitable<outcome<s3_answer>> exchange(const s3_request& request);

  void close();

 private:
  struct channel;
  template <class Stream>
  struct channel_on;

  boost::asio::awaitable<void> open(const std::string& host);
  boost::asio::awaitable<s3_answer> attempt(const s3_request& request);

  boost::asio::io_context& io_;
  boost::asio::ssl::context& tls_;
  const s3_signer& signer_;
  std::chrono::seconds limit_;
  std::unique_ptr<channel> channel_;
  std::string host_;     // that the channel leads to
  std::string refusal_;  // what was wrong with the certificate
};

}  // namespace troupe
