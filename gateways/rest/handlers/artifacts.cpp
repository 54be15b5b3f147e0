#include "gateways/rest/api_lane.hpp"
#include "gateways/rest/handlers/arguments.hpp"
#include "gateways/rest/handlers/handlers.hpp"
#include "messages/object_commands.hpp"
#include "runtime/clock/random.hpp"
#include "runtime/lane/switchboard.hpp"

#include <boost/json.hpp>

namespace troupe::handlers {

namespace {

constexpr std::string_view default_content_type = "application/binary";
constexpr double most_bytes = 9'007'199'254'740'991;  // what every reader of JSON can count

/// What an artifact of this kind says besides its type: a URL, a name, or reason and message.
std::string details_of(request_context& call, artifact_storage storage) {
  switch (storage) {
    case artifact_storage::reference:
      return text_member(call, "url");
    case artifact_storage::link:
      return text_member(call, "artifact");
    case artifact_storage::error:
      return boost::json::serialize(boost::json::object{{"reason", text_member(call, "reason")},
                                                        {"message", text_member(call, "message")}});
    default:
      return {};
  }
}

/// Whether the caller asks for the store itself, which a CDN may stand before.
bool skips_cdn(const request_context& call) {
  const auto text = call.header("x-taskcluster-skip-cdn");
  return text == "true" || text == "1";
}

void get_one(request_context& call, std::optional<run_id> run, bool as_content) {
  auto& here = call.here();
  const std::string name{call.param("name")};
  // The scopes grow with each link that is followed, so the task checks them; the first is known.
  const boost::json::object values{{"names", boost::json::array{name}}};
  if (auto allowed = call.authorize(values); !allowed)
    return call.fail(std::move(allowed).error());
  auto by = call.delegate_authorization();
  if (!by)
    return;
  troupe::get_artifact command;
  command.task = task_argument(call);
  command.run = run;
  command.name = name;
  command.as_content = as_content;
  command.skip_cdn = skips_cdn(call);
  command.site = site_argument(call, by);
  command.by = std::move(by);
  command.reply = call.await_answer();
  here.board.tell(here.on, std::move(command));
}

void describe_one(request_context& call, std::optional<run_id> run) {
  auto& here = call.here();
  troupe::describe_artifact command;
  command.task = task_argument(call);
  command.run = run;
  command.name = call.param("name");
  command.reply = call.await_answer();
  here.board.tell(here.on, std::move(command));
}

void list_all(request_context& call, std::string_view method, std::optional<run_id> run) {
  auto& here = call.here();
  troupe::list_artifacts command;
  command.task = task_argument(call);
  command.run = run;
  command.limit = page_limit(call);
  const auto of = command.task.str() + (run ? "/" + std::to_string(*run) : std::string{});
  command.after = cursor_position(call, method, of).value_or("");
  command.reply = call.await_page(of);
  here.board.tell(here.on, std::move(command));
}

// Serves a method of a certain run.
template <class Serve>
void with_run(request_context& call, Serve serve) {
  const auto run = run_argument(call);
  if (!run)
    return call.fail(run.error());
  serve(*run);
}

}  // namespace

void create_artifact(request_context& call) {
  auto& here = call.here();
  const auto run = run_argument(call);
  if (!run)
    return call.fail(run.error());
  const auto storage = parse_artifact_storage(text_member(call, "storageType"));
  const auto expires = parse_date_time(text_member(call, "expires"));
  if (!storage || !expires)
    return call.fail(make_api_error(error_code::input_error,
                                    "'storageType' or 'expires' is not what it should be"));
  troupe::create_artifact command;
  command.task = task_argument(call);
  command.run = *run;
  command.name = call.param("name");
  command.storage = *storage;
  command.content_type = text_member(call, "contentType");
  if (command.content_type.empty())
    command.content_type = default_content_type;
  command.expires = *expires;
  command.details = details_of(call, *storage);
  if (const auto* size = call.body().as_object().if_contains("contentLength");
      size != nullptr && size->is_number()) {
    const auto bytes = size->to_number<double>();
    if (bytes > most_bytes)
      return call.fail(
          make_api_error(error_code::input_error, "'contentLength' is beyond what can be stored"));
    command.content_length = static_cast<std::uint64_t>(bytes);
  }
  if (*storage == artifact_storage::object)
    command.upload_id = make_slugid(thread_random());
  command.reply = call.await_answer();
  here.board.tell(here.on, std::move(command));
}

void finish_artifact(request_context& call) {
  with_run(call, [&](run_id run) {
    auto& here = call.here();
    troupe::finish_artifact command;
    command.task = task_argument(call);
    command.run = run;
    command.name = call.param("name");
    command.upload_id = text_member(call, "uploadId");
    command.reply = call.await_answer();
    here.board.tell(here.on, std::move(command));
  });
}

void get_artifact(request_context& call) {
  with_run(call, [&](run_id run) { get_one(call, run, false); });
}

void get_latest_artifact(request_context& call) { get_one(call, std::nullopt, false); }

void artifact(request_context& call) {
  with_run(call, [&](run_id run) { get_one(call, run, true); });
}

void latest_artifact(request_context& call) { get_one(call, std::nullopt, true); }

void artifact_info(request_context& call) {
  with_run(call, [&](run_id run) { describe_one(call, run); });
}

void latest_artifact_info(request_context& call) { describe_one(call, std::nullopt); }

void list_artifacts(request_context& call) {
  with_run(call, [&](run_id run) { list_all(call, "listArtifacts", run); });
}

void list_latest_artifacts(request_context& call) {
  list_all(call, "listLatestArtifacts", std::nullopt);
}

}  // namespace troupe::handlers
