#include "runtime/process/program_pages.hpp"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace troupe {

namespace {

// Code is the same as in its file, so nothing is lost; what was relocated is in other segments.
int let_go_of(dl_phdr_info* object, std::size_t, void*) {
  if (std::string_view{object->dlpi_name}.find("vdso") != std::string_view::npos)
    return 0;  // the system's own, and in no file
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (const auto* segment = object->dlpi_phdr; segment != object->dlpi_phdr + object->dlpi_phnum;
       ++segment) {
    if (segment->p_type != PT_LOAD || (segment->p_flags & PF_X) == 0 ||
        (segment->p_flags & PF_W) != 0)
      continue;
    const auto begin = (object->dlpi_addr + segment->p_vaddr) / page * page;
    const auto end = object->dlpi_addr + segment->p_vaddr + segment->p_memsz;
    // A refusal means that it stays.
    ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  return 0;
}

}  // namespace

void let_go_of_code() { ::dl_iterate_phdr(let_go_of, nullptr); }

}  // namespace troupe
