#include "gateways/remote/run_endings.hpp"

#include "messages/json_members.hpp"

#include <boost/json.hpp>

#include <array>
#include <charconv>

namespace troupe {

namespace json = boost::json;

namespace {

constexpr std::string_view queue_exchanges = "exchange/taskcluster-queue/v1/";

// `primary.<task>.<run>.<group>.<worker>.<provisioner>.<worker type>. ...`, none of which has dots.
constexpr std::size_t words_used = 7;

std::optional<std::array<std::string_view, words_used>> first_words(std::string_view key) {
  std::array<std::string_view, words_used> words;
  for (auto& word : words) {
    const auto dot = key.find('.');
    if (dot == std::string_view::npos)
      return std::nullopt;
    word = key.substr(0, dot);
    key.remove_prefix(dot + 1);
  }
  return words;
}

// What an exception tells in its payload: the reason, and the worker also where the key leaves it
// out, as it does for deadlines.
bool read_exception(std::string_view payload, run_ending& ending) {
  boost::system::error_code failed;
  const auto body = json::parse(payload, failed);
  if (failed)
    return false;
  const auto* run = body.find_pointer("/status/runs/" + std::to_string(ending.run.run), failed);
  if (run == nullptr || !run->is_object())
    return false;
  ending.worker.second = {text_of(run->get_object(), "workerGroup"),
                          text_of(run->get_object(), "workerId")};
  ending.how = text_of(run->get_object(), "reasonResolved");
  return !ending.worker.second.id.empty();
}

}  // namespace

std::optional<run_ending> run_ending_of(const event& what) {
  auto exchange = what.exchange;
  if (!exchange.starts_with(queue_exchanges))
    return std::nullopt;
  exchange.remove_prefix(queue_exchanges.size());
  const bool failed = exchange == "task-exception";
  if (!failed && exchange != "task-completed" && exchange != "task-failed")
    return std::nullopt;
  const auto words = first_words(what.routing_key);
  if (!words)
    return std::nullopt;
  const auto task = task_id::parse((*words)[1]);
  run_ending result;
  const auto number = (*words)[2];
  const auto read = std::from_chars(number.data(), number.data() + number.size(), result.run.run);
  if (!task || read.ec != std::errc{})
    return std::nullopt;
  result.run.task = *task;
  result.worker.first.text.append((*words)[5]).append(1, '/').append((*words)[6]);
  if (failed)
    return read_exception(what.payload, result) ? std::optional{std::move(result)} : std::nullopt;
  constexpr std::string_view prefix = "task-";
  result.worker.second = {std::string{(*words)[3]}, std::string{(*words)[4]}};
  result.how = exchange.substr(prefix.size());
  return result;
}

}  // namespace troupe
