// The file of the unix socket: whether it may be taken, and how it is made.
#pragma once

#include <string>

#include "perd/expected.h"

namespace perd {

// A listening, non-blocking socket at the path. Removes a socket file that nobody answers at;
// refuses one that somebody does, and anything that is no socket.
[[nodiscard]] Expected<int, std::string> listen_at(const std::string& path);

}  // namespace perd
