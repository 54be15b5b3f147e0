#include "workers/files/copying.hpp"

#include "runtime/files/descriptor.hpp"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <cerrno>
#include <cstring>

namespace troupe {

outcome<void> copy_file(const std::string& from, const std::string& to,
                        const std::atomic<bool>& give_up) {
  constexpr std::size_t piece = 16 * 1024 * 1024;
  const auto problem = [](const std::string& what) {
    return make_api_error(error_code::input_error, what + ": " + std::strerror(errno));
  };
  const descriptor source{::open(from.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!source)
    return problem("cannot be read");
  const descriptor target{::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)};
  if (!target)
    return problem("cannot be written to " + to);
  while (!give_up) {
    const auto sent = ::sendfile(target.get(), source.get(), nullptr, piece);
    if (sent < 0)
      return problem("cannot be copied to " + to);
    if (sent == 0)
      return boost::system::in_place_value;
  }
  return make_api_error(error_code::input_error, "was given up");
}

}  // namespace troupe
