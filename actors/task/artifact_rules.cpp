#include "actors/task/artifact_rules.hpp"

#include "actors/task/task_wire.hpp"
#include "messages/json_members.hpp"
#include "messages/json_text.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace troupe {

namespace json = boost::json;

namespace {

using namespace std::chrono_literals;

constexpr auto past_tolerated = 15min;
constexpr auto after_exception = 25min;
constexpr auto put_url_lasts = 45min;

api_error bad_input(std::string text) {
  return make_api_error(error_code::input_error, std::move(text));
}

api_error conflict(std::string text) {
  return make_api_error(error_code::request_conflict, std::move(text));
}

bool flag_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value && value->is_bool() && value->get_bool();
}

// What 7.2 asks of run and times, in its order.
outcome<void> check_run(const task_state& state, const create_artifact& command, timestamp now) {
  if (command.expires < now - past_tolerated)
    return bad_input("Artifact expires at " + to_iso(command.expires) +
                     ", which is in the past. Give a time in the future.");
  if (command.run >= state.runs.size())
    return bad_input("Run " + std::to_string(command.run) + " of task " + state.id.str() +
                     " does not exist, so it cannot have artifacts.");
  const auto& run = state.runs[command.run];
  if (run.started.ms == 0)
    return bad_input("Run " + std::to_string(command.run) + " of task " + state.id.str() +
                     " was not claimed by any worker, so it cannot have artifacts.");
  if (command.expires > state.definition->expires)
    return bad_input("Artifact expires at " + to_iso(command.expires) + ", after its task, at " +
                     to_iso(state.definition->expires) + ". Give an earlier time.");
  // A worker that lost its run may still upload the log of it.
  const bool late = run.state == run_state::exception &&
                    (command.for_lost_worker || run.resolved + after_exception > now);
  if (run.state != run_state::running && !late)
    return conflict("Run " + std::to_string(command.run) + " of task " + state.id.str() + " is " +
                    std::string{to_string(run.state)} +
                    "; artifacts are made while a run is running, or within 25 minutes after an "
                    "exception.");
  return boost::system::in_place_value;
}

// What the listings and the event tell of an artifact; the object goes on.
void append_description(std::string& out, std::string_view name, const artifact_record& record) {
  out += "{\"storageType\":\"";
  out += to_string(record.storage);
  out += "\",\"name\":";
  append_json_string(out, name);
  out += ",\"expires\":\"";
  append_iso(out, record.expires);
  out += "\",\"contentType\":";
  append_json_string(out, record.content_type);
}

// What speaks against the new call where an artifact of the name exists; empty when nothing does.
std::string incompatible(const artifact_record& existing, const create_artifact& command) {
  const bool to_link = command.storage == artifact_storage::link;
  if (existing.storage != command.storage &&
      !(existing.storage == artifact_storage::reference && to_link))
    return "has storage type " + std::string{to_string(existing.storage)};
  if (!to_link && existing.content_type != command.content_type)
    return "has content type " + existing.content_type;
  if (command.expires < existing.expires)
    return "expires later, at " + to_iso(existing.expires);
  if (existing.storage == command.storage && existing.storage != artifact_storage::reference &&
      existing.details != command.details)
    return "has other details";
  if (existing.storage == artifact_storage::object && existing.published)
    return "is finished";
  return {};
}

}  // namespace

std::string artifact_text(const artifact_record& record) {
  std::string out = "{\"storageType\":\"";
  out += to_string(record.storage);
  out += "\",\"contentType\":";
  append_json_string(out, record.content_type);
  out += ",\"details\":";
  append_json_string(out, record.details);
  out += ",\"expires\":\"";
  append_iso(out, record.expires);
  out += '"';
  if (record.content_length) {
    out += ",\"contentLength\":";
    append_number(out, *record.content_length);
  }
  if (!record.bucket.empty()) {
    out += ",\"bucket\":";
    append_json_string(out, record.bucket);
  }
  if (record.storage == artifact_storage::object) {
    out += ",\"uploadId\":";
    append_json_string(out, record.upload_id);
    out += ",\"hashes\":";
    append_json_string(out, record.hashes);
    out += ",\"uploaded\":";
    out += record.uploaded ? "true" : "false";
    out += ",\"published\":";
    out += record.published ? "true" : "false";
    if (!record.backend_id.empty()) {
      out += ",\"backend\":";
      append_json_string(out, record.backend_id);
    }
    if (!record.seen.sha256.empty())
      out += ",\"seenSha256\":\"" + record.seen.sha256 + "\",\"seenSha512\":\"" +
             record.seen.sha512 + "\"";
  }
  out += '}';
  return out;
}

