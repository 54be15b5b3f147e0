#pragma once

#include "messages/index_path.hpp"

#include <boost/intrusive/set.hpp>

#include <algorithm>
#include <cstddef>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace troupe {

/// Rows by paths of the index, in an order in which all that stand right below one namespace stand
/// together, by name. A row is one piece of memory with its path and a text of any length, because
/// there are millions of them. `Fields` is what else a row has, plain data.
template <class Fields>
class path_table {
  using hook =
      boost::intrusive::set_base_hook<boost::intrusive::optimize_size<true>,
                                      boost::intrusive::link_mode<boost::intrusive::normal_link>>;

 public:
  class row : public hook {
   public:
    Fields fields;

    std::string_view space() const { return {bytes(), space_size_}; }
    std::string_view name() const { return {bytes() + space_size_ + 1, name_size_}; }
    /// What else is to be kept with it.
    std::string_view text() const { return {bytes() + space_size_ + 1 + name_size_, text_size_}; }

    /// The whole path.
    std::string path() const {
      std::string result{space()};
      if (!result.empty())
        result += '.';
      result += name();
      return result;
    }

   private:
    friend class path_table;

    row(const Fields& of, std::string_view space, std::string_view name, std::string_view text)
        : fields(of),
          space_size_(static_cast<std::uint16_t>(space.size())),
          name_size_(static_cast<std::uint16_t>(name.size())),
          text_size_(static_cast<std::uint32_t>(text.size())) {
      auto* to = bytes();
      to = std::copy(space.begin(), space.end(), to);
      *to++ = '\0';
      to = std::copy(name.begin(), name.end(), to);
      std::copy(text.begin(), text.end(), to);
    }

    char* bytes() { return reinterpret_cast<char*>(this + 1); }
    const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }

    std::uint16_t space_size_;
    std::uint16_t name_size_;
    std::uint32_t text_size_;
  };

  path_table() = default;
  path_table(path_table&& other) noexcept
      : rows_(std::move(other.rows_)), size_(std::exchange(other.size_, 0)) {}
  path_table& operator=(path_table&& other) noexcept {
    clear();
    rows_.swap(other.rows_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~path_table() { clear(); }

  /// Null when there is none. Paths are good ones.
  row* find(std::string_view path) { return const_cast<row*>(std::as_const(*this).find(path)); }
  const row* find(std::string_view path) const {
    const auto found = rows_.find(place_of(path), order{});
    return found == rows_.end() ? nullptr : &*found;
  }

  /// Puts a row in, or into the place of the one that is there.
  void put(std::string_view path, const Fields& fields, std::string_view text = {}) {
    const auto [space, name] = split_index_path(path);
    typename row_set::insert_commit_data where;
    auto [there, is_new] = rows_.insert_check(place{space, name}, order{}, where);
    if (!is_new && there->text() == text) {
      there->fields = fields;
      return;
    }
    auto* memory = ::operator new(sizeof(row) + space.size() + 1 + name.size() + text.size());
    auto* made = new (memory) row(fields, space, name, text);
    if (is_new) {
      rows_.insert_commit(*made, where);
      ++size_;
      return;
    }
    rows_.replace_node(there, *made);
    dispose(&*there);
  }

  /// Takes a row out; false when there is none.
  bool erase(std::string_view path) {
    auto* there = find(path);
    if (there != nullptr)
      remove(*there);
    return there != nullptr;
  }

  /// Tells `visit` of the rows right below the namespace, in order, those behind the name `after`,
  /// until it answers false. Without a name from the first.
  template <class Visit>
  void each_below(std::string_view space, std::string_view after, Visit visit) const {
    for (auto at = rows_.upper_bound(place{space, after}, order{});
         at != rows_.end() && at->space() == space; ++at)
      if (!visit(*at))
        return;
  }

  /// The first row that is behind this path; from the first with an empty one. Null at the end.
  const row* behind(std::string_view path) const {
    const auto at = path.empty() ? rows_.begin() : rows_.upper_bound(place_of(path), order{});
    return at == rows_.end() ? nullptr : &*at;
  }

  /// The row after this one; null at the end.
  const row* next(const row& of) const {
    auto at = rows_.iterator_to(of);
    return ++at == rows_.end() ? nullptr : &*at;
  }

  std::size_t size() const { return size_; }

  void clear() {
    rows_.clear_and_dispose([](row* of) { dispose(of); });
    size_ = 0;
  }

 private:
  struct place {
    std::string_view space;
    std::string_view name;
  };

  static place place_of(std::string_view path) {
    const auto [space, name] = split_index_path(path);
    return {space, name};
  }

  // By namespace and name, which is more than their texts in a row: a component sorts before a
  // longer one that begins with it, whatever follows.
  struct order {
    static bool before(std::string_view space, std::string_view name, std::string_view other_space,
                       std::string_view other_name) {
      const auto spaces = space.compare(other_space);
      return spaces != 0 ? spaces < 0 : name < other_name;
    }
    bool operator()(const row& a, const row& b) const {
      return before(a.space(), a.name(), b.space(), b.name());
    }
    bool operator()(const place& a, const row& b) const {
      return before(a.space, a.name, b.space(), b.name());
    }
    bool operator()(const row& a, const place& b) const {
      return before(a.space(), a.name(), b.space, b.name);
    }
  };

  using row_set = boost::intrusive::set<row, boost::intrusive::base_hook<hook>,
                                        boost::intrusive::compare<order>,
                                        boost::intrusive::constant_time_size<false>>;

  static void dispose(row* of) {
    of->~row();
    ::operator delete(of);
  }

  void remove(row& of) {
    rows_.erase_and_dispose(rows_.iterator_to(of), [](row* gone) { dispose(gone); });
    --size_;
  }

  row_set rows_;
  std::size_t size_ = 0;
};

}  // namespace troupe
