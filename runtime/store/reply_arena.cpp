#include "runtime/store/reply_arena.hpp"

#include <hiredis/hiredis.h>

#include <cstring>
#include <new>

namespace troupe {

namespace {

// An ordinary batch of commits is answered within this.
constexpr std::size_t room_bytes = 64 * 1024;

#if HIREDIS_MAJOR >= 1
using array_size = std::size_t;
#else
using array_size = int;
#endif

}  // namespace

struct reply_arena::callbacks {
  static redisReply* make(const redisReadTask* task, int type) {
    auto& memory = static_cast<reply_arena*>(task->privdata)->memory_;
    auto* reply = new (memory.allocate(sizeof(redisReply), alignof(redisReply))) redisReply{};
    reply->type = type;
    if (task->parent != nullptr)
      static_cast<redisReply*>(task->parent->obj)->element[task->idx] = reply;
    return reply;
  }

  static void* make_string(const redisReadTask* task, char* text, std::size_t length) {
    auto& memory = static_cast<reply_arena*>(task->privdata)->memory_;
    auto* reply = make(task, task->type);
    reply->str = static_cast<char*>(memory.allocate(length + 1, 1));
    std::memcpy(reply->str, text, length);
    reply->str[length] = '\0';
    reply->len = length;
    return reply;
  }

  static void* make_array(const redisReadTask* task, array_size elements) {
    auto& memory = static_cast<reply_arena*>(task->privdata)->memory_;
    auto* reply = make(task, REDIS_REPLY_ARRAY);
    reply->elements = static_cast<std::size_t>(elements);
    if (elements > 0) {
      const auto bytes = reply->elements * sizeof(redisReply*);
      reply->element = static_cast<redisReply**>(memory.allocate(bytes, alignof(redisReply*)));
      std::memset(reply->element, 0, bytes);
    }
    return reply;
  }

  static void* make_integer(const redisReadTask* task, long long value) {
    auto* reply = make(task, REDIS_REPLY_INTEGER);
    reply->integer = value;
    return reply;
  }

  static void* make_nil(const redisReadTask* task) { return make(task, REDIS_REPLY_NIL); }

  static void free(void*) {}
};

reply_arena::reply_arena() : room_(new std::byte[room_bytes]), memory_(room_.get(), room_bytes) {}

std::unique_ptr<redisReader, void (*)(redisReader*)> reply_arena::make_reader() {
  // What other versions of the library know besides does not come with this protocol (RESP2).
  static redisReplyObjectFunctions functions = [] {
    redisReplyObjectFunctions made{};
    made.createString = &callbacks::make_string;
    made.createArray = &callbacks::make_array;
    made.createInteger = &callbacks::make_integer;
    made.createNil = &callbacks::make_nil;
    made.freeObject = &callbacks::free;
    return made;
  }();
  std::unique_ptr<redisReader, void (*)(redisReader*)> reader{
      redisReaderCreateWithFunctions(&functions), &redisReaderFree};
  if (!reader)
    throw std::bad_alloc{};
  reader->privdata = this;
  return reader;
}

}  // namespace troupe
