"""What the figures of the scenarios are called, their units, and the bars that perd must clear."""

import statistics
from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class Figure:
    """How a figure is shown; better: "low", "high", or "" where neither is."""

    title: str
    unit: str
    better: str = "low"


FIGURES = {
    "seconds": Figure("until all routes are there", "s"),
    "routes_per_s": Figure("routes a second", "1/s", "high"),
    "up_s": Figure("until all VRFs are up", "s"),
    "first_s": Figure("until the first change is told", "s"),
    "cpu_us": Figure("CPU a route, user and kernel", "us"),
    "octets": Figure("memory a route (growth of RSS)", "octets"),
    "rss_mib": Figure("RSS", "MiB"),
    "peak_mib": Figure("largest RSS ever", "MiB"),
    "empty_mib": Figure("RSS, table empty again", "MiB"),
    "withdraw_s": Figure("all withdrawn by message, until gone", "s"),
    "again_s": Figure("announced again, until there", "s"),
    "flush_s": Figure("session lost, until all are gone", "s"),
    "session_s": Figure("session of the VTEP lost, until gone", "s"),
    "underlay_s": Figure("route to the VTEP lost, until gone", "s"),
    "restored_s": Figure("route to the VTEP back, until there", "s"),
    "probe_p50_ms": Figure("one change, one at a time, p50", "ms"),
    "probe_p99_ms": Figure("one change, one at a time, p99", "ms"),
    "probe_lost": Figure("changes not seen within 10 s", ""),
    "paced_p50_ms": Figure("one change at 1,000/s, p50", "ms"),
    "paced_p99_ms": Figure("one change at 1,000/s, p99", "ms"),
    "paced_cpu_pct": Figure("CPU at 1,000 changes/s", "%"),
    "paced_lost": Figure("at 1,000/s: changes not seen within 10 s", ""),
    "churn_per_s": Figure("churn, changes a second", "1/s", "high"),
    "churn_p50_ms": Figure("churn, from begin of round, p50", "ms"),
    "churn_p99_ms": Figure("churn, from begin of round, p99", "ms"),
    "session_up_s": Figure("from the new process to the session", "s"),
    "new_s": Figure("then until all wanted are there", "s"),
    "exact_s": Figure("then until exact: none too many", "s"),
    "min_present_pct": Figure("least of the unchanged present", "%", "high"),
    "processes": Figure("processes", "", ""),
    "idle_cpu_pct": Figure("CPU", "%"),
    "cpu_s": Figure("CPU until then", "s"),
    "growth_pct": Figure("memory, last round against an early one", "%"),
    "learn_s": Figure("all hosts at once, until the peer was told", "s"),
    "learn_per_s": Figure("hosts learned and told a second", "1/s", "high"),
    "learned_s": Figure("of it until the bridge had learned them", "s", ""),
    "learn_first_s": Figure("until the peer was told of the first", "s"),
    "learn_lost": Figure("hosts that the peer was never told of", ""),
    "learn_cpu_us": Figure("CPU a host, user and kernel", "us"),
    "learn_octets": Figure("memory a host (growth of RSS)", "octets"),
    "learn_rss_mib": Figure("RSS with all hosts", "MiB"),
    "host_p50_ms": Figure("one host at 100/s, frame to UPDATE, p50", "ms"),
    "host_p99_ms": Figure("one host at 100/s, frame to UPDATE, p99", "ms"),
    "host_inside_p99_ms": Figure("the same from the bridge's event, p99", "ms"),
    "host_lost": Figure("at 100/s: hosts that the peer was never told of", ""),
    "forgotten_s": Figure("port down, until all are withdrawn", "s"),
    "move_p50_ms": Figure("one move at 100/s, frame to UPDATE, p50", "ms"),
    "move_p99_ms": Figure("one move at 100/s, frame to UPDATE, p99", "ms"),
    "move_inside_p50_ms": Figure("the same from the bridge's event, p50", "ms"),
    "move_inside_p99_ms": Figure("the same from the bridge's event, p99", "ms"),
    "move_cpu_us": Figure("CPU a move", "us"),
    "move_lost": Figure("moves that the peer was never told of", ""),
    "last_to_first_pct": Figure("throughput, last against first", "%", "high"),
}
_PHASES = {"arrive": "routes arriving", "leave": "routes leaving", "reconcile": "restarted"}
_NOTICED = {"s": ("lasted", "s"), "keepalive_gap_s": ("longest gap between keepalives", "s"),
            "ask_p99_ms": ("answer of its command line tool, p99", "ms"),
            "change_p50_ms": ("change of another peer, p50", "ms"),
            "change_p99_ms": ("change of another peer, p99", "ms"),
            "change_lost": ("changes of another peer not seen in time", "")}
