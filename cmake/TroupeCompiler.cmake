# Language, warnings, sanitizers, and whatever makes builds on a small machine quick.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

set(TROUPE_SANITIZE "" CACHE STRING "Sanitizers to build with, e.g. address,undefined")

add_library(troupe_compiler INTERFACE)
# g++ 12 reports these falsely on strings inlined from its own library (GCC bugs 105651, 105329);
# coming from a precompiled header they are not hidden as a system header's.
set(troupe_false_alarms -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow)
target_compile_options(troupe_compiler INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Werror
  ${troupe_false_alarms})
target_include_directories(troupe_compiler INTERFACE "${PROJECT_SOURCE_DIR}")
# Nearly everybody speaks JSON; one set of its macros lets all share precompiled headers.
target_link_libraries(troupe_compiler INTERFACE Boost::json Boost::headers)
target_compile_definitions(troupe_compiler INTERFACE _FILE_OFFSET_BITS=64)  # as hiredis says
if(TROUPE_SANITIZE)
  target_compile_options(troupe_compiler INTERFACE
    -fsanitize=${TROUPE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all
    # g++ 12 reports this falsely when sanitizers are on
    -Wno-maybe-uninitialized
    # asio's fences, which the thread sanitizer does not see
    $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
  target_link_options(troupe_compiler INTERFACE -fsanitize=${TROUPE_SANITIZE})
endif()

find_program(TROUPE_CCACHE ccache)
if(TROUPE_CCACHE)
  target_compile_options(troupe_compiler INTERFACE -fpch-preprocess)
endif()
if(TROUPE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Paths below the checkout are hashed relative to it, so that every checkout shares the cache; the
  # sloppiness is what precompiled headers need.
  set(launcher "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1
    CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_PCH_EXTSUM=1 "${TROUPE_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${launcher}")
  set(CMAKE_C_COMPILER_LAUNCHER "${launcher}")
endif()

find_program(TROUPE_MOLD mold)
find_program(TROUPE_LLD ld.lld)
if(TROUPE_MOLD)
  add_link_options(-fuse-ld=mold)
elseif(TROUPE_LLD)
  add_link_options(-fuse-ld=lld)
endif()
