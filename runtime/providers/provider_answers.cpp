#include "runtime/providers/provider_answers.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>

namespace troupe {

namespace json = boost::json;

namespace {

constexpr std::size_t longest_text = 500;

std::string without_entities(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, char>, 5> entities{
      {{"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&amp;", '&'}}};
  std::string out;
  while (!text.empty()) {
    const auto* const found =
        std::find_if(entities.begin(), entities.end(),
                     [&text](const auto& entity) { return text.starts_with(entity.first); });
    out += found == entities.end() ? text.front() : found->second;
    text.remove_prefix(found == entities.end() ? 1 : found->first.size());
  }
  return out;
}

}  // namespace

std::optional<std::string> xml_text(std::string_view xml, std::string_view element,
                                    std::size_t& from) {
  const auto open = "<" + std::string{element} + ">";
  const auto begin = xml.find(open, from);
  if (begin == std::string_view::npos)
    return std::nullopt;
  const auto text = begin + open.size();
  const auto end = xml.find("</" + std::string{element} + ">", text);
  if (end == std::string_view::npos)
    return std::nullopt;
  from = end;
  return without_entities(xml.substr(text, end - text));
}

std::optional<std::string> xml_text(std::string_view xml, std::string_view element) {
  std::size_t from = 0;
  return xml_text(xml, element, from);
}

json::value json_body(const web_answer& answer) {
  boost::system::error_code failed;
  auto value = json::parse(answer.body, failed);
  return failed ? json::value{} : value;
}

std::string text_at(const json::value& object, std::string_view member) {
  const auto* members = object.if_object();
  const auto* found = members == nullptr ? nullptr : members->if_contains(member);
  const auto* text = found == nullptr ? nullptr : found->if_string();
  return text == nullptr ? std::string{} : std::string{*text};
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
