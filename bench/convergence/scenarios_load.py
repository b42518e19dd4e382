"""Responsiveness: what others notice of a daemon while a large table comes, goes, is restored."""

import signal
import subprocess
import threading
import time

SAMPLE_EVERY_S = 0.05


class Asker:
    """Asks the daemon's own command line tool every 50 ms, in a thread; keeps how long it took."""

    def __init__(self, dut):
        self._words, self._stop = dut.ask(), threading.Event()
        self.seconds, self.failed = [], 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._stop.is_set():
            start = time.monotonic()
            done = subprocess.run(self._words, capture_output=True, check=False, timeout=60)
            took = time.monotonic() - start
            if done.returncode == 0:
                self.seconds.append(took)
            else:
                self.failed += 1
            self._stop.wait(max(0.0, SAMPLE_EVERY_S - took))

    def stop(self):
        """Ends it; p99 in milliseconds."""
        self._stop.set()
        self._thread.join(70)
        ordered = sorted(self.seconds)
        return 1000 * ordered[int(0.99 * (len(ordered) - 1) + 0.5)] if ordered else None


def responsive(rig):
    """Keepalives, answers and a second peer's single changes during arrival, leaving, restart."""
    source, second = rig.start()[:2]
    big = rig.routes()
    few = rig.routes("few", rig.case.option("few", 200), rig.case.count, as_number=65002,
                     shape="sets=10")
    start = rig.announce(second, few)
    rig.until_kernel(few, "present", start)
    figures = _phase(rig, "arrive", second, few, big,
                     lambda: rig.announce(source, big), "present")
    figures |= _phase(rig, "leave", second, few, big,
                      lambda: rig.withdraw(source, big), "absent")
    start = rig.announce(source, big)
    rig.until_kernel(big, "present", start)
    return figures | _reconcile(rig, few, big)


def _phase(rig, name, second, few, big, act, state):
    """One phase: act() starts it, the kernel's state ends it, the second peer is watched."""
    rig.tool.command("keepalives", second)
    asker = Asker(rig.dut)
    start = act()
    view = few[0].view
    answer = rig.tool.command("probe", second, few[0].name, rate=200, netns=view.namespace,
                              **view.place(), count=rig.case.option("changes", 100))
    seconds = rig.until_kernel(big, state, start)
    ask_ms = asker.stop()
    gap = rig.tool.command("keepalives", second)
    return {f"{name}_s": seconds, f"{name}_keepalive_gap_s": gap["longest_gap_s"],
            f"{name}_ask_p99_ms": ask_ms, f"{name}_change_p50_ms": answer["p50_ms"],
            f"{name}_change_p99_ms": answer["p99_ms"], f"{name}_change_lost": answer["lost"]}


def _reconcile(rig, few, big):
    """Killed and started again over the full table: what it is like while it catches up."""
    rig.dut.stop(signal.SIGKILL)
    rig.dut.start()
    source, second = rig.session(1, "a"), rig.session(2, "b")
    time.sleep(rig.dut.settle_s)
    return _phase(rig, "reconcile", second, few, big,
                  lambda: _both(rig, source, second, few, big), "present")


def _both(rig, source, second, few, big):
    """The second peer's few routes first, so that its changes are changes."""
    rig.announce(second, few, end_of_rib=True)
    return rig.announce(source, big, end_of_rib=True)
