#pragma once

#include "runtime/blobs/blob_signer.hpp"
#include "runtime/blobs/blob_store.hpp"
#include "runtime/mirrors/copy_store.hpp"

#include <memory>
#include <string>

namespace troupe {

/// Reads what a store on the disk has. Throws `copy_trouble`.
std::unique_ptr<copy_reader> read_local(blob_store& store, const std::string& key);

/// Copies in a directory of this server, which serves them itself.
class local_copies final : public copy_store {
 public:
  /// Both must outlive it.
  local_copies(const blob_signer& signer, blob_store& store) : signer_(signer), store_(store) {}

  std::string get_url(const std::string& key, timestamp now, timestamp until) const override;
  boost::asio::awaitable<std::unique_ptr<copy_writer>> begin(std::string key,
                                                             const content_head& head) override;
  void remove(std::string key, std::function<void(outcome<void>)> done) override;

 private:
  const blob_signer& signer_;
  blob_store& store_;
};

}  // namespace troupe
