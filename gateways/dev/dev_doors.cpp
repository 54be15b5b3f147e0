#include "gateways/dev/dev_doors.hpp"

#include "gateways/dev/maintenance_jobs.hpp"
#include "gateways/dev/maintenance_round.hpp"
#include "gateways/rest/door_access.hpp"
#include "gateways/rest/rest_gateway.hpp"
#include "messages/api/troupe_methods.hpp"
#include "messages/json_parser.hpp"
#include "messages/json_text.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/providers/provider_desk.hpp"

#include <boost/json.hpp>

#include <memory>
#include <utility>

namespace troupe {

namespace json = boost::json;

namespace {

constexpr std::size_t longest_body = 64 * 1024;
constexpr std::int64_t longest_claim_s = 86400;

// Answers on the connection's lane, from wherever it is called; nobody may be there any more.
class door_answer {
 public:
  door_answer(const door_request& request, std::string_view door,
              std::shared_ptr<response_stream> to)
      : on_(request.on), door_(door), to_(std::move(to)) {}

  void fail(const api_error& error) const { to_->respond(door_failure(*on_, door_, error)); }

  void give(std::string body) const {
    api_response response;
    response.body = std::move(body);
    to_->respond(std::move(response));
  }

  /// On the lane, behind what it does now.
  void later(std::function<void(const door_answer&)> job) const {
    on_->post([self = *this, job = std::move(job)] { job(self); });
  }

  lane& on() const { return *on_; }

 private:
  lane* on_;
  std::string_view door_;
  std::shared_ptr<response_stream> to_;
};

using body_handler = std::function<void(const json::value& body, const door_answer& to)>;

// Reads a JSON body; none at all is an empty object.
class json_body final : public body_consumer {
 public:
  json_body(door_answer to, body_handler handle) : to_(std::move(to)), handle_(std::move(handle)) {}

  bool on_bytes(std::string_view bytes) override {
    if (!handle_)
      return true;
    if (text_.size() + bytes.size() > longest_body) {
      handle_ = nullptr;
      to_.fail(make_api_error(error_code::input_too_large,
                              "Such a request has 64 KiB at most; it needs a few words only."));
    } else {
      text_ += bytes;
    }
    return true;
  }

  void on_body_end() override {
    const auto handle = std::exchange(handle_, nullptr);
    if (!handle)
      return;
    boost::system::error_code failed;
    const auto body = text_.empty() ? json::value(json::object()) : parse_json(text_, failed);
    if (failed)
      return to_.fail(make_api_error(error_code::malformed_payload, "The body is not valid JSON."));
    handle(body, to_);
  }

  void on_body_lost() override { handle_ = nullptr; }

 private:
  door_answer to_;
  body_handler handle_;
  std::string text_;
};

std::string report_text(const maintenance_job& job, timestamp as_of, std::uint64_t removed) {
  std::string text = "{\"job\":\"" + std::string{job.name} + "\",\"asOf\":\"";
  append_iso(text, as_of);
  return text + "\",\"removed\":" + std::to_string(removed) + "}";
}

void answer_by(const door_answer& to, const outcome<void>& done, std::string body) {
  to.later([failure = done ? std::nullopt : std::optional<api_error>{done.error()},
            body = std::move(body)](const door_answer& at) {
    if (failure)
      at.fail(*failure);
    else
      at.give(body);
  });
}

void run_job(rest_gateway& rest, switchboard& board, const maintenance_request& request,
             const door_answer& to) {
  const auto as_of = request.as_of.value_or(to.on().now());
  const auto& job = *request.job;
  if (job.of_sentry)
    return rest.providers().delete_old_sentry_keys(
        as_of, [to, &job, as_of](const outcome<std::uint64_t>& removed) {
          answer_by(to,
                    removed ? outcome<void>{boost::system::in_place_value}
                            : outcome<void>{removed.error()},
                    removed ? report_text(job, as_of, *removed) : std::string{});
        });
  std::make_shared<maintenance_round>(to.on(), board, job, as_of,
                                      [to, &job, as_of](outcome<std::uint64_t> removed) {
                                        if (removed)
                                          to.give(report_text(job, as_of, *removed));
                                        else
                                          to.fail(removed.error());
                                      })
      ->begin();
}

// -- dev mode -------------------------------------------------------------------------------------

struct dev_access {
  const settings& config;

  outcome<void> check(const door_request& request) const {
    const auto& token = config.dev_token;
    if (token.empty()) {
      const auto origin = request.header("origin");
      if (origin.empty() || origin == config.root_url)
        return boost::system::in_place_value;
      return make_api_error(error_code::insufficient_scopes,
                            "Pages of other origins may not use dev mode, unless there is a "
                            "dev-token and they send it.");
    }
    if (is_same(request.header("authorization"), "Bearer " + token))
      return boost::system::in_place_value;
    return make_api_error(error_code::authentication_failed,
                          "Dev mode wants the header 'Authorization: Bearer <dev-token>'.");
  }

