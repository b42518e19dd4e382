"""How each routing daemon is started in a node's namespace, and stopped again.

Each class has start(), stop(signal) and pids(). A daemon's files lie in the node's folder: its
configuration (a copy, so that a check may edit it), its log and its socket.
"""

import os
import shutil
import signal
import time

from . import netns

FRR_PARTS = ("zebra", "bgpd", "staticd")


class DaemonError(Exception):
    """A daemon did not come up; the message names it and where its log is."""


def wait_for(condition, what, within=30.0):
    """Polls until condition() is true."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise DaemonError(f"{what}: not after {within:.0f} s")
        time.sleep(0.05)


def read_pid(path):
    """The process id in a file, or None."""
    try:
        with open(path, encoding="ascii") as text:
            return int(text.read())
    except (FileNotFoundError, ValueError):
        return None


def spawn(namespace, command, log, pid_file, env=None):
    """Starts a command in the background, in a session of its own, with its output in a log."""
    script = f'setsid "$@" >>"{log}" 2>&1 </dev/null & echo $! >"{pid_file}"'
    words = ["env"] + [f"{key}={value}" for key, value in (env or {}).items()] + command
    netns.run(netns.exec_prefix(namespace) + ["sh", "-c", script, "sh"] + words)


class Frr:
    """zebra, bgpd and staticd of the packaged FRR, with a path space of their own."""

    def __init__(self, node, namespace, folder, programs):
        self.node, self.namespace, self.folder = node, namespace, folder
        self.bin = programs["frr"]
        self.etc = f"/etc/frr/{namespace}"
        self.var = f"/var/run/frr/{namespace}"

    def start(self):
        """Starts the daemons and loads the integrated configuration."""
        self._make_folders()
        for part in FRR_PARTS:
            self.start_part(part)
        self.load()

    def _make_folders(self):
        os.makedirs("/var/run/frr", exist_ok=True)
        os.makedirs(self.etc, exist_ok=True)
        os.makedirs(self.var, exist_ok=True)
        shutil.copy(self.node.config, f"{self.etc}/frr.conf")
        with open(f"{self.etc}/vtysh.conf", "w", encoding="ascii") as conf:
            conf.write("service integrated-vtysh-config\n")
        paths = ["/var/run/frr", self.etc, self.var]
        for path in paths + [f"{self.etc}/frr.conf", f"{self.etc}/vtysh.conf"]:
            shutil.chown(path, "frr", "frr")

    def start_part(self, part):
        """Starts one daemon and waits for its vty socket."""
        log = os.path.join(self.folder, f"{part}.log")
        with open(log, "a", encoding="ascii"):
            shutil.chown(log, "frr", "frr")
        netns.run(netns.exec_prefix(self.namespace) + [
            f"{self.bin}/{part}", "-d", "-N", self.namespace, "-P", "0", "--log", f"file:{log}"])
        vty = f"{self.var}/{part}.vty"
        wait_for(lambda: os.path.exists(vty), f"{self.node.name}: {part}'s socket")

    def load(self):
        """Feeds frr.conf to the daemons."""
        said = netns.run(["vtysh", "-N", self.namespace, "-b"], check=False)
        bad = [line for line in (said.stdout + said.stderr).splitlines()
               if "rror" in line or "nknown" in line or "%" in line]
        if said.returncode != 0 or bad:
            raise DaemonError(f"{self.node.name}: frr.conf refused: {said.stdout}{said.stderr}")

    def pids(self):
        """Ids of the daemons that should run."""
        found = [read_pid(f"{self.var}/{part}.pid") for part in FRR_PARTS]
        return [pid for pid in found if pid is not None and netns.alive(pid)]

    def stop(self, sig=signal.SIGTERM):
        """Ends bgpd first, so that it can still say good-bye."""
        for part in reversed(FRR_PARTS):
            pid = read_pid(f"{self.var}/{part}.pid")
            if pid is not None:
                netns.end_process(pid, sig)
            for suffix in ("pid", "vty"):
                path = f"{self.var}/{part}.{suffix}"
                if os.path.exists(path):
                    os.remove(path)

    def clean(self):
        """Removes what lies outside the node's folder."""
        shutil.rmtree(self.etc, ignore_errors=True)
        shutil.rmtree(self.var, ignore_errors=True)


class Single:
    """A daemon that is one process; subclasses say how it is called."""

    name = ""

    def __init__(self, node, namespace, folder, programs):
        self.node, self.namespace, self.folder = node, namespace, folder
        self.programs = programs
        self.pid_file = os.path.join(folder, f"{self.name}.pid")
        self.log = os.path.join(folder, f"{self.name}.log")
        self.config = os.path.join(folder, os.path.basename(node.config))
        if not os.path.exists(self.config):
            shutil.copy(node.config, self.config)

    def command(self):
        """The words that start the daemon in the foreground."""
        raise NotImplementedError

    def environment(self):
        """What the daemon finds in its environment."""
        return self.node.env

    def start(self):
        """Starts the process; fails if it is gone again at once."""
        spawn(self.namespace, self.command(), self.log, self.pid_file, self.environment())
        time.sleep(0.2)
        if not self.pids():
            raise DaemonError(f"{self.node.name}: {self.name} did not start:\n{self._last_words()}")

    def _last_words(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return "".join(log.readlines()[-15:])

    def pids(self):
        """The process id, while it lives."""
        pid = read_pid(self.pid_file)
        return [pid] if pid is not None and netns.alive(pid) else []

    def stop(self, sig=signal.SIGTERM):
        """Ends the process; an error if it had to be killed."""
        for pid in self.pids():
            if not netns.end_process(pid, sig) and sig == signal.SIGTERM:
                raise DaemonError(f"{self.node.name}: {self.name} ignored SIGTERM")

    def clean(self):
        """Nothing lies outside the node's folder."""


class Gobgpd(Single):
    """GoBGP's daemon; it has no part in the kernel."""

    name = "gobgpd"

    def command(self):
        return ["gobgpd", "-t", "yaml", "-f", self.config, "-p", "-l", "debug",
                "--pprof-disable", "--api-hosts", "127.0.0.1:50051"]


class Perd(Single):
    """perd itself. /run/perd is the node's own folder, so that each perd has its own socket."""

    name = "perd"

    def command(self):
        script = 'mount --bind "$0" /run/perd && exec "$@"'
        return ["sh", "-c", script, self.folder, self.programs["perd"], "-c", self.config]

    def environment(self):
        return {"PERD_SOCKET": "/run/perd/perd.sock", "PERD_NODE_NAME": self.node.name,
                **self.node.env}

    def start(self):
        os.makedirs("/run/perd", exist_ok=True)
        super().start()


CLASSES = {"frr": Frr, "gobgpd": Gobgpd, "perd": Perd}
