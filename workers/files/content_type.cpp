#include "workers/files/content_type.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <sstream>

namespace troupe {

namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 37> known_types = {{
    {"bz2", "application/x-bzip2"},
    {"css", "text/css; charset=utf-8"},
    {"csv", "text/csv; charset=utf-8"},
    {"deb", "application/vnd.debian.binary-package"},
    {"gif", "image/gif"},
    {"gz", "application/gzip"},
    {"htm", "text/html; charset=utf-8"},
    {"html", "text/html; charset=utf-8"},
    {"jar", "application/java-archive"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript; charset=utf-8"},
    {"json", "application/json"},
    {"jsonl", "application/jsonl"},
    {"log", "text/plain; charset=utf-8"},
    {"md", "text/markdown; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"mp4", "video/mp4"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"sh", "application/x-sh"},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"tgz", "application/gzip"},
    {"txt", "text/plain; charset=utf-8"},
    {"wasm", "application/wasm"},
    {"webm", "video/webm"},
    {"webp", "image/webp"},
    {"whl", "application/zip"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"xml", "text/xml; charset=utf-8"},
    {"xz", "application/x-xz"},
    {"yaml", "application/yaml"},
    {"yml", "application/yaml"},
    {"zip", "application/zip"},
    {"zst", "application/zstd"},
}};

constexpr std::array<std::string_view, 33> compressed = {
    "7z",   "aab",  "apk",  "br",  "bz2",  "deb",   "dmg", "flv", "gif", "gz",  "jar",
    "jpeg", "jpg",  "lz",   "lz4", "mz",   "npz",   "pkg", "png", "swf", "sz",  "tbz",
    "tgz",  "wasm", "webp", "whl", "woff", "woff2", "xpi", "xz",  "zip", "zst", "zz"};

// In lower case, without the dot; empty when there is none.
std::string ending_of(std::string_view name) {
  const auto dot = name.rfind('.');
  const auto slash = name.rfind('/');
  if (dot == std::string_view::npos || (slash != std::string_view::npos && slash > dot))
    return {};
  std::string ending{name.substr(dot + 1)};
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return ending;
}

// Lines of a type and its endings; a machine may have none of it.
std::map<std::string, std::string> read_system_types() {
  std::map<std::string, std::string> types;
  std::ifstream file{"/etc/mime.types"};
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#'))
      continue;
    std::istringstream words{line};
    std::string type;
    words >> type;
    for (std::string ending; words >> ending;)
      types.try_emplace(ending, type);
  }
  return types;
}

}  // namespace

std::string content_type_of(std::string_view name) {
  const auto ending = ending_of(name);
  for (const auto& [known, type] : known_types)
    if (known == ending)
      return std::string{type};
  static const auto system_types = read_system_types();
  const auto found = system_types.find(ending);
  return ending.empty() || found == system_types.end() ? "application/octet-stream" : found->second;
}

bool is_compressed(std::string_view name) {
  return std::find(compressed.begin(), compressed.end(), ending_of(name)) != compressed.end();
}

}  // namespace troupe
