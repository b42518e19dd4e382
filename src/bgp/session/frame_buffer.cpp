#include "bgp/session/frame_buffer.h"

#include <algorithm>

namespace perd::session {

bool FrameBuffer::fill_to(std::size_t size) {
  if (partial_.size() < size) {
    const std::size_t n = std::min(size - partial_.size(), input_.size());
    partial_.insert(partial_.end(), input_.begin(),
                    input_.begin() + static_cast<std::ptrdiff_t>(n));
    input_ = input_.subspan(n);
  }
  return partial_.size() >= size;
}

Expected<std::optional<Frame>, wire::DecodeError> FrameBuffer::next(bool extended_message) {
  if (partial_taken_) {
    partial_.clear();
    partial_taken_ = false;
  }
  if (partial_.empty()) {
    if (input_.size() >= wire::kHeaderSize) {
      auto header = wire::decode_header(input_.first(wire::kHeaderSize), extended_message);
      if (!header) return unexpected(std::move(header.error()));
      if (input_.size() >= header->length) {
        const Frame frame{header->type, input_.first(header->length)};
        input_ = input_.subspan(header->length);
        return std::optional<Frame>(frame);
      }
    }
    if (input_.empty()) return std::optional<Frame>();
  }
  if (!fill_to(wire::kHeaderSize)) return std::optional<Frame>();
  auto header = wire::decode_header(Bytes(partial_).first(wire::kHeaderSize), extended_message);
  if (!header) return unexpected(std::move(header.error()));
  if (!fill_to(header->length)) return std::optional<Frame>();
  partial_taken_ = true;
  return std::optional<Frame>(Frame{header->type, partial_});
}

void FrameBuffer::reset() {
  input_ = {};
  partial_.clear();
  partial_ = std::vector<std::uint8_t>();  // without exceptions shrink_to_fit() does nothing
  partial_taken_ = false;
}

}  // namespace perd::session
