// JSON bodies: what was read is written as it was, and schemas say the same of it twice.

#include "messages/json_parser.hpp"
#include "messages/task_definition.hpp"
#include "runtime/schema/schema.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <boost/json.hpp>

#include <string>
#include <vector>

// The first byte chooses a schema.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe;
  static const std::vector<std::string> names{"schemas/queue/v1/create-task-request",
                                              "schemas/queue/v1/post-artifact-request",
                                              "schemas/queue/v1/claim-work-request",
                                              "schemas/queue/v1/quarantine-worker-request",
                                              "schemas/auth/v1/create-client-request",
                                              "schemas/auth/v1/authenticate-hawk-request",
                                              "schemas/auth/v1/create-role-request",
                                              "schemas/index/v1/insert-task-request",
                                              "schemas/secrets/v1/secret",
                                              "schemas/object/v1/create-upload-request",
                                              "schemas/queue/v1/task-status",
                                              "schemas/common/api-reference-v0"};
  if (size < 2)
    return 0;
  boost::system::error_code failed;
  auto value = parse_json(text_of(data + 1, size - 1), failed);
  if (failed)
    return 0;
  const auto written = boost::json::serialize(value);
  const auto again = parse_json(written, failed);
  TROUPE_HOLDS(!failed && same_json(value, again));
  TROUPE_HOLDS(boost::json::serialize(again) == written);
  const auto* by = schema_set::builtin().find(names[data[0] % names.size()]);
  TROUPE_HOLDS(by != nullptr);
  by->apply_defaults(value);
  std::vector<std::string> problems;
  const bool good = by->validate(value, &problems);
  TROUPE_HOLDS(good == problems.empty());
  TROUPE_HOLDS(good == by->validate(value, nullptr));
  auto twice = value;
  by->apply_defaults(twice);
  TROUPE_HOLDS(twice == value);
  validation_message("http://localhost", *by, problems);
  return 0;
}
