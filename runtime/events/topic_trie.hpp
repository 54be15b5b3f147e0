#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace troupe {

/// All bindings of a node in one tree of words, so that what an event costs depends on who wants
/// it and not on how many want something else. Rules of matching as in `topic_matches`. Used on
/// one thread.
class topic_trie {
 public:
  /// Names who is told; chosen by the caller.
  using subscriber = std::uint32_t;

  /// Tells the subscriber of events of the exchange whose key matches. Again the same is nothing.
  void bind(std::string_view exchange, std::string_view pattern, subscriber who);

  /// Takes a binding back; nothing when there is none.
  void unbind(std::string_view exchange, std::string_view pattern, subscriber who);

  /// Sets `out` to those with a binding that matches the key or one of `cc`: each once, ascending.
  void match(std::string_view exchange, std::string_view routing_key,
             std::span<const std::string> cc, std::vector<subscriber>& out);

  /// True when nobody is bound to anything.
  bool empty() const { return roots_.empty(); }

 private:
  using index = std::uint32_t;
  static constexpr index none = 0;

  struct word_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view word) const {
      return std::hash<std::string_view>{}(word);
    }
  };

  struct node {
    std::unordered_map<std::string, index, word_hash, std::equal_to<>> words;  // of `*` and `#` too
    std::vector<subscriber> subscribers;
    index star = none;
    index hash = none;
    bool is_hash = false;     // reached by `#`: any further word stays here
    std::uint64_t round = 0;  // of the last visit, so that no node is visited twice a word
  };

  index make_node();
  void visit(index where, std::vector<index>& set);
  void match_key(index root, std::string_view key, std::vector<subscriber>& out);
  bool remove_below(index where, std::string_view pattern, bool at_end, subscriber who);
  bool is_bare(index where) const;

  std::vector<node> nodes_{1};  // the first is nobody, see `none`
  std::vector<index> free_;
  std::map<std::string, index, std::less<>> roots_;
  std::vector<index> active_;
  std::vector<index> next_;
  std::uint64_t round_ = 0;
};

}  // namespace troupe
