"""Which cases a run consists of: --smoke, --quick or --full."""

import dataclasses
import fnmatch

from rig import Case

K, M = 1000, 1_000_000
ALL = ("perd", "frr")

VRF = Case("vrf", "import", "type 5 into a VRF and its kernel table", "vrf",
           duts=("perd", "frr", "loader"))
RELAY = Case("relay", "relay", "type 5 from one eBGP peer to another, no kernel", "relay")
WITH_GOBGP = {"duts": ALL + ("gobgp",), "once": ("gobgp",)}
RELAY4 = Case("relay-ipv4", "relay", "IPv4 from one eBGP peer to another, no kernel", "relay",
              duts=("perd", "frr", "bird"), family="ipv4")
FIB4 = Case("fib4", "import", "IPv4 into the main table", "fib4",
            duts=("perd", "frr", "bird", "loader"), family="ipv4")
VTEP = Case("vtep-loss", "vtep", "one VTEP with all the routes goes", "vrf", vteps=1,
            separate_vteps=True)
RESTART = Case("restart", "restart", "SIGKILL, 10 % changed meanwhile", "vrf", peers=1)
RESTART4 = Case("restart-fib4", "restart", "the same with IPv4 in the main table", "fib4",
                duts=("perd", "frr", "bird"), family="ipv4", peers=1)
IDLE = Case("idle", "idle", "one VRF, two sessions, no routes", "vrf")
IDLE_RELAY = Case("idle-relay", "idle", "two sessions, no routes, no VRF", "relay",
                  duts=("perd", "frr", "gobgp"))
VNIS = Case("vnis", "vnis", "from the start until all VRFs are up", "vrf", vrfs=500, count=0)
RESPONSIVE = Case("responsive", "responsive", "what others notice while a large table moves", "vrf",
                  hold=3)
RELOAD = Case("reload", "reload", "filled and emptied five times, kernel", "vrf", duts=("perd",))
RELOAD_RELAY = Case("reload-relay", "reload", "filled and emptied five times, relay", "relay",
                    duts=("perd",))
MAC = Case("mac", "import", "type 2 with MAC only into bridge and VXLAN device", "mac",
           duts=("perd", "frr", "loader"), family="mac")
MAC_IP = Case("mac-ip", "import", "type 2 with MAC and IP: neighbours as well", "mac",
              duts=("perd", "frr", "loader"), family="mac4")
MAC_VTEP = Case("vtep-loss-mac", "vtep", "one of two VTEPs goes with all its MACs", "mac",
                duts=("perd", "frr", "loader"), family="mac", vteps=2, separate_vteps=True,
                options={"others": True})
MAC_RESTART = Case("restart-mac", "restart", "SIGKILL, 10 % of the MACs changed meanwhile", "mac",
                   family="mac4", peers=1)
MAC_IDLE = Case("idle-mac", "idle", "one L2VNI, two sessions, no routes", "mac", family="mac")
MAC_RELOAD = Case("reload-mac", "reload", "filled and emptied five times, MACs", "mac",
                  duts=("perd",), family="mac4")
LEARN = Case("learn", "learn", "hosts speak up at a local port and are told to a peer", "mac",
             family="mac", peers=1)
MOVE = Case("move", "move", "hosts of another VTEP speak up at a local port", "mac", family="mac")
SOAK = Case("soak", "soak", "churn of 10 % again and again", "relay", duts=("perd",))
TOOL = Case("tool", "tool", "the load tool against itself", "relay", duts=("tool",))


def size(count):
    """100000 as 100k, 1000000 as 1M."""
    return f"{count // M}M" if count % M == 0 else f"{count // K}k"


def sized(case, count, **changes):
    """A case at another size, named for it and for what else differs."""
    parts = [case.name] + ([size(count)] if count else [])
    for key, value in changes.items():
        if key == "shape":
            parts.append(str(value).replace("per_set=", "sets-of-").replace("sets=", "sets"))
        elif key == "family":
            parts.append({"evpn6": "ipv6", "mac6": "ipv6"}.get(value, value))
        elif key in ("vrfs", "peers"):
            parts.append(f"{value}-{'vnis' if key == 'vrfs' and case.role == 'mac' else key}")
    options = {**case.options, **changes.pop("options", {})}
    return dataclasses.replace(case, name="-".join(parts), count=count, options=options, **changes)


