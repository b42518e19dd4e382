"""A rig: laboratory, device under test and load tool of one run of one case, and what scenarios do
with them: open sessions, make routes, wait for the kernel or for a peer, read figures."""

import time
from dataclasses import dataclass, field
from typing import Optional

from dut import Spec
from lab import (DUT_ADDRESS, FIRST_VNI, LOCAL_VTEP, TOOL, Lab, peer_address, peer_as,
                 vtep_address)
from loadgen import Loadgen

# Shapes of the attribute sets, as the load tool's options.
SHAPES = {"sets=1000": {"sets": 1000}, "per_set=4": {"per_set": 4}}


@dataclass(frozen=True)
class Case:
    """One row of the plan: which scenario, with which parameters, on which devices."""

    name: str
    scenario: str
    about: str
    role: str
    duts: tuple = ("perd", "frr")
    count: int = 100_000
    family: str = "evpn4"
    shape: str = "sets=1000"
    vrfs: int = 1
    peers: int = 2
    vteps: int = 16
    hold: int = 90
    separate_vteps: bool = False
    runs: Optional[int] = None
    once: tuple = ()              # devices too slow to be run more than once
    options: dict = field(default_factory=dict)

    def spec(self):
        """What the device under test is to be."""
        return Spec(self.role, self.peers, self.family, self.vrfs, self.hold)

    def option(self, key, default):
        """A parameter that only this scenario has."""
        return self.options.get(key, default)


@dataclass(frozen=True)
class Part:
    """Routes of one VRF or MAC-VRF: their name at the tool, how many, and where the kernel holds
    them."""

    name: str
    count: int
    view: object


class Rig:
    """The parts of one run; close() takes them down, whatever state they are in."""

    def __init__(self, case, dut_class, programs, work):
        self.case, self.lab = case, Lab(work)
        self.tool, self.other_tool, self.dut = None, None, None
        self._programs, self._dut_class = programs, dut_class
        self._per_set = None

    def build(self):
        """Network, configuration and load tool. The device itself is started by the scenario."""
        case = self.case
        self.lab.build(case.peers, case.vteps if case.separate_vteps else 0)
        if self._dut_class is not None:
            self.dut = self._dut_class(self.lab, case.spec(), self._programs)
            self.dut.prepare()
        self.tool = self.new_tool("loadgen", self.lab.tool_core, TOOL)

    def new_tool(self, name, core, namespace):
        """One more load tool."""
        return Loadgen(self._programs["loadgen"], namespace, core,
                       f"{self.lab.work}/{name}.log", name)

    def close(self):
        """Ends everything by its process id and removes the namespaces."""
        for part in (self.tool, self.other_tool, self.dut):
            if part is not None:
                part.stop()
        self.lab.close()

    # Sessions

    def session(self, number, name=None):
        """Opens the session of the N-th peer (from 1); returns its name at the tool."""
        name = name or f"p{number}"
        self.tool.command("session", name, local=peer_address(number), remote=DUT_ADDRESS,
                          **{"as": peer_as(number)}, families=self.case.spec().session_families,
                          id=peer_address(number), hold=self.case.hold)
        return name

    def sessions(self):
        """All sessions of the case, and the pause that the device needs before the first route."""
        names = [self.session(n + 1) for n in range(self.case.peers)]
        time.sleep(self.dut.settle_s)
        return names

    def start(self):
        """Starts the device and opens all sessions; returns their names."""
        self.dut.start()
        return self.sessions()

    # Routes

    def routes(self, name="r", count=None, first=0, as_number=None, shape=None, vtep=None):
        """Routes of the case's family and shape, a Part for each VRF; vtep: all of that one."""
        case = self.case
        count = case.count if count is None else count
        options = {"first": first, "rt_as": as_number or peer_as(1), "vteps": case.vteps}
        if vtep is not None:
            options |= {"vteps": 1, "vtep_base": vtep_address(vtep)}
        if case.role not in ("vrf", "mac"):
            return [self._make(name, count, shape, 1, **options, vnis=FIRST_VNI)]
        each = count // case.vrfs
        return [self._make(f"{name}{k}", each, shape, case.vrfs, self.dut.views()[k],
                           **{**options, "first": first + k * each, "vnis": FIRST_VNI + k})
                for k in range(case.vrfs)]

    def _make(self, name, count, shape, divide, view=None, **options):
        kind = shape or self.case.shape
        options |= SHAPES.get(kind) or dict([kind.split("=")])
        if "sets" in options:
            options["sets"] = max(1, min(int(options["sets"]) // divide, count))
        if self.case.family == "ipv4":
            options["nexthop"] = peer_address(1)
        if view is None and self.dut is not None:
            view = self.dut.views()[0]
        self.tool.command("routes", name, family=self.case.family, count=count, **options)
        return Part(name, count, view)

    def hosts(self, name, count, first):
        """Hosts of the first MAC-VRF as the device itself announces them: no route is sent."""
        self.tool.command("routes", name, family="mac", count=count, first=first, vnis=FIRST_VNI,
                          vtep_base=LOCAL_VTEP, rd_from=DUT_ADDRESS)
        return Part(name, count, self.dut.views()[0])

    def announce(self, session, parts, end_of_rib=False):
        """Queues announcements; returns when the clock of the first of them started."""
        return self._tell("announce", session, parts, end_of_rib)

    def withdraw(self, session, parts):
        """Queues withdrawals; returns when the clock of the first of them started."""
        return self._tell("withdraw", session, parts, False)

    def _tell(self, verb, session, parts, end_of_rib):
        start = None
        for part in parts:
            last = end_of_rib and part is parts[-1]
            self.tool.command(verb, session, part.name, eor=1 if last else None)
            start = self.tool.clock if start is None else start
        return start

    def refill(self, session, part):
        """Announces everything again: a probe of a slow device may have left a route withdrawn."""
        self.tool.command("announce", session, part.name)

    # Waiting

    def limit(self):
        """How long anything may take, in seconds: ten times what FRR needs, a minute at least."""
        return max(60, self.case.count // 2500)

    def until_kernel(self, parts, state, start, timeout=None):
        """Seconds from start until the kernel has (present) or has not (absent) all routes."""
        longest, timeout = 0.0, timeout or self.limit()
        for part in parts:
            view = part.view
            answer = self.tool.command("kernel", view.namespace, part.name, state,
                                       **view.place(), timeout=timeout)
            longest = max(longest, self.tool.since(start, answer))
        return longest

    def until_told(self, sinks, parts, state, start):
        """Seconds from start until every sink was told all routes, and the first answer's rest."""
        longest, first, timeout = 0.0, None, self.limit()
        for sink in sinks:
            for part in parts:
                answer = self.tool.command("await", sink, part.name, state, timeout=timeout)
                longest = max(longest, self.tool.since(start, answer))
                first = answer if first is None else first
        return longest, first

    def expect(self, sinks, parts):
        """Makes the tool listen for the routes at each sink from now on."""
        for sink in sinks:
            for part in parts:
                self.tool.command("await", sink, part.name, "absent", timeout=5)

    # Figures

    def mark_resources(self):
        """CPU and memory now, to be compared with later."""
        return {"cpu": self.dut.cpu_seconds(), "rss": self.dut.rss_kib()}

    def resources(self, before, routes, prefix=""):
        """Figures since mark_resources(), by route."""
        cpu = self.dut.cpu_seconds() - before["cpu"]
        rss = self.dut.rss_kib()
        return {f"{prefix}cpu_us": cpu * 1e6 / routes,
                f"{prefix}rss_mib": rss / 1024,
                f"{prefix}octets": (rss - before["rss"]) * 1024 / routes}
