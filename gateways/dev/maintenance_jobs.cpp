#include "gateways/dev/maintenance_jobs.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>

namespace troupe {

namespace {

constexpr std::array artifacts{expiry_of::artifacts};
// A task with artifacts stays until these are gone.
constexpr std::array tasks{expiry_of::artifacts, expiry_of::tasks};
constexpr std::array groups{expiry_of::groups};
constexpr std::array queues{expiry_of::queues};
constexpr std::array secrets{expiry_of::secrets};
constexpr std::array indexed{expiry_of::index};
constexpr std::array clients{expiry_of::clients};
constexpr std::array objects{expiry_of::artifacts, expiry_of::objects};

// A service that keeps something which expires gives its job what looks for it.
constexpr std::array jobs{
    maintenance_job{"expire-artifacts", artifacts},
    maintenance_job{"expire-tasks", tasks},
    maintenance_job{"expire-task-groups", groups},
    maintenance_job{"expire-task-dependency", {}},  // they go with their tasks
    maintenance_job{"expire-queue-messages", {}},   // queues have none of their own
    maintenance_job{"expire-worker-info", queues},
    maintenance_job{"purge-expired-clients", clients},
    maintenance_job{"expire-secrets", secrets},
    maintenance_job{"expire-index", indexed},
    maintenance_job{"expire-hooks", {}},
    maintenance_job{"expire-objects", objects},
    maintenance_job{"expire-worker-pools", {}},
    maintenance_job{"expire-workers", {}},
    maintenance_job{"expire-worker-pool-errors", {}},
    maintenance_job{"expire-sentry-keys", {}, true},
};

api_error wrong(std::string text) {
  return make_api_error(error_code::input_error, std::move(text));
}

api_error unknown_job(std::string_view name) {
  std::string known;
  for (const auto& job : jobs)
    known += (known.empty() ? "" : ", ") + std::string{job.name};
  return wrong("There is no job '" + std::string{name} + "'; there are: " + known);
}

}  // namespace

std::span<const maintenance_job> maintenance_jobs() { return jobs; }

outcome<maintenance_request> maintenance_request::read(const boost::json::value& body) {
  constexpr std::string_view shape =
      R"(The body has to be {"job": <name>, "asOf": <time>}, where the time may be missing)";
  const auto* members = body.if_object();
  if (members == nullptr)
    return wrong(std::string{shape});
  maintenance_request made;
  for (const auto& [name, value] : *members) {
    const auto* text = value.if_string();
    if ((name != "job" && name != "asOf") || text == nullptr)
      return wrong(std::string{shape} + "; look at '" + std::string{name} + "'");
    if (name == "asOf") {
      made.as_of = parse_date_time(*text);
      if (!made.as_of)
        return wrong("asOf must be a time like 2030-01-31T12:00:00.000Z, not '" +
                     std::string{*text} + "'");
      continue;
    }
    const auto* const known = std::find_if(
        jobs.begin(), jobs.end(), [text](const maintenance_job& job) { return job.name == *text; });
    if (known == jobs.end())
      return unknown_job(*text);
    made.job = known;
  }
  if (made.job == nullptr)
    return wrong(std::string{shape} + "; it names no job");
  return made;
}

}  // namespace troupe
