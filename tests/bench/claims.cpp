#include "tests/bench/claims.hpp"

#include "tests/bench/json_walker.hpp"

#include <utility>

namespace troupe_load {

namespace {

struct given_credentials {
  std::string client_id, access_token, certificate;
};

void read_credentials(json_walker& json, given_credentials& out) {
  json.object([&](std::string_view key) {
    if (key == "clientId")
      out.client_id = json.text();
    else if (key == "accessToken")
      out.access_token = json.text();
    else if (key == "certificate" && json.peek() == '"')
      out.certificate = json.text();
    else
      json.skip();
  });
}

claim_ptr read_claim(json_walker& json, bool with_credentials) {
  auto result = std::make_unique<claim>();
  given_credentials given;
  json.object([&](std::string_view key) {
    if (key == "status")
      json.object([&](std::string_view inner) {
        if (inner == "taskId")
          result->task_id = std::string{json.raw_string()};
        else
          json.skip();
      });
    else if (key == "runId")
      result->run_id = std::string{json.skip()};
    else if (key == "credentials")
      read_credentials(json, given);
    else
      json.skip();
  });
  if (!json.ok() || result->task_id.empty())
    return nullptr;
  if (with_credentials)
    result->by = make_credentials(given.client_id, given.access_token, given.certificate);
  return result;
}

}  // namespace

bool read_claims(std::string_view body, bool with_credentials,
                 const std::function<void(claim_ptr)>& each) {
  json_walker json(body);
  json.object([&](std::string_view key) {
    if (key != "tasks") {
      json.skip();
      return;
    }
    json.array([&] {
      if (auto one = read_claim(json, with_credentials))
        each(std::move(one));
    });
  });
  return json.ok();
}

}  // namespace troupe_load
