// The object service. Objects of artifacts are looked after by their tasks, others by the service.

#include "gateways/rest/api_lane.hpp"
#include "gateways/rest/handlers/arguments.hpp"
#include "gateways/rest/handlers/handlers.hpp"
#include "messages/object_commands.hpp"
#include "runtime/crypto/base64.hpp"
#include "runtime/lane/switchboard.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>

namespace troupe::handlers {

namespace {

namespace json = boost::json;

struct object_place {
  task_id task;
  run_id run = 0;
  std::string_view name;
};

constexpr std::size_t most_inline_bytes = 8192;

// `t/<taskId>/<runId>/<artifact name>`; nothing for names of other objects. One artifact has one
// name: who may use another way to write it has no right to it.
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
  if (!task || failed != std::errc{} || end != run->data() + run->size() ||
      std::to_string(place.run) != *run)
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

// Sends the command to the task whose artifact it is, or its like to the service.
template <class OfTask, class OfService>
void send(request_context& call, OfTask of_task, OfService of_service) {
  auto& here = call.here();
  const auto place = read_place(call.param("name"));
  const auto reply = call.await_answer();
  if (!place) {
    of_service.name = call.param("name");
    of_service.reply = reply;
    return here.board.tell(here.on, std::move(of_service));
  }
  of_task.task = place->task;
  of_task.run = place->run;
  of_task.name = place->name;
  of_task.reply = reply;
  here.board.tell(here.on, std::move(of_task));
}

void read_one(request_context& call, object_reading as) {
  troupe::read_object of_task;
  troupe::find_object of_service;
  of_task.as = of_service.as = as;
  of_task.site = of_service.site = site_argument(call, nullptr);
  send(call, std::move(of_task), std::move(of_service));
}

api_error bad_input(std::string text) {
  return make_api_error(error_code::input_error, std::move(text));
}

outcome<upload_proposal> read_proposal(const json::object& methods) {
  upload_proposal made;
  if (const auto* here = methods.if_contains("dataInline")) {
    made.data_inline = true;
    made.inline_type = here->at("contentType").as_string();
    if (!decode_base64(here->at("objectData").as_string(), made.inline_bytes))
      return bad_input("'objectData' of dataInline is not base64");
    if (made.inline_bytes.size() > most_inline_bytes)
      return bad_input("dataInline takes up to 8192 bytes, and these are " +
                       std::to_string(made.inline_bytes.size()) + "; use putUrl");
  }
  if (const auto* put = methods.if_contains("putUrl")) {
    made.put_url = true;
    made.content_type = put->at("contentType").as_string();
    boost::system::error_code beyond;
    made.content_length = put->at("contentLength").to_number<std::uint64_t>(beyond);
    if (beyond)
      return bad_input("'contentLength' is not a number of bytes");
  }
  // The Go client proposes no data along with putUrl when there are too many of them to come
  // inline.
  if (made.put_url && made.content_length > 0 && made.inline_bytes.empty())
    made.data_inline = false;
  for (const auto* type : {&made.inline_type, &made.content_type})
    if (std::any_of(type->begin(), type->end(), [](char c) { return c < 0x20 || c == 0x7f; }))
      return bad_input("'contentType' has characters that cannot stand in a header");
  return made;
}

template <class Command>
void take_identity(request_context& call, Command& command) {
  command.project_id = text_member(call, "projectId");
  command.upload_id = text_member(call, "uploadId");
  command.hashes = hashes_of(call);
}

}  // namespace

void create_upload(request_context& call) {
  if (!authorised(call))
    return;
  const auto expires = parse_date_time(text_member(call, "expires"));
  if (!expires)
    return call.fail(bad_input("'expires' is not a time"));
  auto proposed = read_proposal(call.body().at("proposedUploadMethods").as_object());
  if (!proposed)
    return call.fail(std::move(proposed).error());
  troupe::create_upload of_task;
  troupe::create_object of_service;
  take_identity(call, of_task);
  take_identity(call, of_service);
  of_task.expires = of_service.expires = *expires;
  of_task.proposed = *proposed;
  of_service.proposed = *std::move(proposed);
  send(call, std::move(of_task), std::move(of_service));
}

void finish_upload(request_context& call) {
  if (!authorised(call))
    return;
  troupe::finish_upload of_task;
  troupe::finish_object of_service;
  take_identity(call, of_task);
  take_identity(call, of_service);
  send(call, std::move(of_task), std::move(of_service));
}

void start_download(request_context& call) {
  const auto& accepted = call.body().at("acceptDownloadMethods").as_object();
  if (accepted.contains("getUrl"))
    return read_one(call, object_reading::get_url);
  if (accepted.contains("simple"))
    return read_one(call, object_reading::simple);
  read_one(call, object_reading::unknown_method);
}

void object(request_context& call) { read_one(call, object_reading::metadata); }

void download(request_context& call) { read_one(call, object_reading::redirect); }

}  // namespace troupe::handlers
