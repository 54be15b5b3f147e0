#include "app/chosen_server.hpp"
#include "app/commands.hpp"
#include "app/task_client.hpp"
#include "messages/json_parser.hpp"

#include <yaml-cpp/yaml.h>
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include <pthread.h>
#include <csignal>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

namespace troupe {

namespace json = boost::json;

namespace {

struct graph_flags {
  chosen_server server;
  std::string file;
  std::string key;
  bool json = false;
};

api_error bad_file(const std::string& file, const std::string& why) {
  return make_api_error(error_code::input_error, file + " is no task graph: " + why);
}

// What YAML means by a scalar: in quotes a text, without them perhaps something else.
json::value scalar_of(const YAML::Node& node) {
  if (node.Tag() == "!")
    return json::value(node.Scalar());
  std::int64_t whole = 0;
  double number = 0;
  bool truth = false;
  if (YAML::convert<std::int64_t>::decode(node, whole))
    return whole;
  if (YAML::convert<double>::decode(node, number))
    return number;
  if (YAML::convert<bool>::decode(node, truth))
    return truth;
  return json::value(node.Scalar());
}

json::value value_of(const YAML::Node& node) {
  if (node.IsSequence()) {
    json::array list;
    for (const auto& item : node)
      list.push_back(value_of(item));
    return list;
  }
  if (node.IsMap()) {
    json::object members;
    for (const auto& item : node)
      members[item.first.Scalar()] = value_of(item.second);
    return members;
  }
  return node.IsScalar() ? scalar_of(node) : json::value(nullptr);
}

outcome<json::value> parse_text(const std::string& file, const std::string& text) {
  if (file.ends_with(".yml") || file.ends_with(".yaml")) {
    try {
      return value_of(YAML::Load(text));
    } catch (const YAML::Exception& failure) {
      return bad_file(file, failure.what());
    }
  }
  boost::system::error_code failed;
  auto value = parse_json(text, failed);
  if (failed)
    return bad_file(file, failed.message());
  return value;
}

outcome<std::string> read_body(const graph_flags& flags) {
  std::ifstream in;
  if (flags.file != "-")
    in.open(flags.file, std::ios::binary);
  auto& from = flags.file == "-" ? std::cin : in;
  if (!from)
    return make_api_error(error_code::input_error, "cannot read " + flags.file);
  const std::string text{std::istreambuf_iterator<char>{from}, {}};
  TROUPE_TRY(auto body, parse_text(flags.file, text));
  if (!body.is_object())
    return bad_file(flags.file, "it must be an object with 'key' and 'tasks'");
  if (!flags.key.empty())
    body.get_object()["key"] = flags.key;
  return json::serialize(body);
}

int create(graph_flags& flags) {
  // One call, which Ctrl-C ends as it does any program.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_UNBLOCK, &ends, nullptr);
  const auto body = read_body(flags);
  if (!body)
    return fail_with(body.error());
  if (const int code = choose_server(flags.server); code >= 0)
    return code;
  const auto text = create_task_graph(flags.server.root_url, flags.server.by, *body);
  if (!text)
    return fail_with(text.error());
  if (flags.json) {
    std::cout << *text << std::endl;
    return exit_fine;
  }
  boost::system::error_code failed;
  const auto answer = parse_json(*text, failed);
  const auto* created =
      failed || !answer.is_object() ? nullptr : answer.get_object().if_contains("created");
  if (created == nullptr) {
    complain(flags.server.root_url + " does not answer as a Troupe server does");
    return exit_unreachable;
  }
  std::cout << "created " << json::serialize(*created) << " tasks" << std::endl;
  return exit_fine;
}

}  // namespace

command add_graph_command(CLI::App& root) {
  auto* app = root.add_subcommand("graph", "creates many tasks in one call, all or none");
  auto flags = std::make_shared<graph_flags>();
  add_server_options(*app, flags->server);
  app->add_option("--key", flags->key,
                  "by which a repeated call is known; instead of the one in the file");
  app->add_flag("--json", flags->json, "the whole answer as JSON");
  app->add_option("file", flags->file,
                  "an object with 'key' and 'tasks', definitions by their taskIds, as JSON or "
                  "(*.yml, *.yaml) YAML; - for JSON from standard input")
      ->required();
  return [flags] { return create(*flags); };
}

}  // namespace troupe
