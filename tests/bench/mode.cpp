#include "tests/bench/mode.hpp"

#include <map>

namespace troupe_load {

std::int64_t mode::before_wait(bool) { return 1'000'000'000; }

void mode::on_created(connection& of, std::int64_t) {
  constexpr std::size_t most_known = 100'000;
  if (load_.known.size() < most_known)
    load_.known.push_back(of.now.task_id);
}

std::unique_ptr<mode> make_mode(std::string_view name, load& of) {
  static const std::map<std::string_view, std::unique_ptr<mode> (*)(load&)> makers{
      {"create", make_create_mode},
      {"status", make_status_mode},
      {"raw", make_raw_mode},
      {"list-group", make_list_mode},
      {"handoff", make_handoff_mode},
      {"lifecycle", make_lifecycle_mode},
      {"get", make_get_mode},
      {"index-insert", make_index_insert_mode},
      {"index-find", make_index_find_mode},
  };
  return makers.at(name)(of);
}

}  // namespace troupe_load
