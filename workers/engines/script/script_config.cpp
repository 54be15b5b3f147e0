#include "workers/engines/script/script_config.hpp"

#include "runtime/config/file_section.hpp"

#include <boost/json.hpp>

#include <unistd.h>
#include <charconv>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace troupe {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

constexpr std::int64_t longest_run_s = 30 * 86'400;
constexpr std::int64_t most_tasks_of_a_chain = 10'000;
constexpr int largest_exit_code = 255;

const std::pair<std::string_view, run_verdict> verdict_words[] = {
    {"completed", run_verdict::completed},
    {"failed", run_verdict::failed},
    {"worker-shutdown", run_verdict::shutdown},
    {"malformed-payload", run_verdict::malformed},
    {"resource-unavailable", run_verdict::unavailable},
    {"internal-error", run_verdict::internal},
    {"intermittent-task", run_verdict::intermittent},
};

run_verdict read_verdict(const json::value& from, const std::string& name) {
  std::string all;
  for (const auto& [word, verdict] : verdict_words) {
    if (from.is_string() && std::string_view{from.get_string()} == word)
      return verdict;
    all += (all.empty() ? "" : ", ") + std::string{word};
  }
  complain(name + " must be one of " + all);
}

std::vector<std::string> read_texts(const json::value* from, const std::string& name) {
  std::vector<std::string> made;
  if (from == nullptr)
    return made;
  for (const auto& one : list_of(*from, name)) {
    if (!one.is_string() || one.get_string().empty())
      complain(name + " must be a list of texts that are not empty");
    made.emplace_back(one.get_string());
  }
  return made;
}

std::int64_t read_number(const json::value* from, const std::string& name, std::int64_t most,
                         std::int64_t otherwise) {
  if (from == nullptr)
    return otherwise;
  if (!from->is_int64() || from->get_int64() < 1 || from->get_int64() > most)
    complain(name + " must be a whole number from 1 to " + std::to_string(most));
  return from->get_int64();
}

bool is_program(const std::string& path) {
  std::error_code failed;
  return fs::is_regular_file(path, failed) && ::access(path.c_str(), X_OK) == 0;
}

