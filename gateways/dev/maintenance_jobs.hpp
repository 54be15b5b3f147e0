#pragma once

#include "messages/api_error.hpp"
#include "messages/maintenance_commands.hpp"
#include "messages/timestamp.hpp"

#include <boost/json/fwd.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace troupe {

/// A periodic job as the maintenance door names it (dev-mode contract, section 3).
struct maintenance_job {
  std::string_view name;
  std::span<const expiry_of> steps;  ///< who looks for what expired, in this order
  bool of_sentry = false;            ///< about keys that another system keeps
};

/// All jobs that are known; one without steps has nothing to be done.
std::span<const maintenance_job> maintenance_jobs();

/// What somebody wants to be done.
struct maintenance_request {
  const maintenance_job* job = nullptr;
  std::optional<timestamp> as_of;  ///< nothing: now

  /// Reads `{"job", "asOf"}`; the error names the jobs there are.
  static outcome<maintenance_request> read(const boost::json::value& body);
};

}  // namespace troupe
