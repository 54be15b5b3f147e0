# What Troupe stands on; script/bootstrap installs it.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json container)
find_package(OpenSSL 3 REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(CURL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(cppzmq REQUIRED)
if(NOT TROUPE_SANITIZE)  # sanitizers bring an allocator of their own
  find_package(mimalloc 2 REQUIRED)
endif()
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
# Of libarchive only what is used: the shared library brings libxml2 and ICU into every process,
# some 4 MB of a worker's memory, for archives that no task has.
find_library(TROUPE_LIBARCHIVE libarchive.a REQUIRED)
add_library(troupe_libarchive INTERFACE)
target_link_libraries(troupe_libarchive
  INTERFACE "${TROUPE_LIBARCHIVE}" nettle acl lzma zstd lz4 bz2 ZLIB::ZLIB)
pkg_check_modules(libbrotlidec REQUIRED IMPORTED_TARGET libbrotlidec)

include(LocateCaf)
if(NOT TROUPE_CAF_DIR)
  message(FATAL_ERROR "no CAF ${TROUPE_CAF_FLOOR} or newer with io and openssl: run script/bootstrap, "
    "or set CMAKE_PREFIX_PATH to one")
endif()
find_package(CAF ${TROUPE_CAF_VERSION} EXACT REQUIRED CONFIG COMPONENTS core io openssl
  PATHS "${TROUPE_CAF_DIR}" NO_DEFAULT_PATH)
message(STATUS "Found CAF: ${TROUPE_CAF_DIR} (version ${TROUPE_CAF_VERSION})")
# Its headers are not clean under our warnings.
foreach(part core io openssl)
  set_target_properties(CAF::${part} PROPERTIES
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES
    "$<TARGET_PROPERTY:CAF::${part},INTERFACE_INCLUDE_DIRECTORIES>")
endforeach()

find_package(Catch2 3 REQUIRED)
