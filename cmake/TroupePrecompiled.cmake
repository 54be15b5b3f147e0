# Headers that cost seconds to parse are parsed once a build. Four sets, one for each kind of target:
# without CAF (plain) and with it (actors), for libraries and for tests (Catch2 and RapidCheck on
# top). An executable needs its own, because it is compiled as position-independent in another way.
# Sources still include what they use: -DTROUPE_PRECOMPILED=OFF builds without, and shows who does not.
option(TROUPE_PRECOMPILED "Parse big headers once a build" ON)

set(troupe_plain_headers
  <algorithm> <chrono> <functional> <map> <memory> <optional> <string> <string_view>
  <unordered_map> <variant> <vector> <boost/json.hpp>)
set(troupe_actors_headers ${troupe_plain_headers}
  <boost/asio/io_context.hpp> <boost/asio/ip/tcp.hpp> <boost/asio/post.hpp>
  <boost/asio/steady_timer.hpp> <boost/unordered/unordered_flat_map.hpp> <caf/all.hpp>)
set(troupe_test_headers <catch2/catch_test_macros.hpp> <rapidcheck.h>)

# For ccache: a set is known by what it was made of, not by its bytes, which differ each time and
# are hundreds of megabytes to hash for each source. (CCACHE_PCH_EXTSUM reads this file instead.)
# The set itself never comes from ccache: that would save seconds, and a damaged one (one was found
# to be zeros for the most part) would fail every build that shares the cache.
function(troupe_name_precompiled target headers)
  file(WRITE "${PROJECT_BINARY_DIR}/CMakeFiles/${target}.dir/cmake_pch.hxx.gch.sum"
    "${target} ${headers}\n${CMAKE_CXX_COMPILER_VERSION} ${CMAKE_BUILD_TYPE} ${TROUPE_SANITIZE}\n"
    "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_RELEASE} ${CMAKE_CXX_FLAGS_DEBUG}\n"
    "Boost ${Boost_VERSION} CAF ${TROUPE_CAF_VERSION} Catch2 ${Catch2_VERSION}\n")
endfunction()

function(troupe_make_precompiled)
  if(NOT TROUPE_PRECOMPILED)
    return()
  endif()
  set(empty "${PROJECT_BINARY_DIR}/precompiled/empty.cpp")
  file(GENERATE OUTPUT "${empty}" CONTENT "int main() { return 0; }\n")
  foreach(kind plain actors)
    set(libraries troupe_compiler Threads::Threads)
    if(kind STREQUAL "actors")
      list(APPEND libraries CAF::core CAF::io CAF::openssl)
    endif()
    add_library(troupe_precompiled_${kind} STATIC EXCLUDE_FROM_ALL "${empty}")
    target_link_libraries(troupe_precompiled_${kind} PRIVATE ${libraries})
    target_precompile_headers(troupe_precompiled_${kind} PRIVATE ${troupe_${kind}_headers})
    add_executable(troupe_precompiled_${kind}_test EXCLUDE_FROM_ALL "${empty}")
    target_link_libraries(troupe_precompiled_${kind}_test PRIVATE
      ${libraries} Catch2::Catch2 rapidcheck)
    target_precompile_headers(troupe_precompiled_${kind}_test PRIVATE
      ${troupe_${kind}_headers} ${troupe_test_headers})
    set_target_properties(troupe_precompiled_${kind} troupe_precompiled_${kind}_test PROPERTIES
      CXX_COMPILER_LAUNCHER "")
    troupe_name_precompiled(troupe_precompiled_${kind} "${troupe_${kind}_headers}")
    troupe_name_precompiled(troupe_precompiled_${kind}_test
      "${troupe_${kind}_headers} ${troupe_test_headers}")
  endforeach()
endfunction()

# Lets a target use a set: plain, actors, plain_test or actors_test.
function(troupe_use_precompiled target kind)
  if(TROUPE_PRECOMPILED)
    target_precompile_headers(${target} REUSE_FROM troupe_precompiled_${kind})
  endif()
endfunction()
