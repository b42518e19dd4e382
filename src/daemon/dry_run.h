// --dry-run: what perd would change in the kernel, one line per object, nothing done.
#pragma once

#include "daemon/command_line.h"
#include "perd/config.h"

namespace perd {

[[nodiscard]] Exit dry_run(const Config& config);

}  // namespace perd
