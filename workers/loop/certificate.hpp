#pragma once

#include <boost/json/object.hpp>

#include <map>
#include <string>
#include <string_view>

namespace troupe {

/// Artifacts of the chain of trust (workers contract, section 4).
inline constexpr std::string_view certificate_name = "public/chain-of-trust.json";
inline constexpr std::string_view signature_name = "public/chain-of-trust.json.sig";
inline constexpr std::string_view certified_log_name = "public/logs/certified.log";

/// Whether the name is one of them.
bool is_of_chain_of_trust(std::string_view name);

/// What a certificate says.
struct certificate_facts {
  std::string task_id;
  int run_id = 0;
  std::string worker_group;
  std::string worker_id;
  boost::json::object task;
  std::map<std::string, std::string> sums;  ///< SHA-256 of artifacts by name
  boost::json::object environment;          ///< what the worker knows of it
};

/// The certificate. `additional` is what the task adds: where both say something, the worker is
/// right.
boost::json::object make_certificate(const certificate_facts& facts,
                                     boost::json::object additional);

}  // namespace troupe
