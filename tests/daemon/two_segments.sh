#!/bin/bash
# Goal: layer 2 end to end on any kernel: two nodes in namespaces, a routed segment stretched over them
# with an anycast gateway and a second one at layer 2 only, hosts behind both. Checked: pings within the
# segment (ttl 64) and routed between segments (VNI of the VRF), types 2 and 3, FDB, neighbours, flood
# entries, suppression, a host that moves by gratuitous ARP, by RARP and by what it sends, repair,
# kill -9, a duplicate MAC.
set -eu
: "${PERD:?the daemon to test}" "${PERCTL:?its tool}"
id=ps$$
work=$(mktemp -d)
pids=()

cleanup() {
  for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done
  for p in "${pids[@]}"; do wait "$p" 2>/dev/null || true; done
  for n in a b ha hb hc; do ip netns del "$id-$n" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT

fail() {
  echo "FAIL: $*"
  for n in a b; do echo "--- log of $n"; tail -40 "$work/$n.log" 2>/dev/null || true; done
  exit 1
}
# within SECONDS WHAT COMMAND...: polls until the command succeeds.
within() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $deadline ] || fail "$what"
    sleep 0.1
  done
  echo "ok    $what"
}
# exits CODE WHAT COMMAND...
exits() {
  local want=$1 what=$2 got=0
  shift 2
  "$@" >"$work/out" 2>&1 || got=$?
  [ "$got" = "$want" ] || { cat "$work/out"; fail "$what: exit $got instead of $want"; }
  echo "ok    $what"
}
ctl() { PERD_SOCKET=$work/$1.sock "$PERCTL" "${@:2}"; }
has() { local text=$1; shift; "$@" | grep -qF -- "$text"; }
lacks() { ! has "$@"; }

for n in a b ha hb hc; do
  ip netns add "$id-$n"
  ip -n "$id-$n" link set lo up
done
run() { ip netns exec "$id-$1" "${@:2}"; }
# A host answers ARP by the link alone that has the address.
for n in ha hb hc; do
  run "$n" sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
done
# one NODE: what it says of hb's MAC.
one() { macs "$1" | grep 02:00:00:00:00:0b; }
macs() { ctl "$1" -o json show macs 110 | tr -d ' '; }

ip -n "$id-a" link add eth1 type veth peer name eth1 netns "$id-b"
# plug HOST NODE PORT: joins a host to a node by a link that stays up, wherever the host is.
plug() {
  ip -n "$id-$2" link add "$3" type veth peer name "to-$2" netns "$id-$1"
  ip -n "$id-$1" link set "to-$2" up
  ip -n "$id-$2" link set "$3" up
}
# be HOST NODE: the host is at that node now: its MAC and addresses are on that link alone. Silently.
be() {
  for link in to-a to-b; do
    [ "$link" != "to-$2" ] || continue
    ip -n "$id-$1" addr flush dev "$link" 2>/dev/null || continue
    ip -n "$id-$1" link set "$link" address "02:00:00:00:ff:0${link/to-/}"
  done
  ip -n "$id-$1" link set "to-$2" address "$(cat "$work/mac-$1")"
  while read -r address; do
    case $address in *:*) dad=nodad ;; *) dad= ;; esac
    ip -n "$id-$1" addr add "$address" dev "to-$2" $dad
  done <"$work/addresses-$1"
  ip -n "$id-$1" route replace default via "${3:-10.110.0.1}"
}
# announce HOST NODE garp|rarp ADDRESS: as a hypervisor does for a guest that has arrived.
announce() { run "$1" python3 "$work/announce.py" "to-$2" "$3" "$(cat "$work/mac-$1")" "$4"; }
cat >"$work/announce.py" <<'PY'
import socket, sys
link, kind = sys.argv[1:3]
mac, address = bytes.fromhex(sys.argv[3].replace(":", "")), socket.inet_aton(sys.argv[4])
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((link, 0))
head = b"\xff" * 6 + mac
if kind == "garp":
    frame = head + bytes.fromhex("08060001080006040001") + mac + address + bytes(6) + address
else:
    frame = head + bytes.fromhex("80350001080006040003") + mac + bytes(4) + mac + bytes(4)
