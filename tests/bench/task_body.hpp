#pragma once

#include "tests/bench/request_writer.hpp"

#include <string>
#include <string_view>

namespace troupe_load {

struct options;

/// A task definition of about --payload-bytes, shaped like a CI task; only taskGroupId differs
/// between tasks.
class task_body {
 public:
  explicit task_body(const options& from);

  body_pieces of_group(std::string_view task_group_id) const {
    return {before_group_, task_group_id, after_group_};
  }

 private:
  std::string before_group_;
  std::string after_group_;
};

}  // namespace troupe_load
