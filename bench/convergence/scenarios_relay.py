"""Scenarios without a kernel: what one peer says is told to others; and those of long running."""

import time

from scenarios_kernel import latencies


def relay(rig):
    """Routes from one peer to the others, single changes, churn, withdrawal."""
    source, *sinks = rig.start()
    parts = rig.routes()
    total = rig.case.count * len(sinks)
    before = rig.mark_resources()
    rig.expect(sinks, parts)
    start = rig.announce(source, parts)
    seconds, answer = rig.until_told(sinks, parts, "present", start)
    figures = {"seconds": seconds, "routes_per_s": total / seconds, "first_s": answer["first"],
               **rig.resources(before, rig.case.count), "peak_mib": rig.dut.peak_kib() / 1024}
    if rig.case.option("changes", True):
        figures |= _changes(rig, source, sinks[0], parts[0])
    start = rig.withdraw(source, parts)
    figures["withdraw_s"], _ = rig.until_told(sinks, parts, "absent", start)
    return figures


def _changes(rig, source, sink, part):
    """A full table: one change at a time, 1,000 a second, and rounds of a tenth of it."""
    tool = rig.tool
    count = rig.case.option("probes", 100)
    figures = latencies("probe", tool.command("probe", source, part.name, count=count, rate=0,
                                              sink=sink))
    cpu, start = rig.dut.cpu_seconds(), time.monotonic()
    answer = tool.command("probe", source, part.name, count=rig.case.option("paced", 2000),
                          rate=1000, sink=sink)
    figures |= latencies("paced", answer)
    figures["paced_cpu_pct"] = 100 * (rig.dut.cpu_seconds() - cpu) / (time.monotonic() - start)
    rig.refill(source, part)
    rig.until_told([sink], [part], "present", tool.clock)
    answer = tool.command("churn", source, part.name, sink=sink,
                          rounds=rig.case.option("rounds", 10), share=0.1, timeout=300)
    figures |= latencies("churn", answer)
    figures["churn_per_s"] = answer["changes"] / answer["seconds"]
    return figures


def tool_alone(rig):
    """The load tool as source and as sink: what it could do if nobody stood between."""
    source = rig.other_tool = rig.new_tool("source", rig.lab.dut_core, "dut")
    sink = rig.tool
    families = rig.case.spec().session_families
    sink.send("session", "in", local="10.255.1.1", remote="10.255.0.1", **{"as": 65001},
              families=families, listen=1, id="10.255.1.1")
    time.sleep(0.2)
    source.command("session", "out", local="10.255.0.1", remote="10.255.1.1", **{"as": 65000},
                   families=families, id="10.255.0.1")
    sink.receive("session")
    options = {"family": rig.case.family, "count": rig.case.count, "vteps": rig.case.vteps,
               "vnis": 100}
    options |= dict([rig.case.shape.split("=")])
    for tool in (source, sink):
        tool.command("routes", "r", **options)
    sink.command("await", "in", "r", "absent")
    # The sink's clock knows nothing of the source's command: ours takes the whole of it, with the
    # making of the messages, so that the tool looks rather too slow than too fast.
    start = time.monotonic()
    source.command("announce", "out", "r")
    sink.command("await", "in", "r", "present")
    seconds = time.monotonic() - start
    return {"seconds": seconds, "routes_per_s": rig.case.count / seconds}


def reload_rounds(rig):
    """The table filled and emptied again and again: the memory must not grow."""
    source, *sinks = rig.start()
    parts = rig.routes()
    kernel = rig.case.role != "relay"
    wait = _until_kernel if kernel else _until_told
    if not kernel:
        rig.expect(sinks, parts)
    full, empty = [], []
    for _ in range(rig.case.option("rounds", 5)):
        start = rig.announce(source, parts)
        wait(rig, sinks, parts, "present", start)
        full.append(rig.dut.rss_kib())
        start = rig.withdraw(source, parts)
        wait(rig, sinks, parts, "absent", start)
        empty.append(rig.dut.rss_kib())
    # The first round may leave behind what an allocator keeps; growth after it would go on forever.
    return {"rss_mib": full[-1] / 1024, "empty_mib": empty[-1] / 1024,
            "growth_pct": 100 * (full[-1] - full[1]) / full[1]}


def _until_kernel(rig, _sinks, parts, state, start):
    return rig.until_kernel(parts, state, start)


def _until_told(rig, sinks, parts, state, start):
    return rig.until_told(sinks, parts, state, start)[0]


def soak(rig):
    """Churn for a while: throughput and memory of its last part against those of its first."""
    source, *sinks = rig.start()
    parts = rig.routes()
    rig.expect(sinks, parts)
    start = rig.announce(source, parts)
    rig.until_told(sinks, parts, "present", start)
    rates, memory = [], []
    end = time.monotonic() + rig.case.option("seconds", 30)
    while time.monotonic() < end or len(rates) < 3:
        answer = rig.tool.command("churn", source, parts[0].name, sink=sinks[0], rounds=10,
                                  share=0.1, timeout=300)
        rates.append(answer["changes"] / answer["seconds"])
        memory.append(rig.dut.rss_kib())
    return {"churn_per_s": sum(rates) / len(rates), "rss_mib": memory[-1] / 1024,
            "last_to_first_pct": 100 * rates[-1] / rates[0],
            "growth_pct": 100 * (memory[-1] - memory[0]) / memory[0]}
