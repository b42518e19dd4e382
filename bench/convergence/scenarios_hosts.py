"""Scenarios with hosts at a local port: what is learned there is told to a peer."""

from lab import DUT, HOST, HOST_LINK, LOCAL_PORT
from loadgen import ToolError
from scenarios_kernel import latencies


def learn(rig):
    """Many hosts at once, single ones with all of them there, and the port lost."""
    sink = rig.start()[0]
    many = rig.hosts("many", rig.case.count, 0)
    single = rig.hosts("single", rig.case.option("single", 300), rig.case.count)
    rig.expect([sink], [many, single])
    before = rig.mark_resources()
    answer = _speak(rig, sink, many)
    resources = rig.resources(before, many.count, "learn_")
    figures = {"learn_s": answer["seconds"], "learn_per_s": many.count / answer["seconds"],
               "learned_s": answer["learned_s"], "learn_first_s": answer["first"],
               "learn_lost": answer["lost"], **resources}
    answer = _speak(rig, sink, single, rate=100, frame="arp")
    figures |= latencies("host", answer) | {"host_inside_p99_ms": answer["inside_p99_ms"]}
    rig.tool.command("clock")
    start = rig.tool.clock
    rig.lab.set_local_port("down")
    figures["forgotten_s"], _ = rig.until_told([sink], [many, single], "absent", start)
    return figures


def move(rig):
    """Hosts that were behind another VTEP announce themselves at the local port, one by one."""
    source, sink = rig.start()[:2]
    count = rig.case.option("single", 300)
    others = rig.routes("others")
    movers = rig.routes("movers", count, rig.case.count, shape="sets=1")
    here = rig.hosts("here", count, rig.case.count)
    rig.expect([sink], [here])
    start = rig.announce(source, others + movers)
    rig.until_kernel(others + movers, "present", start)
    cpu = rig.dut.cpu_seconds()
    answer = _speak(rig, sink, here, rate=100, frame="arp", sequence=1)
    figures = {**latencies("move", answer), "move_inside_p50_ms": answer["inside_p50_ms"],
               "move_inside_p99_ms": answer["inside_p99_ms"],
               "move_cpu_us": (rig.dut.cpu_seconds() - cpu) * 1e6 / count}
    rig.until_kernel(others, "present", start, 5)
    return figures


def _speak(rig, sink, part, **options):
    """A frame of each host; what the bridge did not learn is no fault of the device."""
    answer = rig.tool.command("hosts", HOST, HOST_LINK, part.name, sink=sink, netns=DUT,
                              port=LOCAL_PORT, timeout=60, **options)
    if answer["not_learned"] or answer["wrong"]:
        raise ToolError(f"{part.name}: the bridge did not learn {answer['not_learned']}, the peer "
                        f"was told {answer['wrong']} with another next hop or label")
    return answer
