"""What goes over a link while something is done: tcpdump, with the inside of VXLAN as text."""

import os
import re
import signal
import subprocess
import time

from . import netns
from .daemons import wait_for

VXLAN_PORT = 4789


class Capture:
    """Use it as a context; frames() holds what was seen afterwards."""

    def __init__(self, node, interface, what=f"udp port {VXLAN_PORT}"):
        self.node, self.interface, self.what = node, interface, what
        self.path = f"/tmp/{node.namespace}-{interface}-{os.getpid()}.pcap"
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen(
            netns.exec_prefix(self.node.namespace) + [
                "tcpdump", "-i", self.interface, "-U", "--immediate-mode", "-Z", "root",
                "-w", self.path, self.what],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        # Its first words come once it listens.
        self.process.stderr.readline()
        wait_for(lambda: os.path.exists(self.path), "tcpdump")
        return self

    def __exit__(self, *_):
        time.sleep(0.1)
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=30)

    def frames(self):
        """(VNI, text of the inner frame) of each VXLAN packet."""
        said = netns.run(["tcpdump", "-nne", "-r", self.path], check=False).stdout
        os.remove(self.path)
        rows, found = said.splitlines(), []
        for row, inner in zip(rows, rows[1:]):
            vni = re.search(r"VXLAN, flags \[I\] \(0x08\), vni (\d+)", row)
            if vni:
                found.append((int(vni.group(1)), inner))
        return found
