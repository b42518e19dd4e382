#!/bin/bash
# FRR makes no links: this is what perd does by itself.
set -eu
ip address add 100.65.0.2/32 dev lo
bash "$(dirname "$0")/../lib/l3vni.sh" red 1100 100 100.65.0.2 02:54:64:41:00:02 eth2
sysctl -qw net.ipv4.ip_forward=1
