#include "bgp/wire/as_path.h"

#include <algorithm>

namespace perd::wire {
namespace {

constexpr std::size_t kMaxSegment = 255;  // one octet counts
constexpr std::uint32_t kMaxTwoOctetAs = 0xffff;

bool is_confederation(SegmentType type) {
  return type == SegmentType::kConfedSequence || type == SegmentType::kConfedSet;
}

bool decode_segment(Reader& r, bool four_octets, bool confederation_allowed, AsSegment& out) {
  const std::uint8_t type = r.u8();
  const std::size_t count = r.u8();
  // RFC 7606 7.2.
  if (type < 1 || type > 4 || count == 0) return false;
  out.type = static_cast<SegmentType>(type);
  // RFC 5065 5: no business of a peer outside the confederation.
  if (is_confederation(out.type) && !confederation_allowed) return false;
  out.asns.clear();
  Reader numbers = r.sub(count * (four_octets ? 4 : 2));
  if (r.failed()) return false;
  out.asns.reserve(count);
  while (numbers.remaining() > 0) {
    const Asn asn{four_octets ? numbers.u32() : numbers.u16()};
    if (asn.value == 0) return false;  // RFC 7607 2
    out.asns.push_back(asn);
  }
  return true;
}

// What a segment adds to the length of a path (RFC 4271 9.1.2.2 a, RFC 5065 5.3).
std::size_t weight(const AsSegment& s) {
  switch (s.type) {
    case SegmentType::kSequence:
      return s.asns.size();
    case SegmentType::kSet:
      return 1;
    case SegmentType::kConfedSequence:
    case SegmentType::kConfedSet:
      return 0;
  }
  return 0;
}

}  // namespace

std::size_t AsPath::length() const {
  std::size_t n = 0;
  for (const AsSegment& s : segments) n += weight(s);
  return n;
}

std::optional<Asn> AsPath::first() const {
  if (segments.empty() || segments.front().type != SegmentType::kSequence ||
      segments.front().asns.empty()) {
    return std::nullopt;
  }
  return segments.front().asns.front();
}

std::optional<Asn> AsPath::origin() const {
  if (segments.empty() || segments.back().type != SegmentType::kSequence ||
      segments.back().asns.empty()) {
    return std::nullopt;
  }
  return segments.back().asns.back();
}

std::size_t AsPath::count(Asn asn) const {
  std::size_t n = 0;
  for (const AsSegment& s : segments) {
    n += static_cast<std::size_t>(std::count(s.asns.begin(), s.asns.end(), asn));
  }
  return n;
}

void AsPath::prepend(Asn asn, unsigned times) {
  for (; times > 0; --times) {
    if (segments.empty() || segments.front().type != SegmentType::kSequence ||
        segments.front().asns.size() >= kMaxSegment) {
      segments.insert(segments.begin(), AsSegment{SegmentType::kSequence, {}});
    }
    std::vector<Asn>& asns = segments.front().asns;
    asns.insert(asns.begin(), asn);
  }
}

std::string to_string(const AsPath& path) {
  std::string text;
  for (const AsSegment& s : path.segments) {
    if (!text.empty()) text += ' ';
    const bool set = s.type == SegmentType::kSet || s.type == SegmentType::kConfedSet;
    const std::string_view open = s.type == SegmentType::kSet              ? "{"
                                  : s.type == SegmentType::kConfedSet      ? "["
                                  : s.type == SegmentType::kConfedSequence ? "("
                                                                           : "";
    const std::string_view close = s.type == SegmentType::kSet              ? "}"
                                   : s.type == SegmentType::kConfedSet      ? "]"
                                   : s.type == SegmentType::kConfedSequence ? ")"
                                                                            : "";
    text += open;
    for (std::size_t i = 0; i < s.asns.size(); ++i) {
      if (i > 0) text += set ? ',' : ' ';
      text += std::to_string(s.asns[i].value);
    }
    text += close;
  }
  return text;
}

bool decode_as_path(Reader r, bool four_octets, bool confederation_allowed, AsPath& out) {
  std::size_t count = 0;
  while (r.remaining() > 0) {
    if (count == out.segments.size()) out.segments.emplace_back();
    if (!decode_segment(r, four_octets, confederation_allowed, out.segments[count])) return false;
    ++count;
  }
  out.segments.resize(count);
  return !r.failed();
}

void encode_as_path(const AsPath& path, bool four_octets, Writer& w) {
  for (const AsSegment& s : path.segments) {
    for (std::size_t at = 0; at < s.asns.size(); at += kMaxSegment) {
      const std::size_t count = std::min(kMaxSegment, s.asns.size() - at);
      w.u8(static_cast<std::uint8_t>(s.type));
      w.u8(static_cast<std::uint8_t>(count));
      for (std::size_t i = at; i < at + count; ++i) {
        if (four_octets) {
          w.u32(s.asns[i].value);
        } else {
          const Asn asn = s.asns[i].value > kMaxTwoOctetAs ? kAsTrans : s.asns[i];
          w.u16(static_cast<std::uint16_t>(asn.value));
        }
      }
    }
  }
}

AsPath as4_path_for(const AsPath& path) {
  AsPath out;
  bool needed = false;
  for (const AsSegment& s : path.segments) {
    if (is_confederation(s.type)) continue;
    out.segments.push_back(s);
    for (const Asn asn : s.asns) needed |= asn.value > kMaxTwoOctetAs;
  }
  if (!needed) out.segments.clear();
  return out;
}

AsPath merge_as4_path(const AsPath& path, AsPath as4) {
  // RFC 6793 3: confederation segments have no place in AS4_PATH.
  std::erase_if(as4.segments, [](const AsSegment& s) { return is_confederation(s.type); });
  const std::size_t have = path.length();
  const std::size_t known = as4.length();
  if (known == 0 || have < known) return path;  // RFC 6793 4.2.3: AS4_PATH is ignored

  AsPath out;
  std::size_t wanted = have - known;  // leading numbers that AS4_PATH does not have
  for (const AsSegment& s : path.segments) {
    const std::size_t w = weight(s);
    // A confederation segment goes along when it leads or follows one that does.
    if (w == 0) {
      out.segments.push_back(s);
      continue;
    }
    if (wanted == 0) break;
    out.segments.push_back(s);
    if (w > wanted) {
      out.segments.back().asns.resize(wanted);
      break;
    }
    wanted -= w;
  }
  for (AsSegment& s : as4.segments) {
    // Two sequences that meet are one, as far as the count octet allows.
    const bool join = !out.segments.empty() && s.type == SegmentType::kSequence &&
                      out.segments.back().type == SegmentType::kSequence &&
                      out.segments.back().asns.size() + s.asns.size() <= kMaxSegment;
    if (join) {
      std::vector<Asn>& tail = out.segments.back().asns;
      tail.insert(tail.end(), s.asns.begin(), s.asns.end());
    } else {
      out.segments.push_back(std::move(s));
    }
  }
  return out;
}

}  // namespace perd::wire
