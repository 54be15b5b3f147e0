#pragma once

#include "tests/bench/hawk.hpp"
#include "tests/bench/random_ids.hpp"
#include "tests/bench/server_address.hpp"

#include <string>
#include <string_view>

namespace troupe_load {

/// A JSON body in pieces, so that what all tasks have in common is copied once only.
struct body_pieces {
  std::string_view first, second, third;
  std::size_t size() const { return first.size() + second.size() + third.size(); }
};

/// Writes signed requests to one server.
class request_writer {
 public:
  request_writer(const server_address& to, bool hash_payloads, random_source& random)
      : to_(to), hash_payloads_(hash_payloads), random_(random) {}

  /// Writes a request over what `out` has; without credentials it is not signed.
  void write(std::string& out, std::string_view method, std::string_view path,
             const credentials* by, const body_pieces& body = {}) const;

  /// The value of an Authorization header for a request.
  void append_authorization(std::string& out, std::string_view method, std::string_view path,
                            const credentials& by, const body_pieces& body = {}) const;

 private:
  const server_address& to_;
  bool hash_payloads_;
  random_source& random_;
};

}  // namespace troupe_load
