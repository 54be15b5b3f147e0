#pragma once

#include "runtime/events/event.hpp"

#include <string>

namespace troupe {

/// Logs what happens to tasks and groups, beside the events that tell of it: records of type
/// `task-defined`, `task-claimed` and so on (operations contract, section 1). One for each lane.
class event_records final : public event_listener {
 public:
  void on_event(const event& what) override;
  void on_group_end() override;

 private:
  std::string lines_;
  std::string fields_;
};

/// The fields of the record that goes with an event, without braces; empty when there is none.
void append_event_fields(std::string& out, const event& what);

/// The fields of `task-claimed`, which goes with task-running, without braces.
void append_claim_fields(std::string& out, const event& running);

}  // namespace troupe
