#include "gateways/task_graph/graph_intake.hpp"

#include "gateways/task_graph/graph_content.hpp"
#include "messages/api/queue_methods.hpp"
#include "messages/json_walk.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace troupe {

namespace json = boost::json;

namespace {

// A task of usual size is parsed without an allocation.
constexpr std::size_t arena_bytes = 64 * 1024;
constexpr std::size_t longest_key = 100;

const api_method& create_task_method() {
  const auto& all = queue_methods();
  return *std::find_if(all.begin(), all.end(),
                       [](const api_method& row) { return row.name == "createTask"; });
}

}  // namespace

task_law law_of_create_task(const intake_limits& limits) {
  const auto& row = create_task_method();
  task_law law;
  law.input = schema_set::builtin().find(row.input);
  law.scopes = scope_template::parse(json::parse(row.scopes)).value();
  law.limits = limits;
  return law;
}

graph_intake::graph_intake(const task_law& law, caller_ptr by, timestamp now)
    : law_(law), by_(std::move(by)), now_(now), arena_(arena_bytes) {}

void graph_intake::take(std::string_view id, std::string_view text) {
  auto task = take_id(id);
  auto checked = task ? check(*task, text) : outcome<void>{std::move(task).error()};
  if (!checked)
    problems_.push_back({std::string{id}, std::move(checked).error()});
}

outcome<task_id> graph_intake::take_id(std::string_view text) {
  const auto id = task_id::parse(text);
  if (!id)
    return make_api_error(error_code::input_error, "a taskId must be a slugid of 22 characters");
  if (!seen_.insert(*id).second)
    return make_api_error(error_code::input_error, "the graph has two tasks of this id");
  return *id;
}

outcome<void> graph_intake::check(const task_id& id, std::string_view text) {
  json::monotonic_resource memory(arena_.data(), arena_.size());
  boost::system::error_code failed;
  auto body = parser_.parse(text, &memory, failed);
  if (failed || !body.is_object())
    return make_api_error(
        error_code::malformed_payload,
        failed ? "Failed to parse JSON: " + failed.message() : "a task must be an object");
  law_.input->apply_defaults(body);
  if (!law_.input->validate(body, nullptr)) {
    std::vector<std::string> wrong;
    law_.input->validate(body, &wrong);
    return make_api_error(error_code::input_validation_error,
                          validation_message(law_.root_url, *law_.input, wrong));
  }
  auto& members = body.get_object();
  TROUPE_CHECK(prepare_task(members, law_.limits));
  TROUPE_CHECK(check_scopes(members));
  contents_.emplace_back(id, meaning_of(body));
  if (auto definition = define_task(id, members, now_, law_.limits))
    members_.push_back({id, std::move(*definition)});
  else if (late_problems_.size() < most_graph_problems)
    late_problems_.push_back({id.str(), std::move(definition).error()});
  return boost::system::in_place_value;
}

outcome<void> graph_intake::check_scopes(const json::object& body) {
  const task_scope_values values(body);
  TROUPE_TRY(const bool allowed,
             law_.scopes.satisfied_by(*by_->scopes, scope_lookup{values}, scope_buffer_));
  if (allowed)
    return boost::system::in_place_value;
  TROUPE_TRY(const auto required, law_.scopes.render(scope_lookup{values}));
  const auto missing = unsatisfied_part(*by_->scopes, *required);
  const std::string who =
      by_->authenticated ? "client " + by_->client_id : std::string{"a caller without credentials"};
  return make_api_error(
      error_code::insufficient_scopes,
      who + " needs, and does not have, the scopes " + to_text(missing ? *missing : *required));
}

std::unique_ptr<api_error> graph_intake::refusal(std::size_t tasks) const {
  if (problems_.empty())
    return nullptr;
  return std::make_unique<api_error>(graph_refusal(problems_, tasks, !has_seen_enough()));
}

create_graph graph_intake::command(std::string_view key) {
  create_graph result;
  result.graph = graph_id_of(key);
  result.key = key;
  if (!late_problems_.empty())
    result.refusal = std::make_shared<const api_error>(graph_refusal(
        late_problems_, contents_.size(), late_problems_.size() < most_graph_problems));
  result.content = content_of(std::move(contents_));
  result.members = std::make_shared<const std::vector<graph_member>>(std::move(members_));
  return result;
}

outcome<std::string> read_graph_key(
    const std::vector<std::pair<std::string_view, std::string_view>>& members) {
  const auto wrong = [](std::string text) {
    return make_api_error(error_code::input_validation_error, std::move(text));
  };
  std::string key;
  for (const auto& [name, value] : members) {
    if (name != "key")
      return wrong("'" + std::string{name.substr(0, longest_key)} +
                   "' is not a member of a graph, which has a 'key' and 'tasks', an object of task "
                   "definitions by their taskIds");
    if (!key.empty())
      return wrong("'key' is there twice");
    boost::system::error_code failed;
    const auto parsed = parse_json(value, failed);
    if (failed || !parsed.is_string())
      return wrong("'key' must be a string");
    key = parsed.get_string();
  }
  const bool printable =
      std::all_of(key.begin(), key.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (key.empty() || key.size() > longest_key || !printable)
    return wrong(
        "a graph needs a 'key' of 1 to 100 printable ASCII characters, by which a repeated call is "
        "known; the taskId of what makes the graph is a good one");
  return key;
}

}  // namespace troupe
