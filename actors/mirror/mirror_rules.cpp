#include "actors/mirror/mirror_rules.hpp"

#include "messages/json_text.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace troupe {

namespace json = boost::json;

namespace {

using namespace std::chrono_literals;

// Use is written no more often: what a crash loses is the order among those of one interval.
constexpr auto use_interval = 60s;
constexpr auto longest_retry = std::chrono::seconds{1h};
constexpr auto lasting_retry = 24h;
constexpr std::size_t longest_key = 1024;
constexpr double weight_of_news = 0.3;

std::string_view name_of(copy_phase phase) {
  switch (phase) {
    case copy_phase::copying:
      return "copying";
    case copy_phase::present:
      return "present";
    case copy_phase::failed:
      return "failed";
    case copy_phase::leaving:
      return "leaving";
  }
  return {};
}

std::optional<copy_phase> phase_of(std::string_view name) {
  for (const auto phase :
       {copy_phase::copying, copy_phase::present, copy_phase::failed, copy_phase::leaving})
    if (name_of(phase) == name)
      return phase;
  return std::nullopt;
}

// A site that is no longer configured keeps nothing longer than it would have.
timestamp due_of(const kept_copy& copy, const mirror_site_settings* site) {
  // How often it failed is known a while longer.
  if (copy.row.phase == copy_phase::failed)
    return copy.row.until + longest_retry;
  if (copy.row.phase != copy_phase::present)
    return copy.row.until;
  const auto lasts = site == nullptr ? mirror_site_settings{}.lasts_s : site->lasts_s;
  return std::min(copy.row.expires, copy.used + std::chrono::seconds{lasts});
}

void put_in_order(mirror_state& state, const copy_id& id, kept_copy& copy, timestamp due) {
  state.by_time.erase({copy.due, id});
  copy.due = due;
  state.by_time.emplace(due, id);
}

void leave_account(mirror_state& state, const copy_id& id, const kept_copy& copy) {
  if (copy.row.phase != copy_phase::present)
    return;
  auto& account = state.sites[id.first];
  account.bytes -= copy.row.size;
  account.by_use.erase({copy.used, id.second});
}

}  // namespace

const mirror_site_settings* site_called(const mirror_settings& config, std::string_view id) {
  const auto found = std::find_if(config.sites.begin(), config.sites.end(),
                                  [id](const auto& site) { return site.id == id; });
  return found == config.sites.end() ? nullptr : &*found;
}

const kept_copy* known_copy(const mirror_state& state, const copy_id& id) {
  const auto found = state.copies.find(id);
  return found == state.copies.end() ? nullptr : &found->second;
}

copy_use decide_use(const mirror_state& state, const mirror_site_settings& site,
                    const wanted_blob& blob, timestamp now) {
  const auto* store = std::get_if<s3_backend_settings>(&site.store);
  const bool shown_to_all = store != nullptr && !store->sign_get_urls;
  // Everybody could read it there who knows its name.
  if (shown_to_all && !blob.open_to_all)
    return copy_use::none;
  if (store != nullptr && mirror_key(site.id, blob.name).size() > longest_key)
    return copy_use::none;
  if (blob.expires <= now)
    return copy_use::none;
  const auto* copy = known_copy(state, {site.id, blob.name});
  if (copy == nullptr)
    return blob.size && *blob.size > site.largest_bytes ? copy_use::none : copy_use::begin;
  switch (copy->row.phase) {
    case copy_phase::present:
      return due_of(*copy, &site) > now ? copy_use::serve : copy_use::none;
    case copy_phase::copying:
      return copy_use::join;
    case copy_phase::failed:
      return copy->row.until <= now ? copy_use::begin : copy_use::none;
    case copy_phase::leaving:
      return copy_use::none;
  }
  return copy_use::none;
}

