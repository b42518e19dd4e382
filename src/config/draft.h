// The configuration as it was written: what config.h holds, with what was left unset still unset.
// complete() turns it into a Config.
//
// Index i of a vector here is index i of the canonical path; an element whose reading failed stays
// in its place.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/config_options.h"
#include "config/diagnostics.h"
#include "perd/config.h"

namespace perd::config {

// Limits of the lists; more is refused. The tables behind them are indexed by 16 bits.
inline constexpr std::size_t kNeighborsMax = 1024;
inline constexpr std::size_t kL3VnisMax = 4096;
inline constexpr std::size_t kL2VnisMax = 4096;
inline constexpr std::size_t kRouteTargetsMax = 100;  // as OpenPERouter
inline constexpr std::size_t kNetworksMax = 4096;     // also of static routes
inline constexpr std::size_t kInterfacesMax = 256;
inline constexpr std::size_t kListenMax = 16;
inline constexpr std::size_t kNodeNameMax = 253;  // a DNS name
inline constexpr std::size_t kDocumentsMax = 10000;

enum class PeerType : std::uint8_t { kUnset, kInternal, kExternal };

struct NeighborDraft {
  NeighborConfig config;
  PeerType type = PeerType::kUnset;  // kUnset: by AS number
  std::optional<AllowAsIn> allow_as_in;
};

struct UnderlayDraft {
  UnderlayConfig config;
  std::optional<IpPrefix> router_id_cidr;
  bool has_router_id = false;
  std::vector<IpPrefix> tunnel_cidrs;
  std::vector<std::size_t> tunnel_cidr_at;  // index in the file's list, for messages
  std::vector<NeighborDraft> neighbors;
};

struct L3VniDraft {
  L3VniConfig config;
  std::optional<Asn> asn;
  std::optional<IpFamily> underlay_family;
};

struct L2VniDraft {
  L2VniConfig config;
  std::optional<IpFamily> underlay_family;
};

struct Draft {
  NodeConfig node;
  bool node_named = false;
  LogConfig log;
  std::string api_socket = "/run/perd/perd.sock";
  BgpConfig bgp;
  KernelConfig kernel;
  std::vector<UnderlayDraft> underlays;
  std::vector<L3VniDraft> l3vnis;
  std::vector<L2VniDraft> l2vnis;
};

struct ReadContext {
  Diagnostics& diagnostics;
  const ConfigOptions& options;
};

// One document, native or Kubernetes, into the draft. `sections` remembers where node, log, api,
// bgp and kernel were given: each may be given once over all documents.
struct Sections {
  std::map<std::string, std::string, std::less<>> given;  // name -> "file:line"
};
void read_document(const Node& document, Draft& draft, Sections& sections, ReadContext& context);

void read_underlay(const Place& at, Draft& draft, ReadContext& context);
// `name`: of metadata.name; empty in the native file, where the key `name` holds it.
void read_l3vni(const Place& at, const std::string& name, Draft& draft, ReadContext& context);
void read_l2vni(const Place& at, const std::string& name, Draft& draft, ReadContext& context);
[[nodiscard]] NeighborDraft read_neighbor(const Place& at, ReadContext& context);

// Refused unless {enabled: false}; of an underlay or a neighbour.
void read_graceful_restart(const Place& at, ReadContext& context);

// Defaults, and addresses by node index.
[[nodiscard]] Config complete(Draft&& draft, ReadContext& context);

}  // namespace perd::config
