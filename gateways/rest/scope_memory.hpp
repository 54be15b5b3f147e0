#pragma once

#include "runtime/scopes/expression.hpp"

#include <array>
#include <string>
#include <string_view>

namespace troupe {

/// Which questions about scopes were answered by yes of late. Whoever creates a group of tasks asks
/// the same for each of them, and each is a dozen scopes to write, to look up and to sort. Only
/// what a template asks of lists is kept; the rest is quicker checked than found. Used on one lane.
class scope_memory {
 public:
  /// Puts a question: whether the scopes satisfy the template with the values, and, with
  /// `wants_used`, by which. False for one whose answer is not kept.
  bool ask(const scope_template& what, const scope_set_ptr& have, scope_lookup values,
           bool wants_used);

  /// The scopes that were used, as the text that was kept, if the answer to the last question is
  /// known; else null. Good until the next call.
  const std::string* recall() const;

  /// The last question is answered by yes.
  void keep(std::string_view used);

  /// Forgets everything: the scopes of callers have changed.
  void clear();

 private:
  struct entry {
    std::string question;
    std::string used;
    scope_set_ptr have;  // as long as it is there, nobody else has its address
  };

  bool add(const scope_value& value);
  void add_text(std::string_view text);
  std::size_t place() const;

  std::array<entry, 64> entries_;
  std::string question_;
  scope_set_ptr have_;
};

}  // namespace troupe