std::optional<artifact_record> read_artifact(std::string_view text) {
  boost::system::error_code failed;
  const auto value = json::parse(text, failed);
  if (failed || !value.is_object())
    return std::nullopt;
  const auto& object = value.get_object();
  const auto storage = parse_artifact_storage(text_of(object, "storageType"));
  const auto expires = parse_date_time(text_of(object, "expires"));
  if (!storage || !expires)
    return std::nullopt;
  artifact_record record{*storage, text_of(object, "contentType"), text_of(object, "details"),
                         *expires, std::nullopt};
  if (const auto* length = object.if_contains("contentLength"); length && length->is_number())
    record.content_length = length->to_number<std::uint64_t>();
  record.bucket = text_of(object, "bucket");
  record.backend_id = text_of(object, "backend");
  record.seen = {text_of(object, "seenSha256"), text_of(object, "seenSha512")};
  record.upload_id = text_of(object, "uploadId");
  record.hashes = text_of(object, "hashes");
  record.uploaded = flag_of(object, "uploaded");
  record.published = flag_of(object, "published");
  return record;
}

outcome<artifact_record> decide_artifact(const task_state& state, const create_artifact& command,
                                         const artifact_record* existing, timestamp now,
                                         std::string place) {
  TROUPE_CHECK(check_run(state, command, now));
  artifact_record record{command.storage, command.content_type, command.details, command.expires,
                         command.content_length};
  if (command.storage == artifact_storage::object) {
    record.upload_id = command.upload_id;
    record.backend_id = existing == nullptr ? std::move(place) : existing->backend_id;
  }
  if (command.storage == artifact_storage::s3)
    record.bucket = existing == nullptr ? std::move(place) : existing->bucket;
  if (existing == nullptr)
    return record;
  if (const auto reason = incompatible(*existing, command); !reason.empty())
    return conflict("An artifact '" + command.name + "' of run " + std::to_string(command.run) +
                    " of task " + state.id.str() + " exists and " + reason +
                    ". Use another name, or repeat the call as it was.");
  record.content_type = existing->content_type;
  record.content_length = existing->content_length;
  // Repeating a call that reserved an object gives the upload that is pending, with what is known
  // of it.
  record.upload_id = existing->upload_id;
  record.hashes = existing->hashes;
  record.seen = existing->seen;
  record.uploaded = existing->uploaded;
  return record;
}

std::string create_artifact_answer(const artifact_record& record, std::string_view put_url,
                                   timestamp put_until) {
  std::string out = "{\"storageType\":\"";
  out += to_string(record.storage);
  out += '"';
  if (record.storage == artifact_storage::s3) {
    out += ",\"contentType\":";
    append_json_string(out, record.content_type);
    out += ",\"expires\":\"";
    append_iso(out, put_until);
    out += "\",\"putUrl\":";
    append_json_string(out, put_url);
  }
  out += '}';
  return out;
}

bool publishes_artifact(artifact_storage storage) {
  return storage != artifact_storage::s3 && storage != artifact_storage::object;
}

std::string artifact_payload(const task_state& state, std::string_view status, run_id run,
                             std::string_view name, const artifact_record& record) {
  const auto& worker = state.runs[run].worker;
  std::string out = "{\"status\":";
  out += status;
  out += ",\"runId\":";
  append_number(out, run);
  out += ",\"workerGroup\":";
  append_json_string(out, worker.group);
  out += ",\"workerId\":";
  append_json_string(out, worker.id);
  out += ",\"artifact\":";
  append_description(out, name, record);
  out += "},\"version\":1}";
  return out;
}

std::string artifact_key(const task_id& task, run_id run, std::string_view name) {
  return task.str() + "/" + std::to_string(run) + "/" + std::string{name};
}

blob_place artifact_place(const artifact_record& record, const task_id& task, run_id run,
                          std::string_view name) {
  if (!record.backend_id.empty())
    return {{}, object_name(task, run, name), record.backend_id};
  return {record.bucket, artifact_key(task, run, name)};
}

