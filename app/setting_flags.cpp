#include "app/commands.hpp"

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <iostream>

namespace troupe {

setting_flags::setting_flags(CLI::App& app,
                             std::map<std::string, std::string, std::less<>> defaults)
    : defaults_(std::move(defaults)) {
  const auto options = setting_options();
  given_.reserve(options.size());
  for (const auto& option : options) {
    auto& slot = given_.emplace_back(std::string{option.name}, std::string{});
    auto names = "--" + slot.first;
    if (slot.first == "local-worker-capacity")
      names += ",--capacity";
    app.add_option(names, slot.second, std::string{option.help})
        ->type_name(std::string{option.value})
        ->group("Settings");
  }
  app.add_flag("--dev", dev_, "the same as --dev-mode true");
  app.add_option("--config", file_, "YAML file with settings")->type_name("FILE");
  app.add_flag("--print-config", print_, "show every setting and where it comes from, and end");
  app_ = &app;
}

int setting_flags::load(loaded_settings& into) {
  setting_sources sources;
  for (const auto& [name, value] : given_)
    if (app_->count("--" + name) > 0)
      sources.flags[name] = value;
  if (dev_)
    sources.flags.try_emplace("dev-mode", "true");
  sources.environment = [](const std::string& variable) -> std::optional<std::string> {
    const char* value = std::getenv(variable.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>{value};
  };
  sources.file = file_;
  sources.defaults = defaults_;
  into = load_settings(sources);
  for (const auto& problem : into.problems)
    complain(problem);
  if (!into.problems.empty())
    return exit_usage;
  if (print_) {
    std::cout << describe_settings(into);
    return exit_fine;
  }
  return -1;
}

void complain(const std::string& text) { std::cerr << "troupe: " << text << std::endl; }

}  // namespace troupe
