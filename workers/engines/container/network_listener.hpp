#pragma once

#include "messages/api_error.hpp"
#include "runtime/files/descriptor.hpp"

#include <sys/types.h>
#include <cstdint>
#include <string>

namespace troupe {

/// A listener for TCP at the IPv4 address and port of the network that the process has, in which
/// this process need not be. The error says what does not work, also when the two have one network:
/// then the listener would not be the process's alone. From any thread.
outcome<descriptor> listen_in_network_of(pid_t process, const std::string& address,
                                         std::uint16_t port);

}  // namespace troupe
