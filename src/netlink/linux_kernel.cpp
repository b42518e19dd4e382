// The receiving half of LinuxKernel: answers, dumps, notifications.
#include "netlink/linux_kernel.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "netlink/sysctl.h"

namespace perd::netlink {

namespace {

constexpr std::array<int, 9> kGroups = {
    RTNLGRP_LINK,    RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
    RTNLGRP_NEIGH,   RTNLGRP_IPV4_ROUTE,  RTNLGRP_IPV6_ROUTE,
    RTNLGRP_NEXTHOP, RTNLGRP_IPV4_RULE,   RTNLGRP_IPV6_RULE,
};

}  // namespace

LinuxKernel::LinuxKernel(Options options, Socket requests, Socket events)
    : options_(std::move(options)),
      requests_(std::move(requests)),
      events_(std::move(events)),
      ports_(options_.netns_fd),
      received_(kReceiveOctetsMax) {}

Expected<std::unique_ptr<LinuxKernel>, SocketError> LinuxKernel::open(Options options) {
  const NamespaceGuard guard{options.netns_fd};
  if (guard.error() != 0) {
    return unexpected(SocketError{guard.error(), "cannot enter the network namespace"});
  }
  auto requests = Socket::open({options.request_octets, {}});
  if (!requests) return unexpected(requests.error());
  auto events = Socket::open({options.event_octets, kGroups});
  if (!events) return unexpected(events.error());
  // Without the filter the echoes come and are marked: slower, not wrong.
  if (options.drop_own_echoes) (void)events->drop_echoes_of(requests->port());
  return std::unique_ptr<LinuxKernel>(
      new LinuxKernel(std::move(options), std::move(*requests), std::move(*events)));
}

bool LinuxKernel::wants_turn() const { return !batches_.empty() && batches_.front().done; }

bool LinuxKernel::on_request_readable(KernelEventSink& sink) {
  settle(sink);
  bool drained = false;
  for (std::size_t i = 0; i < kReadsPerTurn && !drained; ++i) {
    const Receipt r = requests_.receive(received_);
    switch (r.status) {
      case ReceiveStatus::kOctets:
        on_request_octets(r.octets, sink);
        break;
      case ReceiveStatus::kNothing:
        drained = true;
        break;
      case ReceiveStatus::kOverrun:
      case ReceiveStatus::kTruncated:
        lost_ = true;
        break;
      case ReceiveStatus::kFailed:
        lost_ = drained = true;
        break;
    }
  }
  if (drained && lost_) on_requests_lost(sink);
  settle(sink);
  pump();
  return !drained || wants_turn();
}

bool LinuxKernel::on_event_readable(KernelEventSink& sink) {
  for (std::size_t i = 0; i < kEventsPerTurn; ++i) {
    const Receipt r = events_.receive(received_);
    switch (r.status) {
      case ReceiveStatus::kOctets:
        on_event_octets(r.octets, sink);
        break;
      case ReceiveStatus::kNothing:
        return false;
      case ReceiveStatus::kOverrun:
      case ReceiveStatus::kTruncated:
        ++counters_.overruns;
        sink.on_kernel_event(KernelOverrun{});
        break;
      case ReceiveStatus::kFailed:
        return false;
    }
  }
  return true;
}

LinuxKernel::Batch* LinuxKernel::batch_of(std::uint32_t sequence) {
  for (Batch& b : batches_) {
    if (sequence - b.first_sequence < b.ids.size()) return &b;  // modulo 2^32
  }
  return nullptr;
}

void LinuxKernel::on_request_octets(Bytes octets, KernelEventSink& sink) {
  while (const auto m = next_message(octets)) {
    Batch* batch = batch_of(m->sequence);
    if (batch == nullptr) continue;  // the tail of something that was given up
    if (batch->dump && (m->flags & NLM_F_DUMP_INTR) != 0) batch->interrupted = true;
    if (m->type == NLMSG_ERROR) {
      on_answer(*m, sink);
    } else if (m->type == NLMSG_OVERRUN) {
      lost_ = true;
    } else if (batch->dump && m->type == NLMSG_DONE) {
      on_dump_done(*batch, decode_done(*m), sink);
    } else if (batch->dump) {
      pass_on(*m, true, sink);
    }
  }
  if (!octets.empty()) ++counters_.malformed;
}

void LinuxKernel::on_answer(const MessageView& m, KernelEventSink& sink) {
  Batch& batch = *batch_of(m.sequence);
  auto answer = decode_answer(m);
  if (!answer) {
    ++counters_.malformed;
    return;
  }
  const std::uint64_t id = batch.ids[m.sequence - batch.first_sequence];
  if (batch.dump) {
    refuse(batch, id, answer->error, std::move(answer->text), sink);
    batch.done = true;
  } else if (id != 0) {
    if (answer->error != 0) refuse(batch, id, answer->error, std::move(answer->text), sink);
  } else if (batch.rest && batch.refused_id == 0) {
    send_rest(batch);
  } else {
    batch.done = true;
  }
  if (batch.done) settle(sink);
}

void LinuxKernel::on_dump_done(Batch& batch, int error, KernelEventSink& sink) {
  if (error != 0) {
    refuse(batch, batch.last_id, error, "the dump broke off", sink);
  } else {
    sink.on_kernel_event(DumpDone{*batch.dump, batch.interrupted});
  }
  batch.done = true;
  settle(sink);
}

void LinuxKernel::refuse(Batch& batch, std::uint64_t id, int error, std::string text,
                         KernelEventSink& sink) {
  if (batch.refused_id == id) return;  // a second message of the same operation
  batch.refused_id = id;
  ++counters_.refused;
  sink.on_kernel_event(KernelRefused{id, error, std::move(text)});
}

// Reports the batches that are done, in order; makes room in the window.
void LinuxKernel::settle(KernelEventSink& sink) {
  while (!batches_.empty() && batches_.front().done) {
    Batch batch = std::move(batches_.front());
    batches_.pop_front();
    unanswered_ -= batch.operations;
    if (batches_.empty()) held_ = false;
    for (KernelRefused& r : batch.refused_here) {
      ++counters_.refused;
      sink.on_kernel_event(std::move(r));
    }
    if (spare_ids_.size() < kWindowBatches) spare_ids_.push_back(std::move(batch.ids));
    sink.on_kernel_event(KernelAcked{batch.last_id});
  }
}

// The socket is empty and something was dropped before: what is still unanswered will stay so.
void LinuxKernel::on_requests_lost(KernelEventSink& sink) {
  lost_ = false;
  ++counters_.overruns;
  sink.on_kernel_event(KernelOverrun{});
  for (Batch& b : batches_) {
    if (b.done) continue;
    if (b.dump) {
      // The kernel goes on with a dump whenever something is received: a barrier gives it that.
      b.interrupted = true;
      out_.octets.clear();
      (void)encode_barrier(builder_, out_);
      (void)requests_.send(out_.octets);
      return;
    }
    if (b.rest) {
      b.refused_here.push_back({b.last_id, ENOBUFS, "the kernel's answer was lost"});
      b.rest.reset();
    }
    b.done = true;
  }
}

void LinuxKernel::on_event_octets(Bytes octets, KernelEventSink& sink) {
  while (const auto m = next_message(octets)) {
    const bool port_flags =
        m->type == RTM_NEWLINK && !m->payload.empty() && m->payload.front() == AF_BRIDGE;
    if (port_flags) {
      on_bridge_port(*m, sink);
    } else {
      pass_on(*m, false, sink);
    }
  }
  if (!octets.empty()) ++counters_.malformed;
}

void LinuxKernel::pass_on(const MessageView& m, bool from_dump, KernelEventSink& sink) {
  std::optional<KernelEvent> event;
  switch (decode(m, event)) {
    case Decoded::kIgnored:
      return;
    case Decoded::kMalformed:
      ++counters_.malformed;
      return;
    case Decoded::kObject:
      break;
  }
  const bool own = !from_dump && m.port == requests_.port();
  std::visit(
      [&](auto& e) {
        if constexpr (requires { e.from_dump; }) {
          e.from_dump = from_dump;
          e.own_echo = own;
        }
      },
      *event);
  if (const auto* link = std::get_if<Seen<Link>>(&*event)) remember_link(*link);
  if (!from_dump) ++counters_.events;
  sink.on_kernel_event(std::move(*event));
}

void LinuxKernel::remember_link(const Seen<Link>& seen) {
  if (seen.gone) {
    links_.erase(seen.object.index.value);
  } else {
    links_.insert_or_assign(seen.object.index.value, seen.object);
  }
}

void LinuxKernel::on_bridge_port(const MessageView& m, KernelEventSink& sink) {
  BridgePortFlags flags;
  const Decoded d = decode_bridge_port(m, flags);
  if (d == Decoded::kMalformed) ++counters_.malformed;
  if (d != Decoded::kObject) return;
  const auto at = links_.find(flags.link.value);
  if (at == links_.end()) return;  // its own message follows, or a dump
  Link& link = at->second;
  if (link.port_learning == flags.learning && link.port_neigh_suppress == flags.neigh_suppress) {
    return;
  }
  link.port_learning = flags.learning;
  link.port_neigh_suppress = flags.neigh_suppress;
  ++counters_.events;
  sink.on_kernel_event(Seen<Link>{link, false, false, m.port == requests_.port()});
}

}  // namespace perd::netlink
