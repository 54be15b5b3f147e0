#pragma once

#include "messages/api_error.hpp"
#include "runtime/tls/tls_files.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace troupe {

/// Connects, shakes hands by mutual TLS and waits for a first byte of the peer, then closes: tells
/// for people why a port cannot be used. The errors: `service_unavailable` when nobody is there or
/// answers in time, `authentication_failed` when one side does not take the other's certificate,
/// `input_error` for files that cannot be used. Gives up at once when the descriptor `give_up`
/// becomes readable (-1: none).
outcome<void> probe_tls(const std::string& host, std::uint16_t port, const tls_files& files,
                        std::chrono::milliseconds limit, int give_up = -1);

}  // namespace troupe
