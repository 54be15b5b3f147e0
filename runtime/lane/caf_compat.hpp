#pragma once

// One source for CAF 0.18.7 and CAF 1.x: the only file that asks for the version of CAF.

#include <caf/all.hpp>

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#if CAF_VERSION >= 10000
#include <caf/scheduler.hpp>
#else
#include <caf/resumable.hpp>
#include <caf/scoped_execution_unit.hpp>
#endif

namespace troupe::act {

#if CAF_VERSION >= 10000

/// Sends a message without waiting for an answer.
template <class Self, class Destination, class... Ts>
void send(Self* self, const Destination& destination, Ts&&... xs) {
  self->mail(std::forward<Ts>(xs)...).send(destination);
}

/// Sends a message from outside of any actor.
template <class Destination, class... Ts>
void anon_send(const Destination& destination, Ts&&... xs) {
  caf::anon_mail(std::forward<Ts>(xs)...).send(destination);
}

/// Asks an actor; the caller adds `.then(...)`.
template <class Self, class Destination, class... Ts>
auto request(Self* self, const Destination& destination, caf::timespan timeout, Ts&&... xs) {
  return self->mail(std::forward<Ts>(xs)...).request(destination, timeout);
}

/// True for a real error.
inline bool failed(const caf::error& error) { return error.valid(); }

#else

/// Sends a message without waiting for an answer.
template <class Self, class Destination, class... Ts>
void send(Self* self, const Destination& destination, Ts&&... xs) {
  self->send(destination, std::forward<Ts>(xs)...);
}

/// Sends a message from outside of any actor.
template <class Destination, class... Ts>
void anon_send(const Destination& destination, Ts&&... xs) {
  caf::anon_send(destination, std::forward<Ts>(xs)...);
}

/// Asks an actor; the caller adds `.then(...)`.
template <class Self, class Destination, class... Ts>
auto request(Self* self, const Destination& destination, caf::timespan timeout, Ts&&... xs) {
  return self->request(destination, timeout, std::forward<Ts>(xs)...);
}

/// True for a real error.
inline bool failed(const caf::error& error) { return static_cast<bool>(error); }

#endif

/// Sets the certificates of the CAF port. Without them 0.18.7 would fall back to an anonymous
/// cipher without a word, so callers always set all three.
inline void set_tls(caf::actor_system_config& config, const std::string& certificate,
                    const std::string& key, const std::string& authority) {
#if CAF_VERSION >= 10000
  caf::put(config.content, "caf.openssl.certificate", certificate);
  caf::put(config.content, "caf.openssl.key", key);
  caf::put(config.content, "caf.openssl.cafile", authority);
#else
  config.openssl_certificate = certificate;
  config.openssl_key = key;
  config.openssl_cafile = authority;
#endif
}

/// Sets what both ends of the CAF port agree on, besides certificates: who may talk to whom, and
/// how soon a peer that has fallen silent counts as gone.
inline void set_link(caf::actor_system_config& config, const std::string& application,
                     caf::timespan heartbeat, caf::timespan silence) {
  config.set("caf.middleman.app-identifiers", std::vector<std::string>{application});
  config.set("caf.middleman.heartbeat-interval", heartbeat);
  config.set("caf.middleman.connection-timeout", silence);
}

/// An actor that can be told of the end of others; a base of actors that need it.
template <class Base>
class watching : public Base {
 public:
  using Base::Base;

  /// Calls `then` once when the actor has ended, or cannot be reached any more.
  template <class Handle>
  void watch(const Handle& other, std::function<void()> then) {
#if CAF_VERSION >= 10000
    Base::monitor(other, [then = std::move(then)](const caf::error&) { then(); });
#else
    if (watched_.empty())
      this->set_down_handler([this](caf::down_msg& down) {
        auto found = watched_.extract(down.source);
        if (!found.empty())
          found.mapped()();
      });
    watched_[other.address()] = std::move(then);
    this->monitor(other);
#endif
  }

#if CAF_VERSION < 10000
 private:
  std::map<caf::actor_addr, std::function<void()>> watched_;
#endif
};

/// Runs actors on the calling thread: what an actor is sent waits in a plain queue until `drain`.
/// Used by one thread only.
#if CAF_VERSION >= 10000
class inline_executor final : public caf::scheduler {
 public:
  explicit inline_executor(caf::actor_system&) {}

  template <class Handle, class... Ts>
  void post(const Handle& handle, Ts&&... xs) {
    handle->enqueue(
        caf::make_mailbox_element(nullptr, caf::make_message_id(), std::forward<Ts>(xs)...), this);
  }

  void drain() {
    if (running_)
      return;
    running_ = true;
    while (!jobs_.empty()) {
      auto job = std::move(jobs_.front());
      jobs_.pop_front();
      job->resume(this, caf::resumable::default_event_id);
    }
    running_ = false;
  }

  bool running() const { return running_; }

  void schedule(caf::resumable_ptr job, uint64_t) override { jobs_.push_back(std::move(job)); }
  void delay(caf::resumable_ptr job, uint64_t) override { jobs_.push_back(std::move(job)); }
  bool is_system_scheduler() const noexcept override { return true; }
  void start() override {}
  void stop() override {}

 private:
  std::deque<caf::resumable_ptr> jobs_;
  bool running_ = false;
};
#else
class inline_executor final : public caf::scoped_execution_unit {
 public:
  explicit inline_executor(caf::actor_system& system) : caf::scoped_execution_unit(&system) {}

  /// Puts a message into an actor's mailbox; it runs at the next `drain`.
  template <class Handle, class... Ts>
  void post(const Handle& handle, Ts&&... xs) {
    handle->enqueue(
        caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, std::forward<Ts>(xs)...),
        this);
  }

  /// Runs actors until none has anything to do. A call from within an actor does nothing: the
  /// outer one goes on.
  void drain() {
    if (running_)
      return;
    running_ = true;
    while (!jobs_.empty()) {
      auto* job = jobs_.front();
      jobs_.pop_front();
      switch (job->resume(this, 64)) {
        case caf::resumable::resume_later:
          jobs_.push_back(job);
          break;
        case caf::resumable::shutdown_execution_unit:
          break;
        default:
          caf::intrusive_ptr_release(job);
      }
    }
    running_ = false;
  }

  /// True while an actor runs.
  bool running() const { return running_; }

  void exec_later(caf::resumable* job) override { jobs_.push_back(job); }

 private:
  std::deque<caf::resumable*> jobs_;
  bool running_ = false;
};
#endif

/// Ends an actor on the executor's own thread: an exit message sent otherwise would run it on a
/// thread of CAF's pool, where it may not be.
template <class Handle>
void dismiss(inline_executor& executor, const Handle& actor) {
  executor.post(actor, caf::exit_msg{caf::actor_addr{}, caf::exit_reason::user_shutdown});
}

}  // namespace troupe::act
