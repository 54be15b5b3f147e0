#pragma once

namespace troupe {

/// Gives the system the memory that this thread has freed and does not need. Takes some
/// milliseconds for a gigabyte. Does nothing where the allocator is that of a sanitizer.
void give_back_memory();

/// Says that memory like that at `place` is going to be needed, since there is more of it all the
/// time: what the allocator has around it is asked of the system in one piece, which costs a third
/// of asking page by page when each is first touched. `place` was just allocated and is small.
void expect_more_like(const void* place);

}  // namespace troupe
