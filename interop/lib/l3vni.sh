#!/bin/bash
# Makes the links of one L3VNI by hand, as labs and other controllers do:
#   l3vni.sh VRF TABLE VNI VTEP ROUTER_MAC [HOST_INTERFACE]
# VRF device, bridge br<VNI> with the router MAC in the VRF, VXLAN device vni<VNI> on the bridge.
set -eu
vrf=$1 table=$2 vni=$3 vtep=$4 mac=$5 host=${6:-}

if ! ip link show "$vrf" >/dev/null 2>&1; then
  ip link add "$vrf" type vrf table "$table"
  ip link set "$vrf" up
  ip route add unreachable default metric 4278198272 table "$table"
  ip -6 route add unreachable default metric 4278198272 table "$table"
fi
ip link add "br$vni" address "$mac" type bridge
ip link set "br$vni" master "$vrf" addrgenmode none
ip link add "vni$vni" type vxlan id "$vni" local "$vtep" dstport 4789 nolearning
ip link set "vni$vni" master "br$vni" addrgenmode none
ip link set "vni$vni" type bridge_slave neigh_suppress on learning off
ip link set "br$vni" up
ip link set "vni$vni" up
if [ -n "$host" ]; then
  ip link set "$host" master "$vrf"
fi
