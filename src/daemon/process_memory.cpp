#include "daemon/process_memory.h"

#include <malloc.h>
#include <unistd.h>

#include <fstream>

namespace perd {

status::ProcessMemory process_memory() {
  status::ProcessMemory out;
  const auto info = mallinfo2();
  out.heap_used = info.uordblks + info.hblkhd;
  out.heap_free = info.fordblks;
  std::ifstream statm("/proc/self/statm");
  std::size_t all = 0;
  std::size_t resident = 0;
  if (statm >> all >> resident) {
    out.resident = resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  }
  return out;
}

void trim_heap() { malloc_trim(0); }

}  // namespace perd
