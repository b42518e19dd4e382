"""Network namespaces, veth links and processes in them: the netns backend's lowest layer."""

import os
import shlex
import signal
import subprocess
import time


class CommandFailed(Exception):
    """A command that had to work did not; the message holds the command and what it said."""


def run(argv, check=True, timeout=60, stdin=None):
    """Runs a command (list or shell-like string); returns the CompletedProcess, output as text."""
    if isinstance(argv, str):
        argv = shlex.split(argv)
    done = subprocess.run(argv, capture_output=True, text=True, timeout=timeout, input=stdin,
                          stdin=None if stdin is not None else subprocess.DEVNULL, check=False)
    if check and done.returncode != 0:
        raise CommandFailed(f"{shlex.join(argv)}: exit {done.returncode}\n"
                            f"{done.stdout}{done.stderr}".rstrip())
    return done


def host_has_vrf():
    """True when this kernel can make a VRF device; tried, not guessed."""
    return host_can("link add v type vrf table 10")


def host_has_vxlan():
    """True when this kernel has what layer 2 needs: VXLAN, a bridge, suppression."""
    return host_can("link add br0 type bridge", "link add vx0 type vxlan id 1 dstport 4789",
                    "link set vx0 master br0",
                    "link set vx0 type bridge_slave neigh_suppress on")


def host_can(*commands):
    """True when these ip commands work, one after the other, in a namespace."""
    name = f"ptry{os.getpid() % 100000}"
    if run(["ip", "netns", "add", name], check=False).returncode != 0:
        return False
    works = all(run(["ip", "-n", name, *command.split()], check=False).returncode == 0
                for command in commands)
    run(["ip", "netns", "del", name], check=False)
    return works


def exec_prefix(namespace):
    """The words that run a command in a namespace."""
    return ["ip", "netns", "exec", namespace]


def add_namespace(namespace, sysctls):
    """A namespace with lo up and the given sysctls."""
    run(["ip", "netns", "add", namespace])
    run(["ip", "-n", namespace, "link", "set", "lo", "up"])
    if sysctls:
        words = [f"{key}={value}" for key, value in sysctls.items()]
        run(exec_prefix(namespace) + ["sysctl", "-qw"] + words)


def add_link(ends, mtu=None):
    """A veth pair; ends are two (namespace, interface) pairs. Both ends are up afterwards."""
    (left_ns, left), (right_ns, right) = ends
    run(["ip", "link", "add", left, "netns", left_ns, "type", "veth",
         "peer", "name", right, "netns", right_ns])
    for namespace, name in ends:
        words = ["mtu", str(mtu)] if mtu else []
        run(["ip", "-n", namespace, "link", "set", name, *words, "up"])


def processes(namespace):
    """Ids of the processes whose network namespace this is."""
    listed = run(["ip", "netns", "pids", namespace], check=False).stdout
    return [int(word) for word in listed.split()]


def alive(pid):
    """True while the process runs; one that only waits to be reaped does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def end_process(pid, sig=signal.SIGTERM, grace_s=10.0):
    """Sends a signal and waits; after grace_s the process is killed. True if it went by itself."""
    if not send(pid, sig):
        return True
    deadline = time.monotonic() + grace_s
    while alive(pid):
        if time.monotonic() > deadline:
            send(pid, signal.SIGKILL)
            return False
        time.sleep(0.02)
    return True


def send(pid, sig):
    """Sends a signal; False when there is no such process any more."""
    try:
        os.kill(pid, sig)
    except ProcessLookupError:
        return False
    return True


def delete_namespace(namespace):
    """Ends what runs in the namespace, then removes it with its links."""
    for sig in (signal.SIGTERM, signal.SIGKILL):
        pids = processes(namespace)
        for pid in pids:
            send(pid, sig)
        deadline = time.monotonic() + 5
        while any(alive(pid) for pid in pids) and time.monotonic() < deadline:
            time.sleep(0.02)
    run(["ip", "netns", "del", namespace], check=False)
