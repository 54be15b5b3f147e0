#include "app/local_workers.hpp"

#include "workers/sandbox/sandbox.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <signal.h>
#include <list>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

namespace troupe {

namespace asio = boost::asio;

namespace {

using machine_key = std::pair<task_queue_id, worker_name>;

}  // namespace

struct local_workers::impl {
  struct child {
    child(asio::io_context& io, pid_t process, int pidfd)
        : pid(process), ended(io, pidfd), kill_timer(io) {}

    pid_t pid;
    asio::posix::stream_descriptor ended;
    asio::steady_timer kill_timer;
    bool stopping = false;
  };

  impl(credentials given, std::string directory, bool contained,
       std::chrono::milliseconds kill_after)
      : by(std::move(given)),
        data_dir(std::move(directory)),
        sandboxed(contained),
        grace(kill_after),
        work(io.get_executor()),
        thread([this] { io.run(); }) {}

  void launch(const start_worker& order);
  void end(const machine_key& key, child& of);
  void tell(const machine_key& key, const process_end& ended);
  void finish_when_empty();

  const credentials by;
  const std::string data_dir;
  const bool sandboxed;
  const std::chrono::milliseconds grace;
  asio::io_context io{1};

  // Who is there; read from other threads.
  mutable std::mutex guard;
  std::set<machine_key> present;
  std::function<void(machine_ended)> listener;

  // On the thread only.
  std::string root_url;  // empty: not open yet
  std::string connect;
  std::list<start_worker> ordered;  // until it is
  std::map<machine_key, child> children;
  bool closing = false;

  asio::executor_work_guard<asio::io_context::executor_type> work;
  std::thread thread;
};

local_workers::local_workers(credentials by, std::string data_dir, worker_containment how,
                             std::chrono::milliseconds grace)
    : impl_(std::make_unique<impl>(std::move(by), std::move(data_dir),
                                   how == worker_containment::bubblewrap, grace)) {}

local_workers::~local_workers() { stop_all(); }

void local_workers::on_end(std::function<void(machine_ended)> listener) {
  const std::lock_guard lock{impl_->guard};
  impl_->listener = std::move(listener);
}

void local_workers::open(const std::string& root_url, const std::string& connect) {
  asio::post(impl_->io, [all = impl_.get(), root_url, connect] {
    all->root_url = root_url;
    all->connect = connect;
    for (const auto& order : std::exchange(all->ordered, {}))
      all->launch(order);
  });
}

void local_workers::start(const start_worker& order) {
  {
    const std::lock_guard lock{impl_->guard};
    impl_->present.insert({order.pool, order.worker});
  }
  asio::post(impl_->io, [all = impl_.get(), order] {
    if (all->closing)
      return;
    if (all->root_url.empty())
      all->ordered.push_back(order);
    else
      all->launch(order);
  });
}

void local_workers::stop(const machine& which) {
  asio::post(impl_->io, [all = impl_.get(), key = machine_key{which.pool, which.worker}] {
    if (const auto found = all->children.find(key); found != all->children.end())
      return all->end(key, found->second);
    const auto is_it = [&key](const start_worker& order) {
      return machine_key{order.pool, order.worker} == key;
    };
    if (all->ordered.remove_if(is_it) > 0)
      all->tell(key, {true, "it was never started"});
  });
}

std::vector<machine> local_workers::machines() const {
  const std::lock_guard lock{impl_->guard};
  std::vector<machine> result;
  for (const auto& [pool, worker] : impl_->present)
    result.push_back({pool, worker});
  return result;
}

void local_workers::stop_all() {
  if (!impl_->thread.joinable())
    return;
  asio::post(impl_->io, [all = impl_.get()] {
    all->closing = true;
    all->ordered.clear();
    for (auto& [key, of] : all->children)
      all->end(key, of);
    all->finish_when_empty();
  });
  impl_->thread.join();
}

// -- on the thread --------------------------------------------------------------------------------

void local_workers::impl::launch(const start_worker& order) {
  const machine_key key{order.pool, order.worker};
  auto started = start_worker_process({root_url, connect, by, order.pool.text, order.worker.group,
                                       order.worker.id, order.capacity, data_dir, sandboxed});
  if (!started)
    return tell(key, {false, started.error().message});
  auto& made = children.try_emplace(key, io, started->pid, started->descriptor).first->second;
  made.ended.async_wait(asio::posix::stream_descriptor::wait_read,
                        [this, key, &made](const boost::system::error_code& failed) {
                          if (failed)
                            return;
                          const auto how = reap(made.ended.native_handle());
                          children.erase(key);
                          tell(key, how);
                          finish_when_empty();
                        });
}

void local_workers::impl::end(const machine_key& key, child& of) {
  if (std::exchange(of.stopping, true))
    return;
  ::kill(of.pid, SIGTERM);
  of.kill_timer.expires_after(grace);
  of.kill_timer.async_wait([this, key](const boost::system::error_code& cancelled) {
    // It is not waited for before it is erased, so that the number is still its own.
    if (const auto found = children.find(key); !cancelled && found != children.end())
      ::kill(found->second.pid, SIGKILL);
  });
}

void local_workers::impl::tell(const machine_key& key, const process_end& ended) {
  std::function<void(machine_ended)> told;
  {
    const std::lock_guard lock{guard};
    present.erase(key);
    told = listener;
  }
  if (told && !closing)
    told(machine_ended{"local", key.first, key.second, ended.clean, ended.how});
}

void local_workers::impl::finish_when_empty() {
  if (closing && children.empty())
    work.reset();
}

outcome<void> check_local_workers(const settings& config, const std::string& data_dir) {
  if (config.local_workers_max == 0 || config.worker_sandbox == worker_containment::none)
    return boost::system::in_place_value;
  return try_sandbox({}, data_dir);
}

std::vector<std::string> local_worker_scopes(std::string_view queue, std::string_view group) {
  return {"queue:claim-work:" + std::string{queue}, "queue:worker-id:" + std::string{group} + "/*",
          "purge-cache:purge-requests::" + std::string{queue}, "auth:expand-scopes"};
}

}  // namespace troupe
