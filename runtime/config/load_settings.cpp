#include "runtime/config/load_settings.hpp"

#include <yaml-cpp/yaml.h>
#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>

namespace troupe {

namespace {

using text_map = std::map<std::string, std::string, std::less<>>;

boost::json::value to_json(const YAML::Node& node) {
  if (node.IsSequence()) {
    boost::json::array list;
    for (const auto& item : node)
      list.push_back(to_json(item));
    return list;
  }
  if (node.IsMap()) {
    boost::json::object object;
    for (const auto& item : node)
      object[item.first.as<std::string>()] = to_json(item.second);
    return object;
  }
  return node.IsNull() ? boost::json::value("") : boost::json::value(node.Scalar());
}

/// A YAML value as the text that a flag would have: lists of texts are joined by commas, other
/// structures are JSON.
std::string to_text(const YAML::Node& node) {
  if (!node.IsSequence() && !node.IsMap())
    return node.IsNull() ? std::string{} : node.Scalar();
  const bool plain = node.IsSequence() && std::all_of(node.begin(), node.end(),
                                                      [](const auto& n) { return n.IsScalar(); });
  if (!plain)
    return boost::json::serialize(to_json(node));
  std::string text;
  for (const auto& item : node)
    text += (text.empty() ? "" : ",") + item.Scalar();
  return text;
}

const setting_option* find_option(std::string_view name) {
  for (const auto& option : setting_options())
    if (option.name == name)
      return &option;
  return nullptr;
}

text_map read_file(const std::string& path, std::vector<std::string>& problems) {
  text_map values;
  std::ifstream in(path);
  if (!in) {
    problems.push_back("config: cannot read '" + path + "': check that it is there and readable");
    return values;
  }
  YAML::Node root;
  try {
    root = YAML::Load(in);
  } catch (const YAML::Exception& failure) {
    problems.push_back("config: '" + path + "' line " + std::to_string(failure.mark.line + 1) +
                       ": " + failure.msg);
    return values;
  }
  if (root.IsNull())
    return values;
  if (!root.IsMap()) {
    problems.push_back("config: '" + path + "' must hold lines like 'http-port: 8080'");
    return values;
  }
  for (const auto& item : root) {
    auto name = item.first.IsScalar() ? item.first.Scalar() : std::string{};
    std::replace(name.begin(), name.end(), '_', '-');
    if (find_option(name) == nullptr)
      problems.push_back("config: '" + path + "' has the unknown setting '" + name +
                         "' (troupe serve --help lists them)");
    else
      values[name] = to_text(item.second);
  }
  return values;
}

struct found_value {
  std::string text;
  std::string origin;
};

std::optional<found_value> find_value(const setting_option& option, const setting_sources& sources,
                                      const text_map& file) {
  const std::string name{option.name};
  if (const auto flag = sources.flags.find(name); flag != sources.flags.end())
    return found_value{flag->second, "flag"};
  if (sources.environment) {
    std::vector<std::string> variables{environment_name(name)};
    if (name == "claim-timeout")
      variables.emplace_back("TASK_CLAIM_TIMEOUT");
    for (const auto& variable : variables)
      if (auto text = sources.environment(variable))
        return found_value{*text, "environment " + variable};
  }
  if (const auto item = file.find(name); item != file.end())
    return found_value{item->second, "file " + sources.file};
  return std::nullopt;
}

// Everything that makes up a store, or nothing of it.
void check_s3(const settings& values, std::vector<std::string>& problems) {
  if (!values.knows_s3())
    return;
  const std::pair<std::string_view, const std::string&> needed[] = {
      {"s3-public-bucket", values.s3_public_bucket},
      {"s3-private-bucket", values.s3_private_bucket},
      {"s3-access-key-id", values.s3_access_key_id},
      {"s3-secret-access-key-file", values.s3_secret_file},
  };
  for (const auto& [name, value] : needed)
    if (value.empty())
      problems.push_back(std::string{name} + ": is missing, and artifacts in S3 need it");
  if (!values.s3_public_bucket.empty() && values.s3_public_bucket == values.s3_private_bucket &&
      !values.s3_sign_public_urls)
    problems.emplace_back(
        "s3-private-bucket: must not be s3-public-bucket, which everybody may read, unless "
        "s3-sign-public-urls is true");
}

// Whoever reaches dev mode may delete everything.
void check_dev_mode(const settings& values, std::vector<std::string>& problems) {
  const auto& host = values.listen;
  const bool is_loopback =
      host.starts_with("127.") || host == "localhost" || host == "::1" || host == "[::1]";
  if (values.dev_mode && !is_loopback && values.dev_token.empty())
    problems.push_back("dev-mode: whoever reaches " + host +
                       " could delete everything; listen on 127.0.0.1, or set dev-token");
}

void check_together(const settings& values, std::vector<std::string>& problems) {
  check_dev_mode(values, problems);
  if (values.answer_timeout_s + values.claim_wait_s > 3600)
    problems.emplace_back("answer-timeout: together with claim-wait it exceeds an hour");
  if (values.local_workers_min > values.local_workers_max)
    problems.push_back("local-workers-min: " + std::to_string(values.local_workers_min) +
                       " is more than local-workers-max, which is " +
                       std::to_string(values.local_workers_max) + "; raise that one, too");
  if (values.tls_certificate_file.empty() != values.tls_key_file.empty())
    problems.emplace_back("tls-certificate: HTTPS needs the certificate and its key, tls-key");
  check_s3(values, problems);
}

}  // namespace

std::string environment_name(std::string_view option_name) {
  std::string name = "TROUPE_";
  for (char c : option_name)
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

loaded_settings load_settings(const setting_sources& sources) {
  loaded_settings loaded;
  text_map file;
  if (!sources.file.empty())
    file = read_file(sources.file, loaded.problems);
  for (const auto& option : setting_options()) {
    auto& origin = loaded.origins[std::string{option.name}];
    const auto found = find_value(option, sources, file);
    if (!found) {
      origin = "default";
      if (const auto own = sources.defaults.find(option.name); own != sources.defaults.end())
        option.read(loaded.values, own->second);
      continue;
    }
    origin = found->origin;
    if (auto wrong = option.read(loaded.values, found->text); !wrong.empty())
      loaded.problems.push_back(std::string{option.name} + ": " + wrong + " (" + origin + ")");
  }
  check_together(loaded.values, loaded.problems);
  return loaded;
}

std::string describe_settings(const loaded_settings& loaded) {
  std::size_t name_width = 0;
  std::size_t value_width = 0;
  std::vector<std::array<std::string, 3>> rows;
  for (const auto& option : setting_options()) {
    auto value = option.write(loaded.values);
    if (option.secret && !value.empty() && option.name != "static-clients")
      value = "(set)";
    const auto origin = loaded.origins.find(option.name);
    rows.push_back({std::string{option.name}, value,
                    origin == loaded.origins.end() ? "default" : origin->second});
    name_width = std::max(name_width, rows.back()[0].size());
    value_width = std::max(value_width, rows.back()[1].size());
  }
  std::string text;
  for (auto& [name, value, origin] : rows) {
    name.resize(name_width, ' ');
    value.resize(value_width, ' ');
    text += name + "  " + value + "  # " + origin + "\n";
  }
  return text;
}

}  // namespace troupe