s.send(frame.ljust(60, b"\0"))
PY
echo 02:00:00:00:00:0a >"$work/mac-ha"; printf '10.110.0.10/24\nfd00:110::10/64\n' >"$work/addresses-ha"
echo 02:00:00:00:00:0b >"$work/mac-hb"; printf '10.110.0.11/24\nfd00:110::11/64\n' >"$work/addresses-hb"
echo 02:00:00:00:00:0c >"$work/mac-hc"; printf '10.111.0.12/24\n' >"$work/addresses-hc"

index=1
for n in a b; do
  ip -n "$id-$n" addr add "192.168.1.$((index - 1))/31" dev eth1
  ip -n "$id-$n" link set eth1 up
  cat >"$work/$n.yaml" <<Y
node: {name: leaf-$n}
api: {socket: $work/$n.sock}
underlays:
- asn: $((64511 + index))
  routerID: 10.0.0.$index
  interfaces:
  - {type: NetworkDevice, networkDevice: {interfaceName: eth1}, inPlace: true}
  tunnelEndpoint: {addresses: [100.64.0.$index]}
  neighbors:
  - {address: 192.168.1.$((2 - index)), asn: $((64514 - index))}
l3vnis:
- {name: red, vrf: red, vni: 100, table: 1100, vrfDevice: false, redistribute: []}
l2vnis:
- name: storage
  vni: 110
  routingDomain: {type: L3VNI, l3vni: {name: red}}
  gatewayIPs: [10.110.0.1/24, "fd00:110::1/64"]
  interfaces: [port1, port2]
- name: backup
  vni: 111
  routingDomain: {type: L3VNI, l3vni: {name: red}}
  gatewayIPs: [10.111.0.1/24]
  interfaces: [port3]
- {name: bare, vni: 112}
Y
  index=$((index + 1))
done
exits 0 "--check takes the file" "$PERD" -c "$work/a.yaml" --check
plug ha a port1 && be ha a
plug hb b port1 && plug hb a port2 && be hb b
plug hc b port3 && be hc b 10.111.0.1
start() {
  ip netns exec "$id-$1" "$PERD" -c "$work/$1.yaml" >>"$work/$1.log" 2>&1 &
  pids+=($!)
}
start a
start b
within 20 "session up" has Established ctl a show neighbors
within 20 "flood entry of b in a's kernel" has "00:00:00:00:00:00 dst 100.64.0.2" \
  run a bridge fdb show dev vni110
within 20 "flood entry of the bare segment" has "00:00:00:00:00:00 dst 100.64.0.2" \
  run a bridge fdb show dev vni112
within 20 "ping within the segment, ttl 64" has "ttl=64" run ha ping -c 1 -W 1 10.110.0.11
within 20 "IPv6 as well" has "ttl=64" run ha ping -c 1 -W 1 fd00:110::11
within 10 "ping of the gateway" has "ttl=64" run ha ping -c 1 -W 1 10.110.0.1
within 10 "a has b's host in its FDB" has "02:00:00:00:00:0b dst 100.64.0.2" \
  run a bridge fdb show dev vni110
within 10 "and as a neighbour" has "10.110.0.11 lladdr 02:00:00:00:00:0b" \
  run a ip neigh show dev br-pe-110 nud noarp
within 10 "a host route in the VRF" has "10.110.0.11" run a ip route show table 1100
lacks "10.110.0.10 " run a ip route show table 1100 || fail "a host route to a local host"
within 20 "routed between segments, ttl 62" has "ttl=62" run ha ping -c 1 -W 1 10.111.0.12
lacks "10.110.0.1 " run a ip route show table 1100 || fail "the gateway is a host route"
within 5 "perctl show macs" has "02:00:00:00:00:0b" ctl a show macs 110
within 5 "perctl show neighs" has "10.110.0.11" ctl a show neighs 110
within 5 "perctl explain mac" has "100.64.0.2" ctl a explain mac 110 02:00:00:00:00:0b

# A host that the other side knows is answered for: nothing of ARP crosses the tunnel.
run ha ip neigh flush dev to-a
run a timeout 3 tcpdump -n -i vni110 -w "$work/arp.pcap" arp or icmp6 >/dev/null 2>&1 &
tap=$!
sleep 1
run ha ping -c 1 -W 1 10.110.0.11 >/dev/null || fail "ping after a flush of the host's neighbours"
run ha ping -c 1 -W 1 fd00:110::11 >/dev/null || fail "the same with IPv6"
wait "$tap" || true
tcpdump -n -r "$work/arp.pcap" arp 2>/dev/null >"$work/arp"
! has "who-has 10.110.0.11" cat "$work/arp" || fail "an ARP request for a known host crossed the tunnel"
echo "ok    suppression"