def quick():
    """What matters most, at 100,000 routes."""
    relay_only = {"changes": False}
    return [
        sized(TOOL, 100 * K, runs=1),
        sized(IDLE, 0, runs=1), sized(IDLE_RELAY, 0, runs=1),
        sized(VRF, 100 * K),
        sized(VRF, 100 * K, vrfs=16, runs=1, options={"probe": False}),
        sized(VRF, 100 * K, shape="per_set=4", runs=1, options={"probe": False}),
        sized(VRF, 100 * K, family="evpn6", runs=1, options={"probe": False}),
        sized(RELAY, 100 * K),
        sized(RELAY, 100 * K, shape="per_set=4", runs=1),
        sized(RELAY, 100 * K, family="evpn6", runs=1, options=relay_only),
        sized(RELAY4, 100 * K, options=relay_only),
        sized(FIB4, 100 * K, runs=1),
        sized(VTEP, 100 * K, runs=1),
        sized(RESTART, 100 * K, runs=1), sized(RESTART4, 100 * K, runs=1, duts=("perd", "bird")),
        dataclasses.replace(VNIS, name="vnis-500", duts=("perd",), runs=1),
        sized(RESPONSIVE, 100 * K, runs=1),
        sized(RELAY, 300 * K, duts=("perd",), runs=1, options=relay_only),
        sized(RELAY, 20 * K, duts=("perd", "gobgp"), runs=1),
        sized(RELAY, 20 * K, duts=ALL, peers=20, runs=1, options=relay_only),
        sized(RELOAD, 100 * K, runs=1), sized(RELOAD_RELAY, 100 * K, runs=1),
        sized(SOAK, 100 * K, runs=1, options={"seconds": 10}),
    ] + quick_mac()


def quick_mac():
    """Type 2 at 100,000 routes, 10,000 hosts of our own."""
    return [
        sized(MAC, 100 * K), sized(MAC_IP, 100 * K),
        sized(MAC_IP, 100 * K, family="mac6", runs=1, options={"probe": False}),
        sized(MAC_IP, 100 * K, shape="per_set=4", runs=1, options={"probe": False}),
        sized(MAC_VTEP, 50 * K, runs=1), sized(LEARN, 10 * K), sized(MOVE, 10 * K),
        sized(MAC_RESTART, 100 * K, runs=1, duts=("perd",)), sized(MAC_IDLE, 0, runs=1),
        sized(MAC_RELOAD, 100 * K, runs=1),
    ]


def full():
    """All sizes and shapes."""
    no_probe, no_changes = {"probe": False}, {"changes": False}
    cases = [sized(TOOL, n) for n in (100 * K, M)] + [sized(TOOL, 100 * K, shape="per_set=4")]
    cases += [sized(IDLE, 0), sized(IDLE_RELAY, 0)]
    cases += [sized(VRF, n) for n in (100 * K, 500 * K)] + [sized(VRF, M, runs=2)]
    cases += [sized(VRF, 100 * K, vrfs=16), sized(VRF, M, vrfs=16, runs=1, options=no_probe)]
    cases += [sized(VRF, n, vrfs=v, runs=1, options=no_probe, duts=("perd",))
              for n, v in ((10 * K, 1), (300 * K, 1), (100 * K, 100), (100 * K, 500))]
    cases += [sized(VRF, 100 * K, shape="per_set=4"), sized(VRF, 100 * K, family="evpn6"),
              sized(VRF, M, shape="per_set=4", runs=1, options=no_probe),
              sized(VRF, M, family="evpn6", runs=1, options=no_probe)]
    cases += [sized(RELAY, n) for n in (10 * K, 300 * K, M)]
    cases += [sized(RELAY, 100 * K, **WITH_GOBGP)]
    cases += [sized(RELAY, 100 * K, shape="per_set=4"), sized(RELAY, 100 * K, family="evpn6"),
              sized(RELAY, M, shape="per_set=4", runs=1)]
    cases += [sized(RELAY, 100 * K, shape=s, runs=1, options=no_changes)
              for s in ("sets=10", "sets=10000", "per_set=1")]
    cases += [sized(RELAY, 20 * K, peers=p, runs=1, options=no_changes)
              for p in (2, 10, 50, 100)]
    cases += [sized(RELAY4, n) for n in (100 * K, M)] + [sized(RELAY4, 100 * K, shape="per_set=4")]
    cases += [sized(FIB4, 100 * K), sized(FIB4, M, runs=1)]
    cases += [sized(VTEP, 100 * K), sized(RESTART, 100 * K), sized(RESTART4, 100 * K)]
    cases += [sized(RESTART, 900 * K, runs=1, duts=("perd",))]
    cases += [dataclasses.replace(VNIS, name="vnis-500", runs=1)]
    cases += [sized(RESPONSIVE, 100 * K), sized(RESPONSIVE, M, runs=1)]
    cases += [sized(RELOAD, 100 * K), sized(RELOAD, M, runs=1), sized(RELOAD_RELAY, 100 * K),
              sized(RELOAD_RELAY, M, runs=1), sized(SOAK, 100 * K, options={"seconds": 120})]
    return cases + full_mac()


