#pragma once

#include "actors/log_stream/log_stream_state.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// How much of a log stays in memory once it is in the spool.
inline constexpr std::uint64_t log_memory_bytes = 256 * 1024;

/// How much may wait for the spool before appends are put off.
inline constexpr std::uint64_t most_unspooled_bytes = 16 * 1024 * 1024;

/// How much a follower is told ahead of what it has written out; the rest waits in the spool.
inline constexpr std::uint64_t follower_window_bytes = 256 * 1024;

/// How much is told, or read from the spool, at a time.
inline constexpr std::uint64_t log_piece_bytes = 64 * 1024;

/// A log that grows beyond this is no log.
inline constexpr std::uint64_t longest_log_bytes = std::uint64_t{4} << 30;

/// What an append comes to.
enum class append_verdict {
  taken,     ///< the log holds the bytes, or held them already
  gap,       ///< the offset is beyond the log's size: send from there
  finished,  ///< nothing new can come any more
  put_off,   ///< the spool is behind; send again in a moment
  too_long,  ///< `longest_log_bytes`
};

/// Takes bytes at an offset. Bytes that are known already are skipped, so that a worker may send
/// again what was not acknowledged. Nothing changes unless they are `taken`.
append_verdict append(log_stream_state& state, std::uint64_t offset, const log_bytes& bytes);

/// Bytes to be put into the spool at an offset.
struct spool_order {
  std::uint64_t offset = 0;
  std::vector<log_bytes> pieces;
};

/// What to write to the spool next, one order at a time: the next comes after `wrote` or
/// `write_failed`. Nothing when all is there.
std::optional<spool_order> next_write(log_stream_state& state);

/// The order was carried out: the spool holds all below `end`.
void wrote(log_stream_state& state, std::uint64_t end);

/// It was not; the bytes stay in memory and are ordered again by the next `next_write`.
void write_failed(log_stream_state& state);

/// What a reader is told next.
struct next_piece {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  log_bytes bytes;  ///< null: to be read from the spool, `length` bytes at `offset`
};

/// The next bytes for a reader; nothing when it has all, waits for the spool, or has enough to
/// write out.
std::optional<next_piece> next_for(const log_stream_state& state, const log_reader& reader);

/// The reader was told so many bytes.
void told(log_reader& reader, std::uint64_t bytes);

/// The reader wrote out what it was told.
void caught_up(log_reader& reader);

/// True when the reader has been told everything there will ever be.
bool is_done(const log_stream_state& state, const log_reader& reader);

/// How far back the last lines of a log may begin, in bytes.
inline constexpr std::uint64_t longest_tail_bytes = 16 * 1024 * 1024;

/// Where to look for the beginning of the last lines.
struct tail_search {
  std::uint64_t offset = 0;      ///< of the tail, or so far
  std::uint32_t lines_left = 0;  ///< newlines still to be found before `offset`; 0: it is found
  bool at_end = true;            ///< nothing was looked at; a newline here ends the last line
};

/// Looks for the last lines of a log, through what is in memory.
tail_search find_tail(const log_stream_state& state, std::uint32_t lines);

/// Goes on through the text that ends where the search stands; true when the search is over.
bool search_back(tail_search& search, std::string_view text);

/// How much of the end of a log `last_words` has to see.
inline constexpr std::uint64_t longest_last_words = 512;

/// What is still to be added to a log whose worker did not end it, given how the log ends so far
/// and how the run was resolved: a server that died may have added it already, or some of it.
std::string last_words(std::string_view tail, std::string_view how);

/// Forgets what is in the spool as well: nobody has cared for a while.
void release_memory(log_stream_state& state);

}  // namespace troupe
