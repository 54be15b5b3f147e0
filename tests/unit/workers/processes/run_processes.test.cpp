// The processes of a run, with real ones.
#include "workers/processes/process_guardian.hpp"

#include "runtime/files/descriptor.hpp"

#include <catch2/catch_all.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

using namespace troupe;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

using kind = process_news::kind;
using variables = std::map<std::string, std::string>;

std::unique_ptr<process_guardian> start_guardian() {
  return process_guardian::start({TROUPE_TEST_GUARDIAN}).value();
}

/// A run in a directory of its own.
struct some_run {
  explicit some_run(process_guardian& guardian) {
    char name[] = "/tmp/troupe_processes_XXXXXX";
    directory = ::mkdtemp(name);
    processes = guardian.open_run(directory).value();
  }
  ~some_run() {
    processes.reset();
    fs::remove_all(directory);
  }

  bool start(const std::string& script, variables env = {{"PATH", "/usr/bin:/bin"}}) {
    return processes->start({"/bin/bash", "-c", script}, directory, env);
  }

  /// Waits for news, taking what is written meanwhile.
  process_news wait() {
    for (;;) {
      pollfd waits[2] = {{processes->news(), POLLIN, 0}, {processes->output(), POLLIN, 0}};
      ::poll(waits, 2, -1);
      const auto news = processes->next_news();
      take();
      if (news)
        return *news;
      if ((waits[1].revents & POLLIN) == 0)
        std::this_thread::sleep_for(1ms);  // no writer is left
    }
  }

  void take() {
    char buffer[65536];
    while (const auto got = processes->read_output(buffer, sizeof buffer))
      output.append(buffer, got);
  }

  exit_result run(const std::string& script) {
    REQUIRE(start(script));
    const auto news = wait();
    REQUIRE(news.what == kind::ended);
    return news.exit;
  }

  void wait_for_output(const std::string& text) {
    while (output.find(text) == std::string::npos) {
      pollfd waits{processes->output(), POLLIN, 0};
      ::poll(&waits, 1, -1);
      take();
    }
  }

  /// A number that a process has written to a file of the run.
  pid_t number(const std::string& file) {
    for (;;) {
      std::ifstream in{directory + "/" + file};
      std::string line;
      if (std::getline(in, line) && !in.eof())
        return std::stoi(line);
      std::this_thread::sleep_for(1ms);
    }
  }

  std::string directory;
  std::string output;
  std::unique_ptr<run_processes> processes;
};

bool is_there(pid_t pid) { return ::kill(pid, 0) == 0; }

void wait_until(const std::function<bool()>& holds) {
  while (!holds())
    std::this_thread::sleep_for(5ms);
}

// A process in a session of its own, whose parent has ended, without any environment.
const std::string make_daemon =
    "setsid bash -c 'env -i bash -c \"echo \\$\\$ > daemon; trap : TERM; "
    "while :; do sleep 300; done\" & disown' </dev/null >/dev/null 2>&1; "
    "until [ -s daemon ]; do sleep 0.01; done; ";

}  // namespace

TEST_CASE("a command's output, exit code and signal are told", "[process]") {
  const auto guardian = start_guardian();
  some_run run{*guardian};
  CHECK(run.run("echo out; echo err >&2; exit 3").code == 3);
  CHECK(run.output == "out\nerr\n");
  CHECK(run.run("kill -9 $$").signal == SIGKILL);
  CHECK(run.run("pwd; env").code == 0);
  CHECK(run.output.find(run.directory) != std::string::npos);
  CHECK(run.output.find("TROUPE") == std::string::npos);
}

TEST_CASE("what cannot be started ends with a code, and the output says why", "[process]") {
  const auto guardian = start_guardian();
  some_run run{*guardian};
  REQUIRE(run.processes->start({"/no/such/program"}, run.directory, {}));
  CHECK(run.wait().exit.code == 127);
  CHECK(run.output == "/no/such/program: No such file or directory\n");
  REQUIRE(run.processes->start({"true"}, "/no/such/directory", {}));
  CHECK(run.wait().exit.code == 126);
}

