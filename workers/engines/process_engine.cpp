#include "workers/engines/process_engine.hpp"

#include "workers/engines/payload_schema.hpp"

#include <boost/json/value.hpp>

#include <cstdlib>
#include <filesystem>

namespace troupe {

namespace json = boost::json;

namespace {

class process_run : public engine_run {
 public:
  process_run(const process_engine_options& options, const run_facts& facts,
              std::vector<std::string>& problems)
      : options_(options),
        directory_(facts.directory),
        payload_(read_payload(payload_of(facts.task), problems)) {
    check_payload(payload_, facts.task, problems);
    check_offers(
        payload_,
        {options_.signs, !options_.sandbox || options_.sandbox->network, options_.devices->kinds()},
        problems);
    // A /tmp of the sandbox, which must be there before anything is mounted.
    std::error_code failed;
    if (options_.sandbox)
      std::filesystem::create_directories(directory_ + "/tmp", failed);
  }

  const task_payload& payload() const override { return payload_; }

  std::vector<std::string> needed_scopes() const override {
    return troupe::needed_scopes(payload_, options_.pool);
  }

  std::vector<std::vector<std::string>> scope_choices() const override {
    return troupe::scope_choices(payload_, options_.pool);
  }

  // Nothing is lent when the run is interrupted, which it finds out by itself.
  std::optional<run_verdict> prepare(run_desk& desk) override {
    if (payload_.devices.any())
      if (auto lent = options_.devices->lend(payload_.devices, desk))
        lent_ = std::move(*lent);
    return {};
  }

  void close(run_desk&) override { lent_ = {}; }

  std::optional<command_line> shell(const run_surroundings& around) const override {
    // The best that there is.
    const std::vector<std::string> words = {
        "/bin/sh", "-c", "command -v bash >/dev/null 2>&1 && exec bash; exec sh"};
    auto env = environment(around.fixed);
    env["TERM"] = "xterm-256color";
    return command_line{{}, contained(words), directory_ + "/work", std::move(env)};
  }

  std::vector<command_line> commands(const run_surroundings& around) override {
    const auto env = environment(around.fixed);
    std::vector<command_line> lines;
    for (const auto& words : payload_.commands) {
      std::string shown;
      for (const auto& word : words)
        shown += (shown.empty() ? "" : " ") + word;
      lines.push_back({shown, contained(words), directory_ + "/work", env});
    }
    return lines;
  }

 private:
  std::vector<std::string> contained(const std::vector<std::string>& words) const {
    if (!options_.sandbox)
      return words;
    auto rules = *options_.sandbox;
    rules.devices = lent_.paths();
    return sandboxed(rules, directory_, words);
  }

  std::map<std::string, std::string> environment(
      const std::map<std::string, std::string>& fixed) const {
    std::map<std::string, std::string> env;
    for (const char* name : {"PATH", "HOME", "USER", "LANG", "TMPDIR", "TERM"})
      if (const char* value = std::getenv(name))
        env[name] = value;
    if (options_.sandbox)
      env["TMPDIR"] = "/tmp";
    env.emplace("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
    for (const auto& [name, value] : payload_.env)
      env[name] = value;
    for (const auto& [name, value] : fixed)
      env[name] = value;
    env["TASK_WORKDIR"] = directory_ + "/work";
    if (!lent_.video().empty())
      env["TASKCLUSTER_VIDEO_DEVICE"] = lent_.video();
    return env;
  }

  const process_engine_options& options_;
  const std::string directory_;
  const task_payload payload_;
  device_shelf::loan lent_;
};

class process_engine : public engine {
 public:
  explicit process_engine(process_engine_options options) : options_(std::move(options)) {}

  std::string_view name() const override { return "process"; }

  std::string_view schema() const override { return payload_schema(); }

  bool is_meant_by(const json::value& payload) const override {
    return payload.is_object() && payload.get_object().contains("command") &&
           !payload.get_object().contains("image");
  }

  std::unique_ptr<engine_run> open(const run_facts& facts,
                                   std::vector<std::string>& problems) override {
    return std::make_unique<process_run>(options_, facts, problems);
  }

 private:
  const process_engine_options options_;
};

}  // namespace

std::shared_ptr<engine> make_process_engine(process_engine_options options) {
  return std::make_shared<process_engine>(std::move(options));
}

}  // namespace troupe
