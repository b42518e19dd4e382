"""Scenarios that end in a kernel table: import, flush, loss of a VTEP, restart, bare loader."""

import signal
import subprocess
import time

from lab import DUT, FIRST_TABLE, FIRST_VNI, TOOL, peer_address, peer_as, vtep_address
from loadgen import ToolError

# How long a restarted daemon gets to clean up what is no longer wanted.
RESTART_LIMIT_S = 40


def import_routes(rig):
    """Routes into the kernel, single changes there, withdrawal, once more, and the source lost."""
    source = rig.start()[0]
    parts = rig.routes()
    total = sum(part.count for part in parts)
    before = rig.mark_resources()
    start = rig.announce(source, parts)
    seconds = rig.until_kernel(parts, "present", start)
    figures = {"seconds": seconds, "routes_per_s": total / seconds,
               **rig.resources(before, total), "peak_mib": rig.dut.peak_kib() / 1024}
    if rig.case.role == "mac":
        _check_entries(rig, parts)
    if rig.case.option("probe", True):
        figures |= _probe_kernel(rig, source, parts[0])
    start = rig.withdraw(source, parts)
    figures["withdraw_s"] = rig.until_kernel(parts, "absent", start)
    start = rig.announce(source, parts)
    figures["again_s"] = rig.until_kernel(parts, "present", start)
    rig.tool.command("close", source)
    figures["flush_s"] = rig.until_kernel(parts, "absent", rig.tool.clock)
    return figures


def _check_entries(rig, parts):
    """Reads the forwarding tables out once: all is there, and nothing that nobody announced."""
    for part in parts:
        answer = rig.tool.command("dump", part.view.namespace, part.name, **part.view.place(),
                                  timeout=120)
        if answer["missing"] or answer["extra"]:
            raise ToolError(f"{part.name}: {answer['missing']} missing, {answer['extra']} too many")


def _probe_kernel(rig, source, part):
    """One change at a time with the table full, then 1,000 changes a second."""
    figures = {}
    place = {"netns": part.view.namespace, **part.view.place()}
    count = rig.case.option("probes", 100)
    answer = rig.tool.command("probe", source, part.name, count=count, rate=0, **place)
    figures |= latencies("probe", answer)
    cpu, start = rig.dut.cpu_seconds(), time.monotonic()
    answer = rig.tool.command("probe", source, part.name, count=rig.case.option("paced", 2000),
                              rate=1000, **place)
    figures["paced_cpu_pct"] = 100 * (rig.dut.cpu_seconds() - cpu) / (time.monotonic() - start)
    rig.refill(source, part)
    rig.until_kernel([part], "present", rig.tool.clock)
    return figures | latencies("paced", answer)


def latencies(prefix, answer):
    """The latency figures of a probe or a churn."""
    lost = {f"{prefix}_lost": answer["lost"]} if answer.get("lost") else {}
    return {f"{prefix}_p50_ms": answer["p50_ms"], f"{prefix}_p99_ms": answer["p99_ms"], **lost}


def load_directly(rig):
    """The same routes written by nothing but batches: the kernel's ceiling for that form."""
    case = rig.case
    loader = rig.other_tool = rig.new_tool("loader", rig.lab.dut_core, TOOL)
    if case.role == "mac":
        rig.lab.add_l2vni(FIRST_VNI)
        return _load(loader, case, {"vxlan": f"vni{FIRST_VNI}", "bridge": f"br{FIRST_VNI}",
                                    "order": "ascending"})
    table, form = 254, {"dev": "dut0", "gateway": peer_address(1)}
    if case.role == "vrf":
        rig.lab.add_l3vni(FIRST_VNI)
        table, form = FIRST_TABLE, {"dev": f"br{FIRST_VNI}", "gateway": vtep_address(0)}
        # A VRF's table ends in an unreachable default. That is part of the form: with a default
        # route the root of the kernel's trie is another one, and adding costs up to half as much
        # again.
        for family in ("-4", "-6"):
            rig.lab.batch(DUT, [f"route add unreachable default table {FIRST_TABLE} "
                                "metric 4278198272"], family)
    if case.family == "evpn6":
        form["gateway"] = f"::ffff:{vtep_address(0)}"
    # IPv4 is fastest in hash order, IPv6 in ascending order: the ceiling has the best of each.
    order = "ascending" if case.family in ("evpn6", "ipv6") else "hash"
    return _load(loader, case, {"table": table, "nhid": 1, "order": order, **form})


