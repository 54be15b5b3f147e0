#pragma once

#include "messages/api_error.hpp"

#include <string>
#include <string_view>

namespace troupe {

/// Makes and reads continuation tokens: the place where the next page of a listing begins, bound by
/// a short MAC to the method and its arguments (api-conventions section 11).
class page_tokens {
 public:
  /// `key` signs; see `derive_key`.
  explicit page_tokens(std::string key) : key_(std::move(key)) {}

  /// A token for `position`, the last key of the page before. `arguments` names what is listed.
  std::string make(std::string_view method, std::string_view arguments,
                   std::string_view position) const;

  /// The position in a token; `input_error` when it was not made by `make` for the same method and
  /// arguments.
  outcome<std::string> read(std::string_view method, std::string_view arguments,
                            std::string_view token) const;

 private:
  std::string mac(std::string_view method, std::string_view arguments,
                  std::string_view position) const;

  std::string key_;
};

}  // namespace troupe
