"""Runs cases: the devices take turns, so that what disturbs the machine disturbs all of them."""

import sys
import time

import sandbox
from dut import Bird, Gobgp, Perd, installed
from dut_frr import Frr
from figures import FIGURES
from rig import Rig
from scenarios import function

DUTS = {"perd": Perd, "frr": Frr, "bird": Bird, "gobgp": Gobgp, "loader": None, "tool": None}
RUNS = 3


class Runner:
    """Runs each case on each of its devices, several times."""

    def __init__(self, programs, work, runs):
        self._programs, self._work, self._runs = programs, work, runs
        self._rigs = 0

    def run(self, cases):
        """A result for each case."""
        return [self.run_case(case) for case in cases]

    def run_case(self, case):
        """{case, samples: {device: [figures]}, errors: {device: [text]}, skipped}"""
        result = {"case": case, "samples": {}, "errors": {}, "skipped": []}
        duts = [name for name in case.duts if self._can(name, case, result)]
        runs = self._runs or case.runs or RUNS
        for turn in range(runs):
            for name in duts if turn == 0 else [d for d in duts if d not in case.once]:
                # What failed once is not tried again: it would only cost its time limits.
                if name not in result["errors"]:
                    self._run_once(case, name, f"{turn + 1}/{runs}", result)
        return result

    def _can(self, name, case, result):
        """Whether the device is installed and knows what the case wants."""
        dut = DUTS[name]
        if dut is None:
            return True
        if installed(self._programs, dut.programs) and dut.can(case.spec()):
            return True
        result["skipped"].append(name)
        return False

    def _run_once(self, case, name, turn, result):
        begun = time.monotonic()
        print(f"{case.name:28} {name:7} {turn:4} ", end="", flush=True)
        self._rigs += 1
        rig = Rig(case, DUTS[name], self._programs, self._work)
        try:
            rig.build()
            figures = function(case, name)(rig)
            result["samples"].setdefault(name, []).append(figures)
            print(f"{time.monotonic() - begun:6.1f} s  {_brief(figures)}", flush=True)
        except Exception as error:  # pylint: disable=broad-except
            # Whatever it was, the results of hours must not be lost with it.
            result["errors"].setdefault(name, []).append(f"{type(error).__name__}: {error}")
            print(f"FAILED: {error}", flush=True)
            self._show_logs(rig)
        finally:
            rig.close()
            sandbox.wait_for_kernel(self._work)

    @staticmethod
    def _show_logs(rig):
        """The last lines of each process, for whoever must find out why."""
        for process in rig.dut.processes if rig.dut else []:
            print(f"--- {process.name}\n{process.tail(8)}", file=sys.stderr)


def _brief(figures):
    """A few figures for the one who watches."""
    words = []
    for key, value in list(figures.items())[:4]:
        words.append(f"{key}={value:.4g}" if isinstance(value, (int, float)) else f"{key}={value}")
    return " ".join(words)


def incomplete(results):
    """What a smoke test objects to: figures that perd has not, or that nobody knows."""
    found = []
    for result in results:
        for dut, samples in result["samples"].items():
            for key, value in samples[0].items():
                lost = key.endswith("_lost") and value
                if key not in FIGURES or (dut == "perd" and (value is None or lost)):
                    found.append(f"{result['case'].name}: {dut}: {key} is {value}")
    return found


def exit_code(results, smoke=False):
    """0 when every case has figures of every device that could be asked."""
    objections = incomplete(results) if smoke else []
    for text in objections:
        print(text)
    return 1 if objections or any(result["errors"] for result in results) else 0
