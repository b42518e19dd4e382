"""The report of a run: text for the reader, JSON for programs, plots for the eye."""

import dataclasses
import json
import os

import plots
from figures import FIGURES, median, spread, times_better, verdicts

ORDER = ("perd", "frr", "bird", "gobgp", "loader", "tool")
EXPLANATION = """\
perd: the device this is about. frr: packaged FRR; with VRFs it is `zebra -n` (a VRF is a network
namespace), without a kernel it is bgpd alone. bird, gobgp: packaged. loader: the same routes put
into the kernel by nothing but batches (through a next-hop object; type 2 as entries), the ceiling
for that form. Every device is alone on one core, the load tool on another; medians of the runs,
(least..most) beside them where there was more than one. `x` is how many times better perd is than
the device.
Compare ratios of one run; times of different machines or days say little."""


def write(folder, facts, results, with_plots):
    """Writes convergence.{txt,json,svg,png} and prints the text."""
    # A thousand routes prove nothing: no verdicts on a smoke test.
    judged = verdicts(results) if with_plots else []
    text = "\n".join(_header(facts) + [EXPLANATION, ""] + _cases(results) + _bars(judged)
                     + _remarks(results)) + "\n"
    print(text)
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "convergence" if facts["mode"] != "smoke" else "convergence-smoke")
    with open(path + ".txt", "w", encoding="utf-8") as out:
        out.write(text)
    with open(path + ".json", "w", encoding="utf-8") as out:
        json.dump({"facts": facts, "cases": [_as_json(r) for r in results], "bars": judged}, out,
                  indent=1)
    print(f"written: {path}.txt, {path}.json")
    if with_plots:
        print(plots.draw(path, results))


def _header(facts):
    packages = ", ".join(f"{name} {version}" for name, version in facts["packages"].items())
    return [f"perd convergence benchmark ({facts['mode']})",
            f"{facts['perd']}, commit {facts['commit']}; {packages}",
            f"{facts['system']}, Linux {facts['kernel']}, {facts['cpus']} x {facts['cpu']}, "
            f"load average before the end {' '.join(facts['load_average'])}", ""]


def _cases(results):
    lines = []
    for result in results:
        lines += _case(result) + [""]
    return lines


def _case(result):
    """One case: a table of its figures, a column for each device."""
    case, samples = result["case"], result["samples"]
    duts = [name for name in ORDER if name in samples]
    figures = [f for f in FIGURES if any(f in s for d in duts for s in samples[d])]
    what = [f"{case.count:,} routes"] if case.count else []
    what += [case.family, case.shape] if case.count else []
    kinds = {"vrf": "VRF", "mac": "L2VNI"}
    what += [_many(case.vrfs, kinds[case.role])] if case.role in kinds else []
    what += [_many(case.peers, "peer")]
    lines = [f"== {case.name}: {case.about} ({', '.join(what)})"]
    header = ["quantity", "unit"]
    for dut in duts:
        header += [dut] + ([] if dut in ("perd", "tool") or "perd" not in duts else ["x"])
    table = [header] + [_row(figure, duts, samples) for figure in figures]
    lines += _aligned(table)
    lines += [f"   {dut}: FAILED: {text.splitlines()[0]}"
              for dut, texts in result["errors"].items() for text in texts]
    return lines


def _many(number, word):
    return f"{number} {word}" + ("" if number == 1 else "s")


def _row(figure, duts, samples):
    shown = FIGURES[figure]
    row = [shown.title, shown.unit]
    ours = median(samples.get("perd", []), figure)
    for dut in duts:
        value = median(samples[dut], figure)
        known = any(figure in s for s in samples[dut])
        row.append(_value(samples[dut], figure, value) if known else "")
        if dut not in ("perd", "tool") and "perd" in duts:
            ratio = times_better(figure, ours, value)
            row.append("" if ratio is None else f"{ratio:.3g}")
    return row


def _value(samples, figure, value):
    if value is None:
        return "never"
    text = _number(value)
    low, high = spread(samples, figure)
    return text if len(samples) == 1 else f"{text} ({_number(low)}..{_number(high)})"


def _number(value):
    """Three digits that count, without exponents."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) >= 100 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"


def _aligned(table):
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    return ["   " + "  ".join(cell.ljust(width) if i < 2 else cell.rjust(width)
                              for i, (cell, width) in enumerate(zip(row, widths))).rstrip()
            for row in table]


def _bars(judged):
    """The table of ratios and bars."""
    if not judged:
        return []
    table = [["case", "quantity", "perd", "against", "ratio", "must", "aim", "verdict"]]
    for row in judged:
        figure = FIGURES[row["figure"]]
        against = ""
        if row["other"]:
            against = row["other"] + (f" {_number(row['other_value'])}"
                                      if row["other_value"] is not None else " not measured")
        table.append([row["case"], figure.title, f"{_number(row['perd'])} {figure.unit}", against,
                      "" if row["ratio"] is None else f"{row['ratio']:.3g}",
                      row["must"], row["aim"], row["verdict"]])
    return ["== bars (must: what a release does not go below; aim: what is possible)"] + \
        _aligned(table) + [""]


def _remarks(results):
    """What was left out, so that nothing is missing silently."""
    skipped = sorted({f"{name} ({r['case'].name})" for r in results for name in r["skipped"]})
    failed = [f"{r['case'].name}: {dut}" for r in results for dut in r["errors"]]
    lines = []
    if skipped:
        lines.append("not installed or not able to: " + ", ".join(skipped))
    lines.append("failed: " + (", ".join(failed) if failed else "nothing"))
    return lines


def _as_json(result):
    case = dataclasses.asdict(result["case"])
    medians = {dut: {f: median(samples, f) for f in samples[0]}
               for dut, samples in result["samples"].items()}
    return {**case, "medians": medians, "samples": result["samples"],
            "errors": result["errors"], "skipped": result["skipped"]}