def _load(loader, case, options):
    """Puts all and takes all away."""
    loader.command("routes", "r", family=case.family, count=case.count, vnis=FIRST_VNI,
                   sets=min(1000, case.count), vteps=case.vteps,
                   nexthop=peer_address(1) if case.family == "ipv4" else None)
    put = loader.command("load", DUT, "r", **options)
    gone = loader.command("load", DUT, "r", **options, erase=1)
    if put["refused"] or gone["refused"]:
        raise ToolError(f"the kernel refused {put['refused']} + {gone['refused']} routes")
    return {"seconds": put["seconds"], "routes_per_s": case.count / put["seconds"],
            "cpu_us": put["cpu_seconds"] * 1e6 / case.count, "withdraw_s": gone["seconds"]}


def vtep_loss(rig):
    """One VTEP carries all routes: withdrawn, its session lost, and its underlay route lost."""
    source, second = rig.start()[:2]
    parts = rig.routes(vtep=0)
    if rig.case.option("others", False):
        others = rig.routes("others", first=rig.case.count, as_number=peer_as(2), vtep=1)
        start = rig.announce(second, others)
        rig.until_kernel(others, "present", start)
    start = rig.announce(source, parts)
    rig.until_kernel(parts, "present", start)
    start = rig.withdraw(source, parts)
    figures = {"withdraw_s": rig.until_kernel(parts, "absent", start)}
    start = rig.announce(source, parts)
    rig.until_kernel(parts, "present", start)
    figures |= _underlay_loss(rig, parts)
    rig.tool.command("close", source)
    figures["session_s"] = rig.until_kernel(parts, "absent", rig.tool.clock)
    if rig.case.option("others", False):
        rig.until_kernel(others, "present", start, 5)
    return figures


def _underlay_loss(rig, parts):
    """The route to the VTEP goes and comes back."""
    route = f"{vtep_address(0)}/32 via {peer_address(1)} dev dut0"
    figures = {}
    with subprocess.Popen(["ip", "-n", DUT, "-batch", "-"], stdin=subprocess.PIPE) as ip:
        steps = (("del", "absent", "underlay_s"), ("add", "present", "restored_s"))
        for verb, state, key in steps:
            rig.tool.command("clock")
            start = time.monotonic()
            ip.stdin.write(f"route {verb} {route}\n".encode())
            ip.stdin.flush()
            try:
                figures[key] = rig.until_kernel(parts, state, start, 60)
            except ToolError:
                # The daemon leaves the routes as they are: no figure, and said so in the report.
                figures[key] = None
    return figures


def restart(rig):
    """SIGKILL with a full table, of which a tenth has changed when the daemon is back."""
    source = rig.start()[0]
    tenth = rig.case.count // 10
    gone = rig.routes("gone", tenth)
    keep = rig.routes("keep", rig.case.count - tenth, tenth)
    new = rig.routes("new", tenth, rig.case.count)
    start = rig.announce(source, gone + keep)
    rig.until_kernel(gone + keep, "present", start)
    view = keep[0].view
    rig.tool.command("watch", view.namespace, keep[0].name, "start", **view.place())
    rig.dut.stop(signal.SIGKILL)
    born = time.monotonic()
    rig.dut.start()
    source = rig.session(1, "back")
    up = time.monotonic()
    rig.announce(source, keep + new, end_of_rib=True)
    figures = {"session_up_s": up - born}
    figures["new_s"] = rig.until_kernel(keep + new, "present", up, RESTART_LIMIT_S)
    try:
        figures["exact_s"] = max(rig.until_kernel(gone, "absent", up, RESTART_LIMIT_S),
                                 figures["new_s"])
    except ToolError:
        figures["exact_s"] = None
    answer = rig.tool.command("watch", view.namespace, keep[0].name, "stop")
    figures["min_present_pct"] = 100 * answer["min_present"] / answer["of"]
    return figures


def idle(rig):
    """A daemon with one session and no routes."""
    rig.start()
    time.sleep(rig.case.option("rest", 2.0))
    cpu = rig.dut.cpu_seconds()
    time.sleep(1.0)
    return {"rss_mib": rig.dut.rss_kib() / 1024, "processes": len(rig.dut.pids()),
            "idle_cpu_pct": 100 * (rig.dut.cpu_seconds() - cpu)}


def apply_vnis(rig):
    """From the start of the daemon until it says that all VRFs work."""
    born = time.monotonic()
    rig.dut.start()
    deadline = born + rig.case.option("timeout", 120)
    while rig.dut.vrfs_up() < rig.case.vrfs:
        if time.monotonic() > deadline:
            raise ToolError(f"{rig.dut.vrfs_up()} of {rig.case.vrfs} VRFs are up")
        time.sleep(0.05)
    return {"up_s": time.monotonic() - born, "rss_mib": rig.dut.rss_kib() / 1024,
            "cpu_s": rig.dut.cpu_seconds()}