# grew NODE: the sequence number of hb's MAC there is greater than at the last call.
last=0
grew() {
  local now
  now=$(one "$1" | grep -o '"sequence":[0-9]*' | cut -d: -f2)
  [ "${now:-0}" -gt "$last" ] || return 1
  last=$now
}
# moved WHAT: until ha reaches hb again; says how long that took.
moved() {
  local begin=$EPOCHREALTIME deadline=$((SECONDS + 10))
  until run ha ping -c 1 -W 0.05 10.110.0.11 >/dev/null 2>&1; do
    [ $SECONDS -lt "$deadline" ] || fail "$1"
  done
  echo "ok    $1 ($(( (${EPOCHREALTIME/./} - ${begin/./}) / 1000 )) ms)"
}
be hb a; announce hb a garp 10.110.0.11
moved "a host moves from b to a by gratuitous ARP"
within 5 "b knows it at a" has '"vteps":["100.64.0.1"]' one b
within 5 "its sequence number went up" grew b
within 5 "a's host route to it is gone" lacks "10.110.0.11 " run a ip route show table 1100
be hb b; announce hb b rarp 0.0.0.0
moved "and back by RARP"
within 5 "and the number up" grew a
be hb a; run hb ping -c 1 -W 0.1 10.110.0.10 >/dev/null 2>&1 || true
moved "and to a once more by what it sends"
be hb b; announce hb b garp 10.110.0.11
moved "and home"
within 5 "and the number up again" grew a

run a ip neigh del 10.110.0.11 dev br-pe-110
within 5 "deleted neighbour repaired" has "10.110.0.11 lladdr 02:00:00:00:00:0b" \
  run a ip neigh show dev br-pe-110 nud noarp
run a bridge fdb del 02:00:00:00:00:0b dev vni110 self dst 100.64.0.2
within 5 "deleted FDB entry repaired" has "02:00:00:00:00:0b dst 100.64.0.2" \
  run a bridge fdb show dev vni110
run a bridge fdb del 00:00:00:00:00:00 dev vni110 dst 100.64.0.2
within 5 "deleted flood entry repaired" has "00:00:00:00:00:00 dst 100.64.0.2" \
  run a bridge fdb show dev vni110
ip -n "$id-a" link del vni110
within 10 "deleted VXLAN device rebuilt" has "ttl=64" run ha ping -c 1 -W 1 10.110.0.11

# What perd wrote stays while it is away, and is taken over when it is back: b, which hears of no
# graceful restart, forgets a's hosts meanwhile, but a forgets nothing.
run a ip monitor neigh >"$work/monitor" 2>&1 &
monitor=$!
kill -9 "${pids[0]}"
wait "${pids[0]}" 2>/dev/null || true
sleep 0.5
has "02:00:00:00:00:0b dst 100.64.0.2" run a bridge fdb show dev vni110 || fail "kill -9: the FDB is empty"
start a
pids[0]=${pids[2]}
within 20 "session up again" has Established ctl a show neighbors
within 20 "ping after kill -9" has "ttl=64" run ha ping -c 1 -W 1 10.110.0.11
kill "$monitor" && wait "$monitor" 2>/dev/null || true
lacks "Deleted 10.110.0.11 " cat "$work/monitor" || fail "kill -9: the neighbour was deleted on the way"
echo "ok    kill -9: a's kernel forgot nothing"

# One MAC at two places that will not rest: frozen, said, taken up again by hand. (Moves of the last
# 180 s count.)
for _ in 1 2 3; do
  be hb a; announce hb a garp 10.110.0.11; sleep 0.3
  be hb b; announce hb b garp 10.110.0.11; sleep 0.3
done
within 5 "a duplicate MAC is frozen" has '"duplicate":true' macs b
within 5 "and told" has "mac-duplicate" ctl b show events
exits 0 "clear mac" ctl b clear mac 110
ctl a clear mac 110 >/dev/null || true  # that side may not have seen enough of it
within 5 "not frozen any more" lacks '"duplicate":true' macs b

kill -TERM "${pids[1]}"
wait "${pids[1]}" || fail "SIGTERM: exit $?"
within 10 "b stopped: its MACs go from a" lacks "dst 100.64.0.2" run a bridge fdb show dev vni110
echo PASS
