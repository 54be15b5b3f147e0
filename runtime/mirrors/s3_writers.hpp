#pragma once

#include "runtime/clock/clock.hpp"
#include "runtime/mirrors/copy_store.hpp"
#include "runtime/mirrors/store_exchange.hpp"
#include "runtime/s3/s3_signer.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace troupe {

/// Where a copy goes. What it refers to must outlive the writer.
struct s3_target {
  copy_line line;
  const s3_signer& signer;
  const clock& time;
  s3_object object;
};

/// How many parts an object has in S3 at most.
inline constexpr std::uint64_t most_s3_parts = 10'000;

/// How large the parts of so many bytes are, which is `wanted` unless there would be too many.
std::uint64_t size_of_parts(std::uint64_t bytes, std::uint64_t wanted);

/// Begins to write an object: in one piece up to `part_bytes`, in parts of that size beyond. Throws
/// `copy_trouble`.
boost::asio::awaitable<std::unique_ptr<copy_writer>> begin_s3_copy(s3_target to,
                                                                   const content_head& head,
                                                                   std::uint64_t part_bytes);

}  // namespace troupe
