#pragma once

#include "gateways/rest/handlers/task_intake.hpp"
#include "messages/caller.hpp"
#include "messages/graph_commands.hpp"
#include "messages/graph_problems.hpp"
#include "messages/json_parser.hpp"
#include "runtime/crypto/sha256.hpp"
#include "runtime/schema/schema.hpp"
#include "runtime/scopes/expression.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace troupe {

/// What createTask checks a task by: the schema of its body, and the scopes it needs.
struct task_law {
  const schema* input = nullptr;
  scope_template scopes;
  intake_limits limits;
  std::string root_url;  ///< as it stands in messages
};

/// The law of this program's createTask.
task_law law_of_create_task(const intake_limits& limits);

/// Checks the tasks of a graph one after the other, as createTask does each, and makes their
/// definitions. Pure: it knows no actor.
class graph_intake {
 public:
  /// `law` must outlive it; `now` is the time for all tasks.
  graph_intake(const task_law& law, caller_ptr by, timestamp now);

  /// The next task: its id as it stands in the body, and its text.
  void take(std::string_view id, std::string_view text);

  /// Whether there is enough to tell, so that the rest need not be looked at.
  bool has_seen_enough() const { return problems_.size() >= most_graph_problems; }

  /// What speaks against it in any case; nothing when `command` may be called. `tasks` is how many
  /// there are in all.
  std::unique_ptr<api_error> refusal(std::size_t tasks) const;

  /// The command, without its reply handle. What has to do with time speaks against a graph only if
  /// it does not exist yet.
  create_graph command(std::string_view key);

 private:
  outcome<void> check(const task_id& id, std::string_view text);
  outcome<void> check_scopes(const boost::json::object& body);
  outcome<task_id> take_id(std::string_view text);

  const task_law& law_;
  const caller_ptr by_;
  const timestamp now_;
  json_parser parser_;
  std::string scope_buffer_;
  std::vector<unsigned char> arena_;
  std::unordered_set<task_id> seen_;
  std::vector<graph_problem> problems_;
  std::vector<graph_problem> late_problems_;  // of tasks that may exist already
  std::vector<std::pair<task_id, digest>> contents_;
  std::vector<graph_member> members_;
};

/// The key of a graph in the members of its body besides the tasks, as they are written: 1 to 100
/// printable characters. Other members are errors.
outcome<std::string> read_graph_key(
    const std::vector<std::pair<std::string_view, std::string_view>>& members);

}  // namespace troupe
