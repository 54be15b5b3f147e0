#include "workers/loop/live_log.hpp"

#include <catch2/catch_test_macros.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

using namespace troupe;

namespace {

// A disk that takes so much of a file, as long as this lives.
class small_disk {
 public:
  explicit small_disk(rlim_t bytes) : former_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &limit_);
    const rlimit less{bytes, limit_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &less);
  }
  ~small_disk() {
    ::setrlimit(RLIMIT_FSIZE, &limit_);
    std::signal(SIGXFSZ, former_);
  }
  small_disk(const small_disk&) = delete;
  small_disk& operator=(const small_disk&) = delete;

 private:
  rlimit limit_{};
  void (*former_)(int);
};

std::string text_of(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("a log says where bytes are missing that the disk did not take") {
  const auto file =
      std::filesystem::temp_directory_path() / ("live_log_" + std::to_string(::getpid()));
  {
    const run_address run{*task_id::parse("AAAAAAAAQACAAAAAAAAAAA"), 0};
    live_log log(
        "http://127.0.0.1:1", file, run, [] { return credentials{}; }, 1000);
    log.write("whole\n");
    {
      const small_disk disk{10};
      log.write("cut in two\n");
      log.write("lost\n");
    }
    log.write("there again\n");
    CHECK(text_of(file) ==
          "whole\ncut \n[taskcluster:error] Here 12 bytes are missing, which the worker could not "
          "write to its disk: File too large.\nthere again\n");
    CHECK(log.size() == text_of(file).size());
  }
  std::filesystem::remove(file);
}
