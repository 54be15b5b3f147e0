#include "runtime/lane/memory_tuning.hpp"

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace troupe {

void tune_memory([[maybe_unused]] unsigned lanes) {
#if defined(__GLIBC__)
  // Memory of other threads than the first grows by a page, with a system call for each, while that
  // of the first one grows by as much as it is told to. With a single lane nobody contends for it.
  if (lanes <= 1)
    mallopt(M_ARENA_MAX, 1);
  constexpr int step_bytes = 1 << 20;
  constexpr int most_unused_bytes = 16 << 20;
  mallopt(M_TOP_PAD, step_bytes);
  // What a burst needed goes back to the system, but not with every block that is freed.
  mallopt(M_TRIM_THRESHOLD, most_unused_bytes);
  // Setting one of them ends the adaptation of this one: large bodies are used again, too.
  constexpr int largest_in_heap_bytes = 1 << 20;
  mallopt(M_MMAP_THRESHOLD, largest_in_heap_bytes);
#endif
}

}  // namespace troupe
