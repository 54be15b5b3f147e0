#include "actors/object/object_rules.hpp"

#include "messages/json_text.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace troupe {

namespace json = boost::json;

namespace {

api_error conflict(std::string text) {
  return make_api_error(error_code::request_conflict, std::move(text));
}

api_error no_object(std::string_view name) {
  return make_api_error(
      error_code::resource_not_found,
      "Object '" + std::string{name} + "' does not exist, or its upload has not been finished.");
}

api_error over(const object_row& row, timestamp now) {
  return make_api_error(
      error_code::resource_expired,
      !row.finished && now < row.expires
          ? "The upload was given up, as it was not finished until " + to_iso(row.upload_expires)
          : "The object expired at " + to_iso(row.expires) + ".");
}

outcome<object_row> new_row(const object_state& state, const create_object& command,
                            std::string_view backend_id, timestamp now) {
  if (state.uploads.contains(command.upload_id))
    return conflict("The uploadId " + command.upload_id +
                    " is that of another object. Make a new one for each upload.");
  if (command.expires <= now)
    return make_api_error(error_code::input_error,
                          "The object would have expired already, at " + to_iso(command.expires));
  object_row row;
  row.project_id = command.project_id;
  row.backend_id = backend_id;
  row.upload_id = command.upload_id;
  row.upload_expires = now + upload_lasts;
  row.expires = command.expires;
  return row;
}

outcome<object_row> row_to_upload(const object_state& state, const create_object& command,
                                  std::string_view backend_id, timestamp now) {
  const auto* known = known_object_of(state, command.name);
  if (known == nullptr)
    return new_row(state, command, backend_id, now);
  if (end_of(*known) <= now)
    return conflict("Object already exists: it has ended, and is about to be removed.");
  if (known->finished || known->upload_id != command.upload_id ||
      known->project_id != command.project_id || known->expires != command.expires)
    return conflict(
        "Object already exists: it was reserved with another uploadId, projectId or expires, or "
        "its upload is finished.");
  return *known;
}

}  // namespace

timestamp end_of(const object_row& row) {
  return row.finished ? row.expires : std::min(row.expires, row.upload_expires);
}

const object_row* known_object_of(const object_state& state, std::string_view name) {
  const auto found = state.rows.find(name);
  return found == state.rows.end() ? nullptr : &found->second;
}

outcome<object_row> decide_create(const object_state& state, const create_object& command,
                                  std::string_view backend_id, timestamp now) {
  TROUPE_TRY(auto row, row_to_upload(state, command, backend_id, now));
  TROUPE_TRY(row.hashes, merge_hashes(row.hashes, command.hashes, true));
  switch (choose_upload(command.proposed)) {
    case upload_method::data_inline:
      row.seen = hashes_of(command.proposed.inline_bytes);
      TROUPE_CHECK(check_hashes(row.hashes, row.seen));
      break;
    case upload_method::put_url:
      row.seen = {};  // from now on other data may come
      break;
    case upload_method::none:
      break;
  }
  return row;
}

outcome<object_row> decide_finish(const object_state& state, const finish_object& command,
                                  timestamp now) {
  const auto* known = known_object_of(state, command.name);
  if (known == nullptr)
    return no_object(command.name);
  if (known->project_id != command.project_id)
    return make_api_error(error_code::input_error, "The object belongs to another project than '" +
                                                       command.project_id + "'.");
  if (!known->finished && known->upload_id != command.upload_id)
    return conflict("The object has another uploadId. Give the one of its createUpload.");
  if (end_of(*known) <= now)
    return over(*known, now);
  auto row = *known;
  TROUPE_TRY(row.hashes, merge_hashes(known->hashes, command.hashes, !known->finished));
  if (!known->finished)
    TROUPE_CHECK(check_hashes(row.hashes, row.seen));
  row.finished = true;
  return row;
}

outcome<object_row> decide_find(const object_state& state, std::string_view name, timestamp now) {
  const auto* known = known_object_of(state, name);
  if (known == nullptr || !known->finished)
    return no_object(name);
  if (end_of(*known) <= now)
    return over(*known, now);
  return *known;
}

void apply_object(object_state& state, const std::string& name, object_row row) {
  apply_removal(state, name);
  state.by_end.emplace(end_of(row), name);
  state.uploads.insert_or_assign(row.upload_id, name);
  state.rows.insert_or_assign(name, std::move(row));
}

void apply_removal(object_state& state, std::string_view name) {
  const auto found = state.rows.find(name);
  if (found == state.rows.end())
    return;
  state.by_end.erase({end_of(found->second), found->first});
  state.uploads.erase(found->second.upload_id);
  state.rows.erase(found);
}

// -- the end --------------------------------------------------------------------------------------

std::vector<std::string> take_ended(object_state& state, timestamp then, std::size_t most) {
  std::vector<std::string> names;
  while (!state.by_end.empty() && state.by_end.begin()->first <= then && names.size() < most) {
    names.push_back(state.by_end.begin()->second);
    state.by_end.erase(state.by_end.begin());
  }
  return names;
}

void try_again(object_state& state, const std::string& name, timestamp then) {
  if (state.rows.contains(name))
    state.by_end.emplace(then, name);
}

std::optional<timestamp> next_end(const object_state& state) {
  if (state.by_end.empty())
    return std::nullopt;
  return state.by_end.begin()->first;
}

// -- texts ----------------------------------------------------------------------------------------

std::string object_row_text(const object_row& row) {
  std::string out = "{\"project\":";
  append_json_string(out, row.project_id);
  out += ",\"backend\":";
  append_json_string(out, row.backend_id);
  out += ",\"upload\":";
  append_json_string(out, row.upload_id);
  out += ",\"uploadExpires\":" + std::to_string(row.upload_expires.ms) +
         ",\"expires\":" + std::to_string(row.expires.ms);
  if (!row.hashes.empty())
    out += ",\"hashes\":" + row.hashes;
  if (!row.seen.sha256.empty())
    out +=
        ",\"seen\":{\"sha256\":\"" + row.seen.sha256 + "\",\"sha512\":\"" + row.seen.sha512 + "\"}";
  out += row.finished ? ",\"finished\":true}" : "}";
  return out;
}

std::optional<object_row> read_object_row(std::string_view text) {
  boost::system::error_code failed;
  const auto value = json::parse(text, failed);
  const auto* members = failed ? nullptr : value.if_object();
  if (members == nullptr)
    return std::nullopt;
  const auto text_in = [](const json::object& in, std::string_view name) {
    const auto* found = in.if_contains(name);
    const auto* it = found == nullptr ? nullptr : found->if_string();
    return it == nullptr ? std::string{} : std::string{*it};
  };
  const auto time_of = [members](std::string_view name) {
    const auto* found = members->if_contains(name);
    const auto* ms = found == nullptr ? nullptr : found->if_int64();
    return ms == nullptr ? timestamp{} : timestamp{*ms};
  };
  object_row row;
  row.project_id = text_in(*members, "project");
  row.backend_id = text_in(*members, "backend");
  row.upload_id = text_in(*members, "upload");
  row.upload_expires = time_of("uploadExpires");
  row.expires = time_of("expires");
  if (const auto* hashes = members->if_contains("hashes"); hashes != nullptr && hashes->is_object())
    row.hashes = json::serialize(*hashes);
  if (const auto* seen = members->if_contains("seen"); seen != nullptr && seen->is_object())
    row.seen = {text_in(seen->get_object(), "sha256"), text_in(seen->get_object(), "sha512")};
  row.finished = members->contains("finished");
  return row.upload_id.empty() ? std::nullopt : std::optional{std::move(row)};
}

}  // namespace troupe
