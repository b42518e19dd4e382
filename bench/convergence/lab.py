"""The network of one run: the device under test and the tools, a veth between them.

dut   10.255.0.1/16 on dut0                     the device under test, pinned to one core
tool  10.255.1.N on tool0, one address a peer   the load tool, pinned to another
host  host0, the far end of the bridge port port0 in dut, where hosts would be (MAC-VRFs only)
The tunnel endpoints that the routes name (10.200.0.0/16) are reached through the tool.
"""

import os

from perdlab import netns

DUT, TOOL, HOST = "dut", "tool", "host"
LOCAL_PORT, HOST_LINK = "port0", "host0"
DUT_ADDRESS = "10.255.0.1"
DUT_AS = 65000
LOCAL_VTEP = "100.64.0.1"
VTEPS = "10.200.0.0/16"
FIRST_VNI, FIRST_TABLE = 100, 1100
SYSCTLS = {
    "net.ipv4.ip_forward": 1, "net.ipv6.conf.all.forwarding": 1,
    "net.ipv6.conf.default.accept_dad": 0,
    # A million IPv6 routes are more than the default allows.
    "net.ipv6.route.max_size": 2147483647,
}


def peer_address(number):
    """Address of the N-th peer, from 1."""
    return f"10.255.1.{number}"


def peer_as(number):
    """AS of the N-th peer: each its own."""
    return DUT_AS + number


def vtep_address(number):
    """Address of the N-th tunnel endpoint, from 0."""
    return f"10.200.{(number + 1) >> 8}.{(number + 1) & 255}"


def cores():
    """(core of the device under test, core of the tools); the same one where there is but one."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[-1]


class Lab:
    """Namespaces, links, addresses, routes; close() takes it all down."""

    def __init__(self, work):
        self.work = work
        self.dut_core, self.tool_core = cores()
        self._namespaces = []

    def build(self, peers, separate_vteps=0):
        """separate_vteps: that many host routes instead of one route to all tunnel endpoints."""
        for name in (DUT, TOOL):
            self.add_namespace(name)
        netns.add_link([(DUT, "dut0"), (TOOL, "tool0")])
        lines = [f"addr add {peer_address(n + 1)}/16 dev tool0" for n in range(peers)]
        self.batch(TOOL, lines)
        lines = [f"addr add {DUT_ADDRESS}/16 dev dut0", f"addr add {LOCAL_VTEP}/32 dev lo"]
        targets = [VTEPS]
        if separate_vteps:
            targets = [f"{vtep_address(n)}/32" for n in range(separate_vteps)]
        lines += [f"route add {target} via {peer_address(1)} dev dut0" for target in targets]
        self.batch(DUT, lines)

    def add_namespace(self, name):
        """A namespace that close() removes."""
        self._namespaces.append(name)
        netns.add_namespace(name, None)
        words = [f"{key}={value}" for key, value in SYSCTLS.items()]
        # Not every kernel has each of them in every namespace.
        netns.run(netns.exec_prefix(name) + ["sysctl", "-eqw", *words], check=False)

    @staticmethod
    def batch(namespace, lines, family="-4"):
        """Many ip commands in one process."""
        netns.run(["ip", family, "-n", namespace, "-batch", "-"], stdin="\n".join(lines) + "\n",
                  timeout=300)

    def add_l3vni(self, vni, namespace=DUT):
        """VXLAN and bridge of an L3VNI, as FRR wants them made; in another namespace if named."""
        netns.run(["ip", "-n", DUT, "link", "add", f"vni{vni}", "type", "vxlan", "id", str(vni),
                   "local", LOCAL_VTEP, "dstport", "4789", "nolearning"])
        if namespace != DUT:
            netns.run(["ip", "-n", DUT, "link", "set", f"vni{vni}", "netns", namespace])
        # The address is given so that the bridge does not change it when a port comes.
        self.batch(namespace, [
            f"link add br{vni} address 02:fe:00:00:{vni >> 8:02x}:{vni & 255:02x} type bridge",
            f"link set vni{vni} master br{vni} addrgenmode none",
            f"link set br{vni} up", f"link set vni{vni} up"])

    def add_l2vni(self, vni):
        """VXLAN and bridge of an L2VNI that is not routed, as FRR wants them made."""
        self.add_l3vni(vni)
        self.batch(DUT, [f"link set vni{vni} type bridge_slave neigh_suppress on learning off"])

    def add_local_port(self, bridge=None):
        """A veth to where hosts would be; a port of the bridge if one is named."""
        self.add_namespace(HOST)
        netns.add_link([(DUT, LOCAL_PORT), (HOST, HOST_LINK)])
        # Nothing but the frames of the load tool is to come from there.
        netns.run(["ip", "-n", HOST, "link", "set", HOST_LINK, "addrgenmode", "none"])
        if bridge:
            netns.run(["ip", "-n", DUT, "link", "set", LOCAL_PORT, "master", bridge])

    def set_local_port(self, state):
        """up or down"""
        netns.run(["ip", "-n", DUT, "link", "set", LOCAL_PORT, state])

    def add_mark_rules(self, tables):
        """Rules by which a look-up with mark k+1 reads the k-th table."""
        lines = [f"rule add fwmark {mark} lookup {table} pref 100"
                 for mark, table in enumerate(tables, 1)]
        for family in ("-4", "-6"):
            self.batch(DUT, lines, family)

    def close(self):
        """Ends what is left and removes the namespaces."""
        for name in reversed(self._namespaces):
            netns.delete_namespace(name)
        self._namespaces = []
