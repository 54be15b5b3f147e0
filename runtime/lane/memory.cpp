#include "runtime/lane/memory.hpp"

#if defined(TROUPE_MIMALLOC)
#include <mimalloc.h>
#endif

namespace troupe {

void give_back_memory() {
#if defined(TROUPE_MIMALLOC)
  mi_collect(true);
#endif
}

}  // namespace troupe
