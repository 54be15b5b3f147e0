#include "runtime/providers/provider_answers.hpp"

#include <boost/json.hpp>

namespace troupe {

namespace json = boost::json;

namespace {

constexpr std::size_t longest_text = 500;

}  // namespace

json::value json_body(const web_answer& answer) {
  boost::system::error_code failed;
  auto value = json::parse(answer.body, failed);
  return failed ? json::value{} : value;
}

api_error provider_failure(std::string_view system, std::string_view said) {
  // `{{` would be taken for a placeholder.
  api_error failure{error_code::service_unavailable, std::string{system} + ": {{said}}", {}};
  failure.details["said"] = said;
  return failure;
}

api_error provider_failure(std::string_view system, const web_answer& answer) {
  return provider_failure(
      system, std::to_string(answer.status) + ": " + answer.body.substr(0, longest_text));
}

}  // namespace troupe
