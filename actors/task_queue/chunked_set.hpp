#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

namespace troupe {

/// A set in order, kept in sorted pieces of some hundred entries: where a tree of nodes touches
/// cold memory at each of its twenty levels, this one touches two pieces, and an entry costs little
/// more than itself. Iterators live until the next change.
template <class Key>
class chunked_set {
 public:
  class const_iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = Key;
    using difference_type = std::ptrdiff_t;
    using pointer = const Key*;
    using reference = const Key&;

    const_iterator() = default;

    reference operator*() const { return (*set_).chunks_[chunk_].entries[entry_]; }
    pointer operator->() const { return &**this; }

    const_iterator& operator++() {
      if (++entry_ == set_->chunks_[chunk_].entries.size()) {
        ++chunk_;
        entry_ = 0;
      }
      return *this;
    }
    const_iterator operator++(int) {
      auto before = *this;
      ++*this;
      return before;
    }

    friend bool operator==(const const_iterator&, const const_iterator&) = default;

   private:
    friend class chunked_set;
    const_iterator(const chunked_set& of, std::size_t chunk, std::size_t entry)
        : set_(&of), chunk_(chunk), entry_(entry) {}

    const chunked_set* set_ = nullptr;
    std::size_t chunk_ = 0;
    std::size_t entry_ = 0;
  };

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  const_iterator begin() const { return {*this, 0, 0}; }
  const_iterator end() const { return {*this, chunks_.size(), 0}; }

  /// The least entry. Only when there is one.
  const Key& front() const { return chunks_.front().entries.front(); }

  /// Takes the least entry out. Only when there is one.
  void pop_front() { remove(0, 0); }

  /// Puts an entry into its place; false when it is there already.
  bool insert(const Key& key) {
    if (chunks_.empty())
      chunks_.emplace_back();
    const auto chunk = chunk_for(key);
    auto& entries = chunks_[chunk].entries;
    const auto at = std::lower_bound(entries.begin(), entries.end(), key);
    if (at != entries.end() && !(key < *at))
      return false;
    if (entries.size() == most_entries) {
      split(chunk, at == entries.end());
      return insert(key);
    }
    entries.insert(at, key);
    chunks_[chunk].first = entries.front();
    ++size_;
    return true;
  }

  /// Takes the entry out; how many there were.
  std::size_t erase(const Key& key) {
    const auto at = lower_bound(key);
    if (at == end() || key < *at)
      return 0;
    remove(at.chunk_, at.entry_);
    return 1;
  }

  /// The first entry that is not before the key.
  const_iterator lower_bound(const Key& key) const {
    return found(key, [](const Key& entry, const Key& sought) { return entry < sought; });
  }

  /// The first entry that is behind the key.
  const_iterator upper_bound(const Key& key) const {
    return found(key, [](const Key& entry, const Key& sought) { return !(sought < entry); });
  }

  /// How many entries are before the key, whether it is there or not; counted chunk by chunk.
  std::size_t rank(const Key& key) const {
    const auto at = lower_bound(key);
    auto before = at.entry_;
    for (std::size_t chunk = 0; chunk < at.chunk_; ++chunk)
      before += chunks_[chunk].entries.size();
    return before;
  }

 private:
  static constexpr std::size_t most_entries = 128;

  struct piece {
    Key first{};  // beside the others, so that a search touches no other memory
    std::vector<Key> entries;
  };

  // The chunk in which the key is, or should be. Only when there is any.
  std::size_t chunk_for(const Key& key) const {
    const auto after = std::upper_bound(
        chunks_.begin(), chunks_.end(), key,
        [](const Key& sought, const piece& other) { return sought < other.first; });
    return after == chunks_.begin() ? 0 : static_cast<std::size_t>(after - chunks_.begin()) - 1;
  }

  template <class Before>
  const_iterator found(const Key& key, Before before) const {
    if (chunks_.empty())
      return end();
    const auto chunk = chunk_for(key);
    const auto& entries = chunks_[chunk].entries;
    const auto at = std::partition_point(entries.begin(), entries.end(),
                                         [&](const Key& entry) { return before(entry, key); });
    if (at == entries.end())
      return {*this, chunk + 1, 0};
    return {*this, chunk, static_cast<std::size_t>(at - entries.begin())};
  }

  // Makes room in a chunk that is full. What is appended begins a chunk of its own, so that entries
  // that come in order leave full chunks behind.
  void split(std::size_t at, bool appends) {
    piece half;
    auto& entries = chunks_[at].entries;
    const auto middle = entries.begin() +
                        static_cast<std::ptrdiff_t>(appends ? most_entries - 1 : most_entries / 2);
    half.entries.assign(middle, entries.end());
    half.first = half.entries.front();
    entries.erase(middle, entries.end());
    chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(at) + 1, std::move(half));
  }

  void remove(std::size_t at, std::size_t entry) {
    auto& entries = chunks_[at].entries;
    entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(entry));
    --size_;
    if (entries.empty())
      chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(at));
    else
      chunks_[at].first = entries.front();
  }

  std::vector<piece> chunks_;
  std::size_t size_ = 0;
};

}  // namespace troupe
