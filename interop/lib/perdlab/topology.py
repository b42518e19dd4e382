"""Reads topology.clab.yml, containerlab's own format, as far as the laboratory uses it.

Labels that the runner understands (containerlab passes them through to the container):
  perd.daemon: frr | perd | gobgpd   what runs on the node; absent: a host without a daemon
  perd.deploy: check                 links, exec and daemon of this node are left to the check
  perd.kernel: plain                 (under defaults) the scenario needs no VRF device
"""

import os

import yaml

DAEMONS = ("frr", "perd", "gobgpd")
# Where the image of each daemon looks for its configuration: the target of the bind that names it.
CONFIG_TARGETS = {
    "frr": "/etc/frr/frr.conf",
    "perd": "/etc/perd/per.yaml",
    "gobgpd": "/etc/gobgp/gobgpd.yaml",
}
NODE_KEYS = {"kind", "image", "labels", "binds", "exec", "env", "sysctls", "network-mode",
             "cap-add", "privileged", "cmd", "entrypoint", "group"}


class TopologyError(Exception):
    """The topology file does not say what the laboratory can build."""


class Node:
    """One node: its daemon, its files and the commands that prepare it."""

    def __init__(self, name, spec, folder):
        unknown = set(spec) - NODE_KEYS
        if unknown:
            raise TopologyError(f"node {name}: not supported here: {', '.join(sorted(unknown))}")
        if spec.get("kind", "linux") != "linux":
            raise TopologyError(f"node {name}: kind {spec['kind']}, only linux is supported")
        self.name = name
        self.labels = spec.get("labels") or {}
        self.daemon = self.labels.get("perd.daemon")
        self.left_to_check = self.labels.get("perd.deploy") == "check"
        self.binds = dict(self._bind(name, bind, folder) for bind in spec.get("binds") or [])
        self.exec = [self._host_paths(line) for line in spec.get("exec") or []]
        self.env = {key: str(value) for key, value in (spec.get("env") or {}).items()}
        self.sysctls = {key: str(value) for key, value in (spec.get("sysctls") or {}).items()}
        if self.daemon is not None and self.daemon not in DAEMONS:
            raise TopologyError(f"node {name}: unknown perd.daemon {self.daemon}")

    @staticmethod
    def _bind(name, bind, folder):
        """'source:target[:ro]' as (target, absolute source)."""
        parts = bind.split(":")
        if len(parts) < 2:
            raise TopologyError(f"node {name}: bind without a target: {bind}")
        return parts[1], os.path.abspath(os.path.join(folder, parts[0]))

    def _host_paths(self, line):
        """An exec line, with the targets of binds replaced by the files themselves."""
        for target, source in sorted(self.binds.items(), reverse=True):
            line = line.replace(target, source)
        return line.replace("$$", "$")

    @property
    def config(self):
        """The daemon's configuration file on this machine."""
        target = CONFIG_TARGETS.get(self.daemon)
        if target is not None and target not in self.binds:
            raise TopologyError(f"node {self.name}: no bind for {target}")
        return self.binds.get(target)


class Link:
    """A veth pair between two nodes."""

    def __init__(self, spec):
        ends = [end.split(":") for end in spec.get("endpoints", [])]
        if len(ends) != 2 or any(len(end) != 2 for end in ends):
            raise TopologyError(f"link {spec}: brief form 'node:interface' expected, twice")
        self.ends = [tuple(end) for end in ends]
        self.mtu = spec.get("mtu")

    def touches(self, node):
        """True when one end is on the node of that name."""
        return any(name == node for name, _ in self.ends)


class Topology:
    """One scenario's nodes and links."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as text:
            document = yaml.safe_load(text)
        folder = os.path.dirname(os.path.abspath(path))
        body = document["topology"]
        shared = (body.get("kinds") or {}).get("linux") or {}
        self.name = document["name"]
        labels = (body.get("defaults") or {}).get("labels") or {}
        self.needs_vrf = labels.get("perd.kernel") != "plain"
        self.nodes = {}
        for name, spec in body["nodes"].items():
            self.nodes[name] = Node(name, {**shared, **(spec or {})}, folder)
        self.links = [Link(spec) for spec in body.get("links") or []]
        for link in self.links:
            for name, _ in link.ends:
                if name not in self.nodes:
                    raise TopologyError(f"link {link.ends}: no node {name}")
