#include "bgp/session/fsm.h"

namespace perd::session {

std::string_view to_string(State s) {
  switch (s) {
    case State::kIdle:
      return "Idle";
    case State::kConnect:
      return "Connect";
    case State::kActive:
      return "Active";
    case State::kOpenSent:
      return "OpenSent";
    case State::kOpenConfirm:
      return "OpenConfirm";
    case State::kEstablished:
      return "Established";
  }
  return "?";
}

std::string_view to_string(Trigger t) {
  switch (t) {
    case Trigger::kStart:
      return "Start";
    case Trigger::kStartPassive:
      return "StartPassive";
    case Trigger::kStop:
      return "Stop";
    case Trigger::kConnectRetryDue:
      return "ConnectRetryTimer_Expires";
    case Trigger::kHoldDue:
      return "HoldTimer_Expires";
    case Trigger::kKeepaliveDue:
      return "KeepaliveTimer_Expires";
    case Trigger::kSendHoldDue:
      return "SendHoldTimer_Expires";
    case Trigger::kTcpUp:
      return "Tcp_CR_Acked";
    case Trigger::kTcpAccepted:
      return "TcpConnectionConfirmed";
    case Trigger::kTcpFailed:
      return "TcpConnectionFails";
    case Trigger::kOpenGood:
      return "BGPOpen";
    case Trigger::kHeaderBad:
      return "BGPHeaderErr";
    case Trigger::kOpenBad:
      return "BGPOpenMsgErr";
    case Trigger::kCollisionLost:
      return "OpenCollisionDump";
    case Trigger::kNotificationVersion:
      return "NotifMsgVerErr";
    case Trigger::kNotification:
      return "NotifMsg";
    case Trigger::kKeepalive:
      return "KeepAliveMsg";
    case Trigger::kUpdateGood:
      return "UpdateMsg";
    case Trigger::kUpdateBad:
      return "UpdateMsgErr";
    case Trigger::kRefresh:
      return "RouteRefreshMsg";
    case Trigger::kRefreshBad:
      return "RouteRefreshMsgErr";
  }
  return "?";
}

}  // namespace perd::session
