#pragma once

#include "messages/answer.hpp"
#include "messages/ids.hpp"
#include "runtime/store/lane_store.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

// Listings of tasks are read from Redis page by page, so that a large one costs what its page
// costs.

/// One page: the members of the answer that stand before `tasks`, beginning with a brace, and the
/// tasks in their order.
struct task_page {
  std::string head;
  std::vector<task_id> ids;
  bool more = false;  ///< there are tasks behind the last one
};

/// `<head>,"tasks":[{"status":...,"task":...}]}` of the rows, with the position to go on from. A
/// task without a row, which a crash left behind, is passed over.
inline answer task_page_answer(const task_page& page, const std::vector<redis_reply>& rows) {
  std::string body = page.head + ",\"tasks\":[";
  for (const auto& row : rows) {
    if (row.size() != 2 || text_of(row.at(0)).empty())
      continue;
    body += body.back() == '[' ? "{\"status\":" : ",{\"status\":";
    body += text_of(row.at(0));
    body += ",\"task\":";
    body += text_of(row.at(1));
    body += '}';
  }
  body += "]}";
  answer result{std::move(body)};
  // The gateway makes the page's end into a token of its own.
  if (page.more && !page.ids.empty())
    result.headers.emplace_back("next-position", page.ids.back().view());
  return result;
}

/// Reads the tasks of the page, and hands over the answer.
inline void ask_task_page(lane_store& store, task_page page, std::function<void(answer&&)> done) {
  if (page.ids.empty())
    return done(task_page_answer(page, {}));
  resp_writer rows;
  for (const auto& id : page.ids)
    rows.command("HMGET",
                 resp_writer::joined{shard_key_prefix(shard_of(id.view())), "task:", id.view()},
                 "status", "def");
  store.query(rows,
              [page = std::move(page), done = std::move(done)](std::vector<redis_reply>& replies) {
                done(task_page_answer(page, replies));
              });
}

}  // namespace troupe
