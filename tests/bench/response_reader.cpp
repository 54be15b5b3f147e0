#include "tests/bench/response_reader.hpp"

#include <strings.h>

#include <cstdlib>

namespace troupe_load {

namespace {

bool is_header(std::string_view line, std::string_view name) {
  return line.size() > name.size() && strncasecmp(line.data(), name.data(), name.size()) == 0;
}

}  // namespace

void response_reader::restart() {
  have_head_ = chunked_ = close_after_ = false;
  status_ = 0;
  unchunked_.clear();
}

bool response_reader::read(std::string_view all) {
  if (!have_head_ && !read_head(all))
    return false;
  return chunked_ ? read_chunks(all) : all.size() >= head_size_ + body_size_;
}

bool response_reader::read_head(std::string_view all) {
  const auto end = all.find("\r\n\r\n");
  if (end == std::string_view::npos)
    return false;
  have_head_ = true;
  head_size_ = end + 4;
  body_size_ = 0;
  status_ = all.size() > 12 ? std::atoi(all.data() + 9) : 0;
  for (auto at = all.find("\r\n") + 2; at < end;) {
    const auto line_end = all.find("\r\n", at);
    const auto line = all.substr(at, line_end - at);
    at = line_end + 2;
    if (is_header(line, "content-length:"))
      body_size_ = std::strtoul(line.data() + 15, nullptr, 10);
    else if (is_header(line, "transfer-encoding:"))
      chunked_ = true;
    else if (is_header(line, "connection:"))
      close_after_ = line.find("close") != std::string_view::npos;
  }
  return true;
}

// From scratch each time: responses of this kind are rare.
bool response_reader::read_chunks(std::string_view all) {
  unchunked_.clear();
  for (auto at = head_size_;;) {
    const auto line_end = all.find("\r\n", at);
    if (line_end == std::string_view::npos)
      return false;
    const auto size = std::strtoul(all.data() + at, nullptr, 16);
    if (all.size() < line_end + 2 + size + 2)
      return false;
    if (size == 0)
      return true;
    unchunked_.append(all.substr(line_end + 2, size));
    at = line_end + 2 + size + 2;
  }
}

}  // namespace troupe_load