bool worth_waiting(const mirror_state& state, const mirror_settings& config, std::string_view site,
                   std::optional<std::uint64_t> size, std::uint64_t copied) {
  const auto account = state.sites.find(site);
  if (!size || *size < config.waits_above_bytes || account == state.sites.end() ||
      account->second.bytes_per_s <= 0)
    return false;
  const auto missing = *size > copied ? static_cast<double>(*size - copied) : 0.0;
  return missing / account->second.bytes_per_s <= static_cast<double>(config.longest_wait_s);
}

// -- rows -----------------------------------------------------------------------------------------

copy_row begun_copy(const mirror_state& state, const mirror_settings& config, const copy_id& id,
                    timestamp expires, timestamp now) {
  copy_row row;
  if (const auto* before = known_copy(state, id))
    row.failures = before->row.failures;
  row.until = now + std::chrono::seconds{config.lease_s};
  row.expires = expires;
  return row;
}

copy_row arrived_copy(const kept_copy& before, std::uint64_t size, timestamp now) {
  copy_row row;
  row.phase = copy_phase::present;
  row.expires = before.row.expires;
  row.used = now;
  row.size = size;
  return row;
}

copy_row failed_copy(const kept_copy& before, const mirror_settings& config, std::string reason,
                     bool lasting, timestamp now) {
  copy_row row;
  row.phase = copy_phase::failed;
  row.expires = before.row.expires;
  row.failures = before.row.failures + 1;
  row.reason = std::move(reason);
  auto pause = std::chrono::seconds{config.retried_after_s};
  for (std::uint32_t i = 1; i < row.failures && pause < longest_retry; ++i)
    pause *= 2;
  row.until =
      now + (lasting ? std::chrono::seconds{lasting_retry}
                     : std::min(pause, std::max(longest_retry,
                                                std::chrono::seconds{config.retried_after_s})));
  return row;
}

copy_row leaving_copy(const kept_copy& before, timestamp then) {
  copy_row row;
  row.phase = copy_phase::leaving;
  row.expires = before.row.expires;
  row.until = then;
  return row;
}

std::optional<copy_row> used_copy(mirror_state& state, const mirror_site_settings& site,
                                  const copy_id& id, timestamp expires, timestamp now) {
  auto& copy = state.copies.at(id);
  auto& account = state.sites[id.first];
  account.by_use.erase({copy.used, id.second});
  copy.used = std::max(copy.used, now);
  account.by_use.emplace(copy.used, id.second);
  put_in_order(state, id, copy, due_of(copy, &site));
  if (copy.row.expires >= expires && copy.used < copy.row.used + use_interval)
    return std::nullopt;
  auto row = copy.row;
  row.used = copy.used;
  row.expires = std::max(row.expires, expires);
  return row;
}

void apply_copy(mirror_state& state, const mirror_site_settings* site, const copy_id& id,
                copy_row row) {
  auto [at, is_new] = state.copies.try_emplace(id);
  auto& copy = at->second;
  if (!is_new)
    leave_account(state, id, copy);
  copy.used = row.used;
  copy.row = std::move(row);
  if (copy.row.phase == copy_phase::present) {
    auto& account = state.sites[id.first];
    account.bytes += copy.row.size;
    account.by_use.emplace(copy.used, id.second);
  }
  put_in_order(state, id, copy, due_of(copy, site));
}

void apply_absence(mirror_state& state, const copy_id& id) {
  const auto found = state.copies.find(id);
  if (found == state.copies.end())
    return;
  leave_account(state, id, found->second);
  state.by_time.erase({found->second.due, id});
  state.copies.erase(found);
}

void note_speed(mirror_state& state, const std::string& site, std::uint64_t bytes,
                std::chrono::milliseconds took) {
  const auto now = static_cast<double>(bytes) * 1000.0 /
                   static_cast<double>(std::max<std::int64_t>(1, took.count()));
  auto& average = state.sites[site].bytes_per_s;
  average = average == 0 ? now : weight_of_news * now + (1 - weight_of_news) * average;
}

// -- the end --------------------------------------------------------------------------------------

