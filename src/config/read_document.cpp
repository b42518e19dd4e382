// A document: which spelling it is in, and the sections of the native one.
#include <array>

#include "config/draft.h"
#include "config/object_reader.h"

namespace perd::config {
namespace {

constexpr std::string_view kApiVersion = "network.openperouter.io/v1alpha1";

constexpr KeySpec kNativeKeys[] = {
    {"node"},
    {"log"},
    {"api"},
    {"bgp"},
    {"kernel"},
    {"underlays"},
    {"l3vnis"},
    {"l2vnis"},
    {"metrics", KeyStatus::kNotYet},
    {"bgppassthrough", KeyStatus::kNotYet},
    {"policies", KeyStatus::kNotYet},
    {"l3vpns", KeyStatus::kNever, "perd carries VPNs by EVPN and VXLAN, not by SRv6 or MPLS"},
    {"rawfrrconfigs", KeyStatus::kNever, "there is no FRR below perd to take them"},
};
constexpr KeySpec kNodeKeys[] = {{"name"}, {"index"}, {"netns", KeyStatus::kNotYet}};
constexpr KeySpec kLogKeys[] = {{"level"}, {"format"}};
constexpr KeySpec kApiKeys[] = {{"socket"}};
constexpr KeySpec kBgpKeys[] = {{"listen"}, {"port"}};
constexpr KeySpec kKernelKeys[] = {{"install"}, {"routeProtocol"}};

constexpr KeySpec kKubernetesKeys[] = {
    {"apiVersion"}, {"kind"}, {"metadata"}, {"spec"}, {"status", KeyStatus::kSkipped},
};
constexpr KeySpec kKubernetesListKeys[] = {
    {"apiVersion"},
    {"kind"},
    {"items"},
    {"metadata", KeyStatus::kSkipped},
};
constexpr KeySpec kMetadataKeys[] = {
    {"name"},
    {"namespace", KeyStatus::kSkipped},
    {"labels", KeyStatus::kSkipped},
    {"annotations", KeyStatus::kSkipped},
    {"uid", KeyStatus::kSkipped},
    {"resourceVersion", KeyStatus::kSkipped},
    {"generation", KeyStatus::kSkipped},
    {"creationTimestamp", KeyStatus::kSkipped},
    {"managedFields", KeyStatus::kSkipped},
    {"ownerReferences", KeyStatus::kSkipped},
    {"finalizers", KeyStatus::kSkipped},
};

void read_node(const Place& at, Draft& draft, ReadContext& context) {
  constexpr std::uint32_t kIndexMax = 0xfffffffeU;
  const ObjectReader o{at, kNodeKeys, context.diagnostics};
  o.take("name", draft.node.name,
         [](const Place& p, Diagnostics& d) { return read_line(p, d, kNodeNameMax); });
  draft.node_named = o.has("name");
  o.take("index", draft.node.index, number<std::uint32_t>(0, kIndexMax));
}

void read_log(const Place& at, Draft& draft, ReadContext& context) {
  constexpr std::array<std::string_view, 5> kLevels = {"trace", "debug", "info", "warn", "error"};
  constexpr std::array<std::string_view, 2> kFormats = {"text", "json"};
  const ObjectReader o{at, kLogKeys, context.diagnostics};
  if (const auto p = o.get("level")) {
    if (const auto i = read_word(*p, context.diagnostics, kLevels)) {
      draft.log.level = static_cast<LogLevel>(*i);
    }
  }
  if (const auto p = o.get("format")) {
    if (const auto i = read_word(*p, context.diagnostics, kFormats)) {
      draft.log.format = static_cast<LogFormat>(*i);
    }
  }
}

void read_api(const Place& at, Draft& draft, ReadContext& context) {
  constexpr std::size_t kSocketPathMax = 107;  // sockaddr_un, less the closing zero
  const ObjectReader o{at, kApiKeys, context.diagnostics};
  const auto p = o.get("socket");
  if (!p) return;
  auto path = read_absolute_path(*p, context.diagnostics);
  if (!path) return;
  if (path->size() > kSocketPathMax) {
    context.diagnostics.error(*p, "a unix socket's path has at most 107 octets, this one has " +
                                      std::to_string(path->size()));
    return;
  }
  draft.api_socket = std::move(*path);
}

void read_bgp(const Place& at, Draft& draft, ReadContext& context) {
  const ObjectReader o{at, kBgpKeys, context.diagnostics};
  o.take_list("listen", kListenMax, draft.bgp.listen, read_address);
  if (const auto p = o.get("listen"); p && p->node->is_sequence() && p->node->items.empty()) {
    context.diagnostics.error(*p, "expected at least one address; `port: 0` is how not to listen");
  }
  o.take("port", draft.bgp.port, number<std::uint16_t>(0, 65535));
}

void read_kernel(const Place& at, Draft& draft, ReadContext& context) {
  const ObjectReader o{at, kKernelKeys, context.diagnostics};
  o.take("install", draft.kernel.install, read_bool);
  // 0..4 are the kernel's own, `boot` and `static`: perd could not tell its routes from theirs.
  o.take("routeProtocol", draft.kernel.route_protocol, number<std::uint8_t>(5, 255));
}

// A section that may be given once over all documents.
using ReadSection = void (*)(const Place&, Draft&, ReadContext&);
void read_once(const ObjectReader& o, std::string_view key, ReadSection read, Draft& draft,
               Sections& sections, ReadContext& context) {
  const auto at = o.get(key);
  if (!at) return;
  const Position& where = at->node->at;
  const auto [it, first] = sections.given.try_emplace(
      std::string{key}, context.diagnostics.file(where.file) + ":" + std::to_string(where.line));
  if (!first) {
    context.diagnostics.error(*at, "already given at " + it->second);
    return;
  }
  read(*at, draft, context);
}

// The canonical path of an element counts over all documents, the shown one within its own.
Place renumbered(Place element, std::string_view list, std::size_t index) {
  element.canon = std::string{list} + "[" + std::to_string(index) + "]";
  return element;
}

void read_native(const Node& document, Draft& draft, Sections& sections, ReadContext& context) {
  const ObjectReader o{Place{&document, "", ""}, kNativeKeys, context.diagnostics};
  read_once(o, "node", read_node, draft, sections, context);
  read_once(o, "log", read_log, draft, sections, context);
  read_once(o, "api", read_api, draft, sections, context);
  read_once(o, "bgp", read_bgp, draft, sections, context);
  read_once(o, "kernel", read_kernel, draft, sections, context);
  for (Place& at : o.list("underlays", kL3VnisMax)) {
    read_underlay(renumbered(std::move(at), "underlays", draft.underlays.size()), draft, context);
  }
  for (Place& at : o.list("l3vnis", kL3VnisMax)) {
    read_l3vni(renumbered(std::move(at), "l3vnis", draft.l3vnis.size()), "", draft, context);
  }
  for (Place& at : o.list("l2vnis", kL2VnisMax)) {
    read_l2vni(renumbered(std::move(at), "l2vnis", draft.l2vnis.size()), "", draft, context);
  }
}

void refuse_kind(const Place& kind, Diagnostics& d) {
  struct Refused {
    std::string_view kind;
    std::string_view message;
  };
  constexpr Refused kRefused[] = {
      {"L3Passthrough", "L3Passthrough: not yet supported"},
      {"L3VPN", "L3VPN: not supported: perd carries VPNs by EVPN and VXLAN, not by SRv6 or MPLS"},
      {"RawFRRConfig", "RawFRRConfig: not supported: there is no FRR below perd to take it"},
      {"OpenPERouter", "OpenPERouter: not supported: it configures an operator, not a router"},
      {"RouterNodeConfigurationStatus",
       "RouterNodeConfigurationStatus: not supported: it is a report, not configuration"},
  };
  for (const Refused& refused : kRefused) {
    if (kind.node->is_scalar() && kind.node->text == refused.kind) {
      d.error(kind, std::string{refused.message});
      return;
    }
  }
  constexpr std::array<std::string_view, 3> kKinds = {"Underlay", "L3VNI", "L2VNI"};
  (void)read_word(kind, d, kKinds);
  d.set_incomplete();  // it may have meant the underlay
}

std::string metadata_name(const ObjectReader& o, ReadContext& context) {
  std::string name;
  if (const auto at = o.require("metadata", "a map with `name`")) {
    const ObjectReader metadata{*at, kMetadataKeys, context.diagnostics};
    metadata.take_required("name", "a name", name,
                           [](const Place& p, Diagnostics& d) { return read_line(p, d, 253); });
  }
  return name;
}

void read_kubernetes(const Node& document, Draft& draft, ReadContext& context) {
  Diagnostics& d = context.diagnostics;
  const Place root{&document, "", ""};
  const ObjectReader o{root, kKubernetesKeys, d};
  if (const auto at = o.require("apiVersion", kApiVersion)) {
    constexpr std::array<std::string_view, 1> kVersions = {kApiVersion};
    (void)read_word(*at, d, kVersions);
  }
  const auto kind = o.require("kind", "Underlay, L3VNI or L2VNI");
  if (!kind) {
    d.set_incomplete();
    return;
  }
  const bool underlay = kind->node->is_scalar() && kind->node->text == "Underlay";
  const bool l3vni = kind->node->is_scalar() && kind->node->text == "L3VNI";
  const bool l2vni = kind->node->is_scalar() && kind->node->text == "L2VNI";
  if (!underlay && !l3vni && !l2vni) {
    refuse_kind(*kind, d);
    return;
  }
  const std::string name = metadata_name(o, context);
  auto spec = o.require("spec", "a map");
  if (!spec) {
    d.set_incomplete();
    return;
  }
  spec->shown = kind->node->text + "/" + (name.empty() ? "?" : shown_text(name)) + ".spec";
  if (underlay) {
    read_underlay(renumbered(std::move(*spec), "underlays", draft.underlays.size()), draft,
                  context);
  } else if (l3vni) {
    read_l3vni(renumbered(std::move(*spec), "l3vnis", draft.l3vnis.size()), name, draft, context);
  } else {
    read_l2vni(renumbered(std::move(*spec), "l2vnis", draft.l2vnis.size()), name, draft, context);
  }
}

const Node* value_of(const Node& document, std::string_view key) {
  for (std::size_t i = 0; i + 1 < document.items.size(); i += 2) {
    if (document.items[i].is_scalar() && document.items[i].text == key) {
      return &document.items[i + 1];
    }
  }
  return nullptr;
}

}  // namespace

void read_document(const Node& document, Draft& draft, Sections& sections, ReadContext& context) {
  if (document.is_null()) return;  // nothing between two `---`
  if (!document.is_map()) {
    context.diagnostics.set_incomplete();
    context.diagnostics.error(Place{&document, "", ""},
                              "expected a map, found " + describe(document));
    return;
  }
  const Node* kind = value_of(document, "kind");
  if (kind == nullptr && value_of(document, "apiVersion") == nullptr) {
    read_native(document, draft, sections, context);
    return;
  }
  // What `kubectl get -o yaml` makes of several objects.
  if (kind != nullptr && kind->is_scalar() && kind->text == "List") {
    const ObjectReader o{Place{&document, "", ""}, kKubernetesListKeys, context.diagnostics};
    for (const Place& at : o.list("items", kL3VnisMax)) {
      read_document(*at.node, draft, sections, context);
    }
    return;
  }
  read_kubernetes(document, draft, context);
}

}  // namespace perd::config
