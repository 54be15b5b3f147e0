// The services of lane 0 that keep records of their own: secrets, index, purge requests, objects,
// copies of them at other sites.

#include "actors/company/company_impl.hpp"
#include "actors/index/index_actor.hpp"
#include "actors/mirror/mirror_actor.hpp"
#include "actors/object/object_actor.hpp"
#include "actors/purge_cache/purge_cache_actor.hpp"
#include "actors/secrets/secrets_actor.hpp"

namespace troupe {

secrets_actor lane_company::impl::make_secrets() {
  return system.spawn<secrets_shell, caf::lazy_init>(where, [this] {
    succeed(
        directory().secrets, [this] { return make_secrets(); }, open_secrets{});
  });
}

index_actor lane_company::impl::make_index() {
  return system.spawn<index_shell, caf::lazy_init>(where, [this] {
    succeed(
        directory().index, [this] { return make_index(); }, open_index{});
    if (tasks_known)
      tell(directory().index, catch_up_index{});
  });
}

purge_cache_actor lane_company::impl::make_purge_cache() {
  return system.spawn<purge_cache_shell, caf::lazy_init>(where, [this] {
    succeed(
        directory().purge_cache, [this] { return make_purge_cache(); }, open_purge_requests{});
  });
}

object_actor lane_company::impl::make_objects() {
  return system.spawn<object_shell, caf::lazy_init>(where, [this] {
    succeed(
        directory().objects, [this] { return make_objects(); }, open_objects{});
  });
}

mirror_actor lane_company::impl::make_mirror() {
  if (own.copies == nullptr)
    return {};
  return system.spawn<mirror_shell, caf::lazy_init>(where, [this] {
    succeed(
        directory().mirror, [this] { return make_mirror(); }, open_mirrors{});
  });
}

void lane_company::impl::spawn_stores() {
  directory().secrets = make_secrets();
  directory().index = make_index();
  directory().purge_cache = make_purge_cache();
  directory().objects = make_objects();
  directory().mirror = make_mirror();
}

void lane_company::impl::open_stores() {
  tell(directory().secrets, open_secrets{});
  tell(directory().index, open_index{});
  tell(directory().purge_cache, open_purge_requests{});
  tell(directory().objects, open_objects{});
  tell(directory().mirror, open_mirrors{});
}

}  // namespace troupe
