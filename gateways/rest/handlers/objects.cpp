// The object service. Its objects are those of artifacts, so their tasks look after them.

#include "gateways/rest/api_lane.hpp"
#include "gateways/rest/handlers/arguments.hpp"
#include "gateways/rest/handlers/handlers.hpp"
#include "messages/object_commands.hpp"
#include "runtime/lane/switchboard.hpp"

#include <boost/json.hpp>

#include <charconv>

namespace troupe::handlers {

namespace {

namespace json = boost::json;

struct object_place {
  task_id task;
  run_id run = 0;
  std::string_view name;
};

// `t/<taskId>/<runId>/<artifact name>`; nothing for the name of an object that cannot be here.
std::optional<object_place> read_place(std::string_view text) {
  const auto next = [&text]() -> std::optional<std::string_view> {
    const auto end = text.find('/');
    if (end == std::string_view::npos)
      return std::nullopt;
    const auto part = text.substr(0, end);
    text.remove_prefix(end + 1);
    return part;
  };
  const auto kind = next();
  const auto id = next();
  const auto run = next();
  if (kind != "t" || !id || !run || text.empty())
    return std::nullopt;
  const auto task = task_id::parse(*id);
  object_place place{{}, 0, text};
  const auto [end, failed] = std::from_chars(run->data(), run->data() + run->size(), place.run);
  if (!task || failed != std::errc{} || end != run->data() + run->size())
    return std::nullopt;
  place.task = *task;
  return place;
}

bool authorised(request_context& call) {
  const json::object values{{"projectId", text_member(call, "projectId")}};
  auto allowed = call.authorize(values);
  if (!allowed)
    call.fail(std::move(allowed).error());
  return allowed.has_value();
}

std::string hashes_of(request_context& call) {
  const auto* hashes = call.body().as_object().if_contains("hashes");
  return hashes == nullptr ? std::string{} : json::serialize(*hashes);
}

// Fills in what all commands have, and sends it.
template <class Command>
void send(request_context& call, const object_place& place, Command command) {
  auto& here = call.here();
  command.task = place.task;
  command.run = place.run;
  command.name = place.name;
  command.reply = call.await_answer();
  here.board.tell(here.on, std::move(command));
}

void read_one(request_context& call, object_reading as) {
  const auto place = read_place(call.param("name"));
  if (!place)
    return call.fail(
        make_api_error(error_code::resource_not_found,
                       "Object '" + std::string{call.param("name")} + "' does not exist."));
  troupe::read_object command;
  command.as = as;
  send(call, *place, std::move(command));
}

}  // namespace

void create_upload(request_context& call) {
  if (!authorised(call))
    return;
  const auto place = read_place(call.param("name"));
  const auto expires = parse_date_time(text_member(call, "expires"));
  if (!place || !expires)
    return call.fail(make_api_error(
        error_code::input_error,
        "This server keeps objects only for artifacts of storage type 'object', whose names begin "
        "with t/<taskId>/<runId>/. Create the artifact first."));
  troupe::create_upload command;
  command.project_id = text_member(call, "projectId");
  command.upload_id = text_member(call, "uploadId");
  command.expires = *expires;
  command.hashes = hashes_of(call);
  const auto& proposed = call.body().at("proposedUploadMethods").as_object();
  if (const auto* put = proposed.if_contains("putUrl")) {
    command.put_url = true;
    command.content_type = put->at("contentType").as_string();
    boost::system::error_code beyond;
    command.content_length = put->at("contentLength").to_number<std::uint64_t>(beyond);
    if (beyond)
      return call.fail(
          make_api_error(error_code::input_error, "'contentLength' is not a number of bytes"));
  }
  send(call, *place, std::move(command));
}

void finish_upload(request_context& call) {
  if (!authorised(call))
    return;
  const auto place = read_place(call.param("name"));
  if (!place)
    return call.fail(
        make_api_error(error_code::resource_not_found,
                       "Object '" + std::string{call.param("name")} + "' does not exist."));
  troupe::finish_upload command;
  command.project_id = text_member(call, "projectId");
  command.upload_id = text_member(call, "uploadId");
  command.hashes = hashes_of(call);
  send(call, *place, std::move(command));
}

void start_download(request_context& call) {
  const auto& accepted = call.body().at("acceptDownloadMethods").as_object();
  if (accepted.contains("getUrl"))
    return read_one(call, object_reading::get_url);
  if (accepted.contains("simple"))
    return read_one(call, object_reading::simple);
  call.fail(make_api_error(error_code::input_error,
                           "None of the download methods is offered here. Accept getUrl or "
                           "simple."));
}

void object(request_context& call) { read_one(call, object_reading::metadata); }

void download(request_context& call) { read_one(call, object_reading::redirect); }

}  // namespace troupe::handlers
