#include "gateways/rest/http_request.hpp"

#include "messages/ascii_case.hpp"

#include <boost/beast/http/error.hpp>

#include <algorithm>

namespace troupe {

namespace http = boost::beast::http;

namespace {

// A session that once had a large request does not keep its memory while it idles.
constexpr std::size_t kept_bytes = 64 * 1024;

bool equal_lower(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(),
                    [](char a, char b) { return ascii_lower(a) == b; });
}

}  // namespace

std::string_view http_request::header(http::field name) const {
  for (const auto& place : fields_)
    if (place.name == name)
      return value_of(place);
  return {};
}

std::string_view http_request::header(std::string_view name) const {
  for (const auto& place : fields_)
    if (place.name_size == name.size() && equal_lower(name_of(place), name))
      return value_of(place);
  return {};
}

bool http_request::has(http::field name) const {
  return std::any_of(fields_.begin(), fields_.end(),
                     [name](const field_place& place) { return place.name == name; });
}

void http_request::each_header(
    const std::function<void(std::string_view name, std::string_view value)>& visit) const {
  for (const auto& place : fields_)
    visit(name_of(place), value_of(place));
}

void http_request::clear() {
  text_.clear();
  fields_.clear();
  body.clear();
  if (text_.capacity() > kept_bytes)
    text_.shrink_to_fit();
  if (body.capacity() > kept_bytes)
    body.shrink_to_fit();
  verb_size_ = target_size_ = 0;
}

http_request_parser::http_request_parser(http_request& into, std::uint32_t header_limit_bytes,
                                         std::uint64_t body_limit_bytes)
    : into_(into), header_limit_bytes_(header_limit_bytes), body_limit_bytes_(body_limit_bytes) {
  header_limit(header_limit_bytes);
  // Enforced here, so that a body that goes elsewhere may be of any size.
  body_limit(boost::none);
}

std::size_t http_request_parser::take(std::string_view bytes, boost::system::error_code& failed) {
  // The shortest body in chunks is `0`, the end of its line and an empty line. Beast takes for
  // granted that it has that much when it looks at the last chunk again, which is not so for a body
  // that has no other.
  constexpr std::size_t shortest_chunked_body = 5;
  if (is_header_done() && chunked() && !saw_chunk_ && bytes.size() < shortest_chunked_body) {
    failed = http::error::need_more;
    return 0;
  }
  return put(boost::asio::buffer(bytes.data(), bytes.size()), failed);
}

void http_request_parser::redirect_body(body_taker taker) { taker_ = std::move(taker); }

void http_request_parser::on_request_impl(verb, string_view method_text, string_view target,
                                          int version, error_code&) {
  into_.text_.assign(method_text.data(), method_text.size());
  into_.text_.append(target.data(), target.size());
  into_.verb_size_ = method_text.size();
  into_.target_size_ = target.size();
  into_.version_ = version;
}

void http_request_parser::on_response_impl(int, string_view, int, error_code&) {}

void http_request_parser::on_field_impl(field name, string_view name_text, string_view value,
                                        error_code& failed) {
  // Beast's limit is for what it is given at once, so that many small fields would pass it.
  constexpr std::size_t around_it = 4;  // colon, blank, end of line
  const auto size =
      into_.text_.size() + (into_.fields_.size() + 1) * around_it + name_text.size() + value.size();
  if (size > header_limit_bytes_) {
    failed = http::error::header_limit;
    return;
  }
  into_.fields_.push_back({name, static_cast<std::uint32_t>(into_.text_.size()),
                           static_cast<std::uint32_t>(name_text.size()),
                           static_cast<std::uint32_t>(value.size())});
  into_.text_.append(name_text.data(), name_text.size());
  into_.text_.append(value.data(), value.size());
}

void http_request_parser::on_header_impl(error_code&) {}

void http_request_parser::on_body_init_impl(const boost::optional<std::uint64_t>& length,
                                            error_code& failed) {
  if (taker_ || !length)
    return;
  if (*length > body_limit_bytes_)
    failed = http::error::body_limit;
  else
    into_.body.reserve(static_cast<std::size_t>(*length));
}

std::size_t http_request_parser::on_body_impl(string_view bytes, error_code& failed) {
  if (taker_) {
    taker_({bytes.data(), bytes.size()});
    return bytes.size();
  }
  if (into_.body.size() + bytes.size() > body_limit_bytes_) {
    failed = http::error::body_limit;
    return 0;
  }
  into_.body.append(bytes.data(), bytes.size());
  return bytes.size();
}

void http_request_parser::on_chunk_header_impl(std::uint64_t, string_view, error_code&) {
  saw_chunk_ = true;
}

std::size_t http_request_parser::on_chunk_body_impl(std::uint64_t, string_view bytes,
                                                    error_code& failed) {
  return on_body_impl(bytes, failed);
}

void http_request_parser::on_finish_impl(error_code&) {}

}  // namespace troupe
