#include "netlink/dry_run_kernel.h"

#include <utility>

#include "perd/kernel_text.h"

namespace perd::netlink {

namespace {

// Learns the names of links on their way to the real sink.
class NamingSink final : public KernelEventSink {
 public:
  NamingSink(KernelEventSink& next, std::unordered_map<std::uint32_t, std::string>& names)
      : next_(next), names_(names) {}
  void on_kernel_event(KernelEvent&& event) override {
    if (const auto* seen = std::get_if<Seen<Link>>(&event)) {
      if (!seen->gone) names_.insert_or_assign(seen->object.index.value, seen->object.name);
    }
    next_.on_kernel_event(std::move(event));
  }

 private:
  KernelEventSink& next_;
  std::unordered_map<std::uint32_t, std::string>& names_;
};

}  // namespace

Expected<std::unique_ptr<DryRunKernel>, SocketError> DryRunKernel::open(
    LinuxKernel::Options options, Print print) {
  std::unique_ptr<DryRunKernel> self{new DryRunKernel(std::move(print))};
  DryRunKernel* me = self.get();
  options.only_tell = [me](const KernelOp& op) {
    me->print_(format_op(op, [me](IfIndex index) {
      const auto at = me->link_names_.find(index.value);
      return at == me->link_names_.end() ? std::string{} : at->second;
    }));
  };
  auto reader = LinuxKernel::open(std::move(options));
  if (!reader) return unexpected(reader.error());
  self->reader_ = std::move(*reader);
  return self;
}

bool DryRunKernel::on_request_readable(KernelEventSink& sink) {
  NamingSink naming{sink, link_names_};
  return reader_->on_request_readable(naming);
}

bool DryRunKernel::on_event_readable(KernelEventSink& sink) {
  NamingSink naming{sink, link_names_};
  return reader_->on_event_readable(naming);
}

}  // namespace perd::netlink
