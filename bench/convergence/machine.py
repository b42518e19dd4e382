"""Where the programs are, and what machine and versions a result belongs to."""

import os
import platform
import shutil
import subprocess

FRR_FOLDER = "/usr/lib/frr"
BUILT = ("perd", "perctl", "loadgen")
PACKAGES = ("frr", "bird2", "gobgpd", "iproute2", "python3-matplotlib")


def _first(paths):
    return next((os.path.abspath(p) for p in paths if p and os.access(p, os.X_OK)), None)


def programs(root, options):
    """Paths by name; None for what is not there."""
    build = [os.path.join(root, "build", preset) for preset in ("bench", "release")]
    found = {name: _first([getattr(options, name)] if getattr(options, name) else
                          [os.environ.get(name.upper())] + [f"{b}/{name}" for b in build])
             for name in ("perd", "perctl")}
    found["loadgen"] = _first(
        [options.loadgen] if options.loadgen else
        [os.environ.get("LOADGEN")] + [f"{b}/{f}loadgen" for b in build
                                       for f in ("", "bench/convergence/",
                                                 "bench/bench/convergence/")])
    found["frr"] = FRR_FOLDER if os.access(f"{FRR_FOLDER}/bgpd", os.X_OK) else None
    for name in ("vtysh", "bird", "birdc", "gobgpd", "gobgp"):
        found[name] = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    return found


def keep(paths, folder):
    """Copies what was built here: a build that goes on meanwhile must not change what is run.

    Onto a disk, where the programs of the packages are too, so that memory counts alike.
    """
    for name in BUILT:
        paths[name] = shutil.copy(paths[name], os.path.join(folder, name))


def _output(words, **options):
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, **options)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as text:
        for line in text:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def facts(root, paths, mode):
    """What a reader of the result must know of where it comes from."""
    versions = {name: _output(["dpkg-query", "-W", "-f", "${Version}", name]) or "not installed"
                for name in PACKAGES}
    commit = _output(["git", "-c", f"safe.directory={root}", "describe", "--always", "--dirty"],
                     cwd=root)
    system = {}
    if os.path.exists("/etc/os-release"):
        with open("/etc/os-release", encoding="utf-8") as text:
            system = dict(line.rstrip().split("=", 1) for line in text if "=" in line)
    with open("/proc/loadavg", encoding="ascii") as text:
        load = text.read().split()[:3]
    return {"mode": mode, "commit": commit, "kernel": platform.release(),
            "system": system.get("PRETTY_NAME", "").strip('"'), "cpu": _cpu_model(),
            "cpus": os.cpu_count(), "load_average": load, "packages": versions,
            "perd": _output([paths["perd"], "--version"])}
