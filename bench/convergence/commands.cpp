// Commands over sessions and route sets.
#include <sys/epoll.h>

#include <algorithm>
#include <stdexcept>

#include "convergence/octets.h"
#include "convergence/tool.h"

namespace perd::loadgen {
namespace {

constexpr auto kDialEvery = std::chrono::milliseconds(20);

std::uint32_t ipv4(const std::string& text) {
  const SocketAddress a = socket_address(text, 0);
  const auto* v4 = reinterpret_cast<const sockaddr_in*>(&a.storage);
  return ntohl(v4->sin_addr.s_addr);
}

// End-of-RIB of every family of the session (RFC 4724 2).
Octets end_of_rib(const PeerSettings& session) {
  Octets out;
  for (const std::string& family : session.families) {
    const bool classic = family == "ipv4";
    out.insert(out.end(), 16, 0xff);
    put16(out, classic ? 23 : 29);
    put8(out, 2);
    put16(out, 0);
    put16(out, classic ? 0 : 6);
    if (classic) continue;
    put24(out, 0x800f03);  // MP_UNREACH_NLRI of nothing
    put16(out, family == "evpn" ? 25 : 2);
    put8(out, family == "evpn" ? 70 : 1);
  }
  return out;
}

}  // namespace

Answer Tool::session(const Arguments& a) {
  PeerSettings s;
  s.name = a.word(1);
  s.local = a.text("local");
  s.remote = a.text("remote");
  s.as = a.number("as", 65001);
  s.router_id = ipv4(a.text("id", s.local.find(':') == std::string::npos ? s.local : "10.255.9.9"));
  s.families = a.list("families");
  s.hold_seconds = static_cast<std::uint16_t>(a.number("hold", 90));
  s.listen = a.number("listen", 0) != 0;
  peers_.erase(s.name);
  Peer& p = *(peers_[s.name] = std::make_unique<Peer>(s));
  start_clock();
  auto next_dial = Clock::now();
  const bool up = serve(
      [&] {
        if (p.established()) return true;
        if (p.fd() < 0 && Clock::now() >= next_dial) {
          next_dial = Clock::now() + kDialEvery;
          if (p.dial(Clock::now())) {
            epoll_event e{};
            e.events = EPOLLIN | EPOLLOUT;
            e.data.ptr = &p;
            epoll_ctl(epoll_, EPOLL_CTL_ADD, p.fd(), &e);
          }
        }
        return false;
      },
      a.real("timeout", 60));
  if (!up) return Answer::bad(s.name + " not established: " + p.problem());
  return Answer::good().number("seconds", elapsed());
}

Answer Tool::close_session(const Arguments& a) {
  Peer& p = peer(a.word(1));
  start_clock();
  p.close();
  p.forget_told();
  return Answer::good();
}

Answer Tool::make_routes(const Arguments& a) {
  RouteSetSettings s;
  const auto family = family_of(a.text("family", "evpn4"));
  if (!family) throw std::invalid_argument("family is evpn4, evpn6, ipv4, ipv6, mac, mac4 or mac6");
  s.family = *family;
  s.count = a.number("count", 0);
  s.first = a.number("first", 0);
  s.sets = std::min(a.number("sets", 1), s.count);
  if (a.has("per_set")) {
    const std::uint32_t per_set = std::max(1U, a.number("per_set", 1));
    s.sets = (s.count + per_set - 1) / per_set;
  }
  s.vteps = a.number("vteps", 1);
  if (a.has("vtep_base")) s.vtep_base = ipv4(a.text("vtep_base"));
  if (a.has("vnis")) {
    s.vnis.clear();
    for (const auto& v : a.list("vnis"))
      s.vnis.push_back(static_cast<std::uint32_t>(std::stoul(v)));
  }
  s.rt_as = a.number("rt_as", a.number("as", 65001));
  if (a.has("nexthop")) s.next_hop = ipv4(a.text("nexthop"));
  s.med = a.number("med", 0);
  s.sequence = a.number("sequence", 0);
  if (a.has("rd_from")) s.rd_administrator = ipv4(a.text("rd_from"));
  routes_[a.word(1)] = std::make_shared<const RouteSet>(s);
  return Answer::good().number("sets", s.sets);
}

Answer Tool::announce(const Arguments& a) {
  Peer& p = peer(a.word(1));
  const Routes& r = routes(a.word(2));
  const Range part = range(a, *r);
  Octets octets = r->announcements(p.settings().as, part.from, part.to);
  const auto size = static_cast<double>(octets.size());
  start_clock();
  p.send(std::move(octets));
  if (a.number("eor", 0) != 0) p.send(end_of_rib(p.settings()));
  return Answer::good().number("octets", size);
}

Answer Tool::withdraw(const Arguments& a) {
  Peer& p = peer(a.word(1));
  const Routes& r = routes(a.word(2));
  const Range part = range(a, *r);
  Octets octets = r->withdrawals(part.from, part.to);
  const auto size = static_cast<double>(octets.size());
  start_clock();
  p.send(std::move(octets));
  return Answer::good().number("octets", size);
}

Answer Tool::await(const Arguments& a) {
  Peer& p = peer(a.word(1));
  const Routes& r = routes(a.word(2));
  const Range part = range(a, *r);
  const bool present = a.word(3) == "present";
  Told& told = p.told(r);
  const bool whole = part.size() == r->count();
  const std::uint64_t changes = told.changes;
  double first = -1;
  const auto missing = [&] {
    if (whole) return present ? r->count() - told.count : told.count;
    return static_cast<std::uint32_t>(
        std::count(told.present.begin() + part.from, told.present.begin() + part.to, !present));
  };
  const bool done = serve(
      [&] {
        if (first < 0 && told.changes != changes) first = elapsed();
        return p.fd() < 0 || missing() == 0;
      },
      a.real("timeout", 60));
  const double seconds = elapsed();
  if (p.fd() < 0) return Answer::bad(p.settings().name + " went down: " + p.problem());
  if (!done || told.wrong != 0) {
    return Answer::bad(std::to_string(missing()) + " routes missing, " +
                       std::to_string(told.wrong) + " wrong");
  }
  return Answer::good()
      .number("seconds", seconds)
      .number("first", std::max(first, 0.0))
      .number("missing", 0)
      .number("messages", static_cast<double>(p.messages()))
      .number("octets", static_cast<double>(p.octets()));
}

Answer Tool::keepalives(const Arguments& a) {
  Peer& p = peer(a.word(1));
  const auto now = Clock::now();
  const KeepaliveFigures f = p.keepalives(now);
  p.reset_keepalives(now);
  return Answer::good()
      .number("count", f.count)
      .number("longest_gap_s", f.longest_gap)
      .number("established", p.established() ? 1 : 0);
}

}  // namespace perd::loadgen
