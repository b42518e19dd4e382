// Goal: messages come out whole and in order however the stream is cut; nothing is copied that need
// not be; a broken header is told as RFC 4271 6.1 says and ends the stream.
#include "bgp/session/frame_buffer.h"

#include <gtest/gtest.h>

#include "perd/random.h"

namespace perd::session {
namespace {

using wire::MessageType;

std::vector<std::uint8_t> message(MessageType type, std::size_t body, std::uint8_t fill) {
  std::vector<std::uint8_t> m(wire::kHeaderSize + body, fill);
  std::fill_n(m.begin(), 16, std::uint8_t{0xff});
  m[16] = static_cast<std::uint8_t>(m.size() >> 8);
  m[17] = static_cast<std::uint8_t>(m.size());
  m[18] = static_cast<std::uint8_t>(type);
  return m;
}

using Messages = std::vector<std::vector<std::uint8_t>>;

Messages sample() {
  return {message(MessageType::kOpen, 10, 1),     message(MessageType::kKeepalive, 0, 0),
          message(MessageType::kUpdate, 4, 2),    message(MessageType::kUpdate, 4077, 3),
          message(MessageType::kKeepalive, 0, 0), message(MessageType::kUpdate, 23, 4)};
}

std::vector<std::uint8_t> joined(const Messages& all) {
  std::vector<std::uint8_t> stream;
  for (const auto& m : all) stream.insert(stream.end(), m.begin(), m.end());
  return stream;
}

void take_all(FrameBuffer& buffer, Bytes piece, Messages& out) {
  buffer.feed(piece);
  for (;;) {
    auto frame = buffer.next(false);
    ASSERT_TRUE(frame.has_value());
    if (!*frame) return;
    EXPECT_EQ(static_cast<std::uint8_t>((*frame)->type), (*frame)->whole[18]);
    EXPECT_EQ((*frame)->body().size(), (*frame)->whole.size() - wire::kHeaderSize);
    out.emplace_back((*frame)->whole.begin(), (*frame)->whole.end());
  }
}

TEST(FrameBuffer, CutAtEveryOctet) {
  const auto stream = joined(sample());
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    SCOPED_TRACE(cut);
    FrameBuffer buffer;
    Messages out;
    take_all(buffer, Bytes(stream).first(cut), out);
    take_all(buffer, Bytes(stream).subspan(cut), out);
    ASSERT_EQ(out, sample());
    EXPECT_EQ(buffer.stored(), 0U);
  }
}

TEST(FrameBuffer, RandomPieces) {
  const auto stream = joined(sample());
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    FrameBuffer buffer;
    Messages out;
    Bytes rest(stream);
    while (!rest.empty()) {
      const std::size_t n = 1 + random.below(std::min<std::size_t>(rest.size(), 1 + seed * 8));
      take_all(buffer, rest.first(n), out);
      EXPECT_LT(buffer.stored(), wire::kMaxMessage);
      rest = rest.subspan(n);
    }
    ASSERT_EQ(out, sample());
  }
}

TEST(FrameBuffer, WholeMessagesAreNotCopied) {
  const auto stream = joined(sample());
  FrameBuffer buffer;
  buffer.feed(stream);
  const auto frame = buffer.next(false);
  ASSERT_TRUE(frame.has_value() && frame->has_value());
  EXPECT_EQ((*frame)->whole.data(), stream.data());
  EXPECT_EQ(buffer.stored(), 0U);
}

TEST(FrameBuffer, BrokenHeaders) {
  struct Case {
    const char* name;
    void (*spoil)(std::vector<std::uint8_t>&);
    wire::Notification want;
  };
  const Case cases[] = {
      {"marker",
       [](std::vector<std::uint8_t>& m) { m[3] = 0; },
       {wire::ErrorCode::kMessageHeader, 1, {}}},
      {"short",
       [](std::vector<std::uint8_t>& m) { m[16] = 0, m[17] = 18; },
       {wire::ErrorCode::kMessageHeader, 2, {0, 18}}},
      {"long",
       [](std::vector<std::uint8_t>& m) { m[16] = 0x10, m[17] = 1; },
       {wire::ErrorCode::kMessageHeader, 2, {0x10, 1}}},
      {"type",
       [](std::vector<std::uint8_t>& m) { m[18] = 9; },
       {wire::ErrorCode::kMessageHeader, 3, {9}}},
  };
  for (const Case& c : cases) {
    for (const std::size_t cut : {std::size_t{0}, std::size_t{7}, std::size_t{23}}) {
      SCOPED_TRACE(std::string(c.name) + " cut at " + std::to_string(cut));
      auto m = message(MessageType::kUpdate, 4, 0);
      c.spoil(m);
      FrameBuffer buffer;
      if (cut != 0 && cut < wire::kHeaderSize) {
        buffer.feed(Bytes(m).first(cut));
        ASSERT_TRUE(buffer.next(false).has_value());
        buffer.feed(Bytes(m).subspan(cut));
      } else {
        buffer.feed(m);
      }
      const auto frame = buffer.next(false);
      ASSERT_FALSE(frame.has_value());
      EXPECT_EQ(frame.error(), c.want);
    }
  }
}

TEST(FrameBuffer, ExtendedMessagesOnlyWhenAgreed) {
  const auto m = message(MessageType::kUpdate, 60000, 5);
  FrameBuffer buffer;
  buffer.feed(m);
  EXPECT_FALSE(buffer.next(false).has_value());
  buffer.reset();
  buffer.feed(m);
  const auto frame = buffer.next(true);
  ASSERT_TRUE(frame.has_value() && frame->has_value());
  EXPECT_EQ((*frame)->whole.size(), m.size());
}

}  // namespace
}  // namespace perd::session
