#pragma once

#include <cstddef>
#include <memory>
#include <memory_resource>

struct redisReader;
struct redisReplyObjectFunctions;

namespace troupe {

/// Memory for what Redis answers to one request, given back in one go: a transaction answers each
/// of its commands twice, and every answer would otherwise be allocated and freed alone.
class reply_arena {
 public:
  reply_arena();
  reply_arena(const reply_arena&) = delete;
  reply_arena& operator=(const reply_arena&) = delete;

  /// A reader of the client library whose replies stand in this memory. The arena must outlive it.
  std::unique_ptr<redisReader, void (*)(redisReader*)> make_reader();

  /// Takes the memory of all replies back. None of them may be used any more.
  void clear() { memory_.release(); }

 private:
  struct callbacks;

  std::unique_ptr<std::byte[]> room_;
  std::pmr::monotonic_buffer_resource memory_;
};

}  // namespace troupe
