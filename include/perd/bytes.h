// Reader and Writer: the only way octets become values and back.
//
// Reader is sticky: a read past the end yields zero and marks it failed, so decoders are straight
// lines with one check at the end. The price is a rule: every loop is `while (r.remaining() > 0)`
// and consumes at least one octet per turn or fails; the fuzzers watch it. All integers are big
// endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace perd {

using Bytes = std::span<const std::uint8_t>;

class Reader {
 public:
  Reader() = default;
  explicit Reader(Bytes data) : data_(data) {}

  [[nodiscard]] std::size_t remaining() const { return failed_ ? 0 : data_.size() - at_; }
  [[nodiscard]] std::size_t offset() const { return at_; }
  [[nodiscard]] bool failed() const { return failed_; }
  // Nothing failed and nothing is left.
  [[nodiscard]] bool done() const { return !failed_ && at_ == data_.size(); }
  void fail() { failed_ = true; }

  [[nodiscard]] std::uint8_t u8() { return static_cast<std::uint8_t>(integer(1)); }
  [[nodiscard]] std::uint16_t u16() { return static_cast<std::uint16_t>(integer(2)); }
  [[nodiscard]] std::uint32_t u24() { return static_cast<std::uint32_t>(integer(3)); }
  [[nodiscard]] std::uint32_t u32() { return static_cast<std::uint32_t>(integer(4)); }
  [[nodiscard]] std::uint64_t u64() { return integer(8); }

  // The next n octets; empty and failed when there are fewer.
  [[nodiscard]] Bytes bytes(std::size_t n) {
    if (!take(n)) return {};
    return data_.subspan(at_ - n, n);
  }
  // Copies exactly out.size() octets, zeroes when there are fewer.
  void copy_to(std::span<std::uint8_t> out) {
    if (out.empty()) return;
    if (take(out.size())) {
      std::memcpy(out.data(), data_.data() + at_ - out.size(), out.size());
    } else {
      std::memset(out.data(), 0, out.size());
    }
  }
  void skip(std::size_t n) { (void)take(n); }
  // A reader of the next n octets, which this one has then consumed. Failed if there are fewer.
  [[nodiscard]] Reader sub(std::size_t n) {
    Reader r{bytes(n)};
    if (failed_) r.fail();
    return r;
  }
  [[nodiscard]] Bytes rest() const { return failed_ ? Bytes{} : data_.subspan(at_); }

 private:
  [[nodiscard]] bool take(std::size_t n) {
    if (failed_ || data_.size() - at_ < n) {
      failed_ = true;
      return false;
    }
    at_ += n;
    return true;
  }
  [[nodiscard]] std::uint64_t integer(std::size_t n) {
    if (!take(n)) return 0;
    std::uint64_t v = 0;
    for (std::size_t i = at_ - n; i < at_; ++i) v = v << 8 | data_[i];
    return v;
  }

  Bytes data_{};
  std::size_t at_ = 0;
  bool failed_ = false;
};

// Appends to a vector that the caller owns (and may reuse, to spare allocations).
class Writer {
 public:
  explicit Writer(std::vector<std::uint8_t>& out) : out_(&out) {}

  [[nodiscard]] std::size_t size() const { return out_->size(); }
  void u8(std::uint8_t v) { out_->push_back(v); }
  void u16(std::uint16_t v) { integer(v, 2); }
  void u24(std::uint32_t v) { integer(v, 3); }
  void u32(std::uint32_t v) { integer(v, 4); }
  void u64(std::uint64_t v) { integer(v, 8); }
  void bytes(Bytes b) { out_->insert(out_->end(), b.begin(), b.end()); }

  // Reserves n octets for a length that is known later; returns where they are.
  [[nodiscard]] std::size_t hole(std::size_t n) {
    const std::size_t at = out_->size();
    out_->resize(at + n);
    return at;
  }
  void patch_u8(std::size_t at, std::uint8_t v) { (*out_)[at] = v; }
  void patch_u16(std::size_t at, std::uint16_t v) {
    (*out_)[at] = static_cast<std::uint8_t>(v >> 8);
    (*out_)[at + 1] = static_cast<std::uint8_t>(v);
  }

 private:
  void integer(std::uint64_t v, unsigned n) {
    for (unsigned i = n; i-- > 0;) out_->push_back(static_cast<std::uint8_t>(v >> (8 * i)));
  }
  std::vector<std::uint8_t>* out_;
};

}  // namespace perd
