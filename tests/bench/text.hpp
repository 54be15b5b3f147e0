#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

namespace troupe_load {

/// The digits of URL-safe base64.
inline constexpr char url_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Appends bytes as base64 with padding.
void append_base64(std::string& out, const std::uint8_t* bytes, std::size_t size);
std::string to_base64(std::string_view bytes);

/// Seconds since 1970 as Taskcluster writes times.
std::string iso_time(std::time_t seconds);

std::string url_encode(std::string_view text);

/// Escapes a text for use between quotes in JSON.
std::string json_escape(std::string_view text);

/// Says on stderr why the program cannot go on, and ends it with 2.
[[noreturn]] void die(const std::string& why);

}  // namespace troupe_load
