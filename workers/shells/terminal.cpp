#include "workers/shells/terminal.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace troupe {

namespace {

// Where there is no say about it yet.
constexpr std::uint16_t usual_rows = 24;
constexpr std::uint16_t usual_columns = 80;

api_error problem() {
  return make_api_error(error_code::service_unavailable,
                        std::string{"no terminal can be had: "} + std::strerror(errno));
}

}  // namespace

outcome<terminal_ends> open_terminal() {
  terminal_ends ends;
  ends.ours = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (ends.ours < 0)
    return problem();
  char name[128];
  if (::grantpt(ends.ours) == 0 && ::unlockpt(ends.ours) == 0 &&
      ::ptsname_r(ends.ours, name, sizeof name) == 0)
    ends.its = ::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (ends.its < 0) {
    const auto error = problem();
    ::close(ends.ours);
    return error;
  }
  resize_terminal(ends.ours, usual_rows, usual_columns);
  return ends;
}

void resize_terminal(int ours, std::uint16_t rows, std::uint16_t columns) {
  const winsize size{rows, columns, 0, 0};
  ::ioctl(ours, TIOCSWINSZ, &size);
}

}  // namespace troupe
