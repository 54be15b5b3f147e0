#pragma once

#include "messages/api_error.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// Takes the body of a task graph as it comes, and notes where each task begins and ends: so the
/// body is gone through piece by piece, and no more than one task of it is ever parsed at a time.
/// What a value holds is not looked at.
class graph_splitter {
 public:
  /// A member of the body, or a task of it; both as they are written, the key without its quotes.
  struct entry {
    std::string_view key;
    std::string_view value;
  };

  /// `most_bytes` and `most_tasks` are what it takes at most.
  graph_splitter(std::size_t most_bytes, std::size_t most_tasks)
      : most_bytes_(most_bytes), most_tasks_(most_tasks) {}

  /// So many bytes will come, as far as is known.
  void expect(std::size_t bytes) { text_.reserve(bytes < most_bytes_ ? bytes : most_bytes_); }

  /// The next bytes. After an error nothing more is taken.
  outcome<void> take(std::string_view bytes);

  /// The body is complete, or is found not to be.
  outcome<void> finish();

  /// How many tasks there are, and each of them, in the order of the body.
  std::size_t tasks() const { return tasks_.size(); }
  entry task(std::size_t place) const { return entry_of(tasks_[place]); }

  /// The members besides `tasks`, and whether that was there.
  std::vector<entry> members() const;
  bool has_tasks() const { return has_tasks_; }

 private:
  enum class step : unsigned char { key, in_key, colon, value, in_value, after, begin, end };
  struct stretch {
    std::size_t key = 0;
    std::size_t key_end = 0;
    std::size_t value = 0;
    std::size_t value_end = 0;
  };

  outcome<void> on_char(char c, std::size_t at);
  outcome<void> on_value_begin(char c, std::size_t at);
  outcome<void> on_value_char(char c, std::size_t at);
  outcome<void> on_container_end(std::size_t at);
  void end_value(std::size_t behind);
  entry entry_of(const stretch& where) const;

  std::size_t most_bytes_;
  std::size_t most_tasks_;
  std::string text_;
  std::vector<stretch> members_;
  std::vector<stretch> tasks_;
  stretch now_;
  step step_ = step::begin;
  bool in_tasks_ = false;
  bool has_tasks_ = false;
  bool is_first_ = true;  // no comma is needed, and none is allowed
  std::size_t depth_ = 0;
  bool in_text_ = false;
  bool escaped_ = false;
};

}  // namespace troupe
