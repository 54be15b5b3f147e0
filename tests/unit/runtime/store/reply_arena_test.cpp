#include "runtime/store/reply_arena.hpp"
#include "runtime/store/redis_link.hpp"

#include <hiredis/hiredis.h>
#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace troupe;

namespace {

// As text, so that two readers can be compared.
std::string shown(const redisReply* reply) {
  switch (reply->type) {
    case REDIS_REPLY_ARRAY: {
      std::string out = "[";
      for (std::size_t i = 0; i < reply->elements; ++i)
        out += shown(reply->element[i]) + ",";
      return out + "]";
    }
    case REDIS_REPLY_INTEGER:
      return std::to_string(reply->integer);
    case REDIS_REPLY_NIL:
      return "nil";
    default:
      return std::to_string(reply->type) + ":" + std::string{text_of(reply)} +
             (reply->str[reply->len] == '\0' ? "" : " without an end");
  }
}

std::string some_reply(int depth) {
  switch (*rc::gen::inRange(0, depth > 0 ? 7 : 5)) {
    case 0:
      return "+QUEUED\r\n";
    case 1:
      return "-ERR no\r\n";
    case 2:
      return ":" + std::to_string(*rc::gen::arbitrary<std::int64_t>()) + "\r\n";
    case 3:
      return *rc::gen::arbitrary<bool>() ? "$-1\r\n" : "*-1\r\n";
    case 4: {
      const std::string text(*rc::gen::inRange<std::size_t>(0, 3000), 'x');
      return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
    }
    default: {
      const auto count = *rc::gen::inRange(0, 5);
      std::string out = "*" + std::to_string(count) + "\r\n";
      for (int i = 0; i < count; ++i)
        out += some_reply(depth - 1);
      return out;
    }
  }
}

}  // namespace

TEST_CASE("replies in an arena are what the library's own reader makes of them") {
  reply_arena arena;
  CHECK(rc::check([&arena] {
    const auto reader = arena.make_reader();
    const std::unique_ptr<redisReader, void (*)(redisReader*)> other{redisReaderCreate(),
                                                                     &redisReaderFree};
    std::string stream;
    const auto count = *rc::gen::inRange(1, 60);
    for (int i = 0; i < count; ++i)
      stream += some_reply(3);
    // In pieces, as a socket gives it.
    std::string_view rest{stream};
    std::vector<std::string> got;
    std::vector<std::string> expected;
    while (!rest.empty()) {
      const auto size = std::min<std::size_t>(*rc::gen::inRange<std::size_t>(1, 4000), rest.size());
      redisReaderFeed(reader.get(), rest.data(), size);
      redisReaderFeed(other.get(), rest.data(), size);
      rest.remove_prefix(size);
      void* reply = nullptr;
      while (redisReaderGetReply(reader.get(), &reply) == REDIS_OK && reply != nullptr) {
        got.push_back(shown(static_cast<redisReply*>(reply)));
        if (got.size() % 7 == 0)
          arena.clear();
      }
      while (redisReaderGetReply(other.get(), &reply) == REDIS_OK && reply != nullptr) {
        const redis_reply owned{static_cast<redisReply*>(reply)};
        expected.push_back(shown(owned.get()));
      }
    }
    RC_ASSERT(got.size() == static_cast<std::size_t>(count));
    RC_ASSERT(got == expected);
    arena.clear();
  }));
}
