#include "perd/assert.h"

#include <cstdio>
#include <cstdlib>

namespace perd {

void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "perd: broken invariant: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace perd
