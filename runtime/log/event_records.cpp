#include "runtime/log/event_records.hpp"

#include "messages/json_text.hpp"
#include "runtime/log/log.hpp"

#include <boost/json.hpp>

#include <array>
#include <string_view>

namespace troupe {

namespace {

constexpr std::string_view queue_exchanges = "exchange/taskcluster-queue/v1/";

// Words of a routing key. None of them is escaped in JSON: their patterns admit nothing that would.
enum word : std::size_t {
  task_id_word = 1,
  run_id_word,
  worker_group_word,
  worker_id_word,
  provisioner_word,
  worker_type_word,
  words_of_interest,
};

using key_words = std::array<std::string_view, words_of_interest>;

key_words words_of(std::string_view key) {
  key_words words;
  for (auto& word : words) {
    const auto end = key.find('.');
    word = key.substr(0, end);
    key.remove_prefix(end == std::string_view::npos ? key.size() : end + 1);
  }
  return words;
}

void append_text(std::string& out, std::string_view name, std::string_view text) {
  if (!out.empty())
    out += ',';
  out += '"';
  out += name;
  out += "\":";
  append_json_string(out, text);
}

void append_run(std::string& out, const key_words& words) {
  append_text(out, "taskId", words[task_id_word]);
  if (words[run_id_word].empty() || words[run_id_word] == "_")
    return;
  out += ",\"runId\":";
  out += words[run_id_word];
}

// Members of the payload, as they are.
void append_members(std::string& out, std::string_view payload,
                    std::initializer_list<std::string_view> names) {
  boost::system::error_code failed;
  const auto parsed = boost::json::parse(payload, failed);
  const auto* object = failed ? nullptr : parsed.if_object();
  if (object == nullptr)
    return;
  for (const auto name : names)
    if (const auto* value = object->if_contains(name)) {
      out += out.empty() ? "\"" : ",\"";
      out += name;
      out += "\":";
      out += boost::json::serialize(*value);
    }
}

std::string_view type_of(const event& what) {
  return what.exchange.starts_with(queue_exchanges) ? what.exchange.substr(queue_exchanges.size())
                                                    : std::string_view{};
}

}  // namespace

void append_event_fields(std::string& out, const event& what) {
  const auto type = type_of(what);
  const auto words = words_of(what.routing_key);
  if (type == "task-group-sealed") {
    append_members(out, what.payload, {"taskGroupId", "schedulerId"});
  } else if (type == "task-group-priority-changed") {
    append_members(out, what.payload,
                   {"taskGroupId", "schedulerId", "newPriority", "tasksAffected"});
  } else if (type == "task-priority-changed") {
    append_text(out, "taskId", words[task_id_word]);
    append_members(out, what.payload, {"oldPriority", "newPriority"});
  } else if (type.starts_with("task-") && !type.starts_with("task-group-")) {
    append_run(out, words);
  }
}

void append_claim_fields(std::string& out, const event& running) {
  const auto words = words_of(running.routing_key);
  std::string queue{words[provisioner_word]};
  queue += '/';
  queue += words[worker_type_word];
  append_text(out, "taskQueueId", queue);
  append_text(out, "workerGroup", words[worker_group_word]);
  append_text(out, "workerId", words[worker_id_word]);
  out += ',';
  std::string run;
  append_run(run, words);
  out += run;
}

void event_records::on_event(const event& what) {
  // What services and others publish is no record of the queue.
  if (what.id.stream >= shard_count || !log_enabled(severity::notice, "queue"))
    return;
  record_head head;
  head.level = severity::notice;
  head.logger = "taskcluster.queue";
  head.time_us = what.time.ms * 1000;
  const auto add = [&](std::string_view type, void (*append)(std::string&, const event&)) {
    fields_.clear();
    append(fields_, what);
    if (fields_.empty())
      return;
    head.type = type;
    append_record(lines_, head, "{" + fields_ + ",\"v\":1}");
  };
  const auto type = type_of(what);
  if (type == "task-running")
    add("task-claimed", &append_claim_fields);
  add(type, &append_event_fields);
}

void event_records::on_group_end() {
  write_records(lines_);
  lines_.clear();
}

}  // namespace troupe