std::vector<copy_id> without_room(const mirror_state& state, const mirror_site_settings& site,
                                  std::string_view but) {
  std::vector<copy_id> leaving;
  const auto account = state.sites.find(site.id);
  if (account == state.sites.end() || site.most_bytes == 0)
    return leaving;
  auto bytes = account->second.bytes;
  for (const auto& [used, blob] : account->second.by_use) {
    if (bytes <= site.most_bytes)
      break;
    if (blob == but)
      continue;
    leaving.emplace_back(site.id, blob);
    bytes -= state.copies.at(leaving.back()).row.size;
  }
  return leaving;
}

std::vector<copy_id> copies_of(const mirror_state& state, const mirror_settings& config,
                               const std::string& blob) {
  std::vector<copy_id> found;
  for (const auto& site : config.sites)
    if (copy_id id{site.id, blob}; state.copies.contains(id))
      found.push_back(std::move(id));
  return found;
}

std::vector<copy_id> take_due(mirror_state& state, timestamp now, std::size_t most) {
  std::vector<copy_id> due;
  while (!state.by_time.empty() && state.by_time.begin()->first <= now && due.size() < most) {
    due.push_back(state.by_time.begin()->second);
    state.by_time.erase(state.by_time.begin());
  }
  return due;
}

void look_again(mirror_state& state, const copy_id& id, timestamp then) {
  if (const auto found = state.copies.find(id); found != state.copies.end())
    put_in_order(state, id, found->second, then);
}

std::optional<timestamp> next_due_copy(const mirror_state& state) {
  if (state.by_time.empty())
    return std::nullopt;
  return state.by_time.begin()->first;
}

// -- texts ----------------------------------------------------------------------------------------

std::string copy_field(const copy_id& id) { return id.first + "/" + id.second; }

std::optional<copy_id> read_copy_field(std::string_view field) {
  const auto slash = field.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == field.size())
    return std::nullopt;
  return copy_id{std::string{field.substr(0, slash)}, std::string{field.substr(slash + 1)}};
}

std::string copy_row_text(const copy_row& row) {
  std::string out = "{\"state\":\"" + std::string{name_of(row.phase)} + "\"";
  const auto number = [&out](std::string_view name, std::uint64_t value) {
    if (value != 0)
      out += ",\"" + std::string{name} + "\":" + std::to_string(value);
  };
  number("until", static_cast<std::uint64_t>(row.until.ms));
  number("expires", static_cast<std::uint64_t>(row.expires.ms));
  number("used", static_cast<std::uint64_t>(row.used.ms));
  number("size", row.size);
  number("failures", row.failures);
  if (!row.reason.empty()) {
    out += ",\"reason\":";
    append_json_string(out, row.reason);
  }
  return out + "}";
}

std::optional<copy_row> read_copy_row(std::string_view text) {
  boost::system::error_code failed;
  const auto value = json::parse(text, failed);
  const auto* members = failed ? nullptr : value.if_object();
  if (members == nullptr)
    return std::nullopt;
  const auto number = [members](std::string_view name) -> std::int64_t {
    const auto* found = members->if_contains(name);
    const auto* it = found == nullptr ? nullptr : found->if_int64();
    return it == nullptr ? 0 : *it;
  };
  const auto text_in = [members](std::string_view name) {
    const auto* found = members->if_contains(name);
    const auto* it = found == nullptr ? nullptr : found->if_string();
    return it == nullptr ? std::string{} : std::string{*it};
  };
  const auto phase = phase_of(text_in("state"));
  if (!phase)
    return std::nullopt;
  copy_row row;
  row.phase = *phase;
  row.until = timestamp{number("until")};
  row.expires = timestamp{number("expires")};
  row.used = timestamp{number("used")};
  row.size = static_cast<std::uint64_t>(number("size"));
  row.failures = static_cast<std::uint32_t>(number("failures"));
  row.reason = text_in("reason");
  return row;
}

std::string mirror_key(std::string_view site, std::string_view blob) {
  return "mirror/" + std::string{site} + "/" + std::string{blob};
}

}  // namespace troupe
