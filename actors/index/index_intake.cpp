#include "actors/index/index_intake.hpp"

#include "messages/index_path.hpp"
#include "messages/json_number.hpp"
#include "messages/json_parser.hpp"
#include "messages/json_walk.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>

namespace troupe {

namespace {

namespace json = boost::json;

constexpr std::string_view route_prefix = "route.index.";
constexpr std::chrono::hours default_lifetime{365 * 24};

// Puts it behind the others, unless it was there before.
bool accept(stream_intake& stream, const index_completed& event) {
  if (event.at.n <= stream.handled.n)
    return false;
  stream.handled = event.at;
  stream.pending.push_back({event, std::nullopt});
  return true;
}

}  // namespace

bool take_completion(index_intake& intake, const index_completed& event) {
  auto& stream = intake.streams[event.at.stream];
  if (!stream.catching_up)
    return accept(stream, event);
  stream.held.push_back(event);
  return false;
}

bool take_read(index_intake& intake, const index_completed& event) {
  return accept(intake.streams[event.at.stream], event);
}

void take_told(index_intake& intake, const log_place& newest) {
  auto& told = intake.streams[newest.stream].told;
  if (newest.n > told.n)
    told = newest;
}

std::vector<index_completed> end_catching_up(index_intake& intake, std::uint16_t stream) {
  auto& of = intake.streams[stream];
  of.catching_up = false;
  std::vector<index_completed> taken;
  for (auto& event : std::exchange(of.held, {}))
    if (accept(of, event))
      taken.push_back(std::move(event));
  return taken;
}

void settle(index_intake& intake, const log_place& at, routed_entries outcome) {
  for (auto& pending : intake.streams[at.stream].pending)
    if (pending.event.at.n == at.n) {
      pending.outcome = std::move(outcome);
      return;
    }
}

std::optional<routed_entries> next_settled(index_intake& intake, std::uint16_t stream) {
  auto& pending = intake.streams[stream].pending;
  if (pending.empty() || !pending.front().outcome)
    return std::nullopt;
  auto outcome = std::move(pending.front().outcome);
  pending.pop_front();
  return outcome;
}

// As long as the log is being read, what was told is not yet what was dealt with.
std::optional<log_place> place_to_write(index_intake& intake, std::uint16_t stream) {
  auto& of = intake.streams[stream];
  auto place = of.handled;
  if (!of.pending.empty()) {
    place = of.pending.front().event.at;
    --place.n;  // an id that need not exist: what is behind it is read
  } else if (!of.catching_up && of.told.n > place.n) {
    place = of.told;
  }
  if (place.n <= of.written.n)
    return std::nullopt;
  of.written = place;
  return place;
}

// -- texts ----------------------------------------------------------------------------------------

std::vector<std::string> index_paths(std::span<const std::string> keys) {
  std::vector<std::string> paths;
  for (const std::string_view key : keys)
    if (key.starts_with(route_prefix)) {
      const auto path = key.substr(route_prefix.size());
      if (is_index_path(path) && path.size() <= most_index_path)
        paths.emplace_back(path);
    }
  return paths;
}

namespace {

// The texts of a definition that matter here; empty for what is not there.
struct definition_parts {
  std::string_view options;
  std::string_view expires;
  std::string_view created;
};

definition_parts read_parts(std::string_view definition) {
  definition_parts parts;
  auto members = json_walk::members(definition);
  while (members.next()) {
    if (members.key() == "expires")
      parts.expires = members.value();
    else if (members.key() == "created")
      parts.created = members.value();
    if (members.key() != "extra")
      continue;
    auto extra = json_walk::members(members.value());
    while (extra.next())
      if (extra.key() == "index")
        parts.options = extra.value();
  }
  return parts;
}

// What is wrong with the options; empty when they were taken.
std::string_view take_options(index_entry& entry, const json::object& options) {
  if (const auto* rank = options.if_contains("rank")) {
    const auto number = whole_number(*rank);
    if (!number)
      return "'rank' is not a whole number";
    entry.rank = *number;
  }
  if (const auto* expires = options.if_contains("expires")) {
    const auto date = expires->is_string() ? parse_date_time(expires->get_string()) : std::nullopt;
    if (!date)
      return "'expires' is not a date";
    entry.expires = *date;
  }
  if (const auto* data = options.if_contains("data")) {
    if (!data->is_object())
      return "'data' is not an object";
    entry.data = json::serialize(*data);
    if (entry.data.size() > most_index_data)
      return "'data' has more than 32768 bytes";
  }
  return {};
}

}  // namespace

std::variant<index_entry, wrong_options> entry_of_definition(const task_id& task,
                                                             std::string_view definition) {
  const auto parts = read_parts(definition);
  index_entry entry;
  entry.task = task;
  if (timestamp created; !read_json_date(parts.expires, entry.expires)) {
    if (!read_json_date(parts.created, created))
      return wrong_options{"the task has no date"};
    entry.expires = created + default_lifetime;
  }
  if (parts.options.empty())
    return entry;
  boost::system::error_code failed;
  const auto options = parse_json(parts.options, failed);
  if (failed || !options.is_object())
    return wrong_options{"it is not an object"};
  if (const auto wrong = take_options(entry, options.get_object()); !wrong.empty())
    return wrong_options{std::string{wrong}};
  return entry;
}

std::string place_text(const log_place& place) {
  return std::to_string(place.ms) + "-" + std::to_string(place.n);
}

log_place read_place(std::uint16_t stream, std::string_view text) {
  log_place place;
  place.stream = stream;
  const auto dash = text.find('-');
  if (dash == std::string_view::npos)
    return place;
  std::from_chars(text.data(), text.data() + dash, place.ms);
  std::from_chars(text.data() + dash + 1, text.data() + text.size(), place.n);
  return place;
}

}  // namespace troupe
