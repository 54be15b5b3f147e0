#include "runtime/objects/object_answers.hpp"

#include "messages/json_text.hpp"

namespace troupe {

namespace {

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out += ",\"";
  out += name;
  out += "\":";
  append_json_string(out, value);
}

void append_hashes(std::string& out, std::string_view hashes) {
  out += ",\"hashes\":";
  out += hashes.empty() ? std::string_view{"{}"} : hashes;
  out += '}';
}

}  // namespace

upload_method choose_upload(const upload_proposal& proposed) {
  if (proposed.data_inline)
    return upload_method::data_inline;
  return proposed.put_url ? upload_method::put_url : upload_method::none;
}

std::vector<std::pair<std::string, std::string>> put_headers(const upload_proposal& proposed) {
  std::vector<std::pair<std::string, std::string>> headers{
      {"Content-Type", proposed.content_type},
      {"Content-Length", std::to_string(proposed.content_length)},
      {"Content-Encoding", "identity"}};
  if (is_html(proposed.content_type))
    headers.emplace_back("Content-Disposition", "attachment");
  return headers;
}

std::string create_upload_text(std::string_view project_id, std::string_view upload_id,
                               timestamp expires, const upload_proposal& proposed,
                               upload_method method, std::string_view url, timestamp until) {
  std::string out = "{\"projectId\":";
  append_json_string(out, project_id);
  append_member(out, "uploadId", upload_id);
  append_member(out, "expires", to_iso(expires));
  out += ",\"uploadMethod\":{";
  if (method == upload_method::data_inline) {
    out += "\"dataInline\":true";
  } else if (method == upload_method::put_url) {
    out += "\"putUrl\":{\"url\":";
    append_json_string(out, url);
    append_member(out, "expires", to_iso(until));
    out += ",\"headers\":";
    char before = '{';
    for (const auto& [name, value] : put_headers(proposed)) {
      out += before;
      append_json_string(out, name);
      out += ':';
      append_json_string(out, value);
      before = ',';
    }
    out += "}}";
  }
  out += "}}";
  return out;
}

answer object_answer(object_reading as, const known_object& object, std::string_view url,
                     timestamp until) {
  std::string out;
  switch (as) {
    case object_reading::get_url:
      out = R"({"method":"getUrl")";
      append_member(out, "url", url);
      append_member(out, "expires", to_iso(until));
      break;
    case object_reading::simple:
      out = R"({"method":"simple")";
      append_member(out, "url", url);
      return answer{out + "}"};
    case object_reading::redirect: {
      answer result{303, {}};
      result.headers.emplace_back("Location", url);
      return result;
    }
    case object_reading::unknown_method:
      return answer{make_api_error(
          error_code::no_matching_method,
          "The object can be downloaded by these methods: getUrl, simple. The caller accepts none "
          "of them.")};
    case object_reading::metadata:
      out = "{\"projectId\":";
      append_json_string(out, object.project_id);
      append_member(out, "expires", to_iso(object.expires));
      break;
  }
  append_hashes(out, object.hashes);
  return answer{std::move(out)};
}

}  // namespace troupe
