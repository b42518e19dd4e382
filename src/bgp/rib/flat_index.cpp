#include "bgp/rib/flat_index.h"

namespace perd::rib {
namespace {

constexpr std::size_t kFewestHomes = 16;
constexpr std::size_t kTail = 16;
// Directory entries beside one for 32 numbers: bounds what keys of one hash can do.
constexpr std::size_t kSpareDirectory = 64;

std::size_t next_homes(std::size_t homes, std::size_t most) {
  if (homes < most / 2) return std::min(homes + homes / 2, most * 5 / 8);
  return homes < most ? homes + most * 3 / 16 : homes + homes / 4;
}

std::size_t homes_for(std::size_t used, std::size_t most) {
  std::size_t homes = kFewestHomes;
  while ((used + 1) * 20 > homes * 17) homes = next_homes(homes, most);
  return homes;
}

}  // namespace

FlatIndex::~FlatIndex() { reset(); }

void FlatIndex::reset() {
  for (std::size_t i = 0; i < directory_.size();) {
    Segment* const s = directory_[i].segment;
    i += span(*s);
    delete s;
  }
  directory_ = std::vector<View>();
  of_depth_.fill(0);
  depth_ = 0;
  used_ = 0;
  octets_ = 0;
}

// ---- one segment --------------------------------------------------------------------------------

std::size_t FlatIndex::octets(const Segment& s) { return s.slots.capacity() * sizeof(Slot); }

void FlatIndex::allocate(Segment& s, std::size_t homes) {
  octets_ -= octets(s);
  s.slots = std::vector<Slot>(homes + kTail + kGroup);
  s.homes = static_cast<std::uint32_t>(homes);
  s.used = 0;
  octets_ += octets(s);
  moved_ = true;
}

void FlatIndex::lengthen(Segment& s) {
  octets_ -= octets(s);
  std::vector<Slot> longer(s.slots.size() + kTail);
  std::copy(s.slots.begin(), s.slots.end(), longer.begin());
  s.slots = std::move(longer);
  octets_ += octets(s);
  moved_ = true;
}

// In ascending order, so nothing is moved twice; returns where the next one may stand.
std::size_t FlatIndex::append(Segment& s, std::size_t from, const Slot& slot) {
  const std::size_t place = std::max(from, home(view(s), slot.local));
  while (place >= s.end()) lengthen(s);
  s.slots[place] = slot;
  ++s.used;
  return place + 1;
}

void FlatIndex::resize(Segment& s, std::size_t homes) {
  const std::vector<Slot> old = std::exchange(s.slots, {});
  octets_ -= old.capacity() * sizeof(Slot);
  allocate(s, homes);
  std::size_t next = 0;
  for (const Slot& slot : old) {
    if (!slot.free()) next = append(s, next, slot);
  }
}

void FlatIndex::put(std::uint64_t hash, std::uint32_t number) {
  Segment& s = *directory_[at(hash)].segment;
  const View v = view(s);
  const std::uint16_t local = local_of(hash, v);
  put_at(s, place_of(v, local), make_slot(local, tag_of(hash), number));
}

void FlatIndex::put_at(Segment& s, std::size_t place, const Slot& slot) {
  std::size_t hole = place;
  while (hole < s.end() && !s.slots[hole].free()) ++hole;
  if (hole >= s.end()) lengthen(s);
  const auto begin = s.slots.begin();
  std::copy_backward(begin + static_cast<std::ptrdiff_t>(place),
                     begin + static_cast<std::ptrdiff_t>(hole),
                     begin + static_cast<std::ptrdiff_t>(hole + 1));
  s.slots[place] = slot;
  ++s.used;
}

void FlatIndex::erase(std::uint64_t hash, std::uint32_t number) {
  Segment& s = *directory_[at(hash)].segment;
  const View v = view(s);
  std::size_t gap = place_of(v, local_of(hash, v));
  while (s.slots[gap].number() != number) {
    PERD_ASSERT(!s.slots[gap].free());
    ++gap;
  }
  // The slots behind the end are free: the search for one that may not move ends there.
  while (!s.slots[gap + 1].free() && home(v, s.slots[gap + 1].local) <= gap) {
    s.slots[gap] = s.slots[gap + 1];
    ++gap;
  }
  s.slots[gap] = Slot{};
  --s.used;
  --used_;
  tidy(hash);
  if (moved_ && used_ != 0) publish(hash);
}

// ---- segments and directory ---------------------------------------------------------------------

void FlatIndex::start() {
  auto* const first = new Segment;
  octets_ += sizeof(Segment);
  ++of_depth_[0];
  allocate(*first, kFewestHomes);
  directory_.assign(1, view(*first));
}

void FlatIndex::publish(std::uint64_t hash) {
  Segment& s = *directory_[at(hash)].segment;
  const std::size_t first = at(hash) & ~(span(s) - 1);
  std::fill_n(directory_.begin() + static_cast<std::ptrdiff_t>(first), span(s), view(s));
  moved_ = false;
}

bool FlatIndex::grow(std::uint64_t hash) {
  Segment& s = *directory_[at(hash)].segment;
  const bool deeper =
      s.depth < depth_ || (directory_.size() <= kSpareDirectory + used_ / 32 && depth_ < 32);
  if (s.homes >= kMostHomes && deeper) return false;
  resize(s, next_homes(s.homes, kMostHomes));
  return true;
}

void FlatIndex::learn(Segment& s, std::vector<std::pair<std::uint64_t, std::uint32_t>>& all) {
  s.mask = 0xFFFF;
  // In order but for what differs within the bits that were known: nothing moves far.
  for (std::size_t i = 1; i < all.size(); ++i) {
    for (std::size_t j = i; j > 0 && all[j].first < all[j - 1].first; --j) {
      std::swap(all[j], all[j - 1]);
    }
  }
  allocate(s, s.homes);
  std::size_t next = 0;
  for (const auto& [hash, word] : all) {
    next = append(s, next,
                  make_slot(local_of(hash, view(s)), word >> kRouteIdBits, word & kMaxRoutes));
  }
}

void FlatIndex::split_in_two(std::uint64_t hash) {
  Segment& low = *directory_[at(hash)].segment;
  if (low.depth == depth_) {
    std::vector<View> twice(directory_.size() * 2);
    for (std::size_t i = 0; i < twice.size(); ++i) twice[i] = directory_[i / 2];
    directory_ = std::move(twice);
    ++depth_;
  }
  const std::size_t first = at(hash) & ~(span(low) - 1);
  --of_depth_[low.depth];
  ++low.depth;
  low.mask = static_cast<std::uint16_t>(low.mask << 1U);
  auto* const high = new Segment;
  octets_ += sizeof(Segment);
  high->depth = low.depth;
  high->mask = low.mask;
  of_depth_[low.depth] += 2;
  const std::vector<Slot> old = std::exchange(low.slots, {});
  octets_ -= old.capacity() * sizeof(Slot);
  constexpr std::uint16_t kBit = 0x8000;
  const auto in_low =
      static_cast<std::size_t>(std::count_if(old.begin(), old.end(), [](const Slot& slot) {
        return !slot.free() && (slot.local & kBit) == 0;
      }));
  const std::size_t in_high = low.used - in_low;
  allocate(low, homes_for(in_low, kMostHomes));
  allocate(*high, homes_for(in_high, kMostHomes));
  std::size_t next = 0;
  for (Slot slot : old) {
    if (slot.free()) continue;
    Segment& half = (slot.local & kBit) == 0 ? low : *high;
    if (half.used == 0) next = 0;
    slot.local = static_cast<std::uint16_t>(slot.local << 1U);
    next = append(half, next, slot);
  }
  const auto begin = directory_.begin() + static_cast<std::ptrdiff_t>(first);
  const auto middle = begin + static_cast<std::ptrdiff_t>(span(low));
  std::fill_n(begin, span(low), view(low));
  std::fill_n(middle, span(low), view(*high));
}

void FlatIndex::tidy(std::uint64_t hash) {
  if (used_ == 0) {
    reset();
    return;
  }
  while (merge(hash)) {
  }
  Segment& s = *directory_[at(hash)].segment;
  // Half of what a split or a resize leaves: it takes many more changes to get here again.
  if (s.homes > kFewestHomes && s.used * 3 < s.homes) {
    resize(s, std::max<std::size_t>(kFewestHomes, s.used + s.used / 2 + 1));
  }
}

bool FlatIndex::merge(std::uint64_t hash) {
  Segment* const one = directory_[at(hash)].segment;
  if (one->depth == 0) return false;
  const std::size_t first = at(hash) & ~(span(*one) - 1);
  Segment* const other = directory_[first ^ span(*one)].segment;
  if (other->depth != one->depth || one->used + other->used > kMostHomes * 3 / 8) return false;
  Segment* const low = (first & span(*one)) == 0 ? one : other;
  Segment* const high = low == one ? other : one;
  const std::vector<Slot> old = std::exchange(low->slots, {});
  octets_ -= old.capacity() * sizeof(Slot);
  of_depth_[low->depth] -= 2;
  --low->depth;
  ++of_depth_[low->depth];
  // The bit that the directory used comes back in front; known is what both halves knew.
  low->mask = static_cast<std::uint16_t>(0x8000U | (low->mask & high->mask) >> 1U);
  allocate(*low, homes_for(low->used + high->used, kMostHomes));
  std::size_t next = 0;
  for (const auto* half : {&old, &std::as_const(high->slots)}) {
    const unsigned bit = half == &old ? 0U : 0x8000U;
    for (Slot slot : *half) {
      if (slot.free()) continue;
      slot.local = static_cast<std::uint16_t>((bit | slot.local >> 1U) & low->mask);
      next = append(*low, next, slot);
    }
  }
  octets_ -= octets(*high) + sizeof(Segment);
  delete high;
  const std::size_t begin = at(hash) & ~(span(*low) - 1);
  std::fill_n(directory_.begin() + static_cast<std::ptrdiff_t>(begin), span(*low), view(*low));
  halve_directory();
  return true;
}

void FlatIndex::halve_directory() {
  while (depth_ > 0 && of_depth_[depth_] == 0) {
    std::vector<View> half(directory_.size() / 2);
    for (std::size_t i = 0; i < half.size(); ++i) half[i] = directory_[i * 2];
    directory_ = std::move(half);
    --depth_;
  }
}

}  // namespace perd::rib
