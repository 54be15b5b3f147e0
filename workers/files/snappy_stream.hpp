#pragma once

#include "messages/api_error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

/// What a chunk of the framing format of snappy holds at most, unpacked.
inline constexpr std::size_t longest_snappy_block = 65536;

/// The checksum of a chunk: CRC-32C, masked as the framing format wants it.
std::uint32_t snappy_checksum(std::string_view plain);

/// Unpacks a block of snappy of at most `longest_snappy_block`.
outcome<std::string> unpack_snappy_block(std::string_view packed);

/// Unpacks the data of a chunk, which begin with a checksum; `type` is its first byte. Empty for
/// chunks that hold nothing.
outcome<std::string> unpack_snappy_chunk(std::uint8_t type, std::string_view data);

/// Whether the type is that of the chunk with which a file begins.
bool begins_snappy(std::uint8_t type, std::string_view data);

}  // namespace troupe
