#include "runtime/store/hash_scan.hpp"

#include "runtime/store/lane_store.hpp"

#include <hiredis/hiredis.h>

#include <memory>

namespace troupe {

namespace {

// So many fields at a time: little enough that nothing else waits long.
constexpr int fields_per_query = 2000;

struct scan : std::enable_shared_from_this<scan> {
  lane_store& store;
  std::string key;
  std::function<void(std::string_view, std::string_view)> field;
  std::function<void(std::string)> done;

  explicit scan(lane_store& of) : store(of) {}

  void go_on(std::string_view cursor) {
    resp_writer query;
    query.command("HSCAN", key, cursor, "COUNT", fields_per_query);
    store.query(query, [self = shared_from_this()](std::vector<redis_reply>& replies) {
      self->take(replies.front());
    });
  }

  void take(const redis_reply& reply) {
    if (reply.size() != 2)
      return done("Redis holds something unexpected as " + key + ": " + std::string{reply.text()});
    // Redis looks for the next ones while these are taken in.
    const auto next = text_of(reply.at(0));
    if (next != "0")
      go_on(next);
    const auto& found = *reply.at(1);
    for (std::size_t i = 0; i + 1 < found.elements; i += 2)
      field(text_of(found.element[i]), text_of(found.element[i + 1]));
    if (next == "0")
      done({});
  }
};

}  // namespace

void scan_hash(lane_store& store, std::string key,
               std::function<void(std::string_view, std::string_view)> field,
               std::function<void(std::string)> done) {
  auto made = std::make_shared<scan>(store);
  made->key = std::move(key);
  made->field = std::move(field);
  made->done = std::move(done);
  made->go_on("0");
}

}  // namespace troupe
