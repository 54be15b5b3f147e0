#include "runtime/lane/memory.hpp"

#if defined(TROUPE_MIMALLOC)
#include <mimalloc.h>
#endif

#include <sys/mman.h>

#include <array>
#include <cstdint>

namespace troupe {

void expect_more_like(const void* place) {
#if defined(TROUPE_MIMALLOC) && defined(MADV_POPULATE_WRITE)
  // The allocator takes small things of like size from pieces of 64 KB, one piece after the other.
  constexpr std::uintptr_t piece = 64 * 1024;
  thread_local std::array<std::uintptr_t, 64> known{};
  const auto begin = reinterpret_cast<std::uintptr_t>(place) / piece * piece;
  auto& slot = known[begin / piece % known.size()];
  if (slot == begin)
    return;
  slot = begin;
  // A refusal means nothing: pages come when they are touched, as everywhere else.
  ::madvise(reinterpret_cast<void*>(begin), piece, MADV_POPULATE_WRITE);
#else
  static_cast<void>(place);
#endif
}

void give_back_memory() {
#if defined(TROUPE_MIMALLOC)
  mi_collect(true);
#endif
}

}  // namespace troupe
