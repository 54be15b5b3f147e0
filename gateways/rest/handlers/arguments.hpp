#pragma once

#include "gateways/rest/request_context.hpp"
#include "messages/ids.hpp"
#include "messages/task_definition.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

// How handlers read the arguments that several methods share.

/// The path parameter `taskId`, which has passed its pattern.
task_id task_argument(const request_context& call);

/// The path parameter `taskGroupId`, which has passed its pattern.
task_group_id group_argument(const request_context& call);

/// The path parameter `runId`; 404 for a number that no run can have.
outcome<run_id> run_argument(const request_context& call);

/// A text member of the body; empty when it is not there.
std::string text_member(request_context& call, std::string_view name);

/// The member `newPriority` of the body, which has passed its schema.
task_priority priority_member(request_context& call);

/// The id behind which a listing goes on, by the query parameter `continuationToken`; nothing
/// without one, an error for one that is not of this method and these arguments.
outcome<std::optional<task_id>> page_start(request_context& call, std::string_view method,
                                           std::string_view arguments);

/// Where the listing goes on, by the query parameter `continuationToken`: what the actor called the
/// end of the page before. Nothing without a token, an error for one that was not made for this
/// method and these arguments.
outcome<std::optional<std::string>> page_position(request_context& call, std::string_view method,
                                                  std::string_view arguments);

/// The same for lists that begin with their first row when the token is not one of theirs
/// (api-conventions section 11: cursor lists).
std::optional<std::string> cursor_position(request_context& call, std::string_view method,
                                           std::string_view arguments);

/// The site whose copies the caller is to get: empty for who is where the data are, wants the store
/// itself, or is at no site. `by` may be null.
std::string site_argument(request_context& call, const caller_ptr& by);

/// The page size: the query parameter `limit` between 1 and 1000.
std::uint32_t page_limit(const request_context& call);

}  // namespace troupe
