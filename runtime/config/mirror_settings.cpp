#include "runtime/config/mirror_settings.hpp"

#include "runtime/config/file_section.hpp"
#include "runtime/schema/pattern.hpp"

#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <boost/json.hpp>

#include <algorithm>

namespace troupe {

namespace json = boost::json;

namespace {

// What S3 takes as an object, in one PUT, and as a part that is not the last.
constexpr std::uint64_t largest_object = std::uint64_t{5} << 40;
constexpr std::uint64_t largest_put = std::uint64_t{5} << 30;
constexpr std::uint64_t smallest_part = std::uint64_t{5} << 20;
constexpr std::uint64_t most_bytes = std::uint64_t{1} << 60;
constexpr std::uint32_t year_s = 365 * 86'400;
constexpr std::uint32_t hour_s = 3'600;

std::uint64_t read_number(const file_section& in, std::string_view member, std::uint64_t otherwise,
                          std::uint64_t least, std::uint64_t most) {
  const auto* found = in.find(member);
  if (found == nullptr)
    return otherwise;
  boost::system::error_code wrong;
  const auto number =
      found->is_number() ? found->to_number<std::uint64_t>(wrong) : std::uint64_t{0};
  if (!found->is_number() || wrong || number < least || number > most)
    complain(in.name() + "." + std::string{member} + " must be a whole number from " +
             std::to_string(least) + " to " + std::to_string(most));
  return number;
}

std::uint32_t read_seconds(const file_section& in, std::string_view member, std::uint32_t otherwise,
                           std::uint32_t most) {
  return static_cast<std::uint32_t>(read_number(in, member, otherwise, 1, most));
}

bool is_address_block(const std::string& text) {
  boost::system::error_code no_v4;
  boost::system::error_code no_v6;
  boost::asio::ip::make_network_v4(text, no_v4);
  boost::asio::ip::make_network_v6(text, no_v6);
  return !no_v4 || !no_v6;
}

site_rule read_rule(const json::value& from, const std::string& name) {
  const file_section in{from, name, {"region", "workerGroup", "address"}};
  if (from.get_object().size() != 1)
    complain(name + " must have one member: region, workerGroup or address");
  if (in.find("region") != nullptr)
    return {site_rule::kind::region, in.text("region")};
  if (in.find("workerGroup") != nullptr) {
    auto source = in.text("workerGroup");
    if (!text_pattern{source}.valid())
      complain(name + ".workerGroup: '" + source +
               "' is not a regular expression that is understood here");
    return {site_rule::kind::worker_group, std::move(source)};
  }
  auto block = in.text("address");
  if (!is_address_block(block))
    complain(name + ".address: '" + block + "' is not a block of addresses like 10.2.0.0/16");
  return {site_rule::kind::address, std::move(block)};
}

std::vector<site_rule> read_rules(const file_section& in) {
  std::vector<site_rule> made;
  if (const auto* rules = in.find("match"))
    for (const auto& rule : list_of(*rules, in.name() + ".match"))
      made.push_back(read_rule(rule, in.name() + ".match[" + std::to_string(made.size()) + "]"));
  return made;
}

std::vector<std::string> read_pools(const file_section& in) {
  std::vector<std::string> made;
  const auto* pools = in.find("eagerFor");
  if (pools == nullptr)
    return made;
  for (const auto& one : list_of(*pools, in.name() + ".eagerFor")) {
    const auto* text = one.if_string();
    if (text == nullptr || !text_pattern{std::string_view{*text}}.valid())
      complain(in.name() + ".eagerFor[" + std::to_string(made.size()) +
               "] must be a regular expression of taskQueueIds");
    made.emplace_back(*text);
  }
  return made;
}

// Ids stand in keys and URLs.
std::string read_site_id(const file_section& in) {
  auto id = in.text("siteId");
  const bool fits = id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             (c >= '0' && c <= '9') || c == '-' || c == '_';
                    });
  if (!fits)
    complain(in.name() + ".siteId must be of up to 64 letters, digits, - and _");
  return id;
}

