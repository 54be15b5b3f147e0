#pragma once

namespace troupe {

/// Sets the allocator up for a process whose work is done by so many threads. To be called before
/// they are started.
void tune_memory(unsigned lanes);

}  // namespace troupe
