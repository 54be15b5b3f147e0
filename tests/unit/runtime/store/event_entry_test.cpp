// Entries of the event log, as Redis hands them out.
#include "runtime/store/event_entry.hpp"
#include "runtime/events/key_list.hpp"
#include "runtime/store/redis_link.hpp"

#include <hiredis/hiredis.h>
#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;

namespace {

// What XRANGE answers for an entry with these fields.
redis_reply entry_of(const std::vector<std::string>& fields) {
  const auto bulk = [](const std::string& text) {
    return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
  };
  auto text = "*2\r\n" + bulk("1764000000123-7") + "*" + std::to_string(fields.size()) + "\r\n";
  for (const auto& field : fields)
    text += bulk(field);
  auto* const reader = redisReaderCreate();
  redisReaderFeed(reader, text.data(), text.size());
  void* reply = nullptr;
  REQUIRE(redisReaderGetReply(reader, &reply) == REDIS_OK);
  redisReaderFree(reader);
  return redis_reply{static_cast<redisReply*>(reply)};
}

std::string value_of(const std::string& exchange, const std::string& key,
                     const std::vector<std::string>& cc, const std::string& payload) {
  const auto keys = join_keys(cc);
  const event_entry_head head{1764000000100, exchange.size(), key.size(), keys.size()};
  return std::string{head.text()} + exchange + key + keys + payload;
}

}  // namespace

TEST_CASE("an entry of the event log is read as it was written") {
  CHECK(rc::check([](const std::string& exchange, const std::string& key,
                     const std::vector<std::string>& some, const std::string& payload) {
    // A lone empty key is none.
    const auto cc = some == std::vector<std::string>{""} ? std::vector<std::string>{} : some;
    const auto reply =
        entry_of({std::string{event_entry_field}, value_of(exchange, key, cc, payload)});
    std::vector<std::string> read;
    const auto what = read_event_entry(*reply.get(), 3, read);
    RC_ASSERT(what.has_value());
    RC_ASSERT(what->id.text() == "1764000000123-3.7");
    RC_ASSERT(what->time.ms == 1764000000100);
    RC_ASSERT(what->exchange == exchange);
    RC_ASSERT(what->routing_key == key);
    RC_ASSERT(what->payload == payload);
    RC_ASSERT(read == cc);
  }));
}

TEST_CASE("an entry of an earlier version is read, which had a field for each text") {
  const auto reply = entry_of(
      {"x", "exchange/a", "k", "primary.b", "c", "route.1\nroute.2", "t", "99", "p", "{}"});
  std::vector<std::string> cc;
  const auto what = read_event_entry(*reply.get(), 3, cc);
  REQUIRE(what);
  CHECK(what->exchange == "exchange/a");
  CHECK(what->routing_key == "primary.b");
  CHECK(what->payload == "{}");
  CHECK(what->time.ms == 99);
  CHECK(cc == std::vector<std::string>{"route.1", "route.2"});
}

TEST_CASE("an entry that is cut off or none of ours is not taken for an event") {
  const auto whole = value_of("exchange", "key", {"a"}, "");
  std::vector<std::string> cc;
  for (std::size_t size = 0; size < whole.size(); ++size)
    CHECK_FALSE(read_event_entry(*entry_of({"e", whole.substr(0, size)}).get(), 3, cc));
  for (const char* wrong :
       {"1 2 3 x ", "1 99999999999999999999999 0 0 ", "1 -1 0 0 ", "1 5 0 0 ab"})
    CHECK_FALSE(read_event_entry(*entry_of({"e", wrong}).get(), 3, cc));
}
