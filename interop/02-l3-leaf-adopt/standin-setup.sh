#!/bin/bash
# The links are made by the topology; FRR only lacks the forwarding that perd switches on.
sysctl -qw net.ipv4.ip_forward=1
