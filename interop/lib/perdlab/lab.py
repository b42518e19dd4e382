"""A running laboratory: nodes as namespaces with their daemons, made from a topology."""

import json
import os
import secrets
import shlex
import shutil
import signal

from . import daemons, netns
from .topology import Topology

STATE = "lab.json"


class LabNode:
    """One node of the laboratory, as the runner and the checks handle it."""

    def __init__(self, spec, namespace, folder, programs):
        self.spec, self.name = spec, spec.name
        self.namespace, self.folder = namespace, folder
        self.programs = programs
        self.daemon = None
        if spec.daemon:
            os.makedirs(folder, exist_ok=True)
            self.daemon = daemons.CLASSES[spec.daemon](spec, namespace, folder, programs)

    def run(self, command, check=True, timeout=60, stdin=None):
        """Runs a command in the node; returns what it printed."""
        words = shlex.split(command) if isinstance(command, str) else list(command)
        done = netns.run(netns.exec_prefix(self.namespace) + words, check, timeout, stdin)
        return done.stdout if check else done.stdout + done.stderr

    def ok(self, command):
        """True when the command's exit status is 0."""
        words = netns.exec_prefix(self.namespace) + shlex.split(command)
        return netns.run(words, check=False).returncode == 0

    def json(self, command):
        """What a command prints, read as JSON; nothing printed is an empty list."""
        return json.loads(self.run(command) or "[]")

    def vtysh(self, *commands):
        """What FRR answers to one or several commands."""
        words = ["vtysh", "-N", self.namespace]
        for command in commands:
            words += ["-c", command]
        return netns.run(words).stdout

    def vtysh_json(self, command):
        """What FRR answers, read as JSON."""
        return json.loads(self.vtysh(f"{command} json") or "{}")

    def gobgp(self, command):
        """What gobgp answers."""
        return self.run("gobgp " + command)

    def perctl(self, command, check=True):
        """What perctl answers (see per-yaml's list of commands)."""
        socket = os.path.join(self.folder, "perd.sock")
        words = ["env", f"PERD_SOCKET={socket}", self.programs["perctl"], *shlex.split(command)]
        done = netns.run(words, check)
        return done.stdout if check else done.stdout + done.stderr

    def prepare(self):
        """Runs the exec lines of the topology."""
        for line in self.spec.exec:
            self.run(line)

    def start(self):
        """Starts the node's daemon, if it has one."""
        if self.daemon:
            self.daemon.start()

    def stop(self, sig=signal.SIGTERM):
        """Stops the node's daemon."""
        if self.daemon:
            self.daemon.stop(sig)

    def log_path(self):
        """Where the daemon logs."""
        return getattr(self.daemon, "log", os.path.join(self.folder, "bgpd.log"))


class Lab:
    """All nodes of one scenario under one unique prefix."""

    def __init__(self, scenario, folder, programs, prefix=None, stand_in=None):
        self.scenario, self.folder, self.programs = scenario, folder, programs
        self.prefix = prefix or "p" + secrets.token_hex(2)
        self.stand_in = stand_in
        self.topology = Topology(os.path.join(scenario, "topology.clab.yml"))
        if stand_in:
            self._replace_perd()
        self.nodes = {
            name: LabNode(spec, f"{self.prefix}-{name.lower()}", os.path.join(folder, name),
                          programs)
            for name, spec in self.topology.nodes.items()}

    @classmethod
    def attach(cls):
        """The laboratory that a check runs in."""
        folder = os.environ["PERD_LAB"]
        with open(os.path.join(folder, STATE), encoding="utf-8") as text:
            state = json.load(text)
        return cls(state["scenario"], folder, state["programs"], state["prefix"],
                   state["stand_in"])

    def _replace_perd(self):
        """FRR in place of perd: the scenario shows then what the reference does."""
        for spec in self.topology.nodes.values():
            if spec.daemon == "perd":
                spec.daemon = self.stand_in
                spec.binds["/etc/frr/frr.conf"] = self._stand_in_file("frr-standin.conf")
                spec.exec.append("bash " + self._stand_in_file("standin-setup.sh"))

    def _stand_in_file(self, name):
        """A file of this scenario, or else S01's, whose leaf most scenarios share."""
        own = os.path.join(self.scenario, name)
        shared = os.path.join(os.path.dirname(self.scenario), "01-l3-leaf", name)
        return own if os.path.exists(own) else shared

    def file(self, name):
        """A file of the scenario's folder, or by a path from there."""
        return os.path.abspath(os.path.join(self.scenario, name))

    def build(self):
        """Makes namespaces and links, prepares the nodes, starts the daemons."""
        os.makedirs(self.folder, exist_ok=True)
        # FRR drops its rights before it opens its log.
        os.chmod(self.folder, 0o755)
        self._save()
        for node in self.nodes.values():
            netns.add_namespace(node.namespace, node.spec.sysctls)
        for link in self.topology.links:
            if not any(self.nodes[name].spec.left_to_check for name, _ in link.ends):
                self.connect(link)
        ready = [node for node in self.nodes.values() if not node.spec.left_to_check]
        for node in ready:
            node.prepare()
        for node in ready:
            node.start()

    def connect(self, link):
        """Makes one link of the topology."""
        ends = [(self.nodes[name].namespace, interface) for name, interface in link.ends]
        netns.add_link(ends, link.mtu)

    def connect_node(self, name, interface=None):
        """Makes the links of a node that the topology leaves to the check (or one of them)."""
        for link in self.topology.links:
            if link.touches(name) and (interface is None or (name, interface) in link.ends):
                self.connect(link)

    def _save(self):
        state = {"scenario": self.scenario, "prefix": self.prefix, "programs": self.programs,
                 "stand_in": self.stand_in}
        with open(os.path.join(self.folder, STATE), "w", encoding="utf-8") as text:
            json.dump(state, text)

    def destroy(self):
        """Ends every daemon and removes every namespace of this laboratory."""
        for node in self.nodes.values():
            try:
                node.stop()
            except daemons.DaemonError as error:
                print(f"  note: {error}")
        for node in self.nodes.values():
            netns.delete_namespace(node.namespace)
            if node.daemon:
                node.daemon.clean()

    def copy_results(self, target):
        """Keeps logs and configurations where they outlast the laboratory."""
        shutil.copytree(self.folder, target, dirs_exist_ok=True,
                        ignore=shutil.ignore_patterns("*.sock", "*.pid"))
