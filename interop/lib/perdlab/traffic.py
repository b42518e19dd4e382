"""A stream of pings and how long it was interrupted."""

import os
import re
import subprocess
import time

from . import netns
from .check import require


class Stream:
    """Pings a target all the time, until it is stopped."""

    def __init__(self, node, target):
        # Less often on an emulated processor.
        self.interval = 0.02 if os.environ.get("PERD_GUEST") else 0.01
        self.node, self.target = node, target
        self.process = subprocess.Popen(
            netns.exec_prefix(node.namespace) + ["ping", "-n", "-D", "-i", str(self.interval),
                                                 target],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.said, self.end = None, None

    def stop(self):
        """Ends the stream; afterwards outage() can be asked."""
        if self.said is None:
            self.end = time.time()
            netns.run(["kill", "-INT", str(self.process.pid)])
            self.said, _ = self.process.communicate(timeout=30)
        return self

    def answered(self):
        """When the answers came, in order."""
        times = [float(t) for t in re.findall(r"^\[(\d+\.\d+)\] .*icmp_seq=", self.stop().said,
                                              re.M)]
        require(times, f"{self.node.name}: no answer at all from {self.target}")
        return times

    def counts(self):
        """(sent, answered) as ping counts them."""
        found = re.search(r"(\d+) packets transmitted, (\d+) received", self.stop().said)
        require(found, self.said[-500:])
        return int(found.group(1)), int(found.group(2))

    def outage(self):
        """The longest time without an answer, in seconds; up to the end if none came any more."""
        times = self.answered() + [self.end]
        gap = max(later - earlier for earlier, later in zip(times, times[1:]))
        return max(0.0, gap - self.interval)
