// Goal: every cell of the state machine is what RFC 4271 8.2.2 (and the notes in fsm.h) say.
// Method: the whole table, 21 triggers x 6 states, written down a second time in letters; then
// rules that hold for any cell.
#include "bgp/session/fsm.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

namespace perd::session {
namespace {

// Effects as letters, in the order in which they are run.
std::string letters(std::uint16_t effects) {
  static constexpr char kLetters[] = "OKNXZDcrLhk+UVd";
  std::string text;
  for (unsigned bit = 0; bit < 15; ++bit) {
    if ((effects & (1U << bit)) != 0) text += kLetters[bit];
  }
  return text;
}

// Next state as the first letter: Idle, Connect, Active, Sent, oPen confirm, Established.
std::string cell(const Transition& t) {
  static constexpr char kStates[] = "ICASPE";
  return kStates[static_cast<std::size_t>(t.next)] + (":" + letters(t.effects));
}

struct Row {
  Trigger trigger;
  std::array<const char*, kStateCount> cells;  // Idle, Connect, Active, OpenSent, OpenConfirm, Est.
};

// O open, K keepalive, N notification, X close, Z disarm all, D dial, c/r connect and retry timer,
// L long hold, h hold, k keepalive timer, + retry counter, U up, V down, d deliver.
constexpr Row kTable[] = {
    {Trigger::kStart, {"C:Dc", "C:", "A:", "S:", "P:", "E:"}},
    {Trigger::kStartPassive, {"A:", "C:", "A:", "S:", "P:", "E:"}},
    {Trigger::kStop, {"I:", "I:XZ", "I:XZ", "I:NXZ", "I:NXZ", "I:NXZV"}},
    {Trigger::kConnectRetryDue, {"I:", "C:XDc", "C:XDc", "I:NXZ+", "I:NXZ+", "I:NXZ+V"}},
    {Trigger::kHoldDue, {"I:", "I:XZ+", "I:XZ+", "I:NXZ+", "I:NXZ+", "I:NXZ+V"}},
    {Trigger::kKeepaliveDue, {"I:", "I:XZ+", "I:XZ+", "I:NXZ+", "P:Kk", "E:Kk"}},
    {Trigger::kSendHoldDue, {"I:", "I:XZ+", "I:XZ+", "I:XZ+", "I:XZ+", "I:XZ+V"}},
    {Trigger::kTcpUp, {"I:X", "S:OZL", "S:OZL", "S:", "P:", "E:"}},
    {Trigger::kTcpAccepted, {"I:X", "S:OZL", "S:OZL", "S:", "P:", "E:"}},
    {Trigger::kTcpFailed, {"I:", "A:XZr", "A:XZr", "A:XZr", "I:XZ+", "I:XZ+V"}},
    {Trigger::kOpenGood, {"I:", "I:XZ+", "I:XZ+", "P:KZhk", "I:NXZ+", "I:NXZ+V"}},
    {Trigger::kHeaderBad, {"I:", "I:XZ+", "I:XZ+", "I:NXZ+", "I:NXZ+", "I:NXZ+V"}},
    {Trigger::kOpenBad, {"I:", "I:XZ+", "I:XZ+", "I:NXZ+", "I:NXZ+", "I:NXZ+V"}},
    {Trigger::kCollisionLost, {"I:", "I:XZ+", "I:XZ+", "I:NXZ+", "I:NXZ+", "I:NXZ+V"}},
    {Trigger::kNotificationVersion, {"I:", "I:XZ", "I:XZ", "I:XZ", "I:XZ", "I:XZ+V"}},
    {Trigger::kNotification, {"I:", "I:XZ+", "I:XZ+", "I:XZ+", "I:XZ+", "I:XZ+V"}},
    {Trigger::kKeepalive, {"I:", "I:XZ+", "I:XZ+", "I:NXZ+", "E:hU", "E:h"}},
    {Trigger::kUpdateGood, {"I:", "I:XZ+", "I:XZ+", "I:NXZ+", "I:NXZ+", "E:hd"}},
    {Trigger::kUpdateBad, {"I:", "I:XZ+", "I:XZ+", "I:NXZ+", "I:NXZ+", "I:NXZ+V"}},
    {Trigger::kRefresh, {"I:", "I:XZ+", "I:XZ+", "I:NXZ+", "I:NXZ+", "E:hd"}},
    {Trigger::kRefreshBad, {"I:", "I:XZ+", "I:XZ+", "I:NXZ+", "I:NXZ+", "I:NXZ+V"}},
};

TEST(Fsm, EveryCell) {
  std::set<Trigger> seen;
  for (const Row& row : kTable) {
    EXPECT_TRUE(seen.insert(row.trigger).second);
    for (std::size_t s = 0; s < kStateCount; ++s) {
      const auto state = static_cast<State>(s);
      SCOPED_TRACE(std::string(to_string(state)) + " + " + std::string(to_string(row.trigger)));
      EXPECT_EQ(cell(transition(state, row.trigger)), row.cells[s]);
    }
  }
  EXPECT_EQ(seen.size(), kTriggerCount);
}

// Rules for any cell, also for those a later change adds.
TEST(Fsm, Rules) {
  for (std::size_t s = 0; s < kStateCount; ++s) {
    for (std::size_t t = 0; t < kTriggerCount; ++t) {
      const auto state = static_cast<State>(s);
      const auto trigger = static_cast<Trigger>(t);
      SCOPED_TRACE(std::string(to_string(state)) + " + " + std::string(to_string(trigger)));
      const Transition x = transition(state, trigger);
      const bool up = state == State::kEstablished;
      const bool leaves = up && x.next != State::kEstablished;
      const bool enters = !up && x.next == State::kEstablished;
      EXPECT_EQ((x.effects & kReportDown) != 0, leaves);
      EXPECT_EQ((x.effects & kReportUp) != 0, enters);
      if (leaves) {
        EXPECT_NE(x.effects & kCloseTcp, 0);
      }
      if (x.next == State::kIdle && state != State::kIdle) {
        EXPECT_NE(x.effects & kDisarmAll, 0) << "a timer would outlive the session";
        EXPECT_NE(x.effects & kCloseTcp, 0);
      }
      if ((x.effects & kSendNotification) != 0) {
        EXPECT_GE(state, State::kOpenSent);
        EXPECT_NE(x.effects & kCloseTcp, 0);
      }
      if ((x.effects & kDeliver) != 0) {
        EXPECT_TRUE(up);
      }
      if ((x.effects & kDialTcp) != 0) {
        EXPECT_EQ(x.next, State::kConnect);
      }
    }
  }
}

static_assert(transition(State::kIdle, Trigger::kStart).next == State::kConnect);

TEST(Fsm, Names) {
  std::set<std::string_view> names;
  for (std::size_t s = 0; s < kStateCount; ++s) names.insert(to_string(static_cast<State>(s)));
  EXPECT_EQ(names.size(), kStateCount);
  names.clear();
  for (std::size_t t = 0; t < kTriggerCount; ++t) names.insert(to_string(static_cast<Trigger>(t)));
  EXPECT_EQ(names.size(), kTriggerCount);
  EXPECT_EQ(names.count("?"), 0U);
  EXPECT_EQ(to_string(static_cast<State>(99)), "?");
  EXPECT_EQ(to_string(static_cast<Trigger>(99)), "?");
}

}  // namespace
}  // namespace perd::session
