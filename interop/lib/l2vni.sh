#!/bin/bash
# Makes the links of one L2VNI by hand, as labs and other controllers do:
#   l2vni.sh VNI VTEP VRF|- ADDRESS|- PORT...
# Bridge br<VNI> with the ports, VXLAN device vni<VNI> on it. The bridge gets the address, in the VRF
# if one is named, and takes what gratuitous ARP and unsolicited NA say: FRR advertises a host's
# address only when it is a neighbour of the bridge.
set -eu
vni=$1 vtep=$2 vrf=$3 address=$4
shift 4

ip link add "br$vni" ${L2VNI_MAC:+address "$L2VNI_MAC"} type bridge mcast_snooping 0
if [ "$vrf" != - ]; then
  ip link set "br$vni" master "$vrf"
fi
ip link add "vni$vni" type vxlan id "$vni" local "$vtep" dstport 4789 nolearning
ip link set "vni$vni" master "br$vni" addrgenmode none
ip link set "vni$vni" type bridge_slave neigh_suppress on learning off
for port in "$@"; do
  ip link set "$port" master "br$vni" addrgenmode none
done
sysctl -qw "net.ipv4.conf.br$vni.arp_accept=1"
sysctl -qw "net.ipv6.conf.br$vni.accept_untracked_na=1" 2>/dev/null || true
ip link set "br$vni" up
ip link set "vni$vni" up
if [ "$address" != - ]; then
  for one in ${address//,/ }; do
    case $one in
      *:*) ip address add "$one" dev "br$vni" nodad ;;
      *) ip address add "$one" dev "br$vni" ;;
    esac
  done
fi