TEST_CASE("a command can have an input, and errors apart from its output", "[process]") {
  const auto guardian = start_guardian();
  some_run run{*guardian};
  CHECK(run.processes->errors() == -1);
  for (const std::string text : {"one", "two"}) {
    std::ofstream{run.directory + "/input"} << text;
    run.output.clear();
    const descriptor input{::open((run.directory + "/input").c_str(), O_RDONLY | O_CLOEXEC)};
    REQUIRE(run.processes->start_apart({{"/bin/bash", "-c", "cat; echo; echo wrong >&2; exit 3"},
                                        run.directory,
                                        {{"PATH", "/usr/bin:/bin"}}},
                                       input.get()));
    CHECK(run.wait().exit.code == 3);
    CHECK(run.output == text + "\n");
    char buffer[100];
    const auto got = run.processes->read_errors(buffer, sizeof buffer);
    CHECK(std::string(buffer, got) == "wrong\n");
    // Nothing is left that a wait would hear of.
    CHECK(run.processes->read_errors(buffer, sizeof buffer) == 0);
    CHECK(run.processes->errors() == -1);
  }
  CHECK(run.run("echo joined >&2").code == 0);
  CHECK(run.output.ends_with("joined\n"));
}

TEST_CASE("words and variables are handed on as they are, however long", "[process]") {
  const auto guardian = start_guardian();
  some_run run{*guardian};
  variables env{{"PATH", "/usr/bin:/bin"}, {"EMPTY", ""}, {"LINES_", "a\nb"}};
  for (int i = 0; i < 10; ++i)
    env["BIG" + std::to_string(i)] = std::string(100'000, 'x');
  REQUIRE(run.processes->start(
      {"bash", "-c", "echo \"[$1][$2][$EMPTY][$LINES_]\" ${#BIG9}", "-", "", "two words"},
      run.directory, env));
  CHECK(run.wait().exit.code == 0);
  CHECK(run.output == "[][two words][][a\nb] 100000\n");
}

TEST_CASE("what a command leaves behind lives on for the next one, until all is ended",
          "[process]") {
  const auto guardian = start_guardian();
  some_run run{*guardian};
  CHECK(run.run(make_daemon + "sleep 300 & echo $! > child").code == 0);
  const auto daemon = run.number("daemon");
  const auto child = run.number("child");
  CHECK(run.run("kill -0 $(cat daemon) && kill -0 $(cat child)").code == 0);
  run.processes->kill();
  CHECK(run.wait().what == kind::all_gone);
  CHECK_FALSE(is_there(daemon));
  CHECK_FALSE(is_there(child));
  CHECK(run.run("echo again").code == 0);
}

TEST_CASE("processes have a time to end by themselves", "[process]") {
  const auto guardian = start_guardian();
  some_run run{*guardian};
  SECTION("those that do are not killed") {
    REQUIRE(run.start("trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.01; done"));
    run.wait_for_output("ready");
    run.processes->stop(1h);
    const auto ended = run.wait();
    CHECK(ended.what == kind::ended);
    CHECK(ended.exit.code == 5);
    CHECK(run.wait().what == kind::all_gone);
    CHECK(run.output.find("bye") != std::string::npos);
  }
  SECTION("one that is stopped hears of it") {
    REQUIRE(run.start("echo ready; kill -STOP $$"));
    run.wait_for_output("ready");
    run.processes->stop(1h);
    CHECK(run.wait().exit.signal == SIGTERM);
    CHECK(run.wait().what == kind::all_gone);
  }
  SECTION("the others are killed") {
    REQUIRE(run.start("trap '' TERM; echo ready; while :; do sleep 300; done"));
    run.wait_for_output("ready");
    run.processes->stop(50ms);
    CHECK(run.wait().exit.signal == SIGKILL);
    CHECK(run.wait().what == kind::all_gone);
  }
  SECTION("the time can be cut short") {
    REQUIRE(run.start("trap '' TERM; echo ready; while :; do sleep 300; done"));
    run.wait_for_output("ready");
    run.processes->stop(1h);
    run.processes->kill();
    CHECK(run.wait().exit.signal == SIGKILL);
    CHECK(run.wait().what == kind::all_gone);
  }
}

TEST_CASE("processes that make others while they are killed do not get away", "[process]") {
  const auto guardian = start_guardian();
  some_run run{*guardian};
  REQUIRE(
      run.start("f() { sleep 0.01; setsid bash -c \"$(declare -f f); f\" & sleep 0.02; }; "
                "for i in 1 2 3; do f & done; echo ready; wait; sleep 300"));
  run.wait_for_output("ready");
  run.processes->kill();
  while (run.wait().what != kind::all_gone) {
  }
  SUCCEED("none is left");
}

TEST_CASE("ending a run whose processes have ended is told at once", "[process]") {
  const auto guardian = start_guardian();
  some_run run{*guardian};
  run.processes->stop(1h);
  CHECK(run.wait().what == kind::all_gone);
  CHECK(run.run("true").code == 0);
  run.processes->kill();
  CHECK(run.wait().what == kind::all_gone);
}

TEST_CASE("a run that is dropped takes its processes with it, and no other's", "[process]") {
  const auto guardian = start_guardian();
  some_run other{*guardian};
  REQUIRE(other.start("echo ready; sleep 300"));
  other.wait_for_output("ready");
  pid_t daemon = 0;
  {
    some_run run{*guardian};
    CHECK(run.run(make_daemon).code == 0);
    daemon = run.number("daemon");
  }
  wait_until([&] { return !is_there(daemon); });
  CHECK_FALSE(other.processes->next_news());
}

TEST_CASE("a shell has its terminal, and does not outlive the rest", "[process]") {
  const auto guardian = start_guardian();
  some_run run{*guardian};
  const int mine = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  REQUIRE(mine >= 0);
  REQUIRE(::grantpt(mine) == 0);
  REQUIRE(::unlockpt(mine) == 0);
  const int its = ::open(::ptsname(mine), O_RDWR | O_NOCTTY | O_CLOEXEC);
  REQUIRE(run.start("echo begun; sleep 300"));
  run.wait_for_output("begun");
  REQUIRE(
      run.processes->open_shell({{"/bin/bash", "--norc", "-c",
                                  "echo in $PWD > /dev/tty; tty -s && echo $$ > shell; sleep 300"},
                                 run.directory,
                                 {{"PATH", "/usr/bin:/bin"}}},
                                its));
  ::close(its);
  const auto shell = run.number("shell");
  char text[512];
  const auto got = ::read(mine, text, sizeof text);
  REQUIRE(got > 0);
  CHECK(std::string(text, static_cast<std::size_t>(got)) == "in " + run.directory + "\r\n");
  run.processes->kill();
  CHECK(run.wait().exit.signal == SIGKILL);
  CHECK(run.wait().what == kind::all_gone);
  CHECK_FALSE(is_there(shell));
  CHECK(::read(mine, text, sizeof text) <= 0);  // nobody has the terminal any more
  ::close(mine);
}

TEST_CASE("a command that kills its guard leaves nothing behind", "[process]") {
  const auto guardian = start_guardian();
  some_run other{*guardian};
  REQUIRE(other.start("echo ready; sleep 300"));
  other.wait_for_output("ready");
  some_run run{*guardian};
  REQUIRE(run.start(make_daemon + "echo $$ > command; kill -9 $PPID; sleep 300"));
  CHECK(run.wait().what == kind::guard_lost);
  const auto daemon = run.number("daemon");
  const auto command = run.number("command");
  wait_until([&] { return !is_there(daemon) && !is_there(command); });
  CHECK_FALSE(run.start("true"));
  CHECK_FALSE(other.processes->next_news());
}

TEST_CASE("when the worker is killed, the processes of its runs end and their files go",
          "[process]") {
  char name[] = "/tmp/troupe_processes_XXXXXX";
  const std::string directory = ::mkdtemp(name);
  const auto worker = ::fork();
  if (worker == 0) {
    const auto guardian = start_guardian();
    const auto run = guardian->open_run(directory).value();
    run->start({"/bin/bash", "-c",
                make_daemon + "trap 'touch ../ended_$(basename $PWD)' TERM; echo $$ > command; "
                              "while :; do sleep 0.01; done"},
               directory, {{"PATH", "/usr/bin:/bin"}});
    ::pause();
    ::_exit(1);
  }
  const auto number = [&](const std::string& file) {
    pid_t result = 0;
    wait_until([&] {
      std::ifstream in{directory + "/" + file};
      return static_cast<bool>(in >> result) && in.peek() == '\n';
    });
    return result;
  };
  const auto daemon = number("daemon");
  const auto command = number("command");
  ::kill(worker, SIGKILL);
  ::waitpid(worker, nullptr, 0);
  wait_until([&] { return !is_there(daemon) && !is_there(command); });
  wait_until([&] { return !fs::exists(directory); });
  // It was asked first.
  const auto ended = directory.substr(0, directory.rfind('/')) + "/ended_" +
                     directory.substr(directory.rfind('/') + 1);
  CHECK(fs::remove(ended));
}
