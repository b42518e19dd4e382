// Goal: many operations in flight keep their order, every refusal names its own operation, nothing
// is lost when the kernel drops an answer, and the work of one call stays bounded. Method:
// LinuxKernel in an own network namespace, counted against `ip`.
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <random>

#include "kernel_lab.h"

namespace perd::netlink {
namespace {

using ::testing::HasSubstr;

constexpr std::uint8_t kProtocol = 179;
constexpr TableId kTable{1100};

Route route(std::uint32_t n, std::uint32_t next_hop_id) {
  Route r;
  r.key = {kTable, IpPrefix::make(IpAddress::v4(0x0a000000U + (n << 8)), 24), 20};
  r.protocol = kProtocol;
  r.next_hop_id = next_hop_id;
  return r;
}

class KernelOrder : public KernelLab {
 protected:
  void SetUp() override {
    KernelLab::SetUp();
    if (IsSkipped()) return;
    start();
    for (std::uint32_t id : {1U, 2U}) {
      EXPECT_EQ(put(NextHopPut{{.id = id, .link = index_of("lo")}}), 0);
    }
  }
  static long routes_in_kernel() {
    return std::strtol(output("ip route show table 1100 | wc -l").c_str(), nullptr, 10);
  }
};

TEST_F(KernelOrder, RefusalsAreExactInsideABatch) {
  std::map<std::uint64_t, int> want;
  ASSERT_EQ(put(RulePut{{IpFamily::kIpv4, 1000, "eth-x", kTable, kProtocol}}), 0);
  for (std::uint32_t i = 0; i < 500; ++i) {
    switch (i % 11) {
      case 2:
        want[add(RoutePut{route(i, 4711)})] = EINVAL;
        break;
      case 3:
        want[add(RouteErase{route(i, 0)})] = ESRCH;
        break;
      case 5: {  // two messages of one operation: refused once
        LinkChange change{.link = IfIndex{9999}};
        change.mtu = 1400;
        change.up = true;
        want[add(change)] = ENODEV;
        break;
      }
      case 6:
        want[add(NextHopErase{4711})] = ENOENT;
        break;
      case 8:
        want[add(RulePut{{IpFamily::kIpv4, 1000, "eth-x", kTable, kProtocol}})] = EEXIST;
        break;
      case 9:
        want[add(RoutePut{{.type = RouteType::kOther}})] = EOPNOTSUPP;
        break;
      default:
        add(RoutePut{route(i, 1)});
    }
  }
  run();
  std::map<std::uint64_t, int> got;
  for (const auto& [id, r] : heard.refused) got[id] = r.error;
  EXPECT_EQ(got, want);
  EXPECT_EQ(routes_in_kernel(), 500 - static_cast<long>(want.size()));
  EXPECT_EQ(kernel->counters().refused, want.size());
}

TEST_F(KernelOrder, RefusalsCarryTheKernelsWords) {
  EXPECT_EQ(put(RoutePut{route(1, 4711)}), EINVAL);
  EXPECT_THAT(heard.refused[last_id].message, HasSubstr("exthop id does not exist"));
}

TEST_F(KernelOrder, TheLastOfManyChangesOfOneRouteStands) {
  for (std::uint32_t i = 0; i < 1500; ++i) {
    add(RoutePut{route(1, 1 + i % 2)});
    if (i % 3 == 1) add(RouteErase{route(1, 0)});
  }
  run();
  EXPECT_TRUE(heard.refused.empty());
  const auto all = dump<Route>(DumpKind::kRoutesV4);
  EXPECT_EQ(std::count(all.begin(), all.end(), route(1, 2)), 1);
}

TEST_F(KernelOrder, ADumpShowsExactlyWhatStoodBefore) {
  class Sequence final : public KernelEventSink {
   public:
    void on_kernel_event(KernelEvent&& e) override {
      if (const auto* s = std::get_if<Seen<Route>>(&e)) {
        if (s->object.key.table == kTable) ++routes;
      } else if (std::get_if<DumpDone>(&e) != nullptr) {
        said.push_back("dump of " + std::to_string(routes));
        routes = 0;
      } else if (const auto* a = std::get_if<KernelAcked>(&e)) {
        said.push_back("acked " + std::to_string(a->up_to));
      } else if (const auto* r = std::get_if<KernelRefused>(&e)) {
        said.push_back("refused " + std::to_string(r->id));
      }
    }
    int routes = 0;
    std::vector<std::string> said;
  };
  std::vector<KernelOp> ops;
  ops.push_back({11, RoutePut{route(1, 1)}});
  ops.push_back({12, RouteErase{route(5, 1)}});
  ops.push_back({13, DumpRequest{DumpKind::kRoutesV4}});
  ops.push_back({14, RoutePut{route(2, 1)}});
  ops.push_back({15, RoutePut{route(3, 1)}});
  ops.push_back({16, DumpRequest{DumpKind::kRoutesV4}});
  ops.push_back({17, LinkCreate{.name = "br0"}});
  ops.push_back({18, SysctlPut{"net/ipv4/conf/br0/forwarding", "1"}});
  ops.push_back({19, RouteErase{route(3, 1)}});
  ops.push_back({20, DumpRequest{DumpKind::kRoutesV4}});
  kernel->submit(std::move(ops));
  Sequence sequence;
  while (kernel->in_flight() > 0) {
    ASSERT_TRUE(readable(kernel->request_fd(), 5000));
    kernel->on_request_readable(sequence);
  }
  EXPECT_THAT(sequence.said,
              ::testing::ElementsAre("refused 12", "acked 12", "dump of 1", "acked 13", "acked 15",
                                     "dump of 3", "acked 16", "acked 17", "acked 19", "dump of 2",
                                     "acked 20"));
}

TEST_F(KernelOrder, TheWindowBoundsWhatOneCallSends) {
  std::vector<KernelOp> ops;
  for (std::uint32_t i = 0; i < 5000; ++i) ops.push_back({++last_id, RoutePut{route(i, 1)}});
  kernel->submit(std::move(ops));
  EXPECT_EQ(kernel->in_flight(), 5000U);
  const auto window = static_cast<long>(kWindowBatches * kBatchMessagesMax);
  EXPECT_EQ(routes_in_kernel(), window);
  kernel->on_request_readable(heard);
  EXPECT_EQ(kernel->in_flight(), 5000U - static_cast<std::size_t>(window));
  EXPECT_LE(routes_in_kernel(), 2 * window);
  finish();
  EXPECT_EQ(routes_in_kernel(), 5000);
}

TEST_F(KernelOrder, HundredThousandRoutesThroughOneNextHop) {
  constexpr std::uint32_t kRoutes = 100'000;
  std::vector<std::uint32_t> order(kRoutes);
  for (std::uint32_t i = 0; i < kRoutes; ++i) order[i] = i;
  std::shuffle(order.begin(), order.end(), std::mt19937{1});
  for (const std::uint32_t n : order) add(RoutePut{route(n, 1)});
  run();
  EXPECT_TRUE(heard.refused.empty());
  const auto ours = [&] {
    std::size_t n = 0;
    for (const Route& r : dump<Route>(DumpKind::kRoutesV4)) {
      if (r.key.table == kTable && r.next_hop_id == 1 && r.protocol == kProtocol) ++n;
    }
    return n;
  };
  EXPECT_EQ(ours(), kRoutes);

  // Reading them back never takes more than the reads of one turn at a time.
  heard.seen.clear();
  std::vector<KernelOp> dump_op;
  dump_op.push_back({++last_id, DumpRequest{DumpKind::kRoutesV4}});
  kernel->submit(std::move(dump_op));
  std::size_t turns = 0;
  while (kernel->in_flight() > 0) {
    const std::size_t before = heard.seen.size();
    kernel->on_request_readable(heard);
    EXPECT_LE(heard.seen.size() - before, kReadsPerTurn * 32 * 1024 / 48);
    ++turns;
  }
  EXPECT_GT(turns, 3U);
  EXPECT_EQ(heard.seen.size(), kRoutes);

  for (std::uint32_t i = 0; i < kRoutes; i += 2) add(RouteErase{route(order[i], 0)});
  run();
  EXPECT_TRUE(heard.refused.empty());
  EXPECT_EQ(ours(), kRoutes / 2);
  EXPECT_EQ(put(NextHopErase{1}), 0);  // takes the other half along
  EXPECT_EQ(ours(), 0U);
}

TEST_F(KernelOrder, LostAnswersBecomeAnOverrunAndNothingHangs) {
  LinuxKernel::Options small;
  small.request_octets = 1;  // the kernel grants its minimum: room for a few answers
  start(small);
  for (std::uint32_t i = 0; i < 600; ++i) add(RouteErase{route(i, 1)});  // all refused
  add(RoutePut{route(7, 1)});
  run();
  EXPECT_GT(heard.overruns, 0);
  EXPECT_EQ(heard.acked, last_id);
  EXPECT_LT(heard.refused.size(), 600U);
  EXPECT_GT(kernel->counters().overruns, 0U);
  EXPECT_EQ(routes_in_kernel(), 1);
  const int overruns = heard.overruns;
  EXPECT_EQ(dump<Route>(DumpKind::kRoutesV4).size(), 1U);  // and it works on
  EXPECT_EQ(heard.overruns, overruns);
}

TEST_F(KernelOrder, AChangeDuringADumpMarksItInterrupted) {
  constexpr std::uint32_t kObjects = 40'000;
  for (std::uint32_t i = 0; i < kObjects; ++i) {
    add(NextHopPut{{.id = 100 + i, .blackhole = true}});
  }
  run();
  ASSERT_TRUE(heard.refused.empty());
  std::vector<KernelOp> ops;
  ops.push_back({++last_id, DumpRequest{DumpKind::kNextHops}});
  kernel->submit(std::move(ops));
  EXPECT_TRUE(kernel->on_request_readable(heard));
  ASSERT_GT(kernel->in_flight(), 0U) << "the dump fits one turn: make it longer";
  sh("ip nexthop add id 99 blackhole");
  finish();
  ASSERT_EQ(heard.dumps.size(), 1U);
  EXPECT_TRUE(heard.dumps[0].interrupted);
}

TEST_F(KernelOrder, ASendThatFailsRefusesItsOperations) {
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  ASSERT_GE(dup2(null, kernel->request_fd()), 0);
  close(null);
  const auto first = add(RoutePut{route(1, 1)});
  const auto link = add(LinkCreate{.name = "br0", .up = true});
  const auto dumped = add(DumpRequest{DumpKind::kLinks});
  run();
  for (const std::uint64_t id : {first, link, dumped}) {
    EXPECT_EQ(heard.refused[id].error, ENOTSOCK) << id;
    EXPECT_EQ(heard.refused[id].message, "cannot send to the kernel");
  }
  EXPECT_FALSE(kernel->wants_turn());
  EXPECT_TRUE(heard.dumps.empty());
}

}  // namespace
}  // namespace perd::netlink
