#!/bin/bash
# As S01's, and IPv6 forwarding. Enslaving eth2 would drop its IPv6 addresses: they are given again.
set -eu
here=$(dirname "$0")
bash "$here/../01-l3-leaf/standin-setup.sh"
sysctl -qw net.ipv6.conf.all.forwarding=1
ip address replace fd00:11::2/64 dev eth2 nodad
