#include "runtime/s3/s3_deletion.hpp"

#include "runtime/crypto/md5.hpp"
#include "runtime/web/xml_text.hpp"

namespace troupe {

namespace {

constexpr std::size_t longest_told = 300;  // of an answer that is no XML

std::string element(std::string_view xml, std::string_view name) {
  return xml_text(xml, name).value_or("");
}

// `AccessDenied: Access Denied`
std::string reason_of(std::string_view error) {
  const auto message = element(error, "Message");
  return element(error, "Code") + (message.empty() ? "" : ": " + message);
}

std::string trouble_of(const s3_answer& answer) {
  auto reason = reason_of(answer.body);
  if (reason.empty())
    reason = answer.body.substr(0, longest_told);
  return "the store answered " + std::to_string(answer.status) +
         (reason.empty() ? "" : " " + reason);
}

}  // namespace

s3_request delete_request(const s3_object& object) { return {"DELETE", object}; }

s3_request bulk_delete_request(const std::string& bucket, const std::vector<std::string>& keys) {
  s3_request request{"POST", {bucket, {}}, {{"delete", ""}}, {{"Content-Type", "application/xml"}}};
  auto& body = request.body;
  body =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
      "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>";
  for (const auto& key : keys) {
    body += "<Object><Key>";
    append_xml(body, key);
    body += "</Key></Object>";
  }
  body += "</Delete>";
  // Stores ask for it here whatever else protects the body.
  request.headers.emplace_back("Content-MD5", md5_base64(body));
  return request;
}

bool fits_bulk_delete(std::string_view key) {
  for (char c : key)
    if (c < ' ' || c > '~')
      return false;
  // XML does not keep blanks at the ends everywhere.
  return !key.empty() && key.front() != ' ' && key.back() != ' ';
}

s3_deletion read_deletion(const s3_answer& answer, bool bulk) {
  s3_deletion result;
  const auto code = element(answer.body, "Code");
  if (answer.status == 404 && code == "NoSuchBucket") {
    result.bucket_is_gone = true;
    return result;
  }
  if (!bulk && answer.status == 404 && (code == "NoSuchKey" || code.empty()))
    return result;
  // A store that fails late says so in the body of a 200.
  const bool done = answer.status >= 200 && answer.status < 300 &&
                    (!bulk || answer.body.find("DeleteResult") != std::string::npos);
  if (!done) {
    result.trouble = trouble_of(answer);
    return result;
  }
  if (!bulk)
    return result;
  std::size_t at = 0;
  while (const auto error = next_element(answer.body, "Error", at))
    if (element(*error, "Code") != "NoSuchKey")
      result.kept.emplace(element(*error, "Key"), reason_of(*error));
  return result;
}

}  // namespace troupe