 private:
  // Takes as long whatever is wrong.
  static bool is_same(std::string_view given, std::string_view wanted) {
    if (given.size() != wanted.size())
      return false;
    unsigned char differs = 0;
    for (std::size_t i = 0; i < given.size(); ++i)
      differs |= static_cast<unsigned char>(given[i] ^ wanted[i]);
    return differs == 0;
  }
};

void configure(const dev_controls& controls, const json::value& body, const door_answer& to) {
  const auto wrong = [&to](std::string text) {
    to.fail(make_api_error(error_code::input_error, std::move(text)));
  };
  const auto* members = body.if_object();
  if (members == nullptr || members->empty())
    return wrong(R"(The body has to be {"claimTimeout": <seconds>}.)");
  for (const auto& [name, value] : *members)
    if (name != "claimTimeout")
      return wrong("'" + std::string{name} +
                   "' cannot be changed while the server runs; claimTimeout can.");
  const auto& value = members->at("claimTimeout");
  if (!value.is_int64() || value.get_int64() < 1 || value.get_int64() > longest_claim_s)
    return wrong("claimTimeout is a number of seconds from 1 to 86400, not " +
                 json::serialize(value) + ".");
  const auto seconds = value.get_int64();
  controls.set_claim_timeout(
      std::chrono::seconds{seconds}, [to, seconds](const outcome<void>& done) {
        answer_by(to, done, "{\"claimTimeout\":" + std::to_string(seconds) + "}");
      });
}

std::string outbox_text(const dev_controls& controls) {
  std::string text = "{\"notifications\":[";
  if (controls.notifications)
    for (const auto& kept : controls.notifications()) {
      if (text.back() != '[')
        text += ',';
      text += kept;
    }
  return text + "]}";
}

}  // namespace

void add_maintenance_route(rest_gateway& rest, switchboard& board) {
  const auto& row = troupe_method("maintenance");
  rest.add_stream(
      std::string{row.verb}, troupe_route(row), door_access::caller,
      [&rest, &board](door_request&& request,
                      std::shared_ptr<response_stream> stream) -> std::shared_ptr<body_consumer> {
        return std::make_shared<json_body>(
            door_answer{request, "maintenance", std::move(stream)},
            [&rest, &board, by = request.by](const json::value& body, const door_answer& to) {
              const auto wanted = maintenance_request::read(body);
              if (!wanted)
                return to.fail(wanted.error());
              const auto may =
                  demand_scope(*by, "troupe:maintenance:" + std::string{wanted->job->name});
              if (!may)
                return to.fail(may.error());
              if (wanted->as_of)
                return to.fail(make_api_error(
                    error_code::input_error,
                    "asOf is for dev mode: what has not expired yet is still promised to "
                    "somebody. Leave it out."));
              run_job(rest, board, *wanted, to);
            });
      });
}

void add_dev_routes(rest_gateway& rest, switchboard& board, dev_controls controls,
                    const settings& config) {
  const dev_access access{config};
  const auto kept = std::make_shared<const dev_controls>(std::move(controls));
  const auto add = [&rest, access](std::string verb, std::string_view name, body_handler handle) {
    rest.add_stream(std::move(verb), "/api/dev/v1/" + std::string{name}, door_access::open,
                    [access, name, handle = std::move(handle)](
                        door_request&& request,
                        std::shared_ptr<response_stream> stream) -> std::shared_ptr<body_consumer> {
                      door_answer to{request, name, std::move(stream)};
                      if (const auto may = access.check(request); !may) {
                        to.fail(may.error());
                        return nullptr;
                      }
                      return std::make_shared<json_body>(std::move(to), handle);
                    });
  };
  add("POST", "reset", [kept](const json::value& body, const door_answer& to) {
    if (!body.is_object() || !body.get_object().empty())
      return to.fail(make_api_error(error_code::input_error, "The body has to be {}."));
    kept->reset([to](const outcome<void>& done) { answer_by(to, done, "{}"); });
  });
  add("POST", "maintenance", [&rest, &board](const json::value& body, const door_answer& to) {
    const auto wanted = maintenance_request::read(body);
    if (wanted)
      run_job(rest, board, *wanted, to);
    else
      to.fail(wanted.error());
  });
  add("POST", "config",
      [kept](const json::value& body, const door_answer& to) { configure(*kept, body, to); });
  add("GET", "outbox",
      [kept](const json::value&, const door_answer& to) { to.give(outbox_text(*kept)); });
}

}  // namespace troupe
