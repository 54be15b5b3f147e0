#include "workers/remote/remote_link.hpp"

#include "runtime/tls/tls_probe.hpp"
#include "workers/remote/worker_link_actor.hpp"

#include <caf/io/middleman.hpp>
#include <caf/openssl/manager.hpp>
#include <caf/openssl/remote_actor.hpp>

#include <condition_variable>
#include <mutex>
#include <optional>

namespace troupe {

namespace {

using namespace std::chrono_literals;

constexpr auto longest_connect = 5s;
constexpr auto longest_greeting = 10s;
constexpr auto longest_farewell = 1s;

void prepare_caf() {
  static const bool done = [] {
    caf::core::init_global_meta_objects();
    caf::io::middleman::init_global_meta_objects();
    caf::openssl::manager::init_global_meta_objects();
    caf::init_global_meta_objects<caf::id_block::troupe>();
    caf::init_global_meta_objects<caf::id_block::troupe_remote>();
    return true;
  }();
  (void)done;
}

struct link_config : caf::actor_system_config {
  explicit link_config(const tls_files& tls) {
    set("caf.scheduler.policy", "sharing");
    set("caf.scheduler.max-threads", 1);
    load<caf::io::middleman>();
    load<caf::openssl::manager>();
    act::set_tls(*this, tls.certificate, tls.key, tls.authority);
    act::set_link(*this, remote_application, idle_heartbeat, idle_silence);
  }
};

/// Lets a thread wait for an answer; outlives both sides.
class answer_slot {
 public:
  /// The first answer counts.
  void set(remote_answer answer) {
    const std::lock_guard lock{guard_};
    if (!answer_)
      answer_ = std::move(answer);
    there_.notify_all();
  }

  call_result wait(std::chrono::milliseconds limit) {
    call_result result;
    std::unique_lock lock{guard_};
    if (!there_.wait_for(lock, limit, [this] { return answer_.has_value(); })) {
      result.trouble = "the server did not answer in time";
      return result;
    }
    result.status = answer_->status;
    (result.status == 0 ? result.trouble : result.body) = std::move(answer_->body);
    return result;
  }

 private:
  std::mutex guard_;
  std::condition_variable there_;
  std::optional<remote_answer> answer_;
};

/// Answers when nobody else has, because the actor that was asked had ended.
struct last_word {
  explicit last_word(std::shared_ptr<answer_slot> of) : slot(std::move(of)) {}
  ~last_word() { slot->set({0, "the connection to the server was lost"}); }
  last_word(const last_word&) = delete;
  last_word& operator=(const last_word&) = delete;

  std::shared_ptr<answer_slot> slot;
};

std::function<void(remote_answer)> into(const std::shared_ptr<answer_slot>& slot) {
  return [last = std::make_shared<last_word>(slot)](remote_answer answer) {
    last->slot->set(std::move(answer));
  };
}

}  // namespace

struct remote_link::impl {
  explicit impl(const tls_files& tls) : config(tls), system(config) {}

  // Makes the actor ask, and waits for what it hears.
  template <class Command>
  call_result ask(Command command, std::chrono::milliseconds limit) {
    const auto slot = std::make_shared<answer_slot>();
    command.then = into(slot);
    act::anon_send(actor, std::move(command));
    return slot->wait(limit);
  }

  link_config config;
  caf::actor_system system;
  worker_link_shell_actor actor;
};

remote_link::remote_link(std::unique_ptr<impl> made) : impl_(std::move(made)) {}

remote_link::~remote_link() {
  shut();
  impl_->actor = nullptr;
}

void remote_link::shut() { act::anon_send(impl_->actor, end_session{}); }

// The probe says in words what is wrong where CAF only knows that there is no connection, and it
// can be given up.
outcome<std::unique_ptr<remote_link>> remote_link::open(const remote_server& server, int give_up,
                                                        link_events events) {
  TROUPE_CHECK(probe_tls(server.host, server.port, server.tls, longest_connect, give_up));
  prepare_caf();
  auto made = std::make_unique<impl>(server.tls);
  auto door = caf::openssl::remote_actor<remote_door_actor>(made->system, server.host, server.port);
  if (!door) {
    const auto where = server.host + ":" + std::to_string(server.port);
    if (door.error() == caf::sec::unexpected_actor_messaging_interface ||
        door.error() == caf::sec::incompatible_application_ids)
      return make_api_error(error_code::input_error,
                            where +
                                " does not speak the worker protocol of this release; use the "
                                "same release of troupe on both sides");
    return make_api_error(error_code::service_unavailable,
                          where + " cannot be reached: it ended the connection");
  }
  made->actor = made->system.spawn<worker_link_shell>(std::move(*door), std::move(events));
  return std::unique_ptr<remote_link>(new remote_link(std::move(made)));
}

outcome<std::string> remote_link::root_url() {
  auto answer = impl_->ask(greet_server{}, longest_greeting);
  if (answer.status == 200)
    return std::move(answer.body);
  if (answer.status == 0)
    return make_api_error(error_code::service_unavailable, answer.trouble);
  return make_api_error(error_code::input_error, answer.body);
}

call_result remote_link::enter(worker_hello hello) {
  return impl_->ask(enter_server{std::move(hello), {}}, longest_greeting);
}

call_result remote_link::call(remote_call what, std::chrono::milliseconds limit) {
  return impl_->ask(place_call{std::move(what), {}}, limit);
}

void remote_link::hurry_claim() { act::anon_send(impl_->actor, troupe::hurry_claim{}); }

void remote_link::say_farewell() { (void)impl_->ask(troupe::say_farewell{}, longest_farewell); }

}  // namespace troupe
