#pragma once

namespace troupe {

/// Gives the system the memory that this thread has freed and does not need. Takes some
/// milliseconds for a gigabyte. Does nothing where the allocator is that of a sanitizer.
void give_back_memory();

}  // namespace troupe
