#!/bin/bash
# A virtual machine that can migrate: its interface vm0 has a leg to each place where it can be.
#   vm.sh MAC ADDRESS[,ADDRESS...] HERE ELSEWHERE...
# vm0 is a bridge, so that a move (lib/vm.py) changes nothing but where its frames go.
set -eu
mac=$1 addresses=$2 here=$3
shift 2

ip link add vm0 address "$mac" type bridge mcast_snooping 0
# Keeps the carrier of vm0 while no leg is plugged in.
ip link add keep0 type veth peer name keep1
for leg in keep0 keep1 "$@"; do
  sysctl -qw "net.ipv6.conf.$leg.disable_ipv6=1"
  ip link set "$leg" arp off up
done
ip link set keep0 master vm0
ip link set "$here" master vm0
ip link set vm0 up
for one in ${addresses//,/ }; do
  case $one in
    *:*) ip address add "$one" dev vm0 nodad ;;
    *) ip address add "$one" dev vm0 ;;
  esac
done
