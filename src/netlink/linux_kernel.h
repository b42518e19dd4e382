// KernelDriver over rtnetlink: carries operations out in order, tells what the kernel answered,
// dumped and notified. No policy, no retry, no BGP word.
//
// Two sockets. Requests: operations leave in batches of one sendmsg; behind each batch stands a
// barrier message with NLM_F_ACK, refusals come per message by themselves. At most kWindowBatches
// are unanswered. A dump, a LinkCreate (its second half waits for the first) and nothing else holds
// the line until it is answered, so that what a dump shows is exactly what was submitted before it.
// Events: notifications of links, addresses, neighbours, FDB, routes, next hops and rules.
// Frames from and to hosts go through packet sockets (port_listener.h).
//
// Lost messages: ENOBUFS on either socket becomes KernelOverrun. On the request socket the
// operations of the batches in flight count as carried out (Linux carries a batch out inside
// sendmsg), but their refusals may be lost; a dump is marked interrupted. Limits: the constants
// below; one call of on_request_readable() reads at most kReadsPerTurn datagrams, one of
// on_event_readable() kEventsPerTurn.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "netlink/codec.h"
#include "netlink/kernel_port.h"
#include "netlink/link_codec.h"
#include "netlink/port_listener.h"
#include "netlink/rtnetlink_socket.h"
#include "perd/expected.h"

namespace perd::netlink {

inline constexpr std::size_t kBatchMessagesMax = 256;  // about 1 ms of kernel time
inline constexpr std::size_t kBatchOctetsMax = 64 * 1024;
inline constexpr std::size_t kWindowBatches = 2;
inline constexpr std::size_t kReadsPerTurn = 32;  // of at most 32 KiB each in a dump
// Notifications come one by one: as many as a full window of operations can cause, two for each MAC
// that is erased. With less they would pile up behind a bulk of our own until they are lost.
inline constexpr std::size_t kEventsPerTurn = 4096;

struct KernelCounters {
  std::uint64_t operations = 0;  // taken
  std::uint64_t refused = 0;
  std::uint64_t batches = 0;
  std::uint64_t events = 0;     // notifications passed on
  std::uint64_t overruns = 0;   // of both sockets
  std::uint64_t malformed = 0;  // messages of the kernel that could not be read
};

class LinuxKernel final : public KernelPort {
 public:
  struct Options {
    int netns_fd = -1;             // network namespace to work in; -1: that of the calling thread
    int request_octets = 8 << 20;  // receive buffers
    int event_octets = 32 << 20;
    // Routes and neighbours that this driver wrote are not told again as notifications: 100,000
    // routes would come back as 100,000 datagrams.
    bool drop_own_echoes = true;
    // Set: operations are told here instead of being carried out; only dumps reach the kernel.
    std::function<void(const KernelOp&)> only_tell;
  };
  [[nodiscard]] static Expected<std::unique_ptr<LinuxKernel>, SocketError> open(Options options);

  void submit(std::vector<KernelOp>&& ops) override;
  [[nodiscard]] std::size_t in_flight() const override { return waiting_ + unanswered_; }

  [[nodiscard]] int request_fd() const override { return requests_.fd(); }
  [[nodiscard]] int event_fd() const override { return events_.fd(); }
  bool on_request_readable(KernelEventSink& sink) override;
  bool on_event_readable(KernelEventSink& sink) override;
  [[nodiscard]] int packet_fd() const override { return ports_.fd(); }
  bool on_packet_readable(KernelEventSink& sink) override { return ports_.on_readable(sink); }
  [[nodiscard]] bool wants_turn() const override;

  [[nodiscard]] const KernelCounters& counters() const { return counters_; }
  [[nodiscard]] const ListenerCounters& listener() const { return ports_.counters(); }
  // The netlink port of the requests, as notifications name it.
  [[nodiscard]] std::uint32_t port() const { return requests_.port(); }

 private:
  // What one sendmsg carried. ids[i] is the operation of message first_sequence + i; the last
  // message is the barrier, or in a dump there is only the request.
  struct Batch {
    std::uint32_t first_sequence = 0;
    std::vector<std::uint64_t> ids;
    std::uint64_t last_id = 0;
    std::size_t operations = 0;
    std::vector<KernelRefused> refused_here;  // before the kernel saw them
    std::uint64_t refused_id = 0;             // the last that the kernel refused
    std::optional<LinkCreate> rest;           // second half to send, when the first succeeded
    std::optional<DumpKind> dump;
    bool interrupted = false;
    bool done = false;
  };

  LinuxKernel(Options options, Socket requests, Socket events);

  // Sending (linux_kernel_send.cpp).
  void pump();
  void send_next_batch();
  bool add_to_batch(Batch& batch, KernelOp& op);
  void add_message(Batch& batch, KernelOp& op);
  void close_and_send(Batch&& batch);
  void send_octets(Batch& batch);
  void send_rest(Batch& batch);
  [[nodiscard]] KernelOp& front();
  void pop_front();

  // Receiving (linux_kernel.cpp).
  void on_request_octets(Bytes octets, KernelEventSink& sink);
  void on_answer(const MessageView& m, KernelEventSink& sink);
  void on_dump_done(Batch& batch, int error, KernelEventSink& sink);
  void on_event_octets(Bytes octets, KernelEventSink& sink);
  void on_bridge_port(const MessageView& m, KernelEventSink& sink);
  void on_requests_lost(KernelEventSink& sink);
  void pass_on(const MessageView& m, bool from_dump, KernelEventSink& sink);
  void remember_link(const Seen<Link>& seen);
  void refuse(Batch& batch, std::uint64_t id, int error, std::string text, KernelEventSink& sink);
  void settle(KernelEventSink& sink);
  [[nodiscard]] Batch* batch_of(std::uint32_t sequence);

  Options options_;
  Socket requests_;
  Socket events_;
  PortListener ports_;
  MessageBuilder builder_;
  BatchBuffer out_;
  std::vector<std::uint8_t> received_;
  std::deque<std::vector<KernelOp>> queue_;
  std::size_t queue_at_ = 0;    // first operation of queue_.front() that was not sent
  std::size_t waiting_ = 0;     // operations in queue_
  std::size_t unanswered_ = 0;  // operations in batches_
  std::deque<Batch> batches_;
  std::vector<std::vector<std::uint64_t>> spare_ids_;  // so that batches do not allocate
  bool held_ = false;  // a dump or a LinkCreate must be answered first
  bool lost_ = false;  // ENOBUFS since the last time the socket was empty
  // Links as last told: bridge port flags change by messages that tell nothing else.
  std::unordered_map<std::uint32_t, Link> links_;
  KernelCounters counters_;
};

}  // namespace perd::netlink