void read_store(const json::value& from, const std::string& name, mirror_site_settings& into) {
  if (!from.is_object())
    complain(name + " must be an object");
  const auto* type = from.get_object().if_contains("backendType");
  const auto kind =
      type != nullptr && type->is_string() ? std::string{type->get_string()} : std::string{};
  if (kind == "local") {
    const file_section in{from, name, {"backendType", "directory"}};
    auto directory = in.text("directory");
    if (!directory.starts_with('/'))
      complain(name + ".directory must be a whole path, which begins with a slash");
    into.store = local_mirror_settings{std::move(directory)};
  } else if (kind == "aws" || kind == "s3") {
    into.store = read_s3_store(from, name);
  } else {
    complain(name + ".backendType must be local, s3 or aws");
  }
}

mirror_site_settings read_site(const file_section& in, std::string id) {
  mirror_site_settings made;
  made.id = std::move(id);
  made.rules = read_rules(in);
  if (made.rules.empty())
    complain(in.name() + ".match needs a rule: nobody would be at the site");
  const auto* store = in.find("store");
  if (store == nullptr)
    complain(in.name() + " needs the member 'store', unless it is the canonical site");
  read_store(*store, in.name() + ".store", made);
  made.most_bytes = read_number(in, "maxBytes", 0, 1, most_bytes);
  const auto bound =
      made.most_bytes == 0 ? largest_object : std::min(largest_object, made.most_bytes);
  made.largest_bytes = read_number(in, "largestBytes", bound, 1, bound);
  made.part_bytes = read_number(in, "partBytes", made.part_bytes, smallest_part, largest_put);
  made.lasts_s = read_seconds(in, "ttlSeconds", made.lasts_s, year_s);
  made.eager_pools = read_pools(in);
  return made;
}

void check_apart(const mirror_settings& all) {
  for (auto one = all.sites.begin(); one != all.sites.end(); ++one)
    for (auto other = all.sites.begin(); other != one; ++other) {
      const auto* here = std::get_if<local_mirror_settings>(&one->store);
      const auto* there = std::get_if<local_mirror_settings>(&other->store);
      if (one->id == other->id)
        complain("there are two sites '" + one->id + "'");
      if (here != nullptr && there != nullptr && here->directory == there->directory)
        complain("the sites '" + other->id + "' and '" + one->id + "' have the same directory");
    }
}

mirror_settings read_everything(const json::value& from) {
  const file_section whole{from,
                           "the file",
                           {"canonical", "sites", "maxWaitSeconds", "waitAboveBytes",
                            "copiesAtOnce", "leaseSeconds", "urlSeconds", "retrySeconds"}};
  mirror_settings made;
  made.canonical = whole.optional_text("canonical", {});
  made.longest_wait_s =
      static_cast<std::uint32_t>(read_number(whole, "maxWaitSeconds", made.longest_wait_s, 0, 20));
  made.waits_above_bytes =
      read_number(whole, "waitAboveBytes", made.waits_above_bytes, 0, most_bytes);
  made.copies_at_once =
      static_cast<std::uint32_t>(read_number(whole, "copiesAtOnce", made.copies_at_once, 1, 100));
  made.lease_s = read_seconds(whole, "leaseSeconds", made.lease_s, hour_s);
  made.url_lasts_s = read_seconds(whole, "urlSeconds", made.url_lasts_s, hour_s);
  made.retried_after_s = read_seconds(whole, "retrySeconds", made.retried_after_s, hour_s);
  std::size_t number = 0;
  bool has_canonical = made.canonical.empty();
  if (const auto* sites = whole.find("sites"))
    for (const auto& site : list_of(*sites, "sites")) {
      const file_section in{site,
                            "sites[" + std::to_string(number++) + "]",
                            {"siteId", "match", "store", "maxBytes", "largestBytes", "ttlSeconds",
                             "eagerFor", "partBytes"}};
      auto id = read_site_id(in);
      if (id != made.canonical) {
        made.sites.push_back(read_site(in, std::move(id)));
        continue;
      }
      if (in.find("store") != nullptr)
        complain(in.name() + " is the canonical site, whose data are where they are: no 'store'");
      made.canonical_rules = read_rules(in);
      has_canonical = true;
    }
  if (!has_canonical)
    complain("canonical: there is no site '" + made.canonical + "'");
  check_apart(made);
  return made;
}

}  // namespace

std::string read_mirror_settings(std::string_view text, mirror_settings& into) {
  return read_settings_text(text, [&into](const json::value& all) { into = read_everything(all); });
}

std::string read_mirror_file(const std::string& path, mirror_settings& into) {
  return read_settings_file(
      path, [&into](std::string_view text) { return read_mirror_settings(text, into); });
}

}  // namespace troupe
