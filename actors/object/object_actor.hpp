#pragma once

#include "actors/company/stage.hpp"
#include "actors/object/object_rules.hpp"
#include "messages/interfaces.hpp"
#include "runtime/object_stores/object_stores.hpp"
#include "runtime/supervision/service_actor.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// The shell of the object service: rows are in memory, each change is in Redis before it is
/// answered, data are at the backends.
class object_shell : public service_actor<object_actor, objects_timer_fired> {
 public:
  object_shell(caf::actor_config& config, const stage& where, std::function<void()> successor);

  const char* name() const override { return "troupe.object"; }
  behavior_type make_behavior() override;

 private:
  /// Removals that somebody waits for.
  struct round {
    std::size_t open = 0;
    std::size_t removed = 0;
    reply_handle reply;
  };

  void open();
  void take_row(std::string_view name, std::string_view text);
  bool begin() { return true; }
  std::optional<timestamp> next_due() const override;
  void leave() override;

  void create(create_object& command);
  void finish(finish_object& command);
  void find(find_object& command);
  void find_by_copy(const find_object& command, const object_row& row, find_copy wish);
  void remove_ended(objects_timer_fired& command);
  void expire(expire_now& command);

  object_backend* backend_of(const std::string& id, const reply_handle& waiting);
  std::optional<std::string> backend_for(const create_object& command) const;
  void refuse(const reply_handle& to, api_error error) { reply(to, answer{std::move(error)}); }
  void write(const std::string& name, object_row row);
  void finished(const finish_object& command, const outcome<void>& kept);
  void remove(const std::vector<std::string>& names, const std::shared_ptr<round>& of);
  void removed(const std::string& name, const outcome<void>& gone,
               const std::shared_ptr<round>& of);
  template <class Job>
  object_backend::done_handler later(Job job, reply_handle waiting = {});

  const stage& stage_;
  object_state state_;
  std::size_t leaving_ = 0;  // objects whose data are being removed
  /// Objects whose data are being finished, and who wants that, too, meanwhile.
  std::map<std::string, std::vector<finish_object>> finishing_;
};

}  // namespace troupe
