#include "evpn/l2/import.h"

#include <algorithm>

#include "evpn/import_rules.h"
#include "perd/assert.h"
#include "perd/hash.h"

namespace perd::evpn {
namespace {

L2RouteKind kind_of(const wire::EvpnKey& key) {
  switch (key.type) {
    case wire::EvpnRouteType::kEthernetAd:
      return key.tag == kMaxEthernetTag ? L2RouteKind::kAdPerSegment : L2RouteKind::kAdPerEvi;
    case wire::EvpnRouteType::kInclusiveMulticast:
      return L2RouteKind::kMulticast;
    default:
      return L2RouteKind::kMac;
  }
}

bool is_router(std::span<const ExtendedCommunity> communities) {
  return std::any_of(communities.begin(), communities.end(), [](const ExtendedCommunity& c) {
    const auto flags = as_nd_flags(c);
    return (flags && flags->router) || is_default_gateway(c);
  });
}

// RFC 7432 7.5: type 0x06, subtype 0x01, the flag in the low-order bit of the first octet.
bool says_single_active(const ExtendedCommunity& c) {
  return c.type() == 0x06 && c.subtype() == 0x01 && (c.octets[2] & 1U) != 0;
}

void read_communities(std::span<const ExtendedCommunity> communities, L2Verdict& verdict) {
  for (const ExtendedCommunity& c : communities) {
    if (verdict.kind == L2RouteKind::kAdPerSegment) {
      verdict.single_active = verdict.single_active || says_single_active(c);
    }
    if (verdict.kind != L2RouteKind::kMac) continue;
    if (const auto mobility = as_mac_mobility(c)) {
      verdict.sequence = mobility->sequence;
      verdict.sticky = mobility->sticky;
    }
    verdict.gateway = verdict.gateway || is_default_gateway(c);
  }
}

}  // namespace

// ---- rules ----

void L2Rules::reset(std::span<const IpAddress> own_addresses, std::span<const Row> rows) {
  targets_.clear();
  own_addresses_.assign(own_addresses.begin(), own_addresses.end());
  families_.clear();
  for (const Row& row : rows) {
    if (families_.size() <= row.id.value) families_.resize(std::size_t{row.id.value} + 1);
    families_[row.id.value] = row.vtep.family;
    if (!row.vtep.is_unspecified()) own_addresses_.push_back(row.vtep);
    for (const RouteTargetMatch& match : row.import_rts) {
      targets_.add(VrfId{row.id.value}, match);
    }
  }
  std::sort(own_addresses_.begin(), own_addresses_.end());
}

L2Refusal L2Rules::judge_tunnel(const L2Subject& subject, L2Verdict& verdict) const {
  const IpAddress& vtep = *subject.next_hop;
  if (vtep.is_martian_next_hop() || vtep.is_link_local()) return L2Refusal::kMartianNextHop;
  // RFC 8365 5.1.3: no encapsulation named means the one that is configured.
  if (!allows_vxlan(subject.communities)) return L2Refusal::kEncapsulation;
  if (subject.kind == L2RouteKind::kMac) {
    if (subject.bad_mac) return L2Refusal::kBadMac;
    if (subject.own_mac) return L2Refusal::kOwnMac;
  }
  if (subject.kind == L2RouteKind::kMulticast) {
    // RFC 7432 11.2: the attribute must be there; RFC 8365 5.1.3 allows other tunnels, perd has
    // only this.
    if (subject.pmsi_type != wire::kPmsiIngressReplication) return L2Refusal::kTunnelType;
  } else if (subject.kind != L2RouteKind::kAdPerSegment) {
    if (subject.label.value == 0 || subject.label.value > kVniMax) return L2Refusal::kNoLabel;
    verdict.vni = Vni{subject.label.value};
  }
  std::erase_if(verdict.mac_vrfs, [&](MacVrfId id) { return families_[id.value] != vtep.family; });
  if (verdict.mac_vrfs.empty()) return L2Refusal::kVtepFamily;
  verdict.vtep = vtep;
  verdict.esi = subject.esi;
  read_communities(subject.communities, verdict);
  return L2Refusal::kNone;
}

L2Verdict L2Rules::judge(const L2Subject& subject) const {
  L2Verdict verdict;
  verdict.kind = subject.kind;
  std::vector<VrfId> matched;
  targets_.match(subject.communities, matched);
  for (const VrfId id : matched) verdict.mac_vrfs.push_back(MacVrfId{id.value});
  const auto why = [&] {
    if (subject.local) return L2Refusal::kOwnRoute;
    if (!subject.next_hop) return L2Refusal::kMartianNextHop;
    if (std::binary_search(own_addresses_.begin(), own_addresses_.end(), *subject.next_hop)) {
      return L2Refusal::kOwnNextHop;
    }
    if (verdict.mac_vrfs.empty()) return L2Refusal::kNoRouteTarget;
    return judge_tunnel(subject, verdict);
  }();
  if (why != L2Refusal::kNone) {
    verdict = {};
    verdict.kind = subject.kind;
  }
  verdict.refusal = why;
  return verdict;
}

// ---- classes ----

VtepSetId L2Import::set_of(MacVrfId id) const {
  for (const L2Target& target : targets) {
    if (target.mac_vrf == id) return target.set;
  }
  return 0;
}

L2ImportCache::L2ImportCache(rib::AttributeStore& attributes, VtepSets& sets)
    : attributes_(&attributes), sets_(&sets) {}

L2ImportCache::~L2ImportCache() {
  for (L2ClassId id = classes_.next(0); id < classes_.end(); id = classes_.next(id + 1)) {
    attributes_->release(classes_[id].content.attributes);
  }
}

void L2ImportCache::set_rules(std::span<const IpAddress> own_addresses,
                              std::span<const L2Rules::Row> rows) {
  rules_.reset(own_addresses, rows);
  if (++generation_ == 0) generation_ = 1;
}

L2ImportCache::Content L2ImportCache::content_of(const wire::EvpnKey& key,
                                                 const rib::PathView& path, bool own_mac) {
  Content c;
  c.attributes = path.attrs;
  c.label_and_facts = path.label1.value << 8 | static_cast<std::uint32_t>(kind_of(key));
  c.esi = key.type == wire::EvpnRouteType::kEthernetAd ? key.esi : path.esi();
  if (path.local()) c.label_and_facts |= kLocal;
  if (key.type == wire::EvpnRouteType::kMacIp) {
    if (!key.mac.is_unicast()) c.label_and_facts |= kBadMac;
    if (own_mac) c.label_and_facts |= kOwnMac;
  }
  return c;
}

L2Subject L2ImportCache::subject(const Content& c) const {
  const rib::AttributeSet& set = attributes_->get(c.attributes);
  L2Subject s;
  s.kind = static_cast<L2RouteKind>(c.label_and_facts & kKindMask);
  s.communities = set.extended_communities();
  s.next_hop = set.next_hop();
  if (s.kind == L2RouteKind::kMulticast) {
    if (const auto pmsi = set.expand().pmsi) s.pmsi_type = pmsi->type;
  }
  s.label = Label{c.label_and_facts >> 8};
  s.esi = c.esi;
  s.local = (c.label_and_facts & kLocal) != 0;
  s.bad_mac = (c.label_and_facts & kBadMac) != 0;
  s.own_mac = (c.label_and_facts & kOwnMac) != 0;
  return s;
}

L2Subject L2ImportCache::subject(const wire::EvpnKey& key, const rib::PathView& path,
                                 bool own_mac) const {
  return subject(content_of(key, path, own_mac));
}

std::uint64_t L2ImportCache::hash_of(const Content& c) {
  const std::uint64_t h = std::uint64_t{c.attributes} << 32 | c.label_and_facts;
  return c.esi.is_zero() ? mix64(h) : hash_bytes(c.esi.octets, h);
}

L2ClassId L2ImportCache::acquire(const wire::EvpnKey& key, const rib::PathView& path,
                                 bool own_mac) {
  const Content content = content_of(key, path, own_mac);
  const std::uint64_t hash = hash_of(content);
  L2ClassId id =
      class_index_.find(hash, [&](L2ClassId n) { return classes_[n].content == content; });
  if (id == 0 || !refresh(id)) {
    id = classes_.make();
    attributes_->add_ref(content.attributes);
    const L2Subject s = subject(content);
    const L2ImportId import = intern(rules_.judge(s));
    ++imports_[import].classes;
    classes_[id] = {content, is_router(s.communities), import, 0, generation_};
    class_index_.insert(hash, id, [this](L2ClassId n) { return hash_of(classes_[n].content); });
  }
  ++classes_[id].routes;
  return id;
}

void L2ImportCache::release(L2ClassId id) {
  Class& c = classes_[id];
  PERD_ASSERT(c.routes > 0);
  if (--c.routes > 0) return;
  if (c.generation != 0) remove_from_index(id);
  release_import(c.import);
  attributes_->release(c.content.attributes);
  classes_.destroy(id);
}

bool L2ImportCache::refresh(L2ClassId id) {
  Class& c = classes_[id];
  if (c.generation == generation_) return true;
  if (c.generation == 0) return false;
  if (rules_.judge(subject(c.content)) == imports_[c.import].verdict) {
    c.generation = generation_;
    return true;
  }
  remove_from_index(id);
  c.generation = 0;
  return false;
}

void L2ImportCache::remove_from_index(L2ClassId id) {
  class_index_.erase(hash_of(classes_[id].content), id);
}

// ---- imports ----

std::uint64_t L2ImportCache::hash_of(const L2Verdict& v) {
  const std::uint64_t flags = (v.sticky ? 1U : 0U) | (v.gateway ? 2U : 0U) |
                              (v.single_active ? 4U : 0U) | static_cast<unsigned>(v.kind) << 4 |
                              static_cast<unsigned>(v.refusal) << 8;
  std::uint64_t h = hash_combine(hash_value(v.vtep), flags);
  h = hash_combine(h, std::uint64_t{v.sequence} << 32 | v.vni.value);
  h = hash_bytes(v.esi.octets, h);
  for (const MacVrfId id : v.mac_vrfs) h = hash_combine(h, id.value);
  return h;
}

L2ImportId L2ImportCache::intern(L2Verdict&& verdict) {
  const std::uint64_t hash = hash_of(verdict);
  L2ImportId id =
      import_index_.find(hash, [&](L2ImportId n) { return imports_[n].verdict == verdict; });
  if (id != 0) return id;
  id = imports_.make();
  L2Import& import = imports_[id];
  import.verdict = std::move(verdict);
  const L2Verdict& v = import.verdict;
  for (const MacVrfId mac_vrf : v.mac_vrfs) {
    const VtepSetId set =
        v.kind == L2RouteKind::kMac ? sets_->acquire(mac_vrf, v.vni, v.vtep, v.esi) : 0;
    import.targets.push_back({mac_vrf, set});
  }
  import_index_.insert(hash, id, [this](L2ImportId n) { return hash_of(imports_[n].verdict); });
  return id;
}

void L2ImportCache::release_import(L2ImportId id) {
  L2Import& import = imports_[id];
  if (--import.classes > 0) return;
  import_index_.erase(hash_of(import.verdict), id);
  for (const L2Target& target : import.targets) {
    if (target.set != 0) sets_->release(target.set);
  }
  imports_.destroy(id);
}

std::size_t L2ImportCache::memory() const {
  return classes_.memory() + class_index_.memory() + imports_.memory() + import_index_.memory();
}

}  // namespace perd::evpn
