#include "fib/op_queue.h"

#include <iterator>

namespace perd::fib {

std::vector<KernelOp> OpQueue::take(std::size_t max) {
  std::vector<KernelOp> out;
  if (ops_.size() <= max) {
    out.swap(ops_);
    return out;
  }
  const auto end = ops_.begin() + static_cast<std::ptrdiff_t>(max);
  out.assign(std::make_move_iterator(ops_.begin()), std::make_move_iterator(end));
  ops_.erase(ops_.begin(), end);
  return out;
}

std::optional<Flight> OpQueue::refused(std::uint64_t id) {
  if (id < first_ || id - first_ >= flights_.size()) return std::nullopt;
  Flight& f = flights_[static_cast<std::size_t>(id - first_)];
  if (f.kind == FlightKind::kNone) return std::nullopt;
  const Flight out = f;
  f.kind = FlightKind::kNone;
  return out;
}

std::optional<Flight> OpQueue::acked(std::uint64_t up_to) {
  while (!flights_.empty() && first_ <= up_to) {
    const Flight f = flights_.front();
    flights_.pop_front();
    ++first_;
    if (f.kind != FlightKind::kNone) return f;
  }
  return std::nullopt;
}

}  // namespace perd::fib
