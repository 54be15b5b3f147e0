#pragma once

#include "messages/log_commands.hpp"

#include <cstdint>
#include <deque>
#include <vector>

namespace troupe {

/// A stretch of a log in memory.
struct log_piece {
  std::uint64_t offset = 0;
  log_bytes bytes;

  std::uint64_t end() const { return offset + bytes->size(); }
};

/// Somebody who reads along.
struct log_reader {
  std::uint64_t number = 0;                 ///< names it within the log
  std::uint64_t next = 0;                   ///< the first byte not told yet
  std::uint64_t unwritten = 0;              ///< told since it last said that it had written all out
  bool reading = false;                     ///< its next bytes are being read from the spool
  std::uint64_t until = ~std::uint64_t{0};  ///< where it stops
};

/// The live log of one run: the newest bytes are in memory, all up to `spooled` in the spool file.
struct log_stream_state {
  std::uint64_t size = 0;        ///< bytes received in order
  std::uint64_t spooled = 0;     ///< how many of them are in the spool
  bool writing = false;          ///< some are on their way there
  bool finished = false;         ///< no more will come
  bool sealed = false;           ///< the spool says so, too
  std::deque<log_piece> recent;  ///< contiguous up to `size`; holds at least what is not spooled
  std::vector<log_reader> readers;

  /// The first byte in memory.
  std::uint64_t recent_begin() const { return recent.empty() ? size : recent.front().offset; }
};

}  // namespace troupe
