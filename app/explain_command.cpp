#include "app/chosen_server.hpp"
#include "app/commands.hpp"
#include "app/task_client.hpp"
#include "messages/ids.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include <pthread.h>
#include <csignal>
#include <iostream>
#include <memory>

namespace troupe {

namespace json = boost::json;

namespace {

struct explain_flags {
  chosen_server server;
  std::string task;
  bool json = false;
};

// The summary has the first reason in it already.
void print(const json::object& explanation, std::ostream& out) {
  out << explanation.at("summary").as_string().c_str() << '\n';
  bool first = true;
  for (const auto& reason : explanation.at("reasons").as_array()) {
    if (!std::exchange(first, false))
      out << "Also: " << reason.at("text").as_string().c_str() << '\n';
    out << "  What would change it: " << reason.at("change").as_string().c_str() << '\n';
  }
  out << std::flush;
}

int explain(explain_flags& flags) {
  // One short call, which Ctrl-C ends as it does any program.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_UNBLOCK, &ends, nullptr);
  if (const int code = choose_server(flags.server); code >= 0)
    return code;
  const auto& server = flags.server;
  const auto text = ask_why(server.root_url, server.by, flags.task);
  if (!text)
    return fail_with(text.error());
  if (flags.json) {
    std::cout << *text << std::endl;
    return exit_fine;
  }
  try {
    print(json::parse(*text).as_object(), std::cout);
  } catch (const std::exception&) {
    complain(server.root_url + " does not explain as a Troupe server does");
    return exit_unreachable;
  }
  return exit_fine;
}

}  // namespace

command add_explain_command(CLI::App& root) {
  auto* app = root.add_subcommand("explain", "says why a task does not run");
  auto flags = std::make_shared<explain_flags>();
  add_server_options(*app, flags->server);
  app->add_flag("--json", flags->json, "the whole explanation as JSON");
  app->add_option("taskId", flags->task, "the task")->required()->check([](const std::string& id) {
    return is_slugid(id) ? std::string{} : "must be a slugid of 22 characters, not '" + id + "'";
  });
  return [flags] { return explain(*flags); };
}

}  // namespace troupe
