#include "app/chosen_server.hpp"
#include "app/commands.hpp"
#include "app/task_client.hpp"
#include "messages/json_parser.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include <pthread.h>
#include <csignal>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <sstream>

namespace troupe {

namespace json = boost::json;

namespace {

struct why_flags {
  chosen_server server;
  std::string method;
  std::vector<std::string> values;
  std::vector<std::string> query;
  std::string payload;
  std::string of_client;
  std::vector<std::string> of_scopes;
  bool json = false;
};

api_error wrong(std::string text) {
  return make_api_error(error_code::input_error, std::move(text));
}

outcome<json::value> read_payload(const std::string& file) {
  std::ifstream in;
  if (file != "-")
    in.open(file, std::ios::binary);
  auto& from = file == "-" ? std::cin : in;
  if (!from)
    return wrong("cannot read " + file);
  const std::string text{std::istreambuf_iterator<char>{from}, {}};
  boost::system::error_code failed;
  auto value = parse_json(text, failed);
  if (failed)
    return wrong(file + " is not JSON: " + failed.message());
  return value;
}

outcome<std::string> question_of(const why_flags& flags) {
  const auto dot = flags.method.find('.');
  if (dot == std::string::npos)
    return wrong("the method is written as service and name, like queue.createTask");
  json::object question{{"service", flags.method.substr(0, dot)},
                        {"method", flags.method.substr(dot + 1)},
                        {"params", json::value_from(flags.values)}};
  json::object query;
  for (const auto& pair : flags.query) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos)
      return wrong("--query takes name=value, not '" + pair + "'");
    query[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  if (!query.empty())
    question["query"] = std::move(query);
  if (!flags.payload.empty()) {
    TROUPE_TRY(question["payload"], read_payload(flags.payload));
  }
  if (!flags.of_client.empty())
    question["clientId"] = flags.of_client;
  if (!flags.of_scopes.empty())
    question["scopes"] = json::value_from(flags.of_scopes);
  return json::serialize(question);
}

// An expression for people: what is needed of what, one scope a line.
void print_expression(std::ostream& out, const json::value& of, const std::string& indent) {
  if (of.is_string()) {
    out << indent << of.get_string().c_str() << '\n';
    return;
  }
  for (const auto& [name, parts] : of.as_object()) {
    out << indent << (name == "AllOf" ? "all of" : "any of")
        << (parts.as_array().empty() ? " nothing\n" : "\n");
    for (const auto& part : parts.as_array())
      print_expression(out, part, indent + "  ");
  }
}

void print_roles(std::ostream& out, const json::object& answer) {
  const auto* roles = answer.if_contains("roles");
  if (roles == nullptr) {
    out << "Which roles have that is for who has auth:list-roles.\n";
    return;
  }
  out << (roles->as_array().empty() ? "No role has any of that.\n" : "Roles that have it:\n");
  for (const auto& role : roles->as_array()) {
    out << "  " << role.at("roleId").as_string().c_str();
    if (!role.at("complete").as_bool()) {
      out << ", in part:";
      for (const auto& scope : role.at("grants").as_array())
        out << ' ' << scope.as_string().c_str();
    }
    out << '\n';
  }
  if (const auto* more = answer.if_contains("moreRoles"))
    out << "  and " << json::serialize(*more) << " more\n";
}

// Whether the call may be made.
bool print(const json::object& answer, std::ostream& out) {
  const auto* id = answer.if_contains("clientId");
  const auto name = std::string{answer.at("service").as_string()} + "." +
                    std::string{answer.at("method").as_string()};
  const auto who =
      id == nullptr ? std::string{"who has such scopes"} : "client " + std::string{id->as_string()};
  const bool may = answer.at("satisfied").as_bool();
  if (answer.at("public").as_bool()) {
    out << name << " is public.\n";
    return may;
  }
  out << name << (may ? ": " : ": not for ") << who << (may ? " may call it.\n" : ".\n");
  if (const auto* trouble = answer.if_contains("trouble"))
    out << trouble->as_string().c_str() << ".\n";
  out << "It takes:\n";
  print_expression(out, answer.at("needed"), "  ");
  if (const auto* missing = answer.if_contains("missing")) {
    out << "Missing:\n";
    print_expression(out, *missing, "  ");
    print_roles(out, answer);
  }
  return may;
}

int ask(const why_flags& given) {
  // One short call, which Ctrl-C ends as it does any program.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_UNBLOCK, &ends, nullptr);
  auto server = given.server;
  const auto question = question_of(given);
  if (!question)
    return fail_with(question.error());
  if (const int code = choose_server(server); code >= 0)
    return code;
  const auto text = ask_about_scopes(server.root_url, server.by, *question);
  if (!text)
    return fail_with(text.error());
  try {
    const auto answer = json::parse(*text);
    std::ostringstream words;
    const bool may = print(answer.as_object(), words);
    std::cout << (given.json ? *text + "\n" : words.str()) << std::flush;
    return may ? exit_fine : exit_not_authorised;
  } catch (const std::exception&) {
    complain(server.root_url + " does not answer as a Troupe server does");
    return exit_unreachable;
  }
}

}  // namespace

command add_auth_command(CLI::App& root) {
  auto* app = root.add_subcommand("auth", "answers questions about scopes");
  app->require_subcommand(1);
  auto* why = app->add_subcommand(
      "why", "says which scopes a call takes and which are missing; does not make the call");
  auto flags = std::make_shared<why_flags>();
  add_server_options(*why, flags->server);
  why->add_option("--query", flags->query, "a value of the query string, name=value")
      ->allow_extra_args(false);
  why->add_option("--payload", flags->payload, "file with the body as JSON; - for standard input");
  auto* client = why->add_option("--of-client", flags->of_client,
                                 "whose scopes are looked at, instead of one's own");
  why->add_option("--of-scope", flags->of_scopes, "a scope that is looked at instead of one's own")
      ->allow_extra_args(false)
      ->excludes(client);
  why->add_flag("--json", flags->json, "the whole answer as JSON");
  why->add_option("method", flags->method, "like queue.createTask")->required();
  why->add_option("values", flags->values, "of the path, in the order of the method");
  return [flags] { return ask(*flags); };
}

}  // namespace troupe
