#include "actors/company/company_impl.hpp"

#include "actors/auth/auth_actor.hpp"
#include "actors/provisioner/provisioner_actor.hpp"
#include "actors/queue_register/queue_register_actor.hpp"
#include "actors/task_queue/task_queue_actor.hpp"
#include "actors/worker/worker_actor.hpp"
#include "actors/worker_type/worker_type_actor.hpp"
#include "runtime/lane/caf_compat.hpp"

namespace troupe {

lane_company::lane_company(caf::actor_system& system, lane& on, switchboard& board,
                           const company_parts& parts)
    : impl_(std::make_unique<impl>(system, on, board, parts)) {}

lane_company::~lane_company() = default;

// -- who is there ---------------------------------------------------------------------------------

task_shard_actor lane_company::impl::make_shard(std::uint16_t shard) {
  return system.spawn<task_shard_shell, caf::lazy_init>(where, shard, [this, shard] {
    succeed(
        directory().task_shards[shard], [this, shard] { return make_shard(shard); }, take_over{});
  });
}

group_directory_actor lane_company::impl::make_groups() {
  return system.spawn<group_directory_shell, caf::lazy_init>(where, [this] {
    succeed(
        directory().groups[index()], [this] { return make_groups(); }, take_over{});
  });
}

graph_directory_actor lane_company::impl::make_graphs() {
  return system.spawn<graph_directory_shell, caf::lazy_init>(where, [this] {
    succeed(
        directory().graphs[index()], [this] { return make_graphs(); }, take_over{});
  });
}

queue_directory_actor lane_company::impl::make_queues() {
  return system.spawn<queue_directory_shell, caf::lazy_init>(where, [this] {
    succeed(
        directory().queues[index()], [this] { return make_queues(); }, take_over{});
    // It does not know whose demand is watched.
    tell(directory().pools[index()], watch_queues{});
  });
}

queue_register_actor lane_company::impl::make_register() {
  return system.spawn<queue_register_shell, caf::lazy_init>(where, [this] {
    succeed(
        directory().registers[index()], [this] { return make_register(); }, open_register{});
  });
}

worker_directory_actor lane_company::impl::make_workers() {
  return system.spawn<worker_directory_shell, caf::lazy_init>(
      where, [this] { succeed(directory().workers[index()], [this] { return make_workers(); }); });
}

pool_directory_actor lane_company::impl::make_pools() {
  return system.spawn<pool_directory_shell, caf::lazy_init>(where, [this] {
    succeed(
        directory().pools[index()], [this] { return make_pools(); }, watch_queues{});
  });
}

provisioner_actor lane_company::impl::make_provisioner(const std::string& provider,
                                                       machine_launcher& launcher) {
  return system.spawn<provisioner_shell, caf::lazy_init>(
      where, provider, launcher, [this, provider, &launcher] {
        succeed(directory().provisioners[provider],
                [this, &provider, &launcher] { return make_provisioner(provider, launcher); });
      });
}

auth_actor lane_company::impl::make_auth() {
  return system.spawn<auth_shell, caf::lazy_init>(where, [this] {
    succeed(
        directory().auth, [this] { return make_auth(); }, troupe::open_auth{});
  });
}

void lane_company::spawn() {
  auto& all = *impl_;
  auto& directory = all.directory();
  const auto lane_index = all.index();
  all.leaving = false;
  all.shards.clear();
  for (std::uint16_t shard = 0; shard < shard_count; ++shard) {
    if (lane_of_shard(shard, all.where.on.lane_count()) != lane_index)
      continue;
    all.shards.push_back(shard);
    directory.task_shards[shard] = all.make_shard(shard);
  }
  directory.queues[lane_index] = all.make_queues();
  directory.groups[lane_index] = all.make_groups();
  directory.graphs[lane_index] = all.make_graphs();
  directory.workers[lane_index] = all.make_workers();
  directory.registers[lane_index] = all.make_register();
  directory.pools[lane_index] = all.make_pools();
  all.tasks_known = false;
  if (!std::exchange(all.hears_events, true))
    all.where.store().add_listener(all.events_for_index);
  all.events_for_index.start();
  if (lane_index != 0)
    return;
  directory.auth = all.make_auth();
  all.spawn_stores();
  const bool hears = std::exchange(all.hears_launchers, true);
  for (const auto& [provider, launcher] : all.where.parts.launchers) {
    directory.provisioners[provider] = all.make_provisioner(provider, *launcher);
    if (hears)
      continue;  // it may be telling something just now
    launcher->on_end([&all](machine_ended news) {
      all.where.on.post([&all, news = std::move(news)]() mutable {
        all.where.board.tell(all.where.on, std::move(news));
      });
    });
  }
}

void lane_company::open() {
  impl_->shell_of_groups().open();
  impl_->tasks_known = true;
  if (impl_->index() == 0)
    impl_->tell(impl_->directory().index, catch_up_index{});
  impl_->shell_of_graphs().open();
  impl_->where.on.drain();
}

void lane_company::open_auth() { impl_->tell(impl_->directory().auth, troupe::open_auth{}); }

void lane_company::open_pools() {
  impl_->tell(impl_->directory().pools[impl_->index()], watch_queues{});
}

void lane_company::write_workers() {
  impl_->tell(impl_->directory().workers[impl_->index()], troupe::write_workers{});
  impl_->tell(impl_->directory().registers[impl_->index()], troupe::write_workers{});
  impl_->where.on.drain();
}

void lane_company::set_claim_timeout(std::chrono::milliseconds timeout) {
  impl_->own.task.claim_timeout = timeout;
}

void lane_company::dismiss_queues() {
  auto& queues = impl_->directory().queues[impl_->index()];
  impl_->leaving = true;
  if (const auto actor = std::exchange(queues, nullptr))
    act::dismiss(impl_->where.on.executor(), actor);
  impl_->where.on.drain();
}

void lane_company::dismiss() {
  auto& directory = impl_->directory();
  auto& executor = impl_->where.on.executor();
  impl_->leaving = true;
  impl_->events_for_index.stop();
  auto end = [&executor](auto& actor) {
    if (actor)
      act::dismiss(executor, actor);
    actor = nullptr;
  };
  for (const auto shard : impl_->shards)
    end(directory.task_shards[shard]);
  end(directory.queues[impl_->index()]);
  end(directory.groups[impl_->index()]);
  end(directory.graphs[impl_->index()]);
  end(directory.workers[impl_->index()]);
  end(directory.registers[impl_->index()]);
  end(directory.pools[impl_->index()]);
  if (impl_->index() == 0) {
    end(directory.auth);
    end(directory.secrets);
    end(directory.index);
    end(directory.purge_cache);
    end(directory.objects);
    end(directory.mirror);
    for (auto& [provider, actor] : directory.provisioners)
      end(actor);
  }
  impl_->where.on.drain();
}

}  // namespace troupe
