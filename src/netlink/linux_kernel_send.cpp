// The sending half of LinuxKernel: from the queue of operations to sendmsg.
#include <cerrno>
#include <utility>

#include "netlink/linux_kernel.h"
#include "netlink/sysctl.h"
#include "perd/assert.h"

namespace perd::netlink {

void LinuxKernel::submit(std::vector<KernelOp>&& ops) {
  if (ops.empty()) return;
  waiting_ += ops.size();
  counters_.operations += ops.size();
  queue_.push_back(std::move(ops));
  pump();
}

void LinuxKernel::pump() {
  while (!held_ && waiting_ > 0 && batches_.size() < kWindowBatches) send_next_batch();
}

KernelOp& LinuxKernel::front() { return queue_.front()[queue_at_]; }

void LinuxKernel::pop_front() {
  --waiting_;
  if (++queue_at_ == queue_.front().size()) {
    queue_.pop_front();
    queue_at_ = 0;
  }
}

void LinuxKernel::send_next_batch() {
  out_.octets.clear();
  Batch batch;
  batch.first_sequence = out_.next_sequence;
  if (!spare_ids_.empty()) {
    batch.ids = std::move(spare_ids_.back());
    spare_ids_.pop_back();
    batch.ids.clear();
  }
  bool more = true;
  while (more && waiting_ > 0) more = add_to_batch(batch, front());
  close_and_send(std::move(batch));
}

// Takes the front operation in, unless it must wait for the next batch. False closes the batch.
bool LinuxKernel::add_to_batch(Batch& batch, KernelOp& op) {
  const bool first = batch.operations == 0;
  if (auto* dump = std::get_if<DumpRequest>(&op.what)) {
    if (!first) return false;
    batch.dump = dump->kind;
    held_ = true;
    if (const int e = encode_dump(builder_, dump->kind, out_); e != 0) {
      batch.refused_here.push_back({op.id, e, {}});
    }
    batch.ids.push_back(op.id);
  } else if (options_.only_tell) {
    options_.only_tell(op);
  } else if (auto* put = std::get_if<SysctlPut>(&op.what)) {
    if (!out_.octets.empty()) return false;  // what stands before it must be carried out first
    const NamespaceGuard guard{options_.netns_fd};
    const int e = guard.error() != 0 ? guard.error() : write_sysctl(*put);
    if (e != 0) batch.refused_here.push_back({op.id, e, "/proc/sys/" + put->path});
  } else if (const auto* listen = std::get_if<PortListen>(&op.what)) {
    if (const int e = ports_.listen(*listen); e != 0) batch.refused_here.push_back({op.id, e, {}});
  } else if (const auto* packet = std::get_if<PacketSend>(&op.what)) {
    if (const int e = ports_.send(*packet); e != 0) batch.refused_here.push_back({op.id, e, {}});
  } else {
    add_message(batch, op);
  }
  batch.last_id = op.id;
  ++batch.operations;
  const bool closed = held_;
  pop_front();
  return !closed && batch.operations < kBatchMessagesMax && out_.octets.size() < kBatchOctetsMax;
}

void LinuxKernel::add_message(Batch& batch, KernelOp& op) {
  if (const int e = encode_op(builder_, op, out_); e != 0) {
    batch.refused_here.push_back({op.id, e, {}});
    return;
  }
  batch.ids.resize(out_.next_sequence - batch.first_sequence, op.id);
  if (auto* create = std::get_if<LinkCreate>(&op.what)) {
    batch.rest = std::move(*create);
    held_ = true;
  }
}

void LinuxKernel::close_and_send(Batch&& batch) {
  unanswered_ += batch.operations;
  if (!batch.dump) {
    const int e = encode_barrier(builder_, out_);
    PERD_ASSERT(e == 0);
    batch.ids.push_back(0);
  }
  batches_.push_back(std::move(batch));
  ++counters_.batches;
  send_octets(batches_.back());
}

void LinuxKernel::send_octets(Batch& batch) {
  const int error = out_.octets.empty() ? EMSGSIZE : requests_.send(out_.octets);
  if (error == 0) return;
  // Nothing of the batch reached the kernel, and no answer will wake us: wants_turn() says so.
  std::uint64_t told = 0;
  for (const std::uint64_t id : batch.ids) {
    if (id != 0 && id != told)
      batch.refused_here.push_back({id, error, "cannot send to the kernel"});
    if (id != 0) told = id;
  }
  batch.rest.reset();
  batch.done = true;
}

// The second half of a LinkCreate: same batch, new sequence numbers.
void LinuxKernel::send_rest(Batch& batch) {
  const LinkCreate link = std::move(*batch.rest);
  batch.rest.reset();
  out_.octets.clear();
  batch.first_sequence = out_.next_sequence;
  batch.ids.clear();
  if (const int e = encode_create_rest(builder_, link, out_); e != 0) {
    batch.refused_here.push_back({batch.last_id, e, {}});
    batch.done = true;
    return;
  }
  if (out_.octets.empty()) {
    batch.done = true;
    return;
  }
  batch.ids.assign(out_.next_sequence - batch.first_sequence, batch.last_id);
  const int e = encode_barrier(builder_, out_);
  PERD_ASSERT(e == 0);
  batch.ids.push_back(0);
  send_octets(batch);
}

}  // namespace perd::netlink
