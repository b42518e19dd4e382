"""The devices under test: how each daemon is configured, started, asked and stopped.

All of them speak eBGP as AS 65000 with passive neighbours of distinct AS numbers, hold time 90, and
run on one core. Roles:
  relay  what one peer says is told to the others, next hop unchanged, nothing goes to the kernel
  vrf    EVPN type 5 routes into VRFs and their kernel tables
  mac    EVPN type 2 routes into MAC-VRFs that are not routed: forwarding entries and neighbours
  fib4   IPv4 unicast into the main table
"""

import json
import os
import signal
from dataclasses import dataclass
from typing import Optional

from lab import DUT, DUT_ADDRESS, DUT_AS, FIRST_TABLE, FIRST_VNI, LOCAL_PORT, LOCAL_VTEP
from lab import peer_address, peer_as
from perdlab import netns
from process import Process, wait_until


@dataclass(frozen=True)
class View:
    """Where the kernel holds the routes of one VRF or MAC-VRF, in the load tool's words."""

    namespace: str = DUT
    table: Optional[int] = None
    mark: Optional[int] = None
    vxlan: Optional[str] = None
    bridge: Optional[str] = None

    def place(self):
        """As options of the load tool."""
        return {"table": self.table, "mark": self.mark, "vxlan": self.vxlan, "bridge": self.bridge}


def mac_views(count, bridge):
    """Views of MAC-VRFs, whose bridges are named so and with their VNI."""
    return [View(vxlan=f"vni{vni}", bridge=f"{bridge}{vni}")
            for vni in range(FIRST_VNI, FIRST_VNI + count)]


@dataclass(frozen=True)
class Spec:
    """What a device under test is to be."""

    role: str
    peers: int = 2
    family: str = "evpn4"
    vrfs: int = 1
    hold: int = 90

    @property
    def session_families(self):
        """The family of the sessions, as the load tool names it."""
        return self.family if self.family.startswith("ip") else "evpn"


class Dut:
    """Base: a set of processes in the namespace `dut`."""

    name = ""
    roles = ("relay",)
    # Programs that must be installed.
    programs = ()
    # How long after its sessions are up it must be left alone before the first route is sent: FRR
    # holds its first UPDATE back for a second or more, and that timer is not what is measured.
    settle_s = 0.3

    def __init__(self, lab, spec, programs):
        self.lab, self.spec, self.program = lab, spec, programs
        self.processes = []

    @classmethod
    def can(cls, spec):
        """Whether it knows the role and the family."""
        return spec.role in cls.roles

    def prepare(self):
        """Makes what the daemon wants to find: configuration, links."""

    def views(self):
        """A View for each VRF."""
        return [View()]

    def launch(self):
        """Starts the processes; returns at once."""
        raise NotImplementedError

    def ready(self):
        """True when it answers its own command line tool."""
        raise NotImplementedError

    def ask(self):
        """The words of a cheap question to the running daemon (a summary)."""
        raise NotImplementedError

    def start(self):
        """Starts it and waits until it answers; returns the seconds."""
        self.processes = []
        self.launch()
        return wait_until(self.ready, f"{self.name}: ready", 120, self.check)

    def check(self):
        """An error when one of the processes has ended."""
        for process in self.processes:
            process.check()

    def spawn(self, name, command, prelude=""):
        """One pinned process in the namespace of the device under test."""
        log = os.path.join(self.lab.work, f"{self.name}-{name}.log")
        process = Process(f"{self.name}: {name}", DUT, self.lab.dut_core, command, log, prelude)
        self.processes.append(process)
        return process

    def answers(self):
        """True when the question gets an answer."""
        return netns.run(self.ask(), check=False).returncode == 0

    def vrfs_up(self):
        """How many VRFs the daemon itself says work."""
        raise NotImplementedError

    def stop(self, sig=signal.SIGTERM):
        """Ends the processes, the last started first."""
        for process in reversed(self.processes):
            process.stop(sig)
        self.processes = []

    def pids(self):
        """Ids of its processes."""
        return [process.pid for process in self.processes if process.alive()]

    def rss_kib(self):
        """Resident memory of all its processes."""
        return sum(process.memory_kib("VmRSS") for process in self.processes)

    def peak_kib(self):
        """The largest it ever was."""
        return sum(process.memory_kib("VmHWM") for process in self.processes)

    def cpu_seconds(self):
        """CPU time of all its processes so far, user and kernel."""
        return sum(process.cpu_seconds() for process in self.processes)

    def write(self, name, text):
        """A configuration file in the work folder; returns its path."""
        path = os.path.join(self.lab.work, name)
        with open(path, "w", encoding="ascii") as out:
            out.write(text)
        return path


