"""Which versions of the peers there are on this machine."""

import os
import re

from . import netns

PACKAGED_FRR = "/usr/lib/frr"


class PeerError(Exception):
    """The peer asked for is not installed."""


def frr_programs(wanted):
    """The folder of FRR's daemons for a name such as frr-8.4."""
    match = re.fullmatch(r"frr-(\d+\.\d+)", wanted)
    if not match:
        raise PeerError(f"unknown peer {wanted}; expected frr-<major>.<minor>")
    if not os.access(f"{PACKAGED_FRR}/bgpd", os.X_OK):
        raise PeerError("FRR is not installed (package frr)")
    said = netns.run([f"{PACKAGED_FRR}/bgpd", "--version"], check=False).stdout
    version = re.search(r"version (\d+\.\d+)", said)
    if not version or version.group(1) != match.group(1):
        have = version.group(1) if version else "unknown"
        raise PeerError(f"{wanted} is not installed here; the packaged FRR is {have}")
    return PACKAGED_FRR
