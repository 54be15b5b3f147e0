#include "tests/bench/clock.hpp"
#include "tests/bench/hawk.hpp"
#include "tests/bench/programs.hpp"
#include "tests/bench/report.hpp"

#include <algorithm>
#include <string>

namespace troupe_load {

int hash_loop() {
  constexpr int rounds = 10, hashes = 20'000;
  const std::string body(2048, 'x');
  double best_us = 1e9;
  std::size_t sum = 0;  // keeps the hashes from being left out
  for (int round = 0; round < rounds; ++round) {
    // CPU time, and the best round: what others do meanwhile is not the machine's speed.
    const auto begin = read_clock_ns(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < hashes; ++i)
      sum += hash_payload(body, {}, {}).size();
    const auto spent = read_clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin;
    best_us = std::min(best_us, static_cast<double>(spent) / 1e3 / hashes);
  }
  report out;
  out.text("tool", "troupe_load");
  out.text("mode", "hash-loop");
  out.count("hashed_letters", static_cast<long long>(sum));
  out.real("payload_hash_us", best_us, 3);
  out.print();
  return 0;
}

}  // namespace troupe_load
