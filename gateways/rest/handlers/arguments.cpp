#include "gateways/rest/handlers/arguments.hpp"

#include "gateways/rest/api_lane.hpp"

#include <algorithm>
#include <charconv>

namespace troupe {

namespace {

constexpr std::uint32_t most_rows = 1000;

/// A decimal number; the largest one for what does not fit.
std::uint32_t number_of(std::string_view digits) {
  std::uint32_t value = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return failed == std::errc{} ? value : UINT32_MAX;
}

}  // namespace

task_id task_argument(const request_context& call) {
  return task_id::parse(call.param("taskId")).value_or(task_id{});
}

task_group_id group_argument(const request_context& call) {
  return task_group_id::parse(call.param("taskGroupId")).value_or(task_group_id{});
}

outcome<run_id> run_argument(const request_context& call) {
  const auto run = number_of(call.param("runId"));
  if (run == UINT32_MAX)
    return make_api_error(error_code::resource_not_found,
                          "The task has no run " + std::string{call.param("runId")});
  return run;
}

std::string text_member(request_context& call, std::string_view name) {
  const auto* body = call.body().if_object();
  const auto* value = body == nullptr ? nullptr : body->if_contains(name);
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

task_priority priority_member(request_context& call) {
  return parse_priority(text_member(call, "newPriority")).value_or(task_priority::lowest);
}

outcome<std::optional<std::string>> page_position(request_context& call, std::string_view method,
                                                  std::string_view arguments) {
  const auto token = call.query("continuationToken");
  if (!token)
    return std::optional<std::string>{};
  TROUPE_TRY(auto position, call.here().tokens.read(method, arguments, *token));
  return std::optional<std::string>{std::move(position)};
}

std::optional<std::string> cursor_position(request_context& call, std::string_view method,
                                           std::string_view arguments) {
  auto position = page_position(call, method, arguments);
  return position ? *std::move(position) : std::nullopt;
}

outcome<std::optional<task_id>> page_start(request_context& call, std::string_view method,
                                           std::string_view arguments) {
  TROUPE_TRY(const auto position, page_position(call, method, arguments));
  return position ? task_id::parse(*position) : std::nullopt;
}

std::uint32_t page_limit(const request_context& call) {
  const auto limit = call.query("limit");
  return limit ? std::clamp(number_of(*limit), 1u, most_rows) : most_rows;
}

}  // namespace troupe
