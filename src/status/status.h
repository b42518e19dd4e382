// What `perctl show`, `explain` and `clear` ask of a running speaker. Reads only; the commands that
// act (clear, reload) are carried out by the daemon, which knows the files.
//
// JSON keys are stable: a key is added, never renamed (README, "JSON").
#pragma once

#include <span>
#include <string>

#include "core/speaker.h"
#include "status/answer.h"

namespace perd::status {

// Times as the daemon knows them: what "now" is on both clocks.
struct Clock {
  TimePoint now{};
  std::int64_t unix_seconds = 0;
};

// `words` is the command line after perctl's options: {"show", "summary"}. The speaker must outlive
// the answer's producer.
[[nodiscard]] Answer answer(const Speaker& speaker, std::span<const std::string> words,
                            bool as_json, const Clock& clock);

[[nodiscard]] std::string version_text();  // "perd 0.1.0"

// ---- the single views, also for tests ----
[[nodiscard]] Shown summary(const Speaker& speaker, const Clock& clock);
[[nodiscard]] Shown neighbors(const Speaker& speaker, const Clock& clock);
[[nodiscard]] Shown neighbor(const Speaker& speaker, const Neighbor& n, const Clock& clock);
[[nodiscard]] Shown vrfs(const Speaker& speaker);
[[nodiscard]] Shown vnis(const Speaker& speaker);
[[nodiscard]] Shown vteps(const Speaker& speaker);
[[nodiscard]] Shown kernel(const Speaker& speaker);
[[nodiscard]] Shown events(const Speaker& speaker, const Clock& clock);
[[nodiscard]] Shown route(const Speaker& speaker, VrfId vrf, const std::string& name,
                          const IpPrefix& prefix);
[[nodiscard]] Shown explain_route(const Speaker& speaker, VrfId vrf, const std::string& name,
                                  const IpPrefix& prefix);

struct EvpnFilter {
  unsigned type = 0;  // 0: all
  std::optional<RouteDistinguisher> rd;
  std::optional<Vni> vni;  // in a label
};
[[nodiscard]] Answer evpn_routes(const Speaker& speaker, const EvpnFilter& filter, bool as_json);
[[nodiscard]] Answer vrf_routes(const Speaker& speaker, VrfId vrf, const std::string& name,
                                bool as_json);

}  // namespace perd::status
