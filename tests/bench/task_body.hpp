#pragma once

#include "tests/bench/request_writer.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe_load {

struct options;

/// A task definition of about --payload-bytes, shaped like a CI task; only taskGroupId, and with
/// --queues the task queue, differ between tasks.
class task_body {
 public:
  explicit task_body(const options& from);

  body_pieces of_group(std::string_view task_group_id) {
    turn_ = turn_ + 1 == after_group_.size() ? 0 : turn_ + 1;
    return {before_group_, task_group_id, after_group_[turn_]};
  }

 private:
  std::string before_group_;
  std::vector<std::string> after_group_;  // one for each queue, in turn
  std::size_t turn_ = 0;
};

}  // namespace troupe_load
