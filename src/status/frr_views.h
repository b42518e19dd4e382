// What `show` says to hands and scripts that know FRR: its columns and its JSON keys, filled from
// perd's own tables. What perd has no equal of (interface indexes, VLANs, sync flags) is left out.
// Only for this folder.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "status/status.h"

namespace perd::status {

// Nothing: not a command of FRR's that perd answers. `words` follow "show".
[[nodiscard]] std::optional<Answer> frr_answer(const Speaker& speaker,
                                               std::span<const std::string> words, bool as_json);

// `show evpn vni N`; none: no VNI of this node.
[[nodiscard]] std::optional<Shown> frr_evpn_vni(const Speaker& speaker, Vni vni);

// `show evpn mac vni` and `show evpn arp-cache vni`, of one L2VNI or all.
[[nodiscard]] Answer frr_macs(const Speaker& speaker, std::optional<Vni> one, bool as_json);
[[nodiscard]] Answer frr_neighbors(const Speaker& speaker, std::optional<Vni> one, bool as_json);

}  // namespace perd::status
