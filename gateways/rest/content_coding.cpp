#include "gateways/rest/content_coding.hpp"

#include "messages/ascii_case.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstdlib>

namespace troupe {

namespace {

constexpr int gzip_window = 15 + 16;
constexpr int zlib_window = 15;
constexpr int raw_window = -15;

std::string trimmed_lower(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return lower_case(text);
}

enum class inflation { good, broken, too_large };

inflation inflate_all(std::string_view bytes, int window, std::size_t limit, std::string& out) {
  z_stream stream{};
  if (inflateInit2(&stream, window) != Z_OK)
    return inflation::broken;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  auto result = inflation::broken;
  char piece[16 * 1024];
  out.clear();
  for (;;) {
    stream.next_out = reinterpret_cast<Bytef*>(piece);
    stream.avail_out = sizeof piece;
    const int code = inflate(&stream, Z_NO_FLUSH);
    const auto got = sizeof piece - stream.avail_out;
    if (out.size() + got > limit) {
      result = inflation::too_large;
      break;
    }
    out.append(piece, got);
    if (code == Z_STREAM_END) {
      result = stream.avail_in == 0 ? inflation::good : inflation::broken;
      break;
    }
    if (code != Z_OK || (got == 0 && stream.avail_in == 0))
      break;
  }
  inflateEnd(&stream);
  return result;
}

}  // namespace

outcome<std::string> decode_content(std::string_view coding, std::string_view bytes,
                                    std::size_t limit_bytes) {
  const auto name = trimmed_lower(coding);
  std::string out;
  auto result = inflation::good;
  if (name.empty() || name == "identity")
    out = bytes;
  else if (name == "gzip" || name == "x-gzip")
    result = inflate_all(bytes, gzip_window, limit_bytes, out);
  else if (name == "deflate") {
    result = inflate_all(bytes, zlib_window, limit_bytes, out);
    // Some clients leave zlib's head out.
    if (result == inflation::broken)
      result = inflate_all(bytes, raw_window, limit_bytes, out);
  } else {
    return make_api_error(error_code::unsupported_encoding,
                          "Request bodies with Content-Encoding '" + name +
                              "' are not understood; use gzip, deflate or none");
  }
  if (result == inflation::too_large)
    return make_api_error(error_code::input_too_large,
                          "Request body is too large when decoded; the limit is " +
                              std::to_string(limit_bytes) + " bytes");
  if (result == inflation::broken)
    return make_api_error(error_code::malformed_payload,
                          "Failed to decode the request body as '" + name + "'");
  return out;
}

bool accepts_gzip(std::string_view accept_encoding) {
  bool star = false;
  std::size_t from = 0;
  while (from < accept_encoding.size()) {
    const auto end = std::min(accept_encoding.find(',', from), accept_encoding.size());
    const auto item = trimmed_lower(accept_encoding.substr(from, end - from));
    from = end + 1;
    const auto semicolon = item.find(';');
    const auto name = trimmed_lower(item.substr(0, semicolon));
    const auto q = item.find("q=", std::min(semicolon, item.size()));
    const bool wanted = q == std::string::npos || std::strtod(item.c_str() + q + 2, nullptr) > 0;
    if (name == "gzip" || name == "x-gzip")
      return wanted;
    if (name == "*")
      star = wanted;
  }
  return star;
}

gzip_encoder::gzip_encoder() : stream_(nullptr) {}

gzip_encoder::~gzip_encoder() {
  if (stream_ != nullptr) {
    deflateEnd(static_cast<z_stream*>(stream_));
    delete static_cast<z_stream*>(stream_);
  }
}

std::string gzip_encoder::encode(std::string_view bytes) {
  // Made when it is first needed: it holds a quarter of a megabyte.
  auto* stream = static_cast<z_stream*>(stream_);
  if (stream == nullptr) {
    stream = new z_stream{};
    if (deflateInit2(stream, 1, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
      delete stream;
      return {};
    }
    stream_ = stream;
  } else {
    deflateReset(stream);
  }
  std::string out(deflateBound(stream, static_cast<uLong>(bytes.size())), '\0');
  stream->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream->avail_in = static_cast<uInt>(bytes.size());
  stream->next_out = reinterpret_cast<Bytef*>(out.data());
  stream->avail_out = static_cast<uInt>(out.size());
  if (deflate(stream, Z_FINISH) != Z_STREAM_END)
    return {};
  out.resize(out.size() - stream->avail_out);
  return out;
}

}  // namespace troupe