FIGURES |= {f"{phase}_{key}": Figure(f"{words}: {title}", unit)
            for phase, words in _PHASES.items() for key, (title, unit) in _NOTICED.items()}


@dataclass(frozen=True)
class Bar:
    """A bar: `case` is the begin of a case's name, the rest says what must hold.

    times   perd is so many times better than `other`
    share   perd is at least that share as fast as the other
    plus    at most what the other needs and so much more
    most    at most that; least: at least that
    """

    case: str
    figure: str
    kind: str
    must: Optional[float]
    aim: Optional[float]
    other: str = ""
    other_case: Optional[tuple] = None   # (this, that) in the name of the case to compare with

    def text(self, value):
        """must or aim as text."""
        if value is None:
            return "-"
        return {"times": f">= {value:g} x {self.other}", "plus": f"<= {self.other} + {value:g}",
                "share": f">= {value:.0%} of {self.other}", "most": f"<= {value:g}",
                "least": f">= {value:g}"}[self.kind]


# Ratios hold on any machine; the absolute ones were set for one core of a server of the 2020s.
BARS = (
    Bar("vrf-", "routes_per_s", "times", 8, 15, "frr"),
    Bar("vrf-", "routes_per_s", "share", 0.7, 0.9, "loader"),
    Bar("vrf-", "cpu_us", "times", 8, 15, "frr"),
    Bar("vrf-", "cpu_us", "plus", 1.5, 0.7, "loader"),
    Bar("vrf-", "octets", "most", 250, 100),
    Bar("vrf-", "paced_p50_ms", "most", None, 0.15),
    Bar("vrf-", "paced_p99_ms", "most", 2, 0.5),
    Bar("vrf-", "paced_cpu_pct", "most", 6, 3),
    Bar("vrf-", "withdraw_s", "times", 10, 18, "frr"),
    Bar("vrf-100k", "withdraw_s", "most", 0.4, 0.22),
    Bar("vrf-1M", "withdraw_s", "most", None, 2.3),
    Bar("vrf-100k", "flush_s", "most", 0.4, 0.22),
    Bar("relay-1", "routes_per_s", "times", 4, None, "frr"),
    Bar("relay-1", "routes_per_s", "times", None, 1, "bird", ("relay-", "relay-ipv4-")),
    Bar("relay-1", "cpu_us", "most", None, 0.75),
    Bar("relay-1", "octets", "most", 250, 100),
    Bar("relay-1", "paced_p50_ms", "most", None, 0.15),
    Bar("relay-1", "paced_p99_ms", "most", 2, 0.5),
    Bar("relay-1", "paced_cpu_pct", "most", 6, 3),
    Bar("relay-1", "churn_per_s", "times", 3, 6, "frr"),
    Bar("relay-1M", "churn_p99_ms", "most", 150, 72),
    Bar("idle", "rss_mib", "most", 10, 5),
    Bar("vtep-loss-100k", "underlay_s", "most", 0.2, 0.06),
    Bar("vtep-loss-100k", "session_s", "most", 0.4, 0.22),
    Bar("mac-", "routes_per_s", "times", 4, None, "frr"),
    Bar("mac-", "routes_per_s", "share", 0.75, 0.9, "loader"),
    Bar("mac-", "cpu_us", "plus", None, 1.5, "loader"),
    Bar("mac-", "octets", "most", 300, 150),
    Bar("mac-", "paced_p99_ms", "most", 2, 0.5),
    Bar("mac-", "withdraw_s", "times", 4, None, "frr"),
    Bar("mac-", "withdraw_s", "share", 0.75, 0.9, "loader"),
    Bar("vtep-loss-mac", "withdraw_s", "times", 4, None, "frr"),
    Bar("vtep-loss-mac", "withdraw_s", "share", 0.75, 0.9, "loader"),
    Bar("learn-", "learn_per_s", "times", 4, None, "frr"),
    Bar("learn-", "host_p99_ms", "most", 2, 0.5),
    Bar("move-", "move_inside_p99_ms", "most", 2, 0.5),
    Bar("move-", "move_p99_ms", "most", None, 2),
    Bar("restart-", "min_present_pct", "least", 100, 100),
    Bar("restart-100k", "exact_s", "most", 1.0, 0.4),
    Bar("reload", "growth_pct", "most", 1, 0),
    Bar("soak", "growth_pct", "most", 1, 0),
)


