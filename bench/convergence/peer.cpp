#include "convergence/peer.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "convergence/octets.h"

namespace perd::loadgen {
namespace {

constexpr std::uint16_t kBgpPort = 179;
constexpr std::size_t kHeader = 19;
constexpr std::size_t kInputMax = 1U << 20;
constexpr std::uint8_t kOpen = 1, kUpdate = 2, kNotification = 3, kKeepalive = 4;

Octets message(std::uint8_t type, const Octets& body) {
  Octets out(16, 0xff);
  put16(out, static_cast<std::uint32_t>(kHeader + body.size()));
  put8(out, type);
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

double seconds(Clock::duration d) { return std::chrono::duration<double>(d).count(); }

}  // namespace

SocketAddress socket_address(const std::string& text, std::uint16_t port) {
  SocketAddress a;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&a.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&a.storage);
  if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    a.size = sizeof(sockaddr_in);
  } else if (inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    a.size = sizeof(sockaddr_in6);
  } else {
    throw std::invalid_argument("not an address: " + text);
  }
  return a;
}

Peer::Peer(PeerSettings settings) : settings_(std::move(settings)), in_(kInputMax) {
  if (!settings_.listen) return;
  const SocketAddress here = socket_address(settings_.local, kBgpPort);
  listener_ = socket(here.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener_, reinterpret_cast<const sockaddr*>(&here.storage), here.size) != 0 ||
      listen(listener_, 1) != 0) {
    throw std::runtime_error("listen on " + settings_.local + ": " + std::strerror(errno));
  }
}

Peer::~Peer() {
  close();
  if (listener_ >= 0) ::close(listener_);
}

bool Peer::fail(const std::string& why) {
  close();
  problem_ = why;
  return false;
}

bool Peer::dial(Clock::time_point) {
  if (fd_ >= 0) return false;
  if (listener_ >= 0) {
    fd_ = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  } else {
    const SocketAddress here = socket_address(settings_.local, 0);
    const SocketAddress there = socket_address(settings_.remote, kBgpPort);
    fd_ = socket(here.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bind(fd_, reinterpret_cast<const sockaddr*>(&here.storage), here.size) != 0) {
      throw std::runtime_error("bind " + settings_.local + ": " + std::strerror(errno));
    }
    const int done = connect(fd_, reinterpret_cast<const sockaddr*>(&there.storage), there.size);
    if (done != 0 && errno != EINPROGRESS) return fail(std::strerror(errno));
    connecting_ = done != 0;
  }
  if (fd_ < 0) return false;
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  problem_.clear();
  filled_ = 0;
  if (!connecting_) send_open();
  return true;
}

void Peer::close() {
  if (fd_ >= 0) {
    const linger now{1, 0};  // a reset: the other side knows at once
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    ::close(fd_);
  }
  fd_ = -1;
  established_ = connecting_ = false;
  out_.clear();
  sent_ = 0;
}

void Peer::send_open() {
  Octets capabilities;
  const auto capability = [&](std::uint32_t code, const Octets& value) {
    put8(capabilities, code);
    put8(capabilities, static_cast<std::uint32_t>(value.size()));
    capabilities.insert(capabilities.end(), value.begin(), value.end());
  };
  for (const std::string& f : settings_.families) {  // RFC 4760 8
    if (f == "ipv4") capability(1, {0, 1, 0, 1});
    if (f == "ipv6") capability(1, {0, 2, 0, 1});
    if (f == "evpn") capability(1, {0, 25, 0, 70});
  }
  Octets as;
  put32(as, settings_.as);
  capability(65, as);  // RFC 6793 3
  Octets body;
  put8(body, 4);
  put16(body, settings_.as > 0xffff ? 23456 : settings_.as);
  put16(body, settings_.hold_seconds);
  put32(body, settings_.router_id);
  put8(body, static_cast<std::uint32_t>(capabilities.size() + 2));
  put8(body, 2);
  put8(body, static_cast<std::uint32_t>(capabilities.size()));
  body.insert(body.end(), capabilities.begin(), capabilities.end());
  send(message(kOpen, body));
}

void Peer::send(Octets&& octets) {
  if (fd_ < 0) throw std::runtime_error(settings_.name + " is not connected: " + problem_);
  if (sent_ == out_.size()) {
    out_ = std::move(octets);
    sent_ = 0;
  } else {
    out_.insert(out_.end(), octets.begin(), octets.end());
  }
  if (!connecting_) write();
}

void Peer::write() {
  while (sent_ < out_.size()) {
    const ssize_t n = ::send(fd_, out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno != EAGAIN) (void)fail(std::strerror(errno));
      return;
    }
    sent_ += static_cast<std::size_t>(n);
  }
  out_ = Octets();
  sent_ = 0;
}

bool Peer::on_ready(bool readable, bool writable, Clock::time_point now) {
  const int before = fd_;
  if (connecting_ && writable) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
      (void)fail(std::strerror(error));
      return true;
    }
    connecting_ = false;
    send_open();
  }
  if (writable && fd_ >= 0) write();
  if (readable && fd_ >= 0 && !connecting_) (void)read(now);
  return fd_ != before;
}

bool Peer::read(Clock::time_point now) {
  for (int turn = 0; turn < 4; ++turn) {
    const ssize_t n = recv(fd_, in_.data() + filled_, in_.size() - filled_, 0);
    if (n == 0) return fail("the other side closed the connection");
    if (n < 0) return errno == EAGAIN || fail(std::strerror(errno));
    filled_ += static_cast<std::size_t>(n);
    octets_ += static_cast<std::uint64_t>(n);
    std::size_t at = 0;
    while (filled_ - at >= kHeader) {
      const std::size_t size = get16(&in_[at + 16]);
      if (size < kHeader) return fail("a message of impossible length");
      if (filled_ - at < size) break;
      if (!on_message(&in_[at], size, now)) return false;
      at += size;
    }
    std::memmove(in_.data(), in_.data() + at, filled_ - at);
    filled_ -= at;
  }
  return true;
}