bool is_settled(const task_state& state, run_id run, const artifact_record& record, timestamp now) {
  if (record.storage == artifact_storage::object)
    return record.uploaded;
  if (record.storage != artifact_storage::s3 || run >= state.runs.size())
    return false;
  const auto& of = state.runs[run];
  if (of.state == run_state::completed || of.state == run_state::failed)
    return true;
  return of.state == run_state::exception && of.resolved + after_exception + put_url_lasts <= now;
}

std::string object_name(const task_id& task, run_id run, std::string_view name) {
  return "t/" + artifact_key(task, run, name);
}

api_error no_artifact(std::string_view name) {
  return make_api_error(error_code::resource_not_found,
                        "Artifact '" + std::string{name} + "' does not exist.");
}

outcome<found_artifact> follow_links(
    std::string_view name, const std::function<const artifact_record*(const std::string&)>& look_up,
    const std::function<outcome<void>(const std::vector<std::string>&)>& authorise, timestamp now) {
  std::vector<std::string> names{std::string{name}};
  for (;;) {
    TROUPE_CHECK(authorise(names));
    const auto* record = look_up(names.back());
    if (record == nullptr || !record->present())
      return no_artifact(names.back());
    if (record->expires < now)
      return make_api_error(
          error_code::resource_expired,
          "Artifact '" + names.back() + "' expired at " + to_iso(record->expires) + ".");
    if (record->storage != artifact_storage::link)
      return found_artifact{names.back(), *record};
    if (std::find(names.begin(), names.end(), record->details) != names.end())
      return bad_input("Artifact '" + names.front() + "' links in a circle: '" + names.back() +
                       "' leads back to '" + record->details + "'.");
    names.push_back(record->details);
  }
}

std::string artifact_field(run_id run, std::string_view name) {
  return std::to_string(run).append(1, '/').append(name);
}

std::string artifact_info_text(std::string_view name, const artifact_record& record) {
  std::string out;
  append_description(out, name, record);
  if (record.content_length) {
    out += ",\"contentLength\":";
    append_number(out, *record.content_length);
  }
  out += '}';
  return out;
}

answer artifact_page_answer(const artifact_records& records, run_id run, std::string_view after,
                            std::uint32_t limit, timestamp now) {
  const auto place = artifact_field(run, {});
  std::string body = "{\"artifacts\":[";
  std::string last;
  bool more = false;
  std::uint32_t taken = 0;
  for (auto at = records.upper_bound(artifact_field(run, after));
       at != records.end() && at->first.starts_with(place); ++at) {
    if (at->second.expires < now || !at->second.present())
      continue;
    more = taken == limit;
    if (more)
      break;
    last = at->first.substr(place.size());
    if (taken++ > 0)
      body += ',';
    body += artifact_info_text(last, at->second);
  }
  body += "]}";
  answer result{std::move(body)};
  if (more)
    result.headers.emplace_back("next-position", std::move(last));
  return result;
}

bool is_over(const artifact_record& record, timestamp now, std::chrono::milliseconds delay) {
  return record.expires + delay < now;
}

answer artifact_content_answer(const found_artifact& found, const std::string& url) {
  const auto& record = found.record;
  std::string body = "{\"storageType\":\"" + std::string{to_string(record.storage)} + "\",";
  if (record.storage == artifact_storage::error) {
    body.append(record.details, 1);  // the members of the object that the details are
    return answer{std::move(body)};
  }
  body += "\"url\":";
  append_json_string(body, record.storage == artifact_storage::reference ? record.details : url);
  body += '}';
  return answer{std::move(body)};
}

answer artifact_answer(const found_artifact& found, const std::string& url) {
  const auto storage = found.record.storage;
  answer result;
  result.headers.emplace_back("x-taskcluster-artifact-storage-type",
                              std::string{to_string(storage)});
  if (storage == artifact_storage::error) {
    result.status = 424;
    result.body = found.record.details;
    return result;
  }
  const auto& where = storage == artifact_storage::reference ? found.record.details : url;
  result.status = 303;
  result.headers.emplace_back("Location", where);
  result.body = "{\"storageType\":\"" + std::string{to_string(storage)} + "\",\"url\":";
  append_json_string(result.body, where);
  result.body += '}';
  return result;
}

}  // namespace troupe