def median(samples, figure):
    """Median of a figure over the samples, or None."""
    values = [s[figure] for s in samples if s.get(figure) is not None]
    return statistics.median(values) if values else None


def spread(samples, figure):
    """(least, most) of a figure, or None."""
    values = [s[figure] for s in samples if s.get(figure) is not None]
    return (min(values), max(values)) if values else None


def times_better(figure, ours, theirs):
    """How many times better ours is than theirs; None where that says nothing."""
    better = FIGURES[figure].better
    if not ours or not theirs or not better or FIGURES[figure].unit in ("%", ""):
        return None
    return ours / theirs if better == "high" else theirs / ours


def clears(bar, value, ours, theirs):
    """Whether perd's figure clears the bar at a value of it (must or aim)."""
    if bar.kind == "most":
        return ours <= value
    if bar.kind == "least":
        return ours >= value
    if bar.kind == "plus":
        return ours <= theirs + value
    if bar.kind == "share":
        return times_better(bar.figure, ours, theirs) >= value
    return times_better(bar.figure, ours, theirs) >= value


def judge(bar, ours, theirs):
    """"aim", "met", "missed", or "-" where nothing can be said."""
    if ours is None or (bar.kind in ("times", "share", "plus") and not theirs):
        return "-"
    if bar.aim is not None and clears(bar, bar.aim, ours, theirs):
        return "aim met" if bar.must is None else "met, aim too"
    if bar.must is None:
        return "aim missed"
    return "met" if clears(bar, bar.must, ours, theirs) else "MISSED"


def verdicts(results):
    """A dict for each case and bar that goes with it."""
    by_name = {}
    for result in results:
        by_name.setdefault(result["case"].name, {}).update(result["samples"])
    rows = []
    for name, samples in by_name.items():
        for bar in BARS:
            if name.startswith(bar.case) and "perd" in samples:
                rows.append(_verdict(bar, name, samples, by_name))
    # Without a figure to compare with there is nothing to say.
    return [row for row in rows if row["verdict"] != "-"]


def _verdict(bar, name, samples, by_name):
    other = samples
    if bar.other_case is not None:
        other = by_name.get(name.replace(*bar.other_case), {})
    ours = median(samples["perd"], bar.figure)
    theirs = median(other.get(bar.other, []), bar.figure)
    ratio = None
    if bar.kind in ("share", "times"):
        ratio = times_better(bar.figure, ours, theirs)
    return {"case": name, "figure": bar.figure, "perd": ours, "other": bar.other,
            "other_value": theirs, "ratio": ratio, "must": bar.text(bar.must),
            "aim": bar.text(bar.aim), "verdict": judge(bar, ours, theirs)}
