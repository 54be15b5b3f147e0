#pragma once

#include "runtime/config/settings.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace troupe {

// Readers of single values. Each returns an empty text when the value was good, and otherwise what
// is wrong with it, to stand after "<name>: ".

/// A whole number within bounds, inclusive.
std::string read_number(std::string_view text, std::uint64_t low, std::uint64_t high,
                        std::uint64_t& into);

/// `true`, `yes`, `on`, `1` and their opposites.
std::string read_switch(std::string_view text, bool& into);

/// A time in hours: `24`, `24h` or `7d`.
std::string read_hours(std::string_view text, std::uint32_t& into);

/// A size in MiB: `512`, `512MiB` or `2GiB`.
std::string read_mebibytes(std::string_view text, std::uint32_t& into);

/// Scheme and authority, http or https; trailing slashes are dropped.
std::string read_root_url(std::string_view text, std::string& into);

/// Scheme, host and port of a server that is connected to.
std::string read_endpoint(std::string_view text, std::string& into);

/// Scheme, authority and maybe a path, http or https; trailing slashes are dropped.
std::string read_base_url(std::string_view text, std::string& into);

/// The name of an S3 bucket.
std::string read_bucket(std::string_view text, std::string& into);

/// The id of an access key of an S3 store.
std::string read_key_id(std::string_view text, std::string& into);

/// The region of an S3 store.
std::string read_region(std::string_view text, std::string& into);

/// What the file holds, without blanks and line ends around it.
std::string read_secret_file(const std::string& path, std::string& into);

/// `redis://host[:port][/db]`, `rediss://...` or `unix:/path`.
std::string read_redis_address(std::string_view text, std::string& into);

/// Scopes separated by commas or blanks.
std::string read_scopes(std::string_view text, std::vector<std::string>& into);

/// A JSON array of `{"clientId", "accessToken", "scopes", "description"}`.
std::string read_static_clients(std::string_view json, std::vector<static_client>& into);

/// `info`, or pairs like `root:info api:debug`.
std::string read_log_level(std::string_view text, std::string& into);

}  // namespace troupe
