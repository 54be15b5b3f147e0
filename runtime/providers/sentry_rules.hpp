#pragma once

#include "messages/api_error.hpp"
#include "messages/timestamp.hpp"
#include "runtime/config/provider_accounts.hpp"
#include "runtime/web/web_message.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// A key of a project of Sentry that was made here, which its label says.
struct sentry_key {
  std::string id;
  std::string secret_dsn;
  std::string public_dsn;
  timestamp expires;
};

/// The label of a key that ends then.
std::string sentry_label(std::string_view prefix, timestamp expires);

/// When the key of this label ends; nothing when it is not one of ours.
std::optional<timestamp> sentry_expiry(std::string_view prefix, std::string_view label);

/// When a key that is made now ends.
timestamp sentry_key_end(timestamp now);

// The requests, in the order in which they are made.
web_request sentry_list_keys(const sentry_account& account, std::string_view project);
web_request sentry_make_project(const sentry_account& account, std::string_view project);
web_request sentry_make_key(const sentry_account& account, std::string_view project,
                            timestamp expires);
web_request sentry_list_projects(const sentry_account& account);
web_request sentry_delete_key(const sentry_account& account, std::string_view project,
                              std::string_view id);

/// The keys in the list that are ours.
outcome<std::vector<sentry_key>> sentry_keys(const sentry_account& account,
                                             const web_answer& answer);

/// The key that was made, or the error.
outcome<sentry_key> sentry_made_key(const sentry_account& account, const web_answer& answer);

/// The slugs of all projects.
outcome<std::vector<std::string>> sentry_projects(const web_answer& answer);

/// Where the rest of a list is, as the header `Link` says: a path and query; empty for the end.
std::string sentry_next_page(const sentry_account& account, const web_answer& answer);

/// The key that lives longest, when it lives long enough to be given to somebody; or null.
const sentry_key* reusable_key(const std::vector<sentry_key>& keys, timestamp now);

/// Whether the key ended so long ago that it is deleted.
bool sentry_key_is_over(const sentry_key& key, timestamp now);

/// What sentryDSN answers.
std::string sentry_answer(std::string_view project, const sentry_key& key);

/// Sentry refused: its own words, or status and text.
api_error sentry_failure(const web_answer& answer);

}  // namespace troupe