// As the script will be looked for when it is started.
bool is_found(const std::string& program) {
  if (program.find('/') != std::string::npos)
    return is_program(program);
  const char* path = std::getenv("PATH");
  std::istringstream places{path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin"};
  for (std::string place; std::getline(places, place, ':');)
    if (is_program(place + "/" + program))
      return true;
  return false;
}

std::vector<std::string> read_command(const json::value* from, const std::string& name,
                                      const std::string& directory) {
  auto words = read_texts(from, name);
  if (words.empty())
    complain(name + " must be a list of texts: a program and its arguments");
  auto& program = words.front();
  if (program.find('/') != std::string::npos && !program.starts_with('/'))
    program = (fs::path{directory} / program).lexically_normal().string();
  if (!is_found(program))
    complain(name + ".0: there is no program '" + program + "' that can be run");
  return words;
}

std::map<std::string, std::string> read_env(const json::value* from, const std::string& name) {
  std::map<std::string, std::string> made;
  if (from == nullptr)
    return made;
  for (const auto& [variable, value] : map_of(*from, name, "variables by name")) {
    if (!value.is_string())
      complain(name + "." + std::string{variable} + " must be a text");
    made.emplace(variable, value.get_string());
  }
  return made;
}

exit_table read_exit_codes(const json::value* from, const std::string& name) {
  auto table = usual_exit_codes();
  if (from == nullptr)
    return table;
  for (const auto& [key, value] : map_of(*from, name, "results by exit code")) {
    int code = -1;
    const auto* end = key.data() + key.size();
    if (std::from_chars(key.data(), end, code).ptr != end || code < 0 || code > largest_exit_code)
      complain(name + " has '" + std::string{key} + "' in place of an exit code from 0 to 255");
    table[code] = read_verdict(value, name + "." + std::string{key});
  }
  return table;
}

script_contract read_contract(const json::value* from, const std::string& name) {
  const std::string_view word = from != nullptr && from->is_string()
                                    ? std::string_view{from->get_string()}
                                    : std::string_view{};
  if (from == nullptr || word == "scriptworker")
    return script_contract::scriptworker;
  if (word == "standard-input")
    return script_contract::standard_input;
  complain(name + " must be scriptworker or standard-input");
}

// A script that is told by its input has no file of its own, and fixed codes.
void check_members(const file_section& in, const script_rules& script, const std::string& where) {
  if (script.contract == script_contract::standard_input)
    for (const auto* member : {"config", "exitCodes"})
      if (in.find(member) != nullptr)
        complain(where + "." + member + " is not for the contract standard-input");
  for (const auto& word : script.command)
    if (word.find(config_mark) != std::string::npos && !script.config)
      complain(where + ".command has {config}, but there is no " + where + ".config");
}

json::object read_schema(const json::value* from, const std::string& name,
                         const std::string& directory) {
  if (from == nullptr)
    complain(name + " must be there: the JSON schema of payloads, or the name of its file");
  if (from->is_object())
    return from->get_object();
  if (!from->is_string())
    complain(name + " must be a JSON schema, or the name of its file");
  const auto path = (fs::path{directory} / std::string_view{from->get_string()}).string();
  json::object made;
  const auto wrong = read_settings_file(path, [&](std::string_view text) {
    return read_settings_text(text, [&](const json::value& value) {
      if (!value.is_object())
        complain("it must be an object, a JSON schema");
      made = value.get_object();
    });
  });
  if (!wrong.empty())
    complain(name + ": " + wrong);
  return made;
}

std::string schema_id(int number) { return "payloads/" + std::to_string(number); }

script_rules read_script(const json::value& from, const std::string& name,
                         const std::string& directory) {
  const auto where = "scripts." + name;
  const file_section in{from,
                        where,
                        {"command", "contract", "env", "config", "maxRunTime", "timeoutResult",
                         "exitCodes", "scopes", "taskclusterProxy", "schema"}};
  script_rules made;
  made.name = name;
  made.command = read_command(in.find("command"), where + ".command", directory);
  made.env = read_env(in.find("env"), where + ".env");
  if (const auto* config = in.find("config"))
    made.config = map_of(*config, where + ".config", "what the script reads of itself");
  made.max_run_time = std::chrono::seconds{
      read_number(in.find("maxRunTime"), where + ".maxRunTime", longest_run_s, 1200)};
  if (const auto* result = in.find("timeoutResult"))
    made.timeout_result = read_verdict(*result, where + ".timeoutResult");
  made.exit_codes = read_exit_codes(in.find("exitCodes"), where + ".exitCodes");
  made.scopes = read_texts(in.find("scopes"), where + ".scopes");
  made.proxy = in.flag("taskclusterProxy", false);
  made.schema_document = read_schema(in.find("schema"), where + ".schema", directory);
  made.contract = read_contract(in.find("contract"), where + ".contract");
  check_members(in, made, where);
  return made;
}

trust_rules read_trust(const json::value& from, const std::string& directory) {
  const file_section in{from, "chainOfTrust", {"keys", "maxTasks", "taskQueues"}};
  auto keys = verifying_keys::read((fs::path{directory} / in.text("keys")).string());
  if (!keys)
    complain("chainOfTrust.keys: " + keys.error().message);
  return {std::move(*keys),
          static_cast<std::size_t>(
              read_number(in.find("maxTasks"), "chainOfTrust.maxTasks", most_tasks_of_a_chain, 20)),
          read_texts(in.find("taskQueues"), "chainOfTrust.taskQueues")};
}

// Whether it is one that payloads can be checked by. Those that are not are thrown out in one way
// or another, by what is wrong with them.
bool is_schema(const json::object& document) {
  try {
    const json::object documents{{schema_id(0), document}};
    return schema_set{documents}.find(schema_id(0)) != nullptr;
  } catch (const std::exception&) {
    return false;
  }
}

void compile_schemas(script_config& config) {
  int number = 0;
  for (const auto& [name, script] : config.scripts) {
    if (!is_schema(script.schema_document))
      complain("scripts." + name +
               ".schema is not understood: a member has another type than JSON schemas have there, "
               "a pattern is none, or a $ref leads nowhere");
    config.schema_documents[schema_id(number++)] = script.schema_document;
  }
  config.schemas = std::make_unique<const schema_set>(config.schema_documents);
  number = 0;
  for (auto& [name, script] : config.scripts)
    script.payload_schema = config.schemas->find(schema_id(number++));
}

void read_all(const json::value& from, const std::string& directory, script_config& config) {
  const file_section in{from, "the file", {"scripts", "scopePrefixes", "chainOfTrust"}};
  const auto* scripts = in.find("scripts");
  if (scripts == nullptr || !scripts->is_object() || scripts->get_object().empty())
    complain("the file needs the member 'scripts', an object with at least one script by its name");
  for (const auto& [name, value] : scripts->get_object())
    config.scripts.emplace(name, read_script(value, std::string{name}, directory));
  config.scope_prefixes = read_texts(in.find("scopePrefixes"), "scopePrefixes");
  if (const auto* trust = in.find("chainOfTrust"))
    config.trust = read_trust(*trust, directory);
  compile_schemas(config);
}

}  // namespace

const exit_table& usual_exit_codes() {
  // 6 once was `superseded`, which queues do not take any more. The last two are how some systems
  // show that a program was killed by SIGSEGV or SIGTERM.
  static const exit_table table = {
      {0, run_verdict::completed},      {1, run_verdict::failed},
      {2, run_verdict::shutdown},       {3, run_verdict::malformed},
      {4, run_verdict::unavailable},    {5, run_verdict::internal},
      {6, run_verdict::failed},         {7, run_verdict::intermittent},
      {245, run_verdict::intermittent}, {241, run_verdict::intermittent}};
  return table;
}

outcome<std::shared_ptr<const script_config>> read_script_config_text(
    std::string_view text, const std::string& directory) {
  auto made = std::make_shared<script_config>();
  auto wrong = read_settings_text(
      text, [&](const json::value& value) { read_all(value, directory, *made); });
  if (!wrong.empty())
    return make_api_error(error_code::input_error, std::move(wrong));
  return std::shared_ptr<const script_config>{std::move(made)};
}

outcome<std::shared_ptr<const script_config>> read_script_config(const std::string& path) {
  std::error_code failed;
  const auto directory = fs::absolute(path, failed).parent_path().string();
  std::shared_ptr<const script_config> made;
  auto wrong = read_settings_file(path, [&](std::string_view text) {
    auto read = read_script_config_text(text, directory);
    if (!read)
      return std::move(read.error().message);
    made = std::move(*read);
    return std::string{};
  });
  if (!wrong.empty())
    return make_api_error(error_code::input_error, "--script-config: " + wrong);
  return made;
}

}  // namespace troupe
