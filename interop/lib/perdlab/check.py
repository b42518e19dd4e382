"""What a scenario's check is written with: steps, expectations with deadlines, and things to see.

A check is a list of sentences. Each expectation polls until it holds or its time is over; there is
no fixed sleep. With PERD_SHOW=1 (the demo) the commands' output is printed as well.
"""

import os
import sys
import time

from . import netns
from .lab import Lab



def deadline(within):
    """How long to wait for what should take so many seconds: longer on an emulated processor."""
    return min(within * 6, within + 20) if os.environ.get("PERD_GUEST") else within


class Mismatch(Exception):
    """What was seen is not, or not yet, what was expected; the message is the evidence."""


class Check:
    """The narrator of one scenario."""

    def __init__(self, title):
        self.lab = Lab.attach()
        self.nodes = self.lab.nodes
        self.show_all = os.environ.get("PERD_SHOW") == "1"
        self.stand_in = self.lab.stand_in
        print(f"{title}", flush=True)
        if self.stand_in:
            print(f"  ({self.stand_in} stands in for perd)", flush=True)

    def __getitem__(self, name):
        return self.nodes[name]

    def step(self, text):
        """A heading."""
        print(f"\n== {text}", flush=True)

    def expect(self, sentence, probe, within=20.0):
        """Polls probe() until it raises no Mismatch; its result is returned.

        In the guest, whose processor is emulated, it may take longer.
        """
        begin = time.monotonic()
        while True:
            try:
                result = probe()
            except (Mismatch, netns.CommandFailed) as error:
                if time.monotonic() - begin > deadline(within):
                    self.fail(sentence, str(error))
                time.sleep(0.1)
                continue
            print(f"  ok    {sentence}  ({time.monotonic() - begin:.1f} s)", flush=True)
            return result

    def hold(self, sentence, probe, seconds):
        """probe() must hold now and for so many seconds more."""
        end = time.monotonic() + seconds
        while True:
            try:
                probe()
            except (Mismatch, netns.CommandFailed) as error:
                self.fail(sentence, str(error))
            if time.monotonic() > end:
                break
            time.sleep(0.2)
        print(f"  ok    {sentence}  (for {seconds:.0f} s)", flush=True)

    def see(self, node, command, lines=40):
        """Shows what a command prints on a node, as a user would look at it (demo only)."""
        if not self.show_all:
            return
        if command.startswith("vtysh "):
            shown, text = f"vtysh -c '{command[6:]}'", self.nodes[node].vtysh(command[6:])
        elif command.startswith("perctl "):
            if self.stand_in:
                return
            shown, text = command, self.nodes[node].perctl(command[7:], check=False)
        else:
            shown, text = command, self.nodes[node].run(command, check=False)
        print(f"\n  {node}# {shown}")
        rows = text.rstrip().splitlines()
        for row in rows[:lines]:
            print(f"  | {row}")
        if len(rows) > lines:
            print(f"  | ... {len(rows) - lines} more lines")
        sys.stdout.flush()

    def fail(self, sentence, evidence):
        """Says what was expected and what was there instead, with the nodes' state; ends."""
        print(f"  FAIL  {sentence}")
        for row in evidence.rstrip().splitlines()[:60]:
            print(f"        {row}")
        sys.stdout.flush()
        self._post_mortem()
        sys.exit(1)

    def passed(self, text):
        """The last line of a check that went well."""
        print(f"\nPASS  {text}", flush=True)

    def _post_mortem(self):
        """State of every node with a daemon, into its folder; the daemons' last words here."""
        commands = {"frr": FRR_STATE, "perd": PERD_STATE, "gobgpd": GOBGP_STATE}
        for node in self.nodes.values():
            if not node.daemon:
                continue
            with open(os.path.join(node.folder, "state.txt"), "w", encoding="utf-8") as out:
                for command in KERNEL_STATE + commands[node.spec.daemon]:
                    out.write(f"# {command}\n{self._try(node, command)}\n")
            print(f"        --- last words of {node.name}'s {node.spec.daemon}")
            try:
                with open(node.log_path(), encoding="utf-8", errors="replace") as log:
                    for row in log.readlines()[-12:]:
                        print(f"        {row.rstrip()[:200]}")
            except FileNotFoundError:
                print("        (no log)")
        sys.stdout.flush()

    @staticmethod
    def _try(node, command):
        try:
            if command.startswith("vtysh "):
                return node.vtysh(command[6:])
            if command.startswith("perctl "):
                return node.perctl(command[7:], check=False)
            return node.run(command, check=False)
        except Exception as error:  # pylint: disable=broad-except
            return f"({error})"


KERNEL_STATE = ["ip -d link", "ip address", "ip route show table all", "ip -6 route show table all",
                "ip nexthop", "ip neigh", "bridge fdb", "ip rule"]
FRR_STATE = ["vtysh show bgp summary", "vtysh show bgp ipv4 unicast", "vtysh show bgp l2vpn evpn",
             "vtysh show evpn vni", "vtysh show ip route vrf all", "vtysh show ipv6 route vrf all"]
PERD_STATE = ["perctl show summary", "perctl show neighbors", "perctl show evpn",
              "perctl show vrfs", "perctl show vnis", "perctl show vteps", "perctl show kernel",
              "perctl show memory", "perctl show events", "perctl show config"]
GOBGP_STATE = ["gobgp neighbor", "gobgp global rib -a ipv4", "gobgp global rib -a evpn"]


def require(condition, evidence):
    """Raises Mismatch with the evidence unless the condition holds."""
    if not condition:
        raise Mismatch(evidence if isinstance(evidence, str) else repr(evidence))
