#include "evpn/import_cache.h"

#include <algorithm>

#include "perd/assert.h"
#include "perd/hash.h"

namespace perd::evpn {

bool is_for_vrf(const wire::EvpnKey& key, const rib::PathView& path) {
  if (key.type == wire::EvpnRouteType::kIpPrefix) return true;
  return key.type == wire::EvpnRouteType::kMacIp && key.ip_bits != 0 && path.label2();
}

IpPrefix prefix_of(const wire::EvpnKey& key) {
  const auto host = key.address();
  return host ? IpPrefix::host(*host) : key.prefix();
}

ImportTarget* Import::target(VrfId vrf) {
  const auto it =
      std::lower_bound(targets.begin(), targets.end(), vrf,
                       [](const ImportTarget& t, VrfId wanted) { return t.vrf < wanted; });
  return it != targets.end() && it->vrf == vrf ? &*it : nullptr;
}

ImportCache::ImportCache(rib::AttributeStore& attributes, NextHops& next_hops)
    : attributes_(&attributes), next_hops_(&next_hops) {
  ImportVerdict verdict;
  verdict.refusal = Refusal::kRouteType;
  const ImportId ignored = intern(std::move(verdict));
  for (ClassId type = 1; type <= kIgnoredTypes; ++type) {
    const ClassId id = classes_.make();
    PERD_ASSERT(id == type);
    classes_[id].import = ignored;
    ++imports_[ignored].classes;
  }
}

ImportCache::~ImportCache() {
  for (ClassId id = classes_.next(0); id < classes_.end(); id = classes_.next(id + 1)) {
    if (classes_[id].attributes != 0) attributes_->release(classes_[id].attributes);
  }
}

void ImportCache::set_rules(std::span<const IpAddress> own_addresses,
                            std::span<const ImportRules::LocalVrf> vrfs) {
  rules_.reset(own_addresses, vrfs);
  if (++generation_ == 0) generation_ = 1;
}

// ---- classes ----

std::uint64_t ImportCache::hash_of(rib::AttrId attributes, std::uint32_t label_and_facts) {
  return mix64(std::uint64_t{attributes} << 32 | label_and_facts);
}

std::uint32_t ImportCache::facts_of(const wire::EvpnKey& key, const rib::PathView& path) {
  // The ESI of a host is no overlay index: it tells who else has the host. The L3 label of a type 2
  // is the second one (RFC 9135 5.2).
  const bool host = key.type == wire::EvpnRouteType::kMacIp;
  const Label label = host ? path.label2().value_or(Label{}) : path.label1;
  std::uint32_t facts = label.value << 8;
  if (path.extra != nullptr && !host) {
    if (!path.esi().is_zero()) facts |= kEsi;
    if (path.gateway()) facts |= kGateway;
  }
  if (path.local()) facts |= kLocal;
  if (is_martian_prefix(prefix_of(key))) facts |= kMartian;
  return facts;
}

ImportSubject ImportCache::subject(rib::AttrId attributes, std::uint32_t label_and_facts) const {
  const rib::AttributeSet& set = attributes_->get(attributes);
  return {.communities = set.extended_communities(),
          .next_hop = set.next_hop(),
          .label = Label{label_and_facts >> 8},
          .esi = (label_and_facts & kEsi) != 0,
          .gateway = (label_and_facts & kGateway) != 0,
          .local = (label_and_facts & kLocal) != 0,
          .martian = (label_and_facts & kMartian) != 0};
}

ImportSubject ImportCache::subject(const wire::EvpnKey& key, const rib::PathView& path) const {
  return subject(path.attrs, facts_of(key, path));
}

ClassId ImportCache::acquire(const wire::EvpnKey& key, const rib::PathView& path) {
  const std::uint32_t facts = facts_of(key, path);
  const std::uint64_t hash = hash_of(path.attrs, facts);
  ClassId id = class_index_.find(hash, [&](ClassId n) {
    return classes_[n].attributes == path.attrs && classes_[n].label_and_facts == facts;
  });
  if (id == 0 || !refresh(id)) {
    id = classes_.make();
    attributes_->add_ref(path.attrs);
    const ImportId import = intern(rules_.judge(subject(path.attrs, facts)));
    ++imports_[import].classes;
    classes_[id] = {path.attrs, facts, import, 0, generation_};
    class_index_.insert(hash, id, [this](ClassId n) {
      return hash_of(classes_[n].attributes, classes_[n].label_and_facts);
    });
  }
  ++classes_[id].routes;
  return id;
}

ClassId ImportCache::acquire_ignored(wire::EvpnRouteType type) {
  const auto id = static_cast<ClassId>(type);
  PERD_ASSERT(id >= 1 && id <= kIgnoredTypes);
  ++classes_[id].routes;
  return id;
}

void ImportCache::release(ClassId id) {
  Class& c = classes_[id];
  PERD_ASSERT(c.routes > 0);
  if (--c.routes > 0 || id <= kIgnoredTypes) return;
  if (c.generation != 0) remove_from_index(id);
  release_import(c.import);
  attributes_->release(c.attributes);
  classes_.destroy(id);
}

bool ImportCache::refresh(ClassId id) {
  Class& c = classes_[id];
  if (id <= kIgnoredTypes || c.generation == generation_) return true;
  if (c.generation == 0) return false;
  ImportVerdict verdict = rules_.judge(subject(c.attributes, c.label_and_facts));
  if (verdict == imports_[c.import].verdict) {
    c.generation = generation_;
    return true;
  }
  remove_from_index(id);
  c.generation = 0;
  return false;
}

void ImportCache::remove_from_index(ClassId id) {
  class_index_.erase(hash_of(classes_[id].attributes, classes_[id].label_and_facts), id);
}

// ---- imports ----

std::uint64_t ImportCache::hash_of(const ImportVerdict& v) {
  std::uint64_t h = hash_combine(hash_value(v.vtep), static_cast<std::uint64_t>(v.refusal));
  h = hash_bytes(v.router_mac.octets, h);
  h = hash_combine(h, v.vni.value);
  for (const VrfId vrf : v.vrfs) h = hash_combine(h, vrf.value);
  return h;
}

ImportId ImportCache::intern(ImportVerdict&& verdict) {
  const std::uint64_t hash = hash_of(verdict);
  ImportId id =
      import_index_.find(hash, [&](ImportId n) { return imports_[n].verdict == verdict; });
  if (id != 0) return id;
  id = imports_.make();
  Import& import = imports_[id];
  import.verdict = std::move(verdict);
  for (const VrfId vrf : import.verdict.vrfs) {
    const VtepId vtep = next_hops_->acquire(vrf, import.verdict.vtep, import.verdict.router_mac);
    import.targets.push_back({vrf, vtep, 0});
  }
  import_index_.insert(hash, id, [this](ImportId n) { return hash_of(imports_[n].verdict); });
  return id;
}

void ImportCache::release_import(ImportId id) {
  Import& import = imports_[id];
  if (--import.classes > 0) return;
  import_index_.erase(hash_of(import.verdict), id);
  for (const ImportTarget& target : import.targets) {
    next_hops_->release(target.vtep, import.verdict.router_mac);
  }
  imports_.destroy(id);
}

std::size_t ImportCache::memory() const {
  return classes_.memory() + class_index_.memory() + imports_.memory() + import_index_.memory();
}

}  // namespace perd::evpn
