#pragma once

#include "messages/api_error.hpp"
#include "messages/ids.hpp"
#include "messages/task_definition.hpp"
#include "messages/timestamp.hpp"
#include "runtime/scopes/expression.hpp"

#include <boost/json/object.hpp>

#include <cstdint>

namespace troupe {

// How a body of createTask becomes a task definition (queue contract 6.2, steps 1 to 5). Pure. The
// body has passed its schema and has the schema's defaults.

/// What a deployment permits.
struct intake_limits {
  std::uint32_t max_dependencies = 10000;
  std::uint32_t max_deadline_days = 5;
};

/// Steps 1 and 2: makes `taskQueueId`, `provisionerId` and `workerType` complete and consistent,
/// and counts the dependencies. Errors are `input_error`.
outcome<void> prepare_task(boost::json::object& body, const intake_limits& limits);

/// Step 3: the values of the scope expression, for a prepared body, which must outlive this.
/// `priorities` are the requested one and all higher ones: who may create with a higher priority
/// may create with this one.
class task_scope_values {
 public:
  explicit task_scope_values(const boost::json::object& body) : body_(body) {}

  scope_value operator()(std::string_view name) const;

 private:
  const boost::json::object& body_;
};

/// Steps 4 and 5: fills in group and expiry, checks the dates and the scopes, writes the dates in
/// their canonical form, and makes the definition. The body must be prepared and authorised.
outcome<task_definition_ptr> define_task(const task_id& id, boost::json::object& body,
                                         timestamp now, const intake_limits& limits);

}  // namespace troupe
