#pragma once

#include "runtime/config/settings.hpp"

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// One setting as it can be given: `--http-port`, `TROUPE_HTTP_PORT`, and `http-port` in the
/// configuration file.
struct setting_option {
  std::string_view name;   ///< `http-port`
  std::string_view value;  ///< what stands for the value in a usage text: `PORT`
  std::string_view help;
  bool secret = false;  ///< its value is not shown by `--print-config`

  /// Reads the text into the settings; empty when it was good, otherwise what is wrong with it.
  std::string (*read)(settings& into, const std::string& text) = nullptr;
  /// The value as it would be written.
  std::string (*write)(const settings& from) = nullptr;
};

/// All settings, in the order in which they are shown.
std::span<const setting_option> setting_options();

/// `TROUPE_HTTP_PORT` for `http-port`.
std::string environment_name(std::string_view option_name);

/// Where settings may come from; the first in this order that has a value wins.
struct setting_sources {
  std::map<std::string, std::string, std::less<>> flags;  ///< by option name
  /// The value of an environment variable.
  std::function<std::optional<std::string>(const std::string& variable)> environment;
  std::string file;  ///< path of a YAML file; empty: none
  /// What a program has instead of the general defaults, by option name; valid.
  std::map<std::string, std::string, std::less<>> defaults;
};

/// The settings, where each came from, and what was wrong.
struct loaded_settings {
  settings values;
  /// By option name: `default`, `file <path>`, `environment <variable>` or `flag`.
  std::map<std::string, std::string, std::less<>> origins;
  /// One line for each bad value; the settings are to be used only when there is none.
  std::vector<std::string> problems;
};

/// Puts the settings together and checks them.
loaded_settings load_settings(const setting_sources& sources);

/// A table of name, value and origin, one setting a line, for `--print-config`. Secrets are hidden.
std::string describe_settings(const loaded_settings& loaded);

}  // namespace troupe
