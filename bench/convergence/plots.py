"""Plots of a run: throughput, memory and latency of each device, and how they grow."""

from figures import median

COLOURS = {"perd": "#c0392b", "frr": "#2e6da4", "bird": "#3c8d40", "gobgp": "#8e6bb0",
           "loader": "#777777", "tool": "#bbbbbb"}
PANELS = (("routes_per_s", "throughput", "routes a second", True),
          ("octets", "memory", "octets a route", True),
          ("paced_p99_ms", "one change at 1,000/s", "p99, ms", True),
          ("withdraw_s", "all withdrawn", "seconds", True))


def draw(path, results):
    """Writes path.svg and path.png; returns a line to print."""
    try:
        import matplotlib  # pylint: disable=import-outside-toplevel
        matplotlib.use("Agg")
        from matplotlib import pyplot  # pylint: disable=import-outside-toplevel
    except ImportError:
        return "no plots: python3-matplotlib is not installed"
    figure, axes = pyplot.subplots(2, 3, figsize=(19, 11))
    for axis, (key, title, unit, logarithmic) in zip(axes.flat, PANELS):
        _bars(axis, results, key, title, unit, logarithmic)
    _growth(axes.flat[4], results, "routes_per_s", "growth: throughput", "routes a second")
    _growth(axes.flat[5], results, "octets", "growth: memory", "octets a route")
    for axis in axes.flat:
        if not axis.has_data():
            axis.text(0.5, 0.5, "not measured in this run", ha="center", transform=axis.transAxes)
    figure.tight_layout()
    for kind in ("svg", "png"):
        figure.savefig(f"{path}.{kind}", dpi=110)
    pyplot.close(figure)
    return f"written: {path}.svg, {path}.png"


def _bars(axis, results, key, title, unit, logarithmic):
    """Horizontal bars, a group for each case, a colour for each device."""
    position, ticks, labels, seen = 0, [], [], set()
    for result in results:
        values = [(dut, median(samples, key)) for dut, samples in result["samples"].items()]
        values = [(dut, value) for dut, value in values if value is not None and value > 0]
        if not values:
            continue
        ticks.append(position + (len(values) - 1) / 2)
        labels.append(result["case"].name)
        for dut, value in values:
            axis.barh(position, value, color=COLOURS[dut], label=None if dut in seen else dut)
            seen.add(dut)
            position += 1
        position += 0.7
    axis.set_yticks(ticks, labels, fontsize=7)
    axis.invert_yaxis()
    if logarithmic and position:
        axis.set_xscale("log")
    axis.set_title(title)
    axis.set_xlabel(unit)
    axis.grid(axis="x", alpha=0.3)
    if seen:
        axis.legend(fontsize=8)


def _growth(axis, results, key, title, unit):
    """Lines over the number of routes, for the plain forms of vrf and relay."""
    lines = {}
    for result in results:
        case = result["case"]
        if case.scenario not in ("import", "relay") or case.shape != "sets=1000" \
                or case.family != "evpn4" or case.vrfs != 1 or case.peers != 2:
            continue
        for dut, samples in result["samples"].items():
            value = median(samples, key)
            if value is not None and value > 0:
                lines.setdefault((dut, case.role), []).append((case.count, value))
    for (dut, role), points in sorted(lines.items()):
        points.sort()
        axis.plot([p[0] for p in points], [p[1] for p in points], marker="o",
                  color=COLOURS[dut], linestyle="-" if role == "vrf" else "--",
                  label=f"{dut} {role}")
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_title(title)
    axis.set_xlabel("routes")
    axis.set_ylabel(unit)
    axis.grid(alpha=0.3)
    if lines:
        axis.legend(fontsize=8)
