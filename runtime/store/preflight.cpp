#include "runtime/store/preflight.hpp"

#include <hiredis/hiredis.h>

#include <charconv>
#include <chrono>
#include <cstdarg>
#include <memory>
#include <thread>

namespace troupe {

namespace {

using context_ptr = std::unique_ptr<redisContext, void (*)(redisContext*)>;

api_error refuse(std::string text) {
  return make_api_error(error_code::service_unavailable, std::move(text));
}

context_ptr open_context(const redis_endpoint& where) {
  const timeval patience{2, 0};
  auto* raw = where.unix_path.empty()
                  ? redisConnectWithTimeout(where.host.c_str(), where.port, patience)
                  : redisConnectUnixWithTimeout(where.unix_path.c_str(), patience);
  if (raw != nullptr && raw->err == 0)
    redisSetTimeout(raw, timeval{5, 0});
  return {raw, &redisFree};
}

redis_reply ask(redisContext& context, std::vector<std::string> words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const auto& word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  return redis_reply{static_cast<redisReply*>(
      redisCommandArgv(&context, static_cast<int>(words.size()), texts.data(), sizes.data()))};
}

std::string info_field(std::string_view info, std::string_view field) {
  const auto at = info.find(std::string{field} + ":");
  if (at == std::string_view::npos)
    return {};
  const auto begin = at + field.size() + 1;
  return std::string{info.substr(begin, info.find_first_of("\r\n", begin) - begin)};
}

bool is_old(const std::string& version) {
  int major = 0;
  int minor = 0;
  const auto dot = version.find('.');
  std::from_chars(version.data(), version.data() + version.size(), major);
  if (dot != std::string::npos)
    std::from_chars(version.data() + dot + 1, version.data() + version.size(), minor);
  return major < 6 || (major == 6 && minor < 2);
}

outcome<void> log_in(redisContext& context, const redis_endpoint& where) {
  std::vector<std::vector<std::string>> steps;
  if (!where.password.empty())
    steps.push_back(where.username.empty()
                        ? std::vector<std::string>{"AUTH", where.password}
                        : std::vector<std::string>{"AUTH", where.username, where.password});
  if (where.database != 0)
    steps.push_back({"SELECT", std::to_string(where.database)});
  for (auto& step : steps) {
    const auto reply = ask(context, step);
    if (reply.get() == nullptr || reply.is_error())
      return refuse("Redis at " + where.describe() + " refuses the login: " +
                    std::string{reply.text()} + "; check user and password of --redis");
  }
  return boost::system::in_place_value;
}

outcome<void> check_layout(redisContext& context, const redis_endpoint& where) {
  const auto wanted = std::to_string(store_layout);
  const auto made = ask(context, {"SETNX", "troupe:layout", wanted});
  if (made.get() == nullptr || made.is_error())
    return refuse("Redis at " + where.describe() + " does not take writes: " +
                  std::string{made.text()} + "; give it memory and disk, or name a primary");
  const auto found = ask(context, {"GET", "troupe:layout"});
  if (found.text() != wanted)
    return refuse("the data in Redis at " + where.describe() + " has layout " +
                  std::string{found.text()} + ", this program knows layout " + wanted +
                  "; use the version of troupe that wrote it, or other data");
  return boost::system::in_place_value;
}

outcome<preflight_report> check_settings(redisContext& context, const redis_endpoint& where) {
  preflight_report report;
  const auto info = ask(context, {"INFO"});
  report.redis_version = info_field(info.text(), "redis_version");
  if (is_old(report.redis_version))
    return refuse("Redis at " + where.describe() + " is version " + report.redis_version +
                  "; troupe needs 6.2 or newer");
  const auto policy = info_field(info.text(), "maxmemory_policy");
  if (!policy.empty() && policy != "noeviction")
    return refuse("Redis at " + where.describe() +
                  " would drop data when memory is short "
                  "(maxmemory-policy " +
                  policy + "); set maxmemory-policy noeviction");
  if (info_field(info.text(), "role") == "slave")
    return refuse("Redis at " + where.describe() + " is a replica; name the primary in --redis");
  if (info_field(info.text(), "aof_enabled") == "0")
    report.warnings.push_back("Redis at " + where.describe() +
                              " keeps no append-only file: what is acknowledged can be lost when "
                              "it stops; set appendonly yes and appendfsync always");
  return report;
}

}  // namespace

outcome<preflight_report> check_redis(const redis_endpoint& where,
                                      std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  std::string last_trouble = "no answer";
  do {
    auto context = open_context(where);
    if (!context || context->err != 0) {
      last_trouble = context ? context->errstr : "out of memory";
    } else {
      TROUPE_CHECK(log_in(*context, where));
      const auto ping = ask(*context, {"PING"});
      if (ping.text() == "PONG") {
        TROUPE_TRY(auto report, check_settings(*context, where));
        TROUPE_CHECK(check_layout(*context, where));
        return report;
      }
      last_trouble = std::string{ping.text()};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  } while (std::chrono::steady_clock::now() < until);
  return refuse("cannot use Redis at " + where.describe() + ": " + last_trouble +
                "; start it, or name another with --redis");
}

}  // namespace troupe
