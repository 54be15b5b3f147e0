# Looks for a CAF that is new enough: first whatever the machine has, then what script/bootstrap has
# built. Sets TROUPE_CAF_DIR (the folder of its CAFConfig.cmake) and TROUPE_CAF_VERSION; both are
# empty if there is none.
#
# A CAF accepts no request but for its own exact version. Hence the request for one that does not
# exist: it loads nothing, and CMake tells which ones it has seen.
set(TROUPE_CAF_FLOOR 0.18.7)
set(TROUPE_CAF_DIR "")
set(TROUPE_CAF_VERSION "")

set(cache "$ENV{XDG_CACHE_HOME}")
if(NOT cache)
  set(cache "$ENV{HOME}/.cache")
endif()
file(GLOB built LIST_DIRECTORIES true "${cache}/troupe/caf-*")
list(SORT built COMPARE NATURAL ORDER DESCENDING)

find_package(CAF 9999 QUIET CONFIG PATHS ${built})
foreach(config version IN ZIP_LISTS CAF_CONSIDERED_CONFIGS CAF_CONSIDERED_VERSIONS)
  if(version STREQUAL "unknown" OR version VERSION_LESS TROUPE_CAF_FLOOR)
    continue()
  endif()
  get_filename_component(folder "${config}" DIRECTORY)
  # Not every build of CAF has all the parts that Troupe links.
  file(GLOB lists "${folder}/*.cmake")
  set(text "")
  foreach(list IN LISTS lists)
    file(READ "${list}" part)
    string(APPEND text "${part}")
  endforeach()
  if(text MATCHES "CAF::io" AND text MATCHES "CAF::openssl")
    set(TROUPE_CAF_DIR "${folder}")
    set(TROUPE_CAF_VERSION "${version}")
    break()
  endif()
endforeach()
