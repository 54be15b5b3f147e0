#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// What a worker and the processes that guard its tasks' processes say to each other.
enum class guard_word : std::uint32_t {
  // to the guardian
  open_run,  ///< text: the run's directory; descriptors: `guard_places`
  // to the guard of a run
  start,  ///< a, b: number of words and of variables; descriptor: directory, words, variables;
          ///< with its own streams three more: input, errors, errors as the guard reads them
  stop,   ///< a: milliseconds between SIGTERM and SIGKILL
  kill,
  open_shell,  ///< as `start`, with a terminal as second descriptor; its end is not told
  leave,       ///< nothing runs any more: end
  // from the guard of a run
  here,      ///< a: its number, before anything else
  ended,     ///< the command: a: exit code, b: signal
  all_gone,  ///< after `stop` or `kill`: no process is left
};

/// What the guard of a run has.
struct guard_places {
  int socket = -1;  ///< to the worker
  int write = -1;   ///< the output of the run's commands
  int read = -1;    ///< the same, for when the worker no longer reads it
};

/// One packet.
struct guard_message {
  guard_word word = guard_word::leave;
  std::int32_t a = 0;
  std::int32_t b = 0;
};

/// A packet as it was received; whoever has it closes the descriptors.
struct guard_packet {
  guard_message message;
  std::string text;
  std::vector<int> descriptors;
};

enum class receive_result { got, nothing, closed };

/// Sends one packet; false when the other side is gone.
bool send_packet(int socket, const guard_message& message, const std::vector<int>& descriptors = {},
                 std::string_view text = {});

/// Takes one packet without waiting.
receive_result receive_packet(int socket, guard_packet& out);

}  // namespace troupe
