#!/bin/bash
# FRR makes no links: this is what perd does by itself. The bridge has an address so that FRR learns
# those of the hosts.
set -eu
ip address add 100.65.0.2/32 dev lo
bash "$(dirname "$0")/../lib/l2vni.sh" 110 100.65.0.2 - 192.168.10.102/24,fd00:10::102/64 \
  eth2 eth3 eth4
