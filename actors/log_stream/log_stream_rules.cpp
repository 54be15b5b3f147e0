#include "actors/log_stream/log_stream_rules.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace troupe {

namespace {

// Many short pieces cost more than their bytes.
constexpr std::size_t most_pieces = 1024;

void trim(log_stream_state& state) {
  auto& recent = state.recent;
  while (recent.size() > 1 && recent.front().end() <= state.spooled &&
         (state.size - recent.front().offset > log_memory_bytes || recent.size() > most_pieces))
    recent.pop_front();
}

}  // namespace

append_verdict append(log_stream_state& state, std::uint64_t offset, const log_bytes& bytes) {
  if (offset > state.size)
    return append_verdict::gap;
  const auto end = offset + bytes->size();
  if (end <= state.size)
    return append_verdict::taken;
  if (state.finished)
    return append_verdict::finished;
  if (end > longest_log_bytes)
    return append_verdict::too_long;
  if (end - state.spooled > most_unspooled_bytes)
    return append_verdict::put_off;
  if (state.size == offset && bytes->size() <= log_piece_bytes) {
    state.recent.push_back({offset, bytes});
  } else {
    for (auto at = state.size; at < end; at += log_piece_bytes)
      state.recent.push_back({at, std::make_shared<const std::string>(bytes->substr(
                                      static_cast<std::size_t>(at - offset), log_piece_bytes))});
  }
  state.size = end;
  trim(state);
  return append_verdict::taken;
}

std::optional<spool_order> next_write(log_stream_state& state) {
  if (state.writing || state.spooled == state.size)
    return std::nullopt;
  // What was written in part by a failed order is written again.
  auto from = std::lower_bound(
      state.recent.begin(), state.recent.end(), state.spooled,
      [](const log_piece& piece, std::uint64_t spooled) { return piece.end() <= spooled; });
  spool_order order;
  order.offset = from->offset;
  for (; from != state.recent.end(); ++from)
    order.pieces.push_back(from->bytes);
  state.writing = true;
  return order;
}

void wrote(log_stream_state& state, std::uint64_t end) {
  state.writing = false;
  state.spooled = std::max(state.spooled, end);
  trim(state);
}

void write_failed(log_stream_state& state) { state.writing = false; }

std::optional<next_piece> next_for(const log_stream_state& state, const log_reader& reader) {
  if (reader.reading || reader.next >= std::min(state.size, reader.until) ||
      reader.unwritten >= follower_window_bytes)
    return std::nullopt;
  next_piece piece;
  piece.offset = reader.next;
  if (reader.next < state.recent_begin()) {
    piece.length =
        std::min(std::min(state.recent_begin(), reader.until) - reader.next, log_piece_bytes);
    return piece;
  }
  auto from = std::upper_bound(
      state.recent.begin(), state.recent.end(), reader.next,
      [](std::uint64_t next, const log_piece& known) { return next < known.offset; });
  --from;
  if (reader.next == from->offset && from + 1 == state.recent.end()) {
    piece.bytes = from->bytes;  // the usual case: shared by all who are at the end
  } else {
    std::string gathered =
        from->bytes->substr(static_cast<std::size_t>(reader.next - from->offset));
    while (++from != state.recent.end() && gathered.size() + from->bytes->size() <= log_piece_bytes)
      gathered += *from->bytes;
    piece.bytes = std::make_shared<const std::string>(std::move(gathered));
  }
  if (const auto left = reader.until - reader.next; piece.bytes->size() > left)
    piece.bytes =
        std::make_shared<const std::string>(piece.bytes->substr(0, static_cast<std::size_t>(left)));
  piece.length = piece.bytes->size();
  return piece;
}

void told(log_reader& reader, std::uint64_t bytes) {
  reader.next += bytes;
  reader.unwritten += bytes;
}

void caught_up(log_reader& reader) { reader.unwritten = 0; }

bool is_done(const log_stream_state& state, const log_reader& reader) {
  return reader.next >= reader.until || (state.finished && reader.next >= state.size);
}

bool search_back(tail_search& search, std::string_view text) {
  const auto begin = search.offset - text.size();
  if (!text.empty() && std::exchange(search.at_end, false) && text.back() == '\n') {
    text.remove_suffix(1);
    --search.offset;
  }
  while (search.lines_left > 0) {
    const auto newline = text.rfind('\n');
    if (newline == std::string_view::npos) {
      search.offset = begin;
      return begin == 0;
    }
    text = text.substr(0, newline);
    search.offset = begin + newline + (--search.lines_left == 0 ? 1 : 0);
  }
  return true;
}

tail_search find_tail(const log_stream_state& state, std::uint32_t lines) {
  tail_search search{state.size, lines};
  for (auto piece = state.recent.rbegin(); piece != state.recent.rend(); ++piece) {
    if (search_back(search, *piece->bytes))
      break;
  }
  return search;
}

std::string last_words(std::string_view tail, std::string_view how) {
  std::string note =
      "[taskcluster:error] The worker did not end this log: the run was resolved as ";
  note.append(how).append(". Above is what it had sent.\n");
  for (auto there = std::min(note.size(), tail.size()); there > 0; --there) {
    const auto begin = tail.size() - there;
    if (tail.substr(begin) == std::string_view{note}.substr(0, there) &&
        (begin == 0 || tail[begin - 1] == '\n'))
      return note.substr(there);
  }
  return (tail.empty() || tail.back() == '\n' ? "" : "\n") + note;
}

void release_memory(log_stream_state& state) {
  while (!state.recent.empty() && state.recent.front().end() <= state.spooled)
    state.recent.pop_front();
}

}  // namespace troupe
