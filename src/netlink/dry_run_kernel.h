// KernelDriver for --dry-run: tells each operation as one line in iproute2's words and reports it
// as carried out; dumps and notifications are real. A link that was only told is reported as if it
// were there, under an index of no real link, so that what stands on it is told as well. Needs no
// privilege beyond reading.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "netlink/linux_kernel.h"

namespace perd::netlink {

// Interface indexes are small; the kernel counts them from 1.
inline constexpr std::uint32_t kFirstToldIndex = 1U << 30;

class DryRunKernel final : public KernelPort {
 public:
  using Print = std::function<void(const std::string& line)>;
  // `options.only_tell` is overwritten.
  [[nodiscard]] static Expected<std::unique_ptr<DryRunKernel>, SocketError> open(
      LinuxKernel::Options options, Print print);

  void submit(std::vector<KernelOp>&& ops) override { reader_->submit(std::move(ops)); }
  [[nodiscard]] std::size_t in_flight() const override { return reader_->in_flight(); }
  [[nodiscard]] int request_fd() const override { return reader_->request_fd(); }
  [[nodiscard]] int event_fd() const override { return reader_->event_fd(); }
  [[nodiscard]] int packet_fd() const override { return reader_->packet_fd(); }
  bool on_packet_readable(KernelEventSink&) override { return false; }
  bool on_request_readable(KernelEventSink& sink) override;
  bool on_event_readable(KernelEventSink& sink) override;
  [[nodiscard]] bool wants_turn() const override {
    return reader_->wants_turn() || !told_links_.empty();
  }

 private:
  explicit DryRunKernel(Print print) : print_(std::move(print)) {}
  void tell(const KernelOp& op);

  Print print_;
  std::unordered_map<std::uint32_t, std::string> link_names_;
  std::vector<Link> told_links_;  // to be reported
  std::uint32_t next_told_ = kFirstToldIndex;
  std::unique_ptr<LinuxKernel> reader_;
};

}  // namespace perd::netlink
