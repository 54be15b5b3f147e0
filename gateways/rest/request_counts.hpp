#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace troupe {

struct api_method;

/// How often something of this method was answered with this status, and how long it took.
struct request_count {
  std::uint64_t requests = 0;
  std::uint64_t total_us = 0;
  /// Requests up to each of `request_seconds`, and not up to the one before; the last entry counts
  /// those that took longer.
  std::array<std::uint64_t, 8> within{};
};

/// Counts the API calls and authentications of a lane, for metrics. A call costs some additions and
/// searches among few entries.
class request_counts {
 public:
  request_counts() = default;
  request_counts(const request_counts&) = delete;
  request_counts& operator=(const request_counts&) = delete;

  /// A call of the method was answered. Methods are told apart by their address.
  void add(const api_method& method, std::uint16_t status, std::int64_t duration_us);

  /// Credentials were good. Clients beyond the first 200 count as `other`.
  void add_success(std::string_view scheme, std::string_view client_id);

  /// Credentials were refused, for a reason out of a short list.
  void add_failure(std::string_view scheme, std::string_view reason);

  /// Adds what another lane counted.
  void merge(const request_counts& other);

  /// Calls by method and status, as tables show them.
  struct row {
    const api_method* method = nullptr;
    std::uint16_t status = 0;
    request_count count;
  };
  const std::vector<row>& calls() const { return calls_; }

  struct before {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      const auto first = std::string_view{a.first}.compare(b.first);
      return first != 0 ? first < 0 : std::string_view{a.second} < std::string_view{b.second};
    }
  };
  using labelled = std::map<std::pair<std::string, std::string>, std::uint64_t, before>;
  /// By scheme and client.
  const labelled& successes() const { return successes_; }
  /// By scheme and reason.
  const labelled& failures() const { return failures_; }

 private:
  row& row_of(const api_method& method, std::uint16_t status);

  std::vector<row> calls_;
  labelled successes_;
  labelled::value_type* last_success_ = nullptr;  // clients come many times in a row
  labelled failures_;
};

}  // namespace troupe
