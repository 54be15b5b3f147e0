#pragma once

namespace troupe {

/// Takes the code of the program and its libraries out of the memory of this process. What is
/// needed again is there at once, from the system's cache of the file, which others share. For a
/// process that has done much to start, and now only waits. May be called from any thread, at any
/// time.
void let_go_of_code();

}  // namespace troupe
