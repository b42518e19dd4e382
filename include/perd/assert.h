// PERD_ASSERT: our own invariants, checked in release builds too. Never for what a peer, the kernel
// or an operator sends: those faults are values.
#pragma once

namespace perd {
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);
}  // namespace perd

#define PERD_ASSERT(condition) \
  ((condition) ? void(0) : ::perd::assertion_failed(#condition, __FILE__, __LINE__))
