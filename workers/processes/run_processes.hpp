#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// How a command ended.
struct exit_result {
  int code = 0;
  int signal = 0;  ///< 0: it ended by itself
};

/// A process to be started: its words, where, and in which environment.
struct started_words {
  std::vector<std::string> words;
  std::string directory;
  std::map<std::string, std::string> env;
};

/// What is told of the processes of a run.
struct process_news {
  enum class kind { ended, all_gone, guard_lost };
  kind what = kind::guard_lost;
  exit_result exit;  ///< with `ended`
};

/// The processes of one run: its commands, one after the other, and all that they leave behind.
/// They live below a process of their own, which ends them when this object goes, and also when the
/// whole worker does. Nothing blocks; used by one thread, except where said.
class run_processes {
 public:
  /// Takes over two descriptors: the socket of the run's guard, and where its output is read.
  run_processes(int socket, int output) : socket_(socket), output_(output) {}
  ~run_processes();
  run_processes(const run_processes&) = delete;
  run_processes& operator=(const run_processes&) = delete;

  /// Becomes readable when they have written something.
  int output() const { return output_; }
  /// Becomes readable when `next_news` has something to say.
  int news() const { return socket_; }

  /// Takes some of what they wrote into `buffer`; 0 when there is nothing now.
  std::size_t read_output(char* buffer, std::size_t size);

  /// Starts a command; its end is told. False when the guard is gone.
  bool start(const std::vector<std::string>& words, const std::string& directory,
             const std::map<std::string, std::string>& env);

  /// Starts a command that reads `input`, of which the caller keeps what it has, and whose errors
  /// are not a part of the output.
  bool start_apart(const started_words& what, int input);

  /// Becomes readable when a command that was started so has written errors; -1: there are none.
  int errors() const { return errors_; }

  /// Takes some of them into `buffer`; 0 when there is nothing now.
  std::size_t read_errors(char* buffer, std::size_t size);

  /// Starts a shell beside the command, with `terminal` as its terminal, of which the caller keeps
  /// what it has. Whoever has the terminal's other end sees how it ends; it does not outlive the
  /// rest. False when the guard is gone. From any thread.
  bool open_shell(const started_words& what, int terminal);

  /// Ends them all: SIGTERM, and after `grace` SIGKILL. `all_gone` is told when none is left.
  void stop(std::chrono::milliseconds grace);

  /// Ends them all at once.
  void kill();

  /// The next news, if there is any.
  std::optional<process_news> next_news();

  /// The process below which they live; 0 until `next_news` has heard of it.
  int guard() const { return guard_; }

  /// The guard is to end by itself; there must be no processes any more.
  void leave();

 private:
  int socket_;
  int output_;
  int errors_ = -1;
  int guard_ = 0;
};

}  // namespace troupe
