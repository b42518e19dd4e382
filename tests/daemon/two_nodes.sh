#!/bin/bash
# Goal: perd as a process, end to end on any kernel: two nodes in namespaces with VRFs that need no VRF
# device, a host behind each. Checked: exit codes, --dry-run, sessions, routes, kernel tables, a ping
# through the tunnel (ttl 62), reload by signal and by perctl, a refused file, repair, SIGTERM.
set -eu
: "${PERD:?the daemon to test}" "${PERCTL:?its tool}"
id=pd$$
work=$(mktemp -d)
pids=()

cleanup() {
  for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done
  for p in "${pids[@]}"; do wait "$p" 2>/dev/null || true; done
  for n in a b ha hb; do ip netns del "$id-$n" 2>/dev/null || true; done
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

for n in a b ha hb; do
  ip netns add "$id-$n"
  ip -n "$id-$n" link set lo up
done
ip -n "$id-a" link add eth1 type veth peer name eth1 netns "$id-b"
index=1
for n in a b; do
  ip -n "$id-h$n" link add uplink type veth peer name eth2 netns "$id-$n"
  ip -n "$id-$n" addr add "192.168.1.$((index - 1))/31" dev eth1
  ip -n "$id-$n" addr add "192.168.1$index.2/24" dev eth2
  ip -n "$id-$n" link set eth1 up
  ip -n "$id-$n" link set eth2 up
  ip -n "$id-h$n" addr add "192.168.1$index.1/24" dev uplink
  ip -n "$id-h$n" link set uplink up
  ip -n "$id-h$n" route add default via "192.168.1$index.2"
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
- {name: red, vrf: red, vni: 100, table: 1100, vrfDevice: false, interfaces: [eth2]}
Y
  index=$((index + 1))
done

run() { ip netns exec "$id-$1" "${@:2}"; }

exits 0 "--check takes a good file" "$PERD" -c "$work/a.yaml" --check
sed 's/asn: 64512/asn: zero/' "$work/a.yaml" >"$work/bad.yaml"
exits 1 "--check refuses a bad one" "$PERD" -c "$work/bad.yaml" --check
has "bad.yaml:4:" cat "$work/out" || fail "the error does not name the line"
exits 0 "--print" "$PERD" -c "$work/a.yaml" --print
cp "$work/out" "$work/canonical.yaml"
exits 0 "--print of its own output" "$PERD" -c "$work/canonical.yaml" --print
cmp -s "$work/out" "$work/canonical.yaml" || fail "--print is not stable"
exits 2 "no configuration named" "$PERD"
exits 3 "perctl without a daemon" ctl a show summary
exits 0 "--dry-run" run a "$PERD" -c "$work/a.yaml" --dry-run
has "vni100" cat "$work/out" || fail "--dry-run does not tell of the VXLAN device"
has "br-pe-100" cat "$work/out" || fail "--dry-run does not tell of the bridge"
lacks vni100 ip -n "$id-a" link || fail "--dry-run made something"

for n in a b; do
  ip netns exec "$id-$n" "$PERD" -c "$work/$n.yaml" >"$work/$n.log" 2>&1 &
  pids+=($!)
done
within 20 "session up" has Established ctl a show neighbors
within 20 "kernel of a has b's prefix" has "192.168.12.0/24" ip -n "$id-a" route show table 1100
within 20 "kernel of b has a's prefix" has "192.168.11.0/24" ip -n "$id-b" route show table 1100
within 20 "ping through the tunnel, ttl 62" has "ttl=62" run ha ping -c 1 -W 1 192.168.12.1
within 5 "explain says acked" has "kernel: acked" ctl a explain route red 192.168.12.0/24
within 5 "show memory answers" has '"heapUsedOctets": ' ctl a -o json show memory
within 5 "and has the process's figures" lacks '"residentOctets": 0' ctl a -o json show memory
within 5 "and counts the kernel's routes" has "kernel table 1100 ipv4" ctl a show memory
exits 3 "a second perd on the same socket" run a "$PERD" -c "$work/a.yaml"

sed "s|a.sock|other.sock|" "$work/a.yaml" >"$work/other.yaml"
exits 3 "a port in use" run a "$PERD" -c "$work/other.yaml"
has "in use" cat "$work/out" || fail "the port in use is not named"

ip -n "$id-a" route del 192.168.12.0/24 table 1100
within 5 "deleted route repaired" has "192.168.12.0/24" ip -n "$id-a" route show table 1100
ip -n "$id-a" link del vni100
within 10 "deleted link repaired" has "ttl=62" run ha ping -c 1 -W 1 192.168.12.1

sed -i 's/interfaces: \[eth2\]/interfaces: [eth2], redistribute: [connected], networks: [172.16.5.0\/24]/' "$work/a.yaml"
kill -HUP "${pids[0]}"
within 10 "SIGHUP: a new network reaches b" has "172.16.5.0/24" ip -n "$id-b" route show table 1100
exits 1 "reload refuses a bad file" ctl a reload "$work/bad.yaml"
within 2 "and keeps the running one" has "172.16.5.0/24" ctl a show config
sed -i 's/, networks: \[172.16.5.0\/24\]//' "$work/a.yaml"
exits 0 "perctl diff" ctl a diff "$work/a.yaml"
has "172.16.5.0/24" cat "$work/out" || fail "diff does not name the network"
exits 0 "perctl reload" ctl a reload
within 10 "removed network goes" lacks "172.16.5.0/24" ip -n "$id-b" route show table 1100
has '"sessionsEstablished": 1' ctl a -o json show neighbors || fail "the session was reset on the way"
exits 0 "clear neighbor" ctl a clear neighbor 192.168.1.1
within 20 "and it comes back" has '"sessionsEstablished": 2' ctl a -o json show neighbors
within 10 "kernel routes as before" has "192.168.12.0/24" ip -n "$id-a" route show table 1100

# News of the kernel while it stops must not make it take its routes away.
kill -TERM "${pids[1]}"
for i in 1 2 3 4 5; do ip -n "$id-b" addr add "10.99.0.$i/32" dev lo; done
wait "${pids[1]}" || fail "SIGTERM: exit $?"
within 10 "b stopped: a has withdrawn its route" lacks "192.168.12.0/24" ip -n "$id-a" route show table 1100
has "192.168.11.0/24" ip -n "$id-b" route show table 1100 || fail "b's kernel lost its routes"
echo PASS
