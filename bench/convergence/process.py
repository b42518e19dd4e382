"""One process of a run: pinned to a core, in a namespace, with its figures read from /proc."""

import os
import signal
import subprocess
import time

from perdlab import netns


class ProcessFailed(Exception):
    """A process that had to run does not; the message holds its last words."""


class Process:
    """A child of the run. It is started in a session of its own: Ctrl-C is for the run alone."""

    def __init__(self, name, namespace, core, command, log, prelude="", pipes=False):
        """prelude: shell lines to run before the command, in its private mount namespace."""
        self.name, self.log = name, log
        words = ["taskset", "-c", str(core), *netns.exec_prefix(namespace)]
        if prelude:
            words += ["sh", "-ec", f'{prelude}\nexec "$@"', "sh"]
        with open(log, "ab") as out:
            self.child = subprocess.Popen(  # pylint: disable=consider-using-with
                words + command, start_new_session=True,
                stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
                stdout=subprocess.PIPE if pipes else out, stderr=out)

    @property
    def pid(self):
        """The id; taskset, ip and sh have each made way for the next by exec."""
        return self.child.pid

    def alive(self):
        """True while it runs; one that ended is reaped."""
        return self.child.poll() is None

    def check(self):
        """An error with the last lines of the log when it no longer runs."""
        if not self.alive():
            raise ProcessFailed(f"{self.name} ended ({self.child.returncode}):\n{self.tail()}")

    def tail(self, lines=15):
        """The end of its log."""
        with open(self.log, encoding="utf-8", errors="replace") as text:
            return "".join(text.readlines()[-lines:])

    def stop(self, sig=signal.SIGTERM, grace_s=20.0):
        """Sends the signal and waits; after grace_s it is killed. True if it went by itself."""
        if not self.alive():
            return True
        self.child.send_signal(sig)
        try:
            self.child.wait(grace_s)
            return True
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            return False

    def memory_kib(self, key):
        """VmRSS or VmHWM."""
        with open(f"/proc/{self.pid}/status", encoding="ascii", errors="replace") as status:
            for line in status:
                if line.startswith(key + ":"):
                    return int(line.split()[1])
        return 0

    def cpu_seconds(self):
        """CPU time of every thread, user and kernel."""
        total = 0
        for task in os.listdir(f"/proc/{self.pid}/task"):
            total += _task_seconds(f"/proc/{self.pid}/task/{task}")
        return total


def _task_seconds(folder):
    """schedstat counts nanoseconds; stat, where there is no schedstat, only clock ticks."""
    try:
        with open(f"{folder}/schedstat", encoding="ascii") as text:
            return int(text.read().split()[0]) / 1e9
    except FileNotFoundError:
        with open(f"{folder}/stat", encoding="ascii", errors="replace") as text:
            fields = text.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_until(condition, what, within=30.0, check=None, every=0.02):
    """Polls until condition() is true; check() may raise sooner. Returns the seconds it took."""
    start = time.monotonic()
    while not condition():
        if check is not None:
            check()
        if time.monotonic() - start > within:
            raise ProcessFailed(f"{what}: not after {within:.0f} s")
        time.sleep(every)
    return time.monotonic() - start
