#include "runtime/events/topic_trie.hpp"

#include <algorithm>

namespace troupe {

namespace {

// Cuts the first word off; false when nothing is left after it.
bool cut_word(std::string_view& rest, std::string_view& word) {
  const auto dot = rest.find('.');
  word = rest.substr(0, dot);
  rest = dot == std::string_view::npos ? std::string_view{} : rest.substr(dot + 1);
  return dot != std::string_view::npos;
}

}  // namespace

topic_trie::index topic_trie::make_node() {
  if (!free_.empty()) {
    const auto reused = free_.back();
    free_.pop_back();
    return reused;
  }
  nodes_.emplace_back();
  return static_cast<index>(nodes_.size() - 1);
}

void topic_trie::bind(std::string_view exchange, std::string_view pattern, subscriber who) {
  auto root = roots_.find(exchange);
  if (root == roots_.end())
    root = roots_.emplace(exchange, make_node()).first;
  auto at = root->second;
  for (bool more = !pattern.empty(); more;) {
    std::string_view word;
    more = cut_word(pattern, word);
    auto next = none;
    if (const auto known = nodes_[at].words.find(word); known != nodes_[at].words.end()) {
      next = known->second;
    } else {
      next = make_node();
      nodes_[at].words.emplace(word, next);
      if (word == "*")
        nodes_[at].star = next;
      if (word == "#")
        nodes_[at].hash = next;
      nodes_[next].is_hash = word == "#";
    }
    at = next;
  }
  auto& bound = nodes_[at].subscribers;
  const auto place = std::lower_bound(bound.begin(), bound.end(), who);
  if (place == bound.end() || *place != who)
    bound.insert(place, who);
}

bool topic_trie::is_bare(index where) const {
  return nodes_[where].words.empty() && nodes_[where].subscribers.empty();
}

// True when the node holds nothing any more and was given back.
bool topic_trie::remove_below(index where, std::string_view pattern, bool at_end, subscriber who) {
  if (at_end) {
    std::erase(nodes_[where].subscribers, who);
  } else {
    std::string_view word;
    const bool more = cut_word(pattern, word);
    const auto known = nodes_[where].words.find(word);
    if (known == nodes_[where].words.end() || !remove_below(known->second, pattern, !more, who))
      return false;
    if (word == "*")
      nodes_[where].star = none;
    if (word == "#")
      nodes_[where].hash = none;
    nodes_[where].words.erase(known);
  }
  if (!is_bare(where))
    return false;
  nodes_[where] = node{};
  free_.push_back(where);
  return true;
}

void topic_trie::unbind(std::string_view exchange, std::string_view pattern, subscriber who) {
  const auto root = roots_.find(exchange);
  if (root != roots_.end() && remove_below(root->second, pattern, pattern.empty(), who))
    roots_.erase(root);
}

// Adds a node, and what a `#` below it reaches without a word.
void topic_trie::visit(index where, std::vector<index>& set) {
  for (; where != none && nodes_[where].round != round_; where = nodes_[where].hash) {
    nodes_[where].round = round_;
    set.push_back(where);
  }
}

// All places in the tree that the words so far lead to, word by word: no pattern can make it cost
// more than the size of the tree a word.
void topic_trie::match_key(index root, std::string_view key, std::vector<subscriber>& out) {
  active_.clear();
  ++round_;
  visit(root, active_);
  for (bool more = !key.empty(); more;) {
    std::string_view word;
    more = cut_word(key, word);
    next_.clear();
    ++round_;
    for (const auto at : active_) {
      if (nodes_[at].is_hash)
        visit(at, next_);
      visit(nodes_[at].star, next_);
      // A key may hold the characters of a wildcard; there they are only characters.
      if (word != "*" && word != "#")
        if (const auto known = nodes_[at].words.find(word); known != nodes_[at].words.end())
          visit(known->second, next_);
    }
    std::swap(active_, next_);
  }
  for (const auto at : active_)
    out.insert(out.end(), nodes_[at].subscribers.begin(), nodes_[at].subscribers.end());
}

void topic_trie::match(std::string_view exchange, std::string_view routing_key,
                       std::span<const std::string> cc, std::vector<subscriber>& out) {
  out.clear();
  const auto root = roots_.find(exchange);
  if (root == roots_.end())
    return;
  match_key(root->second, routing_key, out);
  for (const auto& key : cc)
    match_key(root->second, key, out);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
}

}  // namespace troupe
