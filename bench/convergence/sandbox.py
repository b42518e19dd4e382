"""A private world for a run: mount and process namespaces that take everything away with them.

The run forks into a new process namespace whose first process is the orchestrator: when that ends,
however it ends, the kernel ends every daemon it had started. The mounts below are private as well,
so that named network namespaces, FRR's folders and its crash logs collide with nobody's.
"""

import ctypes
import os
import signal
import sys
import time

from perdlab import netns

CLONE_NEWNS = 0x00020000
CLONE_NEWPID = 0x20000000
PR_SET_PDEATHSIG = 1
# What the packaged daemons and iproute2 write to, hidden below an empty file system each.
PRIVATE_FOLDERS = ("/run/netns", "/run/frr", "/etc/frr", "/var/tmp/frr")

# /proc as it is outside, below the work folder: kernel threads are to be seen only there.
ALL_PROCESSES = "all-processes"

_libc = ctypes.CDLL(None, use_errno=True)


class SandboxError(Exception):
    """The private namespaces could not be made."""


def run_inside(work, function):
    """Calls function() as the first process of a private world; returns its exit code."""
    if os.geteuid() != 0:
        raise SandboxError("network namespaces need root")
    _unshare(CLONE_NEWPID)
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os._exit(_inside(work, function))
    return _wait(child)


def _inside(work, function):
    """The child: mounts, then the function; every way out is an exit code."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    code = 1
    try:
        _unshare(CLONE_NEWNS)
        _mount_private(work)
        code = function()
    except KeyboardInterrupt:
        print("interrupted; everything it started is gone", file=sys.stderr)
        code = 130
    except Exception as error:  # pylint: disable=broad-except
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def _unshare(flags):
    if _libc.unshare(flags) != 0:
        raise SandboxError(f"unshare: {os.strerror(ctypes.get_errno())}")


def _interrupt(_number, _frame):
    # Once is enough: a second one must not interrupt the cleaning up.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


def _mount_private(work):
    """Private mounts; work becomes a memory file system that FRR's own user may enter."""
    netns.run(["mount", "--make-rprivate", "/"])
    for folder in PRIVATE_FOLDERS + (work,):
        os.makedirs(folder, exist_ok=True)
        netns.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", folder])
    os.mkdir(f"{work}/{ALL_PROCESSES}")
    netns.run(["mount", "--bind", "/proc", f"{work}/{ALL_PROCESSES}"])
    netns.run(["mount", "-t", "proc", "proc", "/proc"])


def wait_for_kernel(work, within=60.0):
    """Waits until the kernel has done away with deleted network namespaces.

    It does so later, in a thread of its own, and holds the lock that routes need: with a large
    table in them the next run would pay for it.
    """
    deadline = time.monotonic() + within
    quiet = 0
    while quiet < 3 and time.monotonic() < deadline:
        quiet = 0 if _cleaning(f"{work}/{ALL_PROCESSES}") else quiet + 1
        time.sleep(0.03)


def _cleaning(proc):
    """Whether a kernel worker is at it: `+` is before the name of what it does now."""
    for entry in os.listdir(proc):
        if not entry.isdigit():
            continue
        try:
            with open(f"{proc}/{entry}/comm", encoding="ascii", errors="replace") as name:
                if "+netns" in name.read():
                    return True
        except OSError:
            pass
    return False


def _wait(child):
    """Waits for the child; what interrupts us is passed on to it."""
    def pass_on(number, _frame):
        os.kill(child, number)
    signal.signal(signal.SIGTERM, pass_on)
    signal.signal(signal.SIGINT, pass_on)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 1
