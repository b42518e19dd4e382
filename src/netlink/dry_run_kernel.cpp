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
  options.only_tell = [me](const KernelOp& op) { me->tell(op); };
  auto reader = LinuxKernel::open(std::move(options));
  if (!reader) return unexpected(reader.error());
  self->reader_ = std::move(*reader);
  return self;
}

void DryRunKernel::tell(const KernelOp& op) {
  print_(format_op(op, [this](IfIndex index) {
    const auto at = link_names_.find(index.value);
    return at == link_names_.end() ? std::string{} : at->second;
  }));
  const auto* create = std::get_if<LinkCreate>(&op.what);
  if (create == nullptr) return;
  Link link;
  link.index = IfIndex{next_told_++};
  link.name = create->name;
  link.kind = create->kind;
  link.kind_name = to_string(create->kind);
  link.master = create->master;
  link.mac = create->mac.value_or(MacAddress{});
  link.mtu = create->mtu.value_or(1500);
  link.admin_up = link.running = create->up;
  link.alias = create->alias;
  link.vrf_table = create->vrf_table;
  link.vxlan = create->vxlan;
  link.addrgen_none = create->addrgen_none;
  told_links_.push_back(std::move(link));
}

bool DryRunKernel::on_request_readable(KernelEventSink& sink) {
  NamingSink naming{sink, link_names_};
  const bool more = reader_->on_request_readable(naming);
  for (auto& link : std::exchange(told_links_, {})) {
    naming.on_kernel_event(Seen<Link>{std::move(link), false, false});
  }
  return more;
}

bool DryRunKernel::on_event_readable(KernelEventSink& sink) {
  NamingSink naming{sink, link_names_};
  return reader_->on_event_readable(naming);
}

}  // namespace perd::netlink
