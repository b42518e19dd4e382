#!/usr/bin/python3
"""Moves a virtual machine that lib/vm.sh has made, and says so as hypervisors do.

  vm.py move FROM TO [garp|na|rarp]...   vm0 leaves the leg FROM and comes up at the leg TO
  vm.py say garp|na|rarp...              only the announcement
  vm.py flap MAC DEV SECONDS             frames with that source, ten in a second, from DEV

Without a word after the legs nothing is announced. With --down the leg FROM loses its carrier.
"""

import json
import socket
import struct
import subprocess
import sys
import time

BROADCAST, ALL_NODES = b"\xff" * 6, b"\x33\x33\x00\x00\x00\x01"
ETH_ARP, ETH_RARP, ETH_IPV6 = 0x0806, 0x8035, 0x86DD


def octets(mac):
    """A MAC address as octets."""
    return bytes.fromhex(mac.replace(":", ""))


def arp(mac, address, ethertype, operation):
    """An ARP or RARP frame to everybody; sender and target are the same."""
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation) + (mac + address) * 2
    if ethertype == ETH_ARP:
        body = body[:18] + b"\x00" * 6 + body[24:]
    return BROADCAST + mac + struct.pack("!H", ethertype) + body.ljust(46, b"\x00")


def checksum(data):
    """The Internet checksum."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def unsolicited_na(mac, address):
    """A neighbour advertisement to all nodes, override set, with the link-layer address."""
    target = socket.inet_pton(socket.AF_INET6, "ff02::1")
    body = struct.pack("!BBHI", 136, 0, 0, 0x20000000) + address + b"\x02\x01" + mac
    pseudo = address + target + struct.pack("!II", len(body), 58)
    body = body[:2] + struct.pack("!H", checksum(pseudo + body)) + body[4:]
    header = struct.pack("!IHBB", 6 << 28, len(body), 58, 255) + address + target
    return ALL_NODES + mac + struct.pack("!H", ETH_IPV6) + header + body


def announcements(kinds):
    """The frames of the kinds for every address of vm0."""
    link = json.loads(subprocess.run(["ip", "-j", "address", "show", "dev", "vm0"],
                                     capture_output=True, check=True).stdout)[0]
    mac, frames = octets(link["address"]), []
    for one in link["addr_info"]:
        if one["family"] == "inet" and "garp" in kinds:
            frames.append(arp(mac, socket.inet_aton(one["local"]), ETH_ARP, 1))
        if one["family"] == "inet6" and "na" in kinds:
            frames.append(unsolicited_na(mac, socket.inet_pton(socket.AF_INET6, one["local"])))
    if "rarp" in kinds:
        frames.append(arp(mac, b"\x00" * 4, ETH_RARP, 3))
    return frames


def raw_socket(device):
    """A socket that sends whole frames on a device."""
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    link.bind((device, 0))
    return link


def move(old, new, kinds, down):
    """Everything is prepared before, so that the machine is nowhere for a moment only."""
    frames, link = announcements(kinds), raw_socket("vm0")
    steps = [f"link set {old} nomaster"] + ([f"link set {old} down"] if down else [])
    steps += [f"link set {new} up", f"link set {new} master vm0"]
    subprocess.run(["ip", "-batch", "-"], input="\n".join(steps).encode(), check=True)
    for frame in frames:
        link.send(frame)


def flap(mac, device, seconds):
    """A second host with an address that is taken: neither stops talking."""
    frame = BROADCAST + octets(mac) + struct.pack("!H", 0x88B5) + b"\x00" * 46
    link, end = raw_socket(device), time.monotonic() + seconds
    while time.monotonic() < end:
        link.send(frame)
        time.sleep(0.1)


def main(words):
    down = "--down" in words
    words = [word for word in words if word != "--down"]
    if words[:1] == ["move"] and len(words) >= 3:
        move(words[1], words[2], words[3:], down)
    elif words[:1] == ["say"] and len(words) >= 2:
        link = raw_socket("vm0")
        for frame in announcements(words[1:]):
            link.send(frame)
    elif words[:1] == ["flap"] and len(words) == 4:
        flap(words[1], words[2], float(words[3]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
