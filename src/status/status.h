// What `perctl show`, `explain` and `clear` ask of a running speaker. Reads only; the commands that
// act (clear, reload) are carried out by the daemon, which knows the files.
//
// JSON keys are stable: a key is added, never renamed (README, "JSON").
#pragma once

#include <span>
#include <string>

#include "core/speaker.h"
#include "perd/memory.h"
#include "status/answer.h"

namespace perd::status {

// What the system says of the process, in octets.
struct ProcessMemory {
  std::size_t resident = 0;
  std::size_t heap_used = 0;  // handed out by malloc, mapped blocks included
  std::size_t heap_free = 0;  // kept by malloc
};

// What the daemon knows and the speaker does not: what "now" is on both clocks, and its memory.
struct Clock {
  TimePoint now{};
  std::int64_t unix_seconds = 0;
  ProcessMemory process;
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
[[nodiscard]] std::optional<Vni> parse_vni(const std::string& word);  // 1 to 16777215
[[nodiscard]] const L2VniConfig* find_l2vni(const Config& config, Vni vni);
[[nodiscard]] Shown ethernet_segments(const std::vector<evpn::EthernetSegmentView>& segments);
[[nodiscard]] Shown explain_mac(const Speaker& speaker, const L2VniConfig& vni,
                                const MacAddress& mac);
[[nodiscard]] MemoryParts memory_parts(const Speaker& speaker);
[[nodiscard]] Shown memory(const MemoryParts& parts, const ProcessMemory& process);
[[nodiscard]] Shown events(const Speaker& speaker, const Clock& clock);
[[nodiscard]] Shown route(const Speaker& speaker, VrfId vrf, const std::string& name,
                          const IpPrefix& prefix);
[[nodiscard]] Shown explain_route(const Speaker& speaker, VrfId vrf, const std::string& name,
                                  const IpPrefix& prefix);

struct EvpnFilter {
  bool frr_columns = false;  // text as `show bgp l2vpn evpn` of FRR has it
  unsigned type = 0;         // 0: all
  std::optional<RouteDistinguisher> rd;
  std::optional<Vni> vni;  // in a label, or the PMSI tunnel of a type 3
};
// Counts the routes piece by piece before it says anything.
[[nodiscard]] Answer kernel(const Speaker& speaker, bool as_json);
[[nodiscard]] Answer evpn_routes(const Speaker& speaker, const EvpnFilter& filter, bool as_json);
[[nodiscard]] Answer vrf_routes(const Speaker& speaker, VrfId vrf, const std::string& name,
                                bool as_json);
[[nodiscard]] Answer macs(const Speaker& speaker, const L2VniConfig& vni, bool as_json);
[[nodiscard]] Answer neighs(const Speaker& speaker, const L2VniConfig& vni, bool as_json);

}  // namespace perd::status