bool Peer::on_message(const std::uint8_t* m, std::size_t size, Clock::time_point now) {
  switch (m[18]) {
    case kOpen:
      send(message(kKeepalive, {}));
      return fd_ >= 0;
    case kKeepalive:
      if (!established_) {
        established_ = true;
        reset_keepalives(now);
        next_keepalive_ = now + std::chrono::seconds(settings_.hold_seconds) / 3;
      }
      ++keepalives_;
      longest_gap_ = std::max(longest_gap_, seconds(now - last_keepalive_));
      last_keepalive_ = now;
      return true;
    case kUpdate:
      ++messages_;
      on_update(m + kHeader, size - kHeader, now);
      return true;
    case kNotification:
      return fail("NOTIFICATION " + std::to_string(m[19]) + "/" + std::to_string(m[20]));
    default:
      return true;
  }
}

void Peer::on_update(const std::uint8_t* m, std::size_t size, Clock::time_point now) {
  const std::size_t withdrawn = get16(m);
  on_nlri(1, m + 2, m + 2 + withdrawn, {false, 0, 0, now});
  const std::uint8_t* attributes = m + 4 + withdrawn;
  const std::uint8_t* end = attributes + get16(m + 2 + withdrawn);
  on_attributes(attributes, end, now);
  on_nlri(1, end, m + size, {true, 0, 0, now});
}

void Peer::on_attributes(const std::uint8_t* p, const std::uint8_t* end, Clock::time_point now) {
  const std::uint8_t* reach = nullptr;  // its NLRI are read when all attributes are known
  const std::uint8_t* reach_end = nullptr;
  std::uint32_t sequence = 0;
  while (p < end) {
    const bool extended = (p[0] & 0x10) != 0;
    const std::uint8_t code = p[1];
    const std::size_t size = extended ? get16(p + 2) : p[2];
    const std::uint8_t* value = p + (extended ? 4 : 3);
    p = value + size;
    if (code == 15) on_nlri(get16(value), value + 3, p, {false, 0, 0, now});
    if (code == 14) {
      reach = value;
      reach_end = p;
    }
    for (const std::uint8_t* c = value; code == 16 && c + 8 <= p; c += 8) {
      if (get16(c) == 0x0600) sequence = get32(c + 4);  // MAC mobility (RFC 7432 7.7)
    }
  }
  if (reach == nullptr) return;
  const std::uint8_t* hop = reach + 4;
  on_nlri(get16(reach), hop + reach[3] + 1, reach_end, {true, get32(hop), sequence, now});
}

void Peer::on_nlri(std::uint32_t afi, const std::uint8_t* p, const std::uint8_t* end,
                   const Common& common) {
  constexpr std::uint32_t kEvpnAfi = 25;
  while (p < end) {
    if (afi == kEvpnAfi) {
      if (const auto n = read_evpn(p)) mark(*n, common);
      p += 2 + p[1];
      continue;
    }
    Nlri n;
    n.family = afi == 1 ? RouteFamily::kIpv4 : RouteFamily::kIpv6;
    if (afi == 1 && p[0] == 28) n.number = (get32(p + 1) & 0xffffff) >> 4;
    if (afi == 2 && p[0] == 64) n.number = get32(p + 5);
    if ((afi == 1 && p[0] == 28) || (afi == 2 && p[0] == 64)) mark(n, common);
    p += 1 + (p[0] + 7) / 8;
  }
}

void Peer::mark(const Nlri& nlri, const Common& common) {
  for (std::size_t i = 0; i < told_.size(); ++i) {
    const std::size_t at = (last_told_ + i) % told_.size();
    Told& told = told_[at];
    const auto route = told.routes->find(nlri);
    if (!route) continue;
    last_told_ = at;
    // Nobody on the way changes the next hop of an EVPN route.
    if (common.present && told.routes->evpn()) {
      const std::uint32_t set = told.routes->set_of(*route);
      if (common.next_hop != told.routes->vtep_of(set) || nlri.label != told.routes->vni_of(set)) {
        ++told.wrong;
        return;
      }
    }
    if (told.timed) told.times.push_back({*route, common.present, common.sequence, common.now});
    if (told.present[*route] == common.present) return;
    told.present[*route] = common.present;
    told.count = common.present ? told.count + 1 : told.count - 1;
    ++told.changes;
    return;
  }
}

void Peer::on_tick(Clock::time_point now) {
  if (!established_ || now < next_keepalive_) return;
  next_keepalive_ = now + std::chrono::seconds(settings_.hold_seconds) / 3;
  send(message(kKeepalive, {}));
}

Told& Peer::told(const std::shared_ptr<const RouteSet>& routes) {
  for (Told& t : told_) {
    if (t.routes == routes) return t;
  }
  told_.push_back({routes, std::vector<bool>(routes->count()), 0, 0, 0, false, {}});
  return told_.back();
}

KeepaliveFigures Peer::keepalives(Clock::time_point now) const {
  return {keepalives_, std::max(longest_gap_, seconds(now - last_keepalive_))};
}

void Peer::reset_keepalives(Clock::time_point now) {
  keepalives_ = 0;
  longest_gap_ = 0;
  last_keepalive_ = now;
}

}  // namespace perd::loadgen
