#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

namespace troupe {

/// What ZeroMQ subscribers asked for: prefixes of topics.
class subscription_set {
 public:
  /// Takes what an XPUB socket reports: a byte that is 1 for a new prefix and 0 for one that
  /// nobody wants any more, and the prefix. Other messages are none of ours.
  void take(std::string_view report);

  /// True when somebody subscribed to a prefix of the topic. Costs about the length of the topic,
  /// however many prefixes there are.
  bool wants(std::string_view topic) const;

  bool empty() const { return prefixes_.empty(); }

 private:
  std::set<std::string, std::less<>> prefixes_;
};

}  // namespace troupe
