#!/bin/bash
# The links of an FRR leaf: VRF red with L3VNI 100 and a routed leg, L2VNIs 110 and 111 with gateways.
#   links.sh VTEP ROUTER_MAC LEG_ADDRESS LEG_ADDRESS6
set -eu
lib=$(dirname "$(readlink -f "$0")")/../lib
bash "$lib/l3vni.sh" red 1100 100 "$1" "$2" eth4
ip address replace "$3" dev eth4
ip address replace "$4" dev eth4 nodad
L2VNI_MAC=00:f3:00:00:00:6f bash "$lib/l2vni.sh" 110 "$1" red 192.168.10.1/24,fd00:10::1/64 eth2
L2VNI_MAC=00:f3:00:00:00:70 bash "$lib/l2vni.sh" 111 "$1" red 192.168.11.1/24,fd00:11::1/64 eth3
