// KernelDriver for --dry-run: tells each operation as one line in iproute2's words and reports it
// as carried out; dumps and notifications are real. Needs no privilege beyond reading.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "netlink/linux_kernel.h"

namespace perd::netlink {

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
  bool on_request_readable(KernelEventSink& sink) override;
  bool on_event_readable(KernelEventSink& sink) override;
  [[nodiscard]] bool wants_turn() const override { return reader_->wants_turn(); }

 private:
  explicit DryRunKernel(Print print) : print_(std::move(print)) {}
  Print print_;
  std::unordered_map<std::uint32_t, std::string> link_names_;
  std::unique_ptr<LinuxKernel> reader_;
};

}  // namespace perd::netlink
