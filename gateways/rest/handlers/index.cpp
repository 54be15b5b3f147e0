#include "gateways/rest/api_lane.hpp"
#include "gateways/rest/handlers/arguments.hpp"
#include "gateways/rest/handlers/handlers.hpp"
#include "messages/index_commands.hpp"
#include "messages/index_path.hpp"
#include "messages/json_number.hpp"
#include "runtime/crypto/sha256.hpp"
#include "runtime/lane/switchboard.hpp"

#include <boost/json.hpp>

#include <charconv>
#include <unordered_set>

namespace troupe::handlers {

namespace {

namespace json = boost::json;

constexpr std::size_t most_paths = 10'000;

outcome<index_entry> read_entry(request_context& call) {
  const auto& body = call.body().as_object();
  index_entry entry;
  // The schema has checked that these are an id and a date.
  entry.task = task_id::parse(text_member(call, "taskId")).value_or(task_id{});
  entry.expires = parse_date_time(text_member(call, "expires")).value_or(timestamp{});
  const auto rank = whole_number(body.at("rank"));
  if (!rank)
    return make_api_error(
        error_code::input_error,
        "'rank' must be a whole number of 64 bits, not " + json::serialize(body.at("rank")));
  entry.rank = *rank;
  entry.data = json::serialize(body.at("data"));
  if (entry.data.size() > most_index_data)
    return make_api_error(error_code::input_error,
                          "'data' may have up to " + std::to_string(most_index_data) +
                              " bytes as JSON, and this has " + std::to_string(entry.data.size()) +
                              "; make it an artifact of the task instead");
  return entry;
}

std::string list_name(const json::array& paths) {
  return hex(sha256(json::serialize(paths))).substr(0, 16);
}

// What can be a path, in order, each once.
std::vector<std::string> paths_of(const json::array& texts) {
  std::vector<std::string> paths;
  std::unordered_set<std::string_view> seen;
  for (const auto& text : texts) {
    const std::string_view path = text.get_string();
    if (is_index_path(path) && seen.insert(path).second)
      paths.emplace_back(path);
  }
  return paths;
}

// Limit and beginning of a page, from the query, or from the body as old clients have it.
outcome<void> read_page(request_context& call, std::string_view method, const std::string& space,
                        list_indexed& command) {
  const auto& body = call.body().as_object();
  command.limit = page_limit(call);
  if (const auto* limit = body.if_contains("limit"))
    command.limit = limit->to_number<std::uint32_t>();
  TROUPE_TRY(auto position, page_position(call, method, space));
  if (const auto* token = body.if_contains("continuationToken")) {
    TROUPE_TRY(auto read, call.here().tokens.read(method, space, token->as_string()));
    position = std::move(read);
  }
  command.after = position.value_or("");
  return boost::system::in_place_value;
}

void list_space(request_context& call, bool namespaces) {
  auto& here = call.here();
  list_indexed command;
  command.space = call.param("namespace");
  command.namespaces = namespaces;
  if (auto allowed = call.authorize(json::object{{"namespace", command.space}}); !allowed)
    return call.fail(std::move(allowed).error());
  if (auto read = read_page(call, call.method_name(), command.space, command); !read)
    return call.fail(std::move(read).error());
  command.reply = call.await_page(command.space);
  here.board.tell(here.on, std::move(command));
}

}  // namespace

void find_task(request_context& call) {
  auto& here = call.here();
  here.board.tell(here.on, find_indexed{std::string{call.param("indexPath")}, call.await_answer()});
}

void find_tasks_at_index(request_context& call) {
  auto& here = call.here();
  const auto& indexes = call.body().at("indexes").as_array();
  if (auto allowed = call.authorize(json::object{{"indexPaths", indexes}}); !allowed)
    return call.fail(std::move(allowed).error());
  if (indexes.size() > most_paths)
    return call.fail(make_api_error(error_code::input_error,
                                    "'indexes' may have up to 10000 paths; ask in several "
                                    "requests"));
  const auto position = page_position(call, "findTasksAtIndex", {});
  if (!position)
    return call.fail(position.error());
  find_all_indexed command;
  command.list = list_name(indexes);
  command.limit = page_limit(call);
  command.paths = paths_of(indexes);
  if (*position) {
    // `<place>:<list>`; a place in another list is behind the end of this one.
    const std::string_view text = **position;
    const auto colon = text.find(':');
    std::from_chars(text.data(), text.data() + std::min(colon, text.size()), command.from);
    if (colon == std::string_view::npos || text.substr(colon + 1) != command.list)
      command.paths.clear();
  }
  command.reply = call.await_page({});
  here.board.tell(here.on, std::move(command));
}

void list_namespaces(request_context& call) { list_space(call, true); }

void list_indexed_tasks(request_context& call) { list_space(call, false); }

void insert_task(request_context& call) {
  auto& here = call.here();
  insert_indexed command;
  command.path = call.param("namespace");
  if (command.path.size() > most_index_path)
    return call.fail(make_api_error(error_code::input_error,
                                    "A path of the index may have up to 255 bytes, and this one "
                                    "has " +
                                        std::to_string(command.path.size())));
  auto entry = read_entry(call);
  if (!entry)
    return call.fail(std::move(entry).error());
  command.entry = std::move(*entry);
  command.reply = call.await_answer();
  here.board.tell(here.on, std::move(command));
}

void delete_task(request_context& call) {
  auto& here = call.here();
  here.board.tell(here.on,
                  delete_indexed{std::string{call.param("namespace")}, call.await_answer()});
}

}  // namespace troupe::handlers
