#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/field.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// The head and body of one HTTP request. Kept by a session and used again for its next request, so
/// that a request on an open connection allocates nothing.
class http_request {
 public:
  std::string_view verb() const { return std::string_view{text_}.substr(0, verb_size_); }
  std::string_view target() const {
    return std::string_view{text_}.substr(verb_size_, target_size_);
  }

  /// 11 for HTTP/1.1, 10 for HTTP/1.0.
  int version() const { return version_; }

  /// The first value of a header; empty when it is not there.
  std::string_view header(boost::beast::http::field name) const;

  /// The same for a header without a number of its own; `name` in lower case.
  std::string_view header(std::string_view name) const;

  /// True when a header is there, be it empty.
  bool has(boost::beast::http::field name) const;

  /// All headers in order, names as they came.
  void each_header(
      const std::function<void(std::string_view name, std::string_view value)>& visit) const;

  std::string body;

  /// Forgets the request; keeps the memory unless it is much.
  void clear();

 private:
  friend class http_request_parser;

  struct field_place {
    boost::beast::http::field name;
    std::uint32_t at;
    std::uint32_t name_size;
    std::uint32_t value_size;
  };

  std::string_view name_of(const field_place& place) const {
    return std::string_view{text_}.substr(place.at, place.name_size);
  }
  std::string_view value_of(const field_place& place) const {
    return std::string_view{text_}.substr(place.at + place.name_size, place.value_size);
  }

  std::string text_;  // verb, target, then names and values one after the other
  std::vector<field_place> fields_;
  std::size_t verb_size_ = 0;
  std::size_t target_size_ = 0;
  int version_ = 11;
};

/// Parses one request into an `http_request`. Beast's state machine does the work: chunks, lengths,
/// limits of the head, and what must be refused. One parser a request.
class http_request_parser final : public boost::beast::http::basic_parser<true> {
 public:
  /// Takes the body in place of `http_request::body`.
  using body_taker = std::function<void(std::string_view bytes)>;

  http_request_parser(http_request& into, std::uint32_t header_limit_bytes,
                      std::uint64_t body_limit_bytes);

  /// Takes the next bytes, those that were left the last time first, and tells how many were used.
  /// `http::error::need_more` asks to come again with more.
  std::size_t take(std::string_view bytes, boost::system::error_code& failed);

  /// From now on the body is unlimited and goes to `taker`.
  void redirect_body(body_taker taker);

 private:
  using verb = boost::beast::http::verb;
  using field = boost::beast::http::field;
  using string_view = boost::beast::string_view;
  using error_code = boost::beast::error_code;

  void on_request_impl(verb method, string_view method_text, string_view target, int version,
                       error_code& failed) override;
  void on_response_impl(int status, string_view reason, int version, error_code& failed) override;
  void on_field_impl(field name, string_view name_text, string_view value,
                     error_code& failed) override;
  void on_header_impl(error_code& failed) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code& failed) override;
  std::size_t on_body_impl(string_view bytes, error_code& failed) override;
  void on_chunk_header_impl(std::uint64_t size, string_view extensions,
                            error_code& failed) override;
  std::size_t on_chunk_body_impl(std::uint64_t remain, string_view bytes,
                                 error_code& failed) override;
  void on_finish_impl(error_code& failed) override;

  http_request& into_;
  std::uint32_t header_limit_bytes_;
  std::uint64_t body_limit_bytes_;
  body_taker taker_;
  bool saw_chunk_ = false;
};

}  // namespace troupe
