#pragma once

#include "runtime/clock/clock.hpp"
#include "runtime/config/object_settings.hpp"
#include "runtime/mirrors/copy_store.hpp"
#include "runtime/mirrors/store_exchange.hpp"
#include "runtime/s3/s3_remover.hpp"
#include "runtime/s3/s3_signer.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace troupe {

/// Reads what a URL answers with. Throws `copy_trouble`.
boost::asio::awaitable<std::unique_ptr<copy_reader>> read_url(copy_line line, std::string url);

/// Copies in a bucket of a store that speaks the S3 protocol.
class s3_copies final : public copy_store {
 public:
  /// What has more than `part_bytes` is written in parts of that size. The clock must outlive it.
  /// `on_trouble` is told, in one line, of removals that failed.
  s3_copies(const s3_backend_settings& config, std::uint64_t part_bytes, copy_line line,
            const clock& time, const std::function<void(std::string)>& on_trouble);

  std::string get_url(const std::string& key, timestamp now, timestamp until) const override;
  boost::asio::awaitable<std::unique_ptr<copy_writer>> begin(std::string key,
                                                             const content_head& head) override;
  void remove(std::string key, std::function<void(outcome<void>)> done) override;

 private:
  std::string bucket_;
  bool sign_get_urls_;
  std::uint64_t part_bytes_;
  s3_signer signer_;
  copy_line line_;
  const clock& time_;
  s3_remover remover_;
};

}  // namespace troupe
