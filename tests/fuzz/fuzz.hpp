#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string_view>

/// Something that must hold whatever the input is.
#define TROUPE_HOLDS(condition)                                  \
  do {                                                           \
    if (!(condition)) {                                          \
      std::cerr << "does not hold: " << #condition << std::endl; \
      std::abort();                                              \
    }                                                            \
  } while (false)

/// The input as text.
inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
