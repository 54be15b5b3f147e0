#pragma once

#include "gateways/rest/request_context.hpp"
#include "messages/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

// How handlers read the arguments that several methods share.

/// The path parameter `taskId`, which has passed its pattern.
task_id task_argument(const request_context& call);

/// The path parameter `runId`; 404 for a number that no run can have.
outcome<run_id> run_argument(const request_context& call);

/// A text member of the body; empty when it is not there.
std::string text_member(request_context& call, std::string_view name);

/// The page size: the query parameter `limit` between 1 and 1000.
std::uint32_t page_limit(const request_context& call);

}  // namespace troupe