def full_mac():
    """All sizes and shapes of type 2. The kernel reads a forwarding table in quadratic time: a
    million of them cannot be checked."""
    no_probe = {"probe": False}
    cases = [sized(case, n) for case in (MAC, MAC_IP) for n in (10 * K, 100 * K)]
    cases += [sized(MAC, 300 * K, runs=1, duts=("perd", "loader"), options=no_probe)]
    cases += [sized(MAC_IP, 100 * K, shape="per_set=4"), sized(MAC_IP, 100 * K, family="mac6"),
              sized(MAC_IP, 100 * K, vrfs=16, duts=ALL)]
    cases += [sized(MAC_VTEP, 50 * K), sized(MAC_RESTART, 100 * K), sized(MAC_IDLE, 0)]
    cases += [sized(LEARN, n) for n in (K, 10 * K)] + [sized(MOVE, n) for n in (K, 100 * K)]
    return cases + [sized(MAC_RELOAD, 100 * K)]


def smoke():
    """Every scenario with 1,000 routes, to see that all of them work."""
    few = {"probes": 10, "paced": 50, "rounds": 2, "seconds": 1, "rest": 0.2, "few": 50,
           "changes": 20, "single": 20}
    alone = {"runs": 1, "options": few, "duts": ("perd",)}
    # FRR takes seconds before it may be sent anything: it is only seen to work in each role.
    cases = [sized(case, K, runs=1, options=few) for case in (TOOL, VRF, RELAY, FIB4, VTEP)]
    cases += [sized(RESTART, K, runs=1, options=few, duts=ALL)]
    cases += [sized(case, K, **alone) for case in (IDLE, RESPONSIVE, RELOAD, RELOAD_RELAY, SOAK)]
    cases += [sized(RESTART4, K, runs=1, options=few, duts=("perd", "bird")),
              sized(RELAY4, K, runs=1, options=few, duts=("perd", "bird")),
              sized(VRF, K, vrfs=4, **alone), sized(VRF, K, family="evpn6", **alone),
              sized(RELAY, K, shape="per_set=4", **alone),
              sized(RELAY, K, peers=5, runs=1, options=few, duts=("perd", "gobgp")),
              dataclasses.replace(VNIS, name="vnis-16", vrfs=16, runs=1)]
    cases += [sized(case, K, runs=1, options=few) for case in (MAC, MAC_IP, MAC_VTEP, LEARN, MOVE)]
    cases += [sized(case, K, **alone) for case in (MAC_RESTART, MAC_IDLE, MAC_RELOAD)]
    return cases + [sized(MAC_IP, K, family="mac6", **alone), sized(MAC_IP, K, vrfs=4, **alone)]


def select(cases, patterns, duts):
    """Cases whose name matches one of the patterns, with only the devices asked for."""
    chosen = []
    for case in cases:
        if patterns and not any(fnmatch.fnmatch(case.name, p) or p in case.name
                                for p in patterns):
            continue
        kept = tuple(d for d in case.duts if not duts or d in duts)
        if kept:
            chosen.append(dataclasses.replace(case, duts=kept))
    return chosen