class Perd(Dut):
    """perd; VRFs without VRF devices: the table is filled and rules steer into it."""

    name = "perd"
    roles = ("relay", "vrf", "fib4", "mac")
    programs = ("perd", "perctl")

    def prepare(self):
        self.socket = os.path.join(self.lab.work, "perd.sock")
        self.config = self.write("per.yaml", self._yaml())
        if self.spec.role == "vrf":
            self.lab.add_mark_rules([view.table for view in self.views()])
        if self.spec.role == "mac":
            self.lab.add_local_port()

    def views(self):
        if self.spec.role == "mac":
            return mac_views(self.spec.vrfs, "br-pe-")
        if self.spec.role != "vrf":
            return [View()]
        return [View(DUT, FIRST_TABLE + k, k + 1) for k in range(self.spec.vrfs)]

    def launch(self):
        self.spawn("perd", [self.program["perd"], "-c", self.config])

    def ready(self):
        return self.answers()

    def ask(self):
        return ["env", f"PERD_SOCKET={self.socket}", self.program["perctl"], "-o", "json",
                "show", "summary"]

    def vrfs_up(self):
        said = netns.run(self.ask(), check=False)
        return json.loads(said.stdout)["vrfsUp"] if said.returncode == 0 else 0

    def _yaml(self):
        family = {"evpn": "evpn", "ipv4": "ipv4unicast", "ipv6": "ipv6unicast"}
        family = family[self.spec.session_families]
        neighbors = "".join(
            f"  - {{address: {peer_address(n)}, asn: {peer_as(n)}, passive: true, "
            f"holdTimeSeconds: {self.spec.hold}, keepaliveTimeSeconds: {self.spec.hold // 3}, "
            f"addressFamilies: [{{type: {family}}}]}}\n"
            for n in range(1, self.spec.peers + 1))
        relay = self.spec.role == "relay"
        return (f"node: {{name: {DUT}}}\n"
                f"api: {{socket: {self.socket}}}\n"
                f"kernel: {{install: {'false' if relay else 'true'}}}\n"
                "underlays:\n"
                f"- asn: {DUT_AS}\n"
                f"  routerID: {DUT_ADDRESS}\n"
                f"  transit: {'true' if relay else 'false'}\n"
                "  interfaces:\n"
                "  - {type: NetworkDevice, networkDevice: {interfaceName: dut0}, inPlace: true}\n"
                f"  tunnelEndpoint: {{addresses: [{LOCAL_VTEP}]}}\n"
                "  gracefulRestart: {enabled: false}\n"
                f"  neighbors:\n{neighbors}{self._vnis()}")

    def _vnis(self):
        count = range(self.spec.vrfs)
        if self.spec.role == "vrf":
            return "l3vnis:\n" + "".join(
                f"- {{name: v{FIRST_VNI + k}, vrf: v{FIRST_VNI + k}, vni: {FIRST_VNI + k}, "
                f"table: {FIRST_TABLE + k}, vrfDevice: false, redistribute: [], "
                f"importRTs: [\"*:{FIRST_VNI + k}\"]}}\n" for k in count)
        if self.spec.role == "mac":
            return "l2vnis:\n" + "".join(
                f"- {{name: m{FIRST_VNI + k}, vni: {FIRST_VNI + k}, "
                f"interfaces: [{LOCAL_PORT if k == 0 else ''}]}}\n" for k in count)
        return ""


