#include "gateways/task_graph/graph_splitter.hpp"

namespace troupe {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

api_error broken(std::size_t at, std::string_view what) {
  return make_api_error(
      error_code::malformed_payload,
      "Failed to parse JSON: " + std::string{what} + " at byte " + std::to_string(at));
}

}  // namespace

outcome<void> graph_splitter::take(std::string_view bytes) {
  if (bytes.size() > most_bytes_ - text_.size())
    return make_api_error(
        error_code::input_too_large,
        "The graph is too large: its body may have " + std::to_string(most_bytes_) + " bytes");
  auto at = text_.size();
  text_.append(bytes);
  for (; at < text_.size(); ++at) {
    // Most of a body is within texts, where little can happen.
    if (in_text_ && !escaped_)
      while (at < text_.size() && text_[at] != '"' && text_[at] != '\\')
        ++at;
    if (at < text_.size())
      TROUPE_CHECK(on_char(text_[at], at));
  }
  return boost::system::in_place_value;
}

outcome<void> graph_splitter::finish() {
  if (step_ != step::end)
    return broken(text_.size(), "the text ends too early");
  return boost::system::in_place_value;
}

outcome<void> graph_splitter::on_char(char c, std::size_t at) {
  if (step_ == step::in_value)
    return on_value_char(c, at);
  if (step_ == step::in_key) {
    if (!escaped_ && c == '"') {
      now_.key_end = at;
      step_ = step::colon;
    }
    escaped_ = !escaped_ && c == '\\';
    return boost::system::in_place_value;
  }
  if (is_blank(c))
    return boost::system::in_place_value;
  switch (step_) {
    case step::begin:
      if (c != '{')
        return broken(at, "must be an object");
      step_ = step::key;
      return boost::system::in_place_value;
    case step::key:
      if (c == '}' && is_first_)
        return on_container_end(at);
      if (c != '"')
        return broken(at, "a name in quotes is expected");
      now_.key = at + 1;
      step_ = step::in_key;
      return boost::system::in_place_value;
    case step::colon:
      if (c != ':')
        return broken(at, "a colon is expected");
      step_ = step::value;
      return boost::system::in_place_value;
    case step::value:
      return on_value_begin(c, at);
    case step::after:
      if (c == '}')
        return on_container_end(at);
      if (c != ',')
        return broken(at, "a comma is expected");
      is_first_ = false;
      step_ = step::key;
      return boost::system::in_place_value;
    default:
      return broken(at, "there is something behind the end");
  }
}

outcome<void> graph_splitter::on_value_begin(char c, std::size_t at) {
  const auto name = std::string_view{text_}.substr(now_.key, now_.key_end - now_.key);
  if (!in_tasks_ && name == "tasks" && c == '{') {
    if (std::exchange(has_tasks_, true))
      return broken(at, "'tasks' is there twice");
    in_tasks_ = true;
    is_first_ = true;
    step_ = step::key;
    return boost::system::in_place_value;
  }
  if (c == '}' || c == ']' || c == ',' || c == ':')
    return broken(at, "a value is expected");
  if (in_tasks_ && tasks_.size() == most_tasks_)
    return make_api_error(
        error_code::input_error,
        "A graph may have at most " + std::to_string(most_tasks_) + " tasks; this one has more");
  now_.value = at;
  step_ = step::in_value;
  depth_ = 0;
  return on_value_char(c, at);
}

outcome<void> graph_splitter::on_value_char(char c, std::size_t at) {
  if (in_text_) {
    if (!escaped_ && c == '"') {
      in_text_ = false;
      if (depth_ == 0)
        end_value(at + 1);
    }
    escaped_ = !escaped_ && c == '\\';
    return boost::system::in_place_value;
  }
  switch (c) {
    case '"':
      in_text_ = true;
      break;
    case '{':
    case '[':
      ++depth_;
      break;
    case '}':
    case ']':
      if (depth_ > 0) {
        if (--depth_ == 0)
          end_value(at + 1);
        break;
      }
      [[fallthrough]];
    default:
      if (depth_ == 0 && (c == ',' || c == '}' || c == ']' || is_blank(c))) {
        end_value(at);
        return on_char(c, at);
      }
  }
  return boost::system::in_place_value;
}

void graph_splitter::end_value(std::size_t behind) {
  now_.value_end = behind;
  (in_tasks_ ? tasks_ : members_).push_back(now_);
  step_ = step::after;
}

outcome<void> graph_splitter::on_container_end(std::size_t) {
  step_ = in_tasks_ ? step::after : step::end;
  in_tasks_ = false;
  return boost::system::in_place_value;
}

graph_splitter::entry graph_splitter::entry_of(const stretch& where) const {
  const std::string_view text{text_};
  return {text.substr(where.key, where.key_end - where.key),
          text.substr(where.value, where.value_end - where.value)};
}

std::vector<graph_splitter::entry> graph_splitter::members() const {
  std::vector<entry> all;
  for (const auto& where : members_)
    all.push_back(entry_of(where));
  return all;
}

}  // namespace troupe
