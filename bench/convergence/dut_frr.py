"""FRR as a device under test.

relay  bgpd alone, without zebra (-Z): nothing but BGP
fib4   zebra and bgpd
vrf    zebra -n: VRFs are network namespaces, since that works on kernels without VRF devices too.
       zebra takes every namespace below /run/netns as a VRF, so it runs in a mount namespace whose
       /run/netns holds only those it should see.
mac    zebra and bgpd; an L2VNI needs no VRF
"""

import json
import os
import shutil
import socket

from dut import Dut, View, mac_views
from lab import DUT, DUT_ADDRESS, DUT_AS, FIRST_VNI, peer_address, peer_as
from perdlab import netns
from process import wait_until

ETC, VAR = f"/etc/frr/{DUT}", f"/run/frr/{DUT}"
FAMILIES = {"evpn": "l2vpn evpn", "ipv4": "ipv4 unicast", "ipv6": "ipv6 unicast"}


def _accepts(path):
    """Whether somebody listens at a local socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0


class Frr(Dut):
    """zebra and bgpd of the packaged FRR, with a path space of their own."""

    name = "frr"
    roles = ("relay", "vrf", "fib4", "mac")
    programs = ("frr", "vtysh")
    settle_s = 2.5

    def prepare(self):
        for folder in (ETC, VAR):
            os.makedirs(folder, exist_ok=True)
        self._conf("zebra.conf", self._zebra_conf())
        self._conf("bgpd.conf", self._bgpd_conf())
        self._conf("vtysh.conf", "no service integrated-vtysh-config\n")
        for path in ("/run/frr", "/var/tmp/frr", ETC, VAR):
            shutil.chown(path, "frr", "frr")
        if self.spec.role == "mac":
            for k in range(self.spec.vrfs):
                self.lab.add_l2vni(FIRST_VNI + k)
            self.lab.add_local_port(self.views()[0].bridge)
        if self.spec.role == "vrf":
            for k in range(self.spec.vrfs):
                self.lab.add_namespace(f"v{FIRST_VNI + k}")
                self.lab.add_l3vni(FIRST_VNI + k, f"v{FIRST_VNI + k}")

    def views(self):
        if self.spec.role == "mac":
            return mac_views(self.spec.vrfs, "br")
        if self.spec.role != "vrf":
            return [View()]
        return [View(f"v{FIRST_VNI + k}") for k in range(self.spec.vrfs)]

    def launch(self):
        for name in ("zebra.vty", "bgpd.vty", "zserv.api"):
            if os.path.exists(f"{VAR}/{name}"):
                os.remove(f"{VAR}/{name}")
        if self.spec.role != "relay":
            # The receive buffer is that of Debian's /etc/frr/daemons.
            own = {"vrf": ["-n"], "mac": ["-s", "90000000"]}
            self._start("zebra", own.get(self.spec.role, []))
            # A bgpd that does not find zebra at once tries again after ten seconds only.
            wait_until(lambda: _accepts(f"{VAR}/zserv.api"), "frr: zebra", 60, self.check)
        self._start("bgpd", ["-Z"] if self.spec.role == "relay" else [])

    def ready(self):
        return os.path.exists(f"{VAR}/bgpd.vty") and self.answers()

    def ask(self):
        return ["vtysh", "-N", DUT, "-d", "bgpd", "-c", "show bgp summary json"]

    def vrfs_up(self):
        said = netns.run(["vtysh", "-N", DUT, "-d", "zebra", "-c", "show evpn vni detail json"],
                         check=False)
        # A zebra that is busy may say nothing at all.
        if said.returncode != 0 or not said.stdout.strip():
            return 0
        return sum(1 for vni in json.loads(said.stdout) if vni.get("state") == "Up")

    def _start(self, part, more):
        log = os.path.join(self.lab.work, f"frr-{part}-own.log")
        with open(log, "a", encoding="ascii"):
            shutil.chown(log, "frr", "frr")
        self.spawn(part, [f"{self.program['frr']}/{part}", "-N", DUT, "-P", "0",
                          "--log", f"file:{log}", *more], self._prelude())

    def _prelude(self):
        if self.spec.role != "vrf":
            return ""
        seen = os.path.join(self.lab.work, "all-netns")
        os.makedirs(seen, exist_ok=True)
        return (f"mount --rbind /run/netns {seen}\n"
                "mount -t tmpfs tmpfs /run/netns\n"
                f"for n in {' '.join(view.namespace for view in self.views())}; do\n"
                f"  : >/run/netns/$n; mount --bind {seen}/$n /run/netns/$n\n"
                "done")

    @staticmethod
    def _conf(name, text):
        with open(f"{ETC}/{name}", "w", encoding="ascii") as out:
            out.write(text)
        shutil.chown(f"{ETC}/{name}", "frr", "frr")

    def _zebra_conf(self):
        lines = ["ip nht resolve-via-default"]
        if self.spec.role == "vrf":
            for vni in range(FIRST_VNI, FIRST_VNI + self.spec.vrfs):
                lines += [f"vrf v{vni}", f" vni {vni}", "exit-vrf"]
        return "\n".join(lines) + "\n"

    def _bgpd_conf(self):
        family = FAMILIES[self.spec.session_families]
        peers = range(1, self.spec.peers + 1)
        lines = [f"router bgp {DUT_AS}", f" bgp router-id {DUT_ADDRESS}",
                 " no bgp ebgp-requires-policy", " no bgp default ipv4-unicast",
                 " no bgp network import-check",
                 f" timers bgp {self.spec.hold // 3} {self.spec.hold}"]
        for n in peers:
            lines += [f" neighbor {peer_address(n)} remote-as {peer_as(n)}",
                      f" neighbor {peer_address(n)} passive"]
        lines.append(f" address-family {family}")
        for n in peers:
            lines.append(f"  neighbor {peer_address(n)} activate")
            if self.spec.session_families != "evpn":
                lines.append(f"  neighbor {peer_address(n)} attribute-unchanged next-hop")
        if self.spec.role in ("vrf", "mac"):
            lines.append("  advertise-all-vni")
        lines += [" exit-address-family", "exit"]
        if self.spec.role == "vrf":
            for vni in range(FIRST_VNI, FIRST_VNI + self.spec.vrfs):
                lines += [f"router bgp {DUT_AS} vrf v{vni}", f" bgp router-id {DUT_ADDRESS}",
                          " no bgp ebgp-requires-policy", " no bgp network import-check", "exit"]
        return "\n".join(lines) + "\n"
