#include "app/chosen_server.hpp"
#include "app/commands.hpp"
#include "messages/ids.hpp"
#include "workers/trust/chain_verifier.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include <pthread.h>
#include <algorithm>
#include <csignal>
#include <iostream>
#include <memory>

namespace troupe {

namespace json = boost::json;

namespace {

struct verify_flags {
  chosen_server server;
  std::string task;
  std::string keys;
  unsigned most_tasks = 20;
  bool json = false;
};

bool is_trusted(const trust_link& link) { return link.problem.empty(); }

json::object as_json(const trust_link& link) {
  json::object result;
  result["taskId"] = link.task_id;
  result["runId"] = link.run_id;
  result["trusted"] = is_trusted(link);
  if (!link.key.empty())
    result["key"] = link.key;
  result["artifacts"] = json::array(link.artifacts.begin(), link.artifacts.end());
  if (!is_trusted(link))
    result["problem"] = link.problem;
  return result;
}

void print(const trust_link& link) {
  std::cout << (is_trusted(link) ? "good " : "bad  ") << link.task_id << "/" << link.run_id << ": ";
  if (is_trusted(link))
    std::cout << "signed by " << link.key << ", artifacts as signed: " << link.artifacts.size();
  else
    std::cout << link.problem;
  std::cout << '\n';
}

int verify(verify_flags& flags) {
  // Ctrl-C ends it as it does any program.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_UNBLOCK, &ends, nullptr);
  auto keys = verifying_keys::read(flags.keys);
  if (!keys)
    return fail_with(keys.error());
  if (const int code = choose_server(flags.server); code >= 0)
    return code;
  chain_verifier verifier{flags.server.root_url, flags.server.by, std::move(*keys),
                          flags.most_tasks};
  const auto links = verifier.verify(flags.task);
  if (!links)
    return fail_with(links.error());
  const bool trusted = std::all_of(links->begin(), links->end(), is_trusted);
  json::array all;
  for (const auto& link : *links) {
    if (flags.json)
      all.push_back(as_json(link));
    else
      print(link);
  }
  if (flags.json)
    std::cout << json::serialize(json::object{{"trusted", trusted}, {"tasks", all}}) << '\n';
  std::cout << std::flush;
  return trusted ? exit_fine : exit_task_failed;
}

}  // namespace

command add_verify_command(CLI::App& root) {
  auto* app = root.add_subcommand(
      "verify-task", "verifies the chain of trust of a task and of all that it was made of");
  auto flags = std::make_shared<verify_flags>();
  add_server_options(*app, flags->server);
  app->add_option("--keys", flags->keys,
                  "file of the public keys of trusted workers, a line each: the base64 of 32 bytes")
      ->required();
  app->add_option("--max-tasks", flags->most_tasks, "longer chains are not trusted")
      ->check(CLI::Range(1U, 10'000U))
      ->capture_default_str();
  app->add_flag("--json", flags->json, "what was found out, as JSON");
  app->add_option("taskId", flags->task, "the task")->required()->check([](const std::string& id) {
    return is_slugid(id) ? std::string{} : "must be a slugid of 22 characters, not '" + id + "'";
  });
  return [flags] { return verify(*flags); };
}

}  // namespace troupe
