// Where the memory goes: what each structure says it holds, beside what the process has.
#include <algorithm>

#include "status/format.h"
#include "status/status.h"

namespace perd::status {
namespace {

// One decimal, without a float.
std::string per_entry_text(const MemoryPart& part) {
  if (part.entries == 0) return "-";
  const std::size_t tenths = (part.octets * 10 + part.entries / 2) / part.entries;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

void session_parts(const Speaker& speaker, MemoryParts& out) {
  MemoryPart received{"session receive buffers", 0, 0};
  MemoryPart unsent{"session send buffers", 0, 0};
  MemoryPart outboxes{"session outboxes", 0, 0};
  for (const auto& [id, n] : speaker.neighbors()) {
    for (auto* part : {&received, &unsent, &outboxes}) ++part->entries;
    received.octets += n->peer->receive_memory();
    unsent.octets += n->peer->unsent();
    outboxes.octets += n->outbox.capacity();
  }
  for (auto* part : {&received, &unsent, &outboxes}) out.push_back(std::move(*part));
}

}  // namespace

MemoryParts memory_parts(const Speaker& speaker) {
  const RibSet& rib = speaker.rib();
  MemoryParts out;
  rib.ipv4.memory_parts("rib ipv4unicast", out);
  rib.ipv6.memory_parts("rib ipv6unicast", out);
  rib.evpn.memory_parts("rib evpn", out);
  rib.opaque.memory_parts("rib evpn-unknown", out);
  rib.attributes.memory_parts(out);
  out.push_back({"next hops", rib.next_hops.size(), rib.next_hops.memory()});
  std::size_t told = 0;
  for (const auto& [id, n] : speaker.neighbors()) {
    for (const auto f : kAllFamilies) told += speaker.exporter().advertised_count(id, f);
  }
  out.push_back({"adj-rib-out", told, speaker.exporter().memory()});
  out.push_back({"underlay routes", speaker.underlay().size(), speaker.underlay().memory()});
  for (auto& part : speaker.evpn().memory()) out.push_back(std::move(part));
  for (auto& part : speaker.l2().memory()) out.push_back(std::move(part));
  for (auto& part : speaker.fib().memory()) out.push_back(std::move(part));
  session_parts(speaker, out);
  out.push_back({"event log", speaker.event_log().entries().size(), speaker.event_log().memory()});
  return out;
}

Shown memory(const MemoryParts& parts, const ProcessMemory& process) {
  Columns table({"Structure", "Entries", "Octets", "Octets/entry"});
  json::array list;
  for (const MemoryPart& part : parts) {
    const bool nothing = part.entries == 0 && part.octets == 0;
    if (!nothing) {
      table.row({part.name, std::to_string(part.entries), std::to_string(part.octets),
                 per_entry_text(part)});
    }
    json::object o{{"structure", part.name}, {"entries", part.entries}, {"octets", part.octets}};
    o["octetsPerEntry"] =
        part.entries == 0
            ? json::value(nullptr)
            : json::value(static_cast<double>(part.octets) / static_cast<double>(part.entries));
    list.push_back(std::move(o));
  }
  const std::size_t accounted = total_octets(parts);
  const std::size_t rest = process.heap_used - std::min(process.heap_used, accounted);
  std::string text = table.text();
  text += "Accounted " + std::to_string(accounted) + " octets; heap used " +
          std::to_string(process.heap_used) + ", not accounted " + std::to_string(rest) +
          ", free " + std::to_string(process.heap_free) + "; resident " +
          std::to_string(process.resident) + "\n";
  json::object o{{"structures", std::move(list)},       {"accountedOctets", accounted},
                 {"heapUsedOctets", process.heap_used}, {"heapFreeOctets", process.heap_free},
                 {"unaccountedOctets", rest},           {"residentOctets", process.resident}};
  return {std::move(o), std::move(text)};
}

}  // namespace perd::status
