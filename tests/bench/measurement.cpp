#include "tests/bench/measurement.hpp"

#include "tests/bench/clock.hpp"

namespace troupe_load {

measurement::measurement(const watch_list& watched) : watched_(watched) {
  begin_.watched = use_of(watched_, false);
  begin_.machine = read_machine_cpu();
  begin_.own_s = own_cpu_s();
  begin_ns_ = now_ns();
}

void measurement::stop() {
  end_ns_ = now_ns();
  end_.own_s = own_cpu_s();
  end_.machine = read_machine_cpu();
  end_.watched = use_of(watched_, true);
}

void measurement::tell(report& out, long tasks, long requests) const {
  const auto us_each = [](double seconds, long count) {
    return count > 0 ? seconds * 1e6 / static_cast<double>(count) : 0;
  };
  double watched_s = 0;
  out.open("watch");
  for (std::size_t i = 0; i < watched_.size(); ++i) {
    const auto& use = end_.watched[i];
    watched_s += watched_cpu_s(i);
    out.open(watched_[i].first);
    out.real("cpu_s", watched_cpu_s(i), 2);
    out.real("cpu_us_per_task", us_each(watched_cpu_s(i), tasks), 1);
    out.count("procs", use.processes);
    out.real("rss_mb", static_cast<double>(use.rss_kb) / 1024, 1);
    out.real("pss_mb", static_cast<double>(use.pss_kb) / 1024, 1);
    out.close();
  }
  out.close();
  const double own_s = end_.own_s - begin_.own_s;
  const double busy_s = end_.machine.busy_s - begin_.machine.busy_s;
  out.real("watched_cpu_us_per_task", us_each(watched_s, tasks), 1);
  out.real("client_cpu_s", own_s, 3);
  out.real("client_cpu_us_per_request", us_each(own_s, requests), 2);
  out.real("machine_busy_cpu_s", busy_s, 2);
  out.real("other_cpu_s", busy_s - watched_s - own_s, 2);
  out.real("steal_s", end_.machine.steal_s - begin_.machine.steal_s, 2);
}

}  // namespace troupe_load
