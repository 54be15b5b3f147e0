#include "tests/bench/options.hpp"

#include "tests/bench/text.hpp"

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <functional>
#include <map>
#include <set>
#include <string_view>

namespace troupe_load {

const char* const usage =
    "usage: troupe_load --root-url http://HOST:PORT --client-id ID --access-token TOKEN [options]\n"
    "  --mode M            lifecycle (default) | create | status | handoff | raw | list-group |\n"
    "                      get | index-insert | index-find | follow-log | drain-log |\n"
    "                      write-lines | write-megabytes | hash-loop (the last three need no "
    "server)\n"
    "  --concurrency N     requests in flight, one connection each (1)\n"
    "  --tasks N           tasks (or requests, in status/raw/list-group mode) to do (1000)\n"
    "  --warmup N          uncounted tasks first (0)\n"
    "  --max-seconds S     give up after this long (300)\n"
    "  --batch N           tasks asked for in one claimWork (32)\n"
    "  --group-size N      tasks sharing one taskGroupId (100)\n"
    "  --group-id ID       one taskGroupId for all tasks; list-group: the group to read\n"
    "  --payload-bytes N   size of a task definition (2048)\n"
    "  --queue P/W         taskQueueId (a fresh one)       --worker-group, --worker-id, "
    "--scheduler\n"
    "  --queues N          create: tasks go to N queues in turn, each named as above and a number "
    "(1)\n"
    "  --own-creds         report with the caller's credentials, not each claim's temporary ones\n"
    "  --hash-payload      put a payload hash in the Hawk header\n"
    "  --certificate JSON  certificate, where the credentials are temporary\n"
    "  --rate R            open loop: R requests a second (create, status, raw)\n"
    "  --pollers N --gap-ms G --jitter-ms J   handoff: parked claimWork calls, pause before each "
    "create (1, 30, 1000)\n"
    "  --method M --path P raw: what to send, unsigned (GET /api/queue/v1/ping); non-GET carries a "
    "task body\n"
    "                      get: GET P, signed; POST of --body TEXT when there is one\n"
    "  --prefill N         status: tasks to create and then read in turn (64)\n"
    "                      index-find: how many entries index-insert has made\n"
    "  --page-size N       list-group: tasks of a page (1000)\n"
    "  --task-id ID --run-id N   follow-log: whose log to follow by WebSocket, from its begin on\n"
    "  --followers N       drain-log: so many follow it (1)\n"
    "  --seconds S --interval-ms I   write-lines: how long, and the pause between lines (5, 5)\n"
    "  --line-bytes N --megabytes M  write-lines, write-megabytes: length of a line, and how much "
    "(20, 100)\n"
    "  --verify N          lifecycle: read this many tasks back at the end (20)\n"
    "  --connect H:P       connect here instead of the root URL's host and port\n"
    "  --watch NAME=PID,.. report CPU and memory of these process trees (repeatable)\n"
    "  --retries N  --seed N  --label TEXT\n";

namespace {

using setter = std::function<void(options&, const std::string&)>;

setter text(std::string options::*field) {
  return [field](options& o, const std::string& value) { o.*field = value; };
}

setter number(int options::*field, int least = INT_MIN) {
  return [field, least](options& o, const std::string& value) {
    o.*field = std::max(least, std::atoi(value.c_str()));
  };
}

setter number(long options::*field) {
  return [field](options& o, const std::string& value) { o.*field = std::atol(value.c_str()); };
}

setter number(double options::*field) {
  return [field](options& o, const std::string& value) { o.*field = std::atof(value.c_str()); };
}

void add_watch(options& o, const std::string& value) {
  for (std::size_t at = 0; at < value.size();) {
    const auto comma = std::min(value.find(',', at), value.size());
    const auto item = value.substr(at, comma - at);
    const auto equals = item.find('=');
    if (equals == std::string::npos)
      die("--watch wants NAME=PID");
    o.watch.emplace_back(item.substr(0, equals),
                         static_cast<pid_t>(std::atoi(item.c_str() + equals + 1)));
    at = comma + 1;
  }
}

const std::map<std::string_view, setter>& setters() {
  static const std::map<std::string_view, setter> all{
      {"--root-url", text(&options::root_url)},
      {"--connect", text(&options::connect)},
      {"--client-id", text(&options::client_id)},
      {"--access-token", text(&options::access_token)},
      {"--certificate", text(&options::certificate)},
      {"--mode", text(&options::mode)},
      {"--path", text(&options::path)},
      {"--body", text(&options::body)},
      {"--method", text(&options::method)},
      {"--label", text(&options::label)},
      {"--queue", text(&options::queue)},
      {"--group-id", text(&options::group_id)},
      {"--task-id", text(&options::task_id)},
      {"--worker-group", text(&options::worker_group)},
      {"--worker-id", text(&options::worker_id)},
      {"--scheduler", text(&options::scheduler)},
      {"--concurrency", number(&options::concurrency, 1)},
      {"--batch", number(&options::batch, 1)},
      {"--group-size", number(&options::group_size)},
      {"--payload-bytes", number(&options::payload_bytes, 0)},
      {"--verify", number(&options::verify)},
      {"--retries", number(&options::retries)},
      {"--pollers", number(&options::pollers, 1)},
      {"--gap-ms", number(&options::gap_ms)},
      {"--jitter-ms", number(&options::jitter_ms)},
      {"--prefill", number(&options::prefill, 1)},
      {"--page-size", number(&options::page_size, 1)},
      {"--queues", number(&options::queues, 1)},
      {"--run-id", number(&options::run_id, 0)},
      {"--followers", number(&options::followers, 1)},
      {"--line-bytes", number(&options::line_bytes, 2)},
      {"--megabytes", number(&options::megabytes)},
      {"--tasks", number(&options::tasks)},
      {"--warmup", number(&options::warmup)},
      {"--max-seconds", number(&options::max_seconds)},
      {"--rate", number(&options::rate)},
      {"--seconds", number(&options::seconds)},
      {"--interval-ms", number(&options::interval_ms)},
      {"--seed",
       [](options& o, const std::string& value) {
         o.seed = std::strtoull(value.c_str(), nullptr, 10);
       }},
      {"--watch", add_watch},
  };
  return all;
}

bool makes_sense(const options& o) {
  static const std::set<std::string_view> without_server{"write-lines", "write-megabytes",
                                                         "hash-loop"};
  static const std::set<std::string_view> with_server{
      "lifecycle",  "create",    "status", "handoff",      "raw",       "list-group",
      "follow-log", "drain-log", "get",    "index-insert", "index-find"};
  if (without_server.contains(o.mode))
    return true;
  if (o.mode == "list-group" && o.group_id.empty())
    return false;
  if ((o.mode == "follow-log" || o.mode == "drain-log") && o.task_id.empty())
    return false;
  return with_server.contains(o.mode) && !o.root_url.empty();
}

}  // namespace

std::optional<options> read_options(int argc, char** argv) {
  options o;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--own-creds") {
      o.own_creds = true;
    } else if (word == "--hash-payload") {
      o.hash_payload = true;
    } else if (const auto found = setters().find(word); found == setters().end()) {
      return std::nullopt;
    } else if (++i == argc) {
      die("missing value for " + std::string{word});
    } else {
      found->second(o, argv[i]);
    }
  }
  if (!makes_sense(o))
    return std::nullopt;
  return o;
}

}  // namespace troupe_load
