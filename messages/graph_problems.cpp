#include "messages/graph_problems.hpp"

#include <boost/json/array.hpp>

namespace troupe {

namespace {

// Placeholders of the own message are filled in here: those of different tasks may have one name.
std::string finished_text(const api_error& error) {
  std::string text = error.message;
  for (const auto& [name, value] : error.details) {
    if (!value.is_string())
      continue;
    const auto place = "{{" + std::string{name} + "}}";
    if (const auto at = text.find(place); at != std::string::npos)
      text.replace(at, place.size(), value.get_string().data(), value.get_string().size());
  }
  return text;
}

}  // namespace

api_error graph_refusal(const std::vector<graph_problem>& problems, std::size_t tasks, bool all) {
  api_error result;
  result.code = problems.front().why.code;
  auto& text = result.message;
  text = "No task of the graph was created: ";
  if (!all)
    text += "at least ";
  text += std::to_string(problems.size()) + " of " + std::to_string(tasks) + " cannot be.";
  boost::json::array list;
  for (const auto& problem : problems) {
    const auto why = finished_text(problem.why);
    text += "\n * " + problem.task + ": " + why;
    list.push_back(
        {{"taskId", problem.task}, {"code", code_name(problem.why.code)}, {"message", why}});
  }
  result.details["problems"] = std::move(list);
  return result;
}

}  // namespace troupe
