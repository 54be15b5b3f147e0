#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace troupe {

/// What a program answered.
struct tool_answer {
  enum class kind {
    ended,        ///< by itself
    not_started,  ///< `text` says why
    too_slow,     ///< it was killed at its time limit
    interrupted   ///< it was killed because the caller no longer wants it
  };

  kind how = kind::not_started;
  int code = -1;      ///< with `ended`; 128 and the signal, if one killed it
  std::string text;   ///< its standard output
  std::string error;  ///< the end of its standard error

  bool good() const { return how == kind::ended && code == 0; }

  /// What is wrong, in a line.
  std::string trouble() const;
};

/// How a program is called.
struct tool_call {
  std::vector<std::string> words;
  std::map<std::string, std::string> env;  ///< all of it
  std::chrono::milliseconds limit{60'000};
  int interruption = -1;  ///< the call ends when this descriptor becomes readable
};

/// Runs a program to its end and blocks for that time. It is killed, with what it has started, at
/// the time limit, and when the calling thread ends.
tool_answer call_tool(const tool_call& call);

}  // namespace troupe
