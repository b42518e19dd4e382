// Cuts a stream of octets into whole BGP messages (RFC 4271 4.1). A message that lies whole in what
// was received is handed on where it is; only the piece at the end of a read is kept, so at most
// one message is ever stored (65535 octets).
#pragma once

#include <optional>
#include <vector>

#include "bgp/wire/message.h"
#include "perd/bytes.h"
#include "perd/expected.h"

namespace perd::session {

struct Frame {
  wire::MessageType type{};
  Bytes whole;  // with the header; valid until the next call of next() or feed()
  [[nodiscard]] Bytes body() const { return whole.subspan(wire::kHeaderSize); }
};

class FrameBuffer {
 public:
  // Everything fed before must have been taken (next() said nullopt).
  void feed(Bytes octets) { input_ = octets; }
  // The next whole message; nullopt when more octets are needed, the rest is then kept. An error is
  // final: the stream has lost its framing (RFC 4271 6.1).
  [[nodiscard]] Expected<std::optional<Frame>, wire::DecodeError> next(bool extended_message);
  void reset();
  [[nodiscard]] std::size_t stored() const { return partial_.size(); }

  [[nodiscard]] std::size_t memory() const { return partial_.capacity(); }

 private:
  // Moves octets into partial_ until it has `size`; false when the input ends before.
  bool fill_to(std::size_t size);

  Bytes input_{};
  std::vector<std::uint8_t> partial_;
  bool partial_taken_ = false;  // partial_ is the message handed out last
};

}  // namespace perd::session
