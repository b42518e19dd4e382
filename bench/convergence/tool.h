// The load tool: sessions, route sets, and the commands over them. One thread, one epoll.
//
// One command a line on standard input, a line of JSON for each on standard output: {"ok":true, ..}
// or {"ok":false,"error":".."}. Between and during commands all sessions are kept alive and read.
//
//   session NAME local=ADDR remote=ADDR as=N families=ipv4,ipv6,evpn [id=] [hold=] [listen=1]
//   close NAME                          the connection is reset, without NOTIFICATION
//   routes NAME family=evpn4|evpn6|ipv4|ipv6|mac|mac4|mac6 count=N sets=S|per_set=K [first=]
//          [vteps=] [vtep_base=] [vnis=] [sequence=] [rd_from=ADDR]
//   announce|withdraw SESSION ROUTES [from=] [to=] [eor=1]    starts the clock, answers at once
//   await SESSION ROUTES present|absent until that peer was told all of them
//   clock                               starts the clock
//   kernel NETNS ROUTES present|absent PLACE                  until the kernel has (not) them all
//   dump NETNS ROUTES PLACE             how many are there now
//   watch NETNS ROUTES start|stop PLACE the least that was there meanwhile
//   probe SESSION ROUTES count= rate=R|0 sink=SESSION|netns=NETNS PLACE    single changes
//   churn SESSION ROUTES sink=SESSION rounds=N share=X
//   hosts NETNS DEV ROUTES sink=SESSION netns=NETNS port=DEV [rate=R|0] [frame=plain|arp]
//         [sequence=N]                  a frame of each MAC, until the sink was told of it
//   keepalives SESSION                  the longest gap since it was last asked
//   load NETNS ROUTES PLACE [dev= gateway=] [nhid=] [order=hash|ascending] [window=] [erase=1]
// PLACE is [table=] [mark=], and for type 2 vxlan= bridge=.
//   quit
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "convergence/arguments.h"
#include "convergence/kernel_watch.h"
#include "convergence/peer.h"
#include "convergence/route_set.h"

namespace perd::loadgen {

struct Range {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  [[nodiscard]] std::uint32_t size() const { return to - from; }
};

// A running observation of one kernel table (command watch).
struct Watch {
  std::unique_ptr<KernelView> events, dumps;
  std::shared_ptr<const RouteSet> routes;
  Range range;
  std::vector<bool> present;
  std::uint32_t count = 0;  // present in the range
  std::uint32_t least = 0;
  std::uint32_t samples = 0;
  Clock::time_point next_dump{};
};

class Tool {
 public:
  Tool();
  ~Tool();
  Tool(const Tool&) = delete;
  Tool& operator=(const Tool&) = delete;

  // Serves standard input until `quit` or its end.
  int run();

 private:
  using Routes = std::shared_ptr<const RouteSet>;
  [[nodiscard]] std::string carry_out(const std::string& line);

  // commands.cpp
  Answer session(const Arguments& a);
  Answer close_session(const Arguments& a);
  Answer make_routes(const Arguments& a);
  Answer announce(const Arguments& a);
  Answer withdraw(const Arguments& a);
  Answer await(const Arguments& a);
  Answer keepalives(const Arguments& a);
  // kernel_commands.cpp
  Answer kernel(const Arguments& a);
  Answer dump(const Arguments& a);
  Answer watch(const Arguments& a);
  Answer load_kernel(const Arguments& a);
  void feed(Watch& watch);
  [[nodiscard]] static KernelPlace place(const Arguments& a, const std::string& network_namespace);
  // latency_commands.cpp
  Answer probe(const Arguments& a);
  Answer churn(const Arguments& a);
  // host_commands.cpp
  Answer hosts(const Arguments& a);

  // tool.cpp
  // Serves the sessions until done() holds; false at the deadline. `busy`: never sleeps.
  bool serve(const std::function<bool()>& done, double seconds, bool busy = false);
  void turn(int wait_ms);
  void keep_sessions(Clock::time_point now);

  [[nodiscard]] Peer& peer(const std::string& name);
  [[nodiscard]] const Routes& routes(const std::string& name);
  [[nodiscard]] static Range range(const Arguments& a, const RouteSet& routes);
  void start_clock() { clock_ = Clock::now(); }
  [[nodiscard]] double elapsed() const {
    return std::chrono::duration<double>(Clock::now() - clock_).count();
  }

  int epoll_ = -1;
  bool quit_ = false;
  bool input_ready_ = false;
  Clock::time_point clock_ = Clock::now();
  std::map<std::string, std::unique_ptr<Peer>> peers_;
  std::map<std::string, Routes> routes_;
  std::unique_ptr<Watch> watch_;
};

}  // namespace perd::loadgen
