// NOTIFICATION (RFC 4271 4.5, 6), Cease subcodes (RFC 4486, RFC 8538) and the shutdown
// communication (RFC 9003): octets, names for people, and the text made safe to print.
#include "bgp/wire/framing.h"
#include "bgp/wire/message.h"
#include "bgp/wire/utf8.h"

namespace perd::wire {
namespace {

constexpr std::size_t kMaxShutdownText = 255;  // RFC 9003 2: one length octet

std::string_view code_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kMessageHeader:
      return "Message Header Error";
    case ErrorCode::kOpen:
      return "OPEN Message Error";
    case ErrorCode::kUpdate:
      return "UPDATE Message Error";
    case ErrorCode::kHoldTimer:
      return "Hold Timer Expired";
    case ErrorCode::kFsm:
      return "Finite State Machine Error";
    case ErrorCode::kCease:
      return "Cease";
    case ErrorCode::kRouteRefresh:
      return "ROUTE-REFRESH Message Error";
    case ErrorCode::kSendHoldTimer:
      return "Send Hold Timer Expired";
  }
  return {};
}

struct SubcodeName {
  ErrorCode code;
  std::uint8_t subcode;
  std::string_view name;
};
// The registries of IANA "bgp-parameters".
constexpr SubcodeName kSubcodeNames[] = {
    {ErrorCode::kMessageHeader, 1, "Connection Not Synchronized"},
    {ErrorCode::kMessageHeader, 2, "Bad Message Length"},
    {ErrorCode::kMessageHeader, 3, "Bad Message Type"},
    {ErrorCode::kOpen, 1, "Unsupported Version Number"},
    {ErrorCode::kOpen, 2, "Bad Peer AS"},
    {ErrorCode::kOpen, 3, "Bad BGP Identifier"},
    {ErrorCode::kOpen, 4, "Unsupported Optional Parameter"},
    {ErrorCode::kOpen, 6, "Unacceptable Hold Time"},
    {ErrorCode::kOpen, 7, "Unsupported Capability"},
    {ErrorCode::kOpen, 11, "Role Mismatch"},
    {ErrorCode::kUpdate, 1, "Malformed Attribute List"},
    {ErrorCode::kUpdate, 2, "Unrecognized Well-known Attribute"},
    {ErrorCode::kUpdate, 3, "Missing Well-known Attribute"},
    {ErrorCode::kUpdate, 4, "Attribute Flags Error"},
    {ErrorCode::kUpdate, 5, "Attribute Length Error"},
    {ErrorCode::kUpdate, 6, "Invalid ORIGIN Attribute"},
    {ErrorCode::kUpdate, 8, "Invalid NEXT_HOP Attribute"},
    {ErrorCode::kUpdate, 9, "Optional Attribute Error"},
    {ErrorCode::kUpdate, 10, "Invalid Network Field"},
    {ErrorCode::kUpdate, 11, "Malformed AS_PATH"},
    {ErrorCode::kFsm, 1, "Unexpected Message in OpenSent State"},
    {ErrorCode::kFsm, 2, "Unexpected Message in OpenConfirm State"},
    {ErrorCode::kFsm, 3, "Unexpected Message in Established State"},
    {ErrorCode::kCease, 1, "Maximum Number of Prefixes Reached"},
    {ErrorCode::kCease, 2, "Administrative Shutdown"},
    {ErrorCode::kCease, 3, "Peer De-configured"},
    {ErrorCode::kCease, 4, "Administrative Reset"},
    {ErrorCode::kCease, 5, "Connection Rejected"},
    {ErrorCode::kCease, 6, "Other Configuration Change"},
    {ErrorCode::kCease, 7, "Connection Collision Resolution"},
    {ErrorCode::kCease, 8, "Out of Resources"},
    {ErrorCode::kCease, 9, "Hard Reset"},
    {ErrorCode::kCease, 10, "BFD Down"},
    {ErrorCode::kRouteRefresh, 1, "Invalid Message Length"},
};

bool carries_text(CeaseSubcode subcode) {
  return subcode == CeaseSubcode::kAdministrativeShutdown ||
         subcode == CeaseSubcode::kAdministrativeReset;
}

}  // namespace

std::string to_string(const Notification& n) {
  const std::string_view code = code_name(n.code);
  std::string text =
      code.empty() ? "Error " + std::to_string(static_cast<unsigned>(n.code)) : std::string(code);
  for (const SubcodeName& row : kSubcodeNames) {
    if (row.code == n.code && row.subcode == n.subcode) return text.append("/").append(row.name);
  }
  if (n.subcode != 0) text += "/" + std::to_string(unsigned{n.subcode});
  return text;
}

std::string shutdown_text(const Notification& n) {
  if (n.code != ErrorCode::kCease) return {};
  Reader r(n.data);
  auto subcode = static_cast<CeaseSubcode>(n.subcode);
  if (subcode == CeaseSubcode::kHardReset) {  // RFC 8538 3: the real reason is wrapped
    if (r.u8() != static_cast<std::uint8_t>(ErrorCode::kCease)) return {};
    subcode = static_cast<CeaseSubcode>(r.u8());
  }
  if (!carries_text(subcode)) return {};
  const std::size_t length = r.u8();
  const Bytes text = r.bytes(length);
  return printable_utf8(text);
}

Notification make_cease(CeaseSubcode subcode, std::string_view text) {
  Notification n{ErrorCode::kCease, static_cast<std::uint8_t>(subcode), {}};
  if (!carries_text(subcode) || text.empty()) return n;
  const std::string_view cut = utf8_prefix(text, kMaxShutdownText);
  n.data.push_back(static_cast<std::uint8_t>(cut.size()));
  n.data.insert(n.data.end(), cut.begin(), cut.end());
  return n;
}

Expected<Notification, DecodeError> decode_notification(Bytes body) {
  Reader r(body);
  Notification n;
  n.code = static_cast<ErrorCode>(r.u8());
  n.subcode = r.u8();
  if (r.failed()) {
    return unexpected(bad_length(static_cast<std::uint16_t>(body.size() + kHeaderSize)));
  }
  const Bytes data = r.rest();
  n.data.assign(data.begin(), data.end());
  return n;
}

void encode_notification(const Notification& n, std::vector<std::uint8_t>& out) {
  constexpr std::size_t kFixed = kHeaderSize + 2;
  const std::size_t start = begin_message(MessageType::kNotification, out);
  Writer w(out);
  w.u8(static_cast<std::uint8_t>(n.code));
  w.u8(n.subcode);
  // Data beyond what every peer can read is cut: it only serves people.
  w.bytes(Bytes(n.data).first(std::min(n.data.size(), kMaxMessage - kFixed)));
  end_message(start, out);
}

}  // namespace perd::wire