class Bird(Dut):
    """BIRD 2: no EVPN; the yardstick for IPv4."""

    name = "bird"
    roles = ("relay", "fib4")
    programs = ("bird", "birdc")

    @classmethod
    def can(cls, spec):
        return spec.role in cls.roles and spec.family in ("ipv4", "ipv6")

    def prepare(self):
        self.socket = os.path.join(self.lab.work, "bird.ctl")
        self.config = self.write("bird.conf", self._conf())

    def launch(self):
        self.spawn("bird", [self.program["bird"], "-f", "-c", self.config, "-s", self.socket])

    def ready(self):
        return self.answers()

    def ask(self):
        return [self.program["birdc"], "-s", self.socket, "show", "status"]

    def _conf(self):
        family = self.spec.session_families
        kernel = ""
        if self.spec.role == "fib4":
            kernel = f"protocol kernel {{ {family} {{ import none; export all; }}; }}\n"
        out = "all" if self.spec.role == "relay" else "none"
        peers = "".join(
            f"protocol bgp p{n} {{ local {DUT_ADDRESS} as {DUT_AS}; "
            f"neighbor {peer_address(n)} as {peer_as(n)}; passive; hold time {self.spec.hold}; "
            f"{family} {{ import all; export {out}; next hop keep; }}; }}\n"
            for n in range(1, self.spec.peers + 1))
        return (f"router id {DUT_ADDRESS};\nlog stderr all;\nprotocol device {{}}\n"
                f"protocol direct {{ ipv4; }}\n{kernel}{peers}")


class Gobgp(Dut):
    """GoBGP: a relay only, since it has no part in the kernel."""

    name = "gobgp"
    programs = ("gobgpd", "gobgp")

    def prepare(self):
        self.config = self.write("gobgpd.yaml", self._yaml())

    def launch(self):
        self.spawn("gobgpd", [self.program["gobgpd"], "-t", "yaml", "-f", self.config, "-p",
                              "--pprof-disable", "--api-hosts", "127.0.0.1:50051"])

    def ready(self):
        said = netns.run(self.ask(), check=False)
        return said.returncode == 0 and peer_address(self.spec.peers) in said.stdout

    def ask(self):
        return netns.exec_prefix(DUT) + [self.program["gobgp"], "neighbor"]

    def _yaml(self):
        family = {"evpn": "l2vpn-evpn", "ipv4": "ipv4-unicast", "ipv6": "ipv6-unicast"}
        family = family[self.spec.session_families]
        peers = "".join(
            f"- config: {{neighbor-address: {peer_address(n)}, peer-as: {peer_as(n)}}}\n"
            f"  timers: {{config: {{hold-time: {self.spec.hold}, "
            f"keepalive-interval: {self.spec.hold // 3}}}}}\n"
            "  transport: {config: {passive-mode: true}}\n"
            f"  afi-safis: [{{config: {{afi-safi-name: {family}}}}}]\n"
            for n in range(1, self.spec.peers + 1))
        # It sets itself as next hop towards eBGP peers unless a policy says otherwise.
        return ("global:\n"
                f"  config: {{as: {DUT_AS}, router-id: {DUT_ADDRESS}}}\n"
                "  apply-policy: {config: {export-policy-list: [keep], "
                "default-export-policy: accept-route}}\n"
                f"neighbors:\n{peers}"
                "policy-definitions:\n"
                "- name: keep\n"
                "  statements:\n"
                "  - name: all\n"
                "    actions: {route-disposition: accept-route, "
                "bgp-actions: {set-next-hop: unchanged}}\n")


def installed(programs, names):
    """Whether each of the programs was found."""
    return all(programs.get(name) for name in names)
