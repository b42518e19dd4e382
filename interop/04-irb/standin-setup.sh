#!/bin/bash
# FRR makes no links: this is what perd does by itself.
set -eu
ip address add 100.65.0.2/32 dev lo
bash "$(dirname "$0")/links.sh" 100.65.0.2 02:54:64:41:00:02 192.168.21.1/24 fd00:21::1/64
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
