"""A QEMU guest with a stock Debian kernel, for hosts whose kernel lacks VRF.

The guest sees the host's root file system read-only (virtiofs) below a tmpfs, so every program
that was built outside runs inside; what it writes is lost, except below /perd-share, which is a
folder of the host. It has no network card: the laboratory lives inside.
"""

import fcntl
import glob
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
FILES = os.path.join(HERE, "..", "..", "guest")
SHARE = "/perd-share"
ROOT_MODULES = ("virtio_pci", "virtiofs", "overlay")
LOCK = "/tmp/perd-guest.lock"


class GuestError(Exception):
    """The guest could not be started or did not answer; the message says what is missing."""


def newest_kernel():
    """(release, path) of the newest installed kernel whose modules are there too."""
    found = []
    for path in glob.glob("/boot/vmlinuz-*"):
        release = os.path.basename(path)[len("vmlinuz-"):]
        if os.path.isdir(f"/lib/modules/{release}"):
            numbers = [int(n) for n in re.findall(r"\d+", release)]
            found.append(("cloud" in release, numbers, release, path))
    if not found:
        raise GuestError("no kernel under /boot with its modules: install linux-image-cloud-amd64")
    _, _, release, path = max(found)
    return release, path


def module_files(release):
    """Module files that the root file system needs, in the order in which they must be loaded."""
    files = []
    for module in ROOT_MODULES:
        out = subprocess.run(["modprobe", "-S", release, "--show-depends", module],
                             capture_output=True, text=True, check=True).stdout
        for line in out.splitlines():
            words = line.split()
            if words and words[0] == "insmod" and words[1] not in files:
                files.append(words[1])
    return files


def unpack_module(source, target):
    """Copies a module, decompressed, since busybox insmod reads plain files only."""
    unpack = {".xz": ["xz", "-dc"], ".zst": ["zstd", "-dcq"], ".gz": ["gzip", "-dc"]}
    command = unpack.get(os.path.splitext(source)[1])
    if command is None:
        shutil.copy(source, target)
        return
    with open(target, "wb") as out:
        subprocess.run(command + [source], stdout=out, check=True)


def make_initramfs(folder, release):
    """Builds the initramfs (busybox, modules, init) and returns its path."""
    root = os.path.join(folder, "initramfs")
    for sub in ("bin", "modules"):
        os.makedirs(os.path.join(root, sub))
    shutil.copy("/bin/busybox", os.path.join(root, "bin/busybox"))
    shutil.copy(os.path.join(FILES, "initramfs-init"), os.path.join(root, "init"))
    os.chmod(os.path.join(root, "init"), 0o755)
    for number, source in enumerate(module_files(release)):
        name = os.path.basename(source).split(".ko")[0]
        unpack_module(source, os.path.join(root, "modules", f"{number:02}-{name}.ko"))
    names = subprocess.run(["find", "."], cwd=root, capture_output=True, check=True).stdout
    image = os.path.join(folder, "initramfs.cpio")
    with open(image, "wb") as out:
        subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], cwd=root, input=names,
                       stdout=out, check=True)
    return image


def virtiofsd_command(socket, source, cache):
    """Debian 12 has QEMU's virtiofsd; later releases the one written in Rust."""
    classic = "/usr/lib/qemu/virtiofsd"
    if os.path.exists(classic):
        return [classic, f"--socket-path={socket}", "-o", f"source={source}",
                "-o", f"cache={cache}", "-o", "sandbox=chroot"]
    newer = "/usr/libexec/virtiofsd"
    if os.path.exists(newer):
        cache = "never" if cache == "none" else cache
        return [newer, f"--socket-path={socket}", f"--shared-dir={source}", f"--cache={cache}",
                "--sandbox=chroot"]
    raise GuestError("virtiofsd is not installed (qemu-system-common, or virtiofsd)")


def missing_programs():
    """Programs that the guest needs and this host lacks."""
    names = ("qemu-system-x86_64", "modprobe", "cpio", "busybox")
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    return [name for name in names if not shutil.which(name, path=path)]


class Guest:
    """One boot of the guest for one command."""

    def __init__(self, share, memory_mib=3072, limit_s=900):
        self.share = os.path.abspath(share)
        self.memory_mib = memory_mib
        self.limit_s = limit_s
        self.children = []

    def run(self, argv, env=None):
        """Runs argv in the guest, streams its output, returns its exit status."""
        missing = missing_programs()
        if missing:
            raise GuestError("not installed: " + ", ".join(missing))
        os.makedirs(self.share, exist_ok=True)
        with open(LOCK, "w", encoding="ascii") as lock:
            self._wait_for_turn(lock)
            folder = tempfile.mkdtemp(prefix="perd-guest-")
            try:
                return self._boot(folder, argv, env or {})
            finally:
                self._end_children()
                shutil.rmtree(folder, ignore_errors=True)

    @staticmethod
    def _wait_for_turn(lock):
        """One guest at a time: two of them on a small machine only time each other out."""
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("guest: another one is running, waiting for it", file=sys.stderr, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)

    def _boot(self, folder, argv, env):
        release, kernel = newest_kernel()
        initramfs = make_initramfs(folder, release)
        self._write_job(argv, env)
        host = self._start_virtiofsd(folder, "hostroot", "/", "always")
        share = self._start_virtiofsd(folder, "share", self.share, "none")
        console = os.path.join(self.share, "console")
        qemu = self._spawn(self._qemu_command(kernel, initramfs, host, share, console), folder,
                           "qemu")
        status = self._follow(qemu)
        if status is None:
            raise GuestError(f"the guest ended without an answer; its last words:\n"
                             f"{tail(console)}{tail(os.path.join(folder, 'qemu.log'))}")
        return status

    def _write_job(self, argv, env):
        for name in ("log", "status", "console"):
            path = os.path.join(self.share, name)
            if os.path.exists(path):
                os.remove(path)
        stage2 = os.path.join(self.share, "stage2")
        shutil.copy(os.path.join(FILES, "stage2"), stage2)
        os.chmod(stage2, 0o755)
        lines = [f"export {key}={shlex.quote(value)}" for key, value in env.items()]
        lines.append(f"cd {shlex.quote(os.getcwd())}")
        lines.append("exec " + shlex.join(argv))
        with open(os.path.join(self.share, "job"), "w", encoding="utf-8") as job:
            job.write("\n".join(lines) + "\n")

    def _start_virtiofsd(self, folder, tag, source, cache):
        socket = os.path.join(folder, f"{tag}.sock")
        self._spawn(virtiofsd_command(socket, source, cache), folder, tag)
        deadline = time.monotonic() + 30
        while not os.path.exists(socket):
            if time.monotonic() > deadline or self.children[-1].poll() is not None:
                raise GuestError("virtiofsd did not start: "
                                 + tail(os.path.join(folder, f"{tag}.log")))
            time.sleep(0.05)
        return socket

    def _qemu_command(self, kernel, initramfs, host, share, console):
        size = f"{self.memory_mib}M"
        # It must not outlive this program, however that one ends.
        command = ["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64",
                   "-no-user-config", "-nodefaults", "-display", "none",
                   "-machine", "q35,memory-backend=ram", "-smp", "2", "-m", size,
                   "-object", f"memory-backend-memfd,id=ram,size={size},share=on",
                   "-serial", f"file:{console}", "-no-reboot",
                   "-kernel", kernel, "-initrd", initramfs,
                   "-append", "console=ttyS0 quiet panic=-1 mitigations=off nokaslr"]
        # A nested KVM is not to be trusted with a stock kernel, so it must be asked for.
        if os.environ.get("PERD_GUEST_ACCEL") == "kvm":
            command += ["-accel", "kvm", "-cpu", "host"]
        else:
            command += ["-accel", "tcg,thread=multi", "-cpu", "max"]
        for tag, socket in (("hostroot", host), ("share", share)):
            command += ["-chardev", f"socket,id={tag},path={socket}",
                        "-device", f"vhost-user-fs-pci,chardev={tag},tag={tag},queue-size=1024"]
        return command

    def _spawn(self, command, folder, name):
        with open(os.path.join(folder, f"{name}.log"), "wb") as log:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.children.append(child)
        return child

    def _follow(self, qemu):
        """Copies the job's output as it grows; returns its status, or None if there is none."""
        log_path, status_path = (os.path.join(self.share, n) for n in ("log", "status"))
        deadline = time.monotonic() + self.limit_s
        offset, gone = 0, False
        while True:
            done = os.path.exists(status_path)
            offset = copy_new(log_path, offset)
            if done:
                with open(status_path, encoding="ascii") as status:
                    return int(status.read())
            if gone:
                return None
            gone = qemu.poll() is not None
            if time.monotonic() > deadline:
                print(f"guest: stopped after {self.limit_s} s", file=sys.stderr, flush=True)
                return 124
            time.sleep(0.1)

    def _end_children(self):
        """QEMU, the last started, first; it needs a moment to power off by itself."""
        for child in reversed(self.children):
            try:
                child.wait(3)
            except subprocess.TimeoutExpired:
                child.terminate()
                try:
                    child.wait(5)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()
        self.children = []


def copy_new(path, offset):
    """Writes what a file holds beyond offset to standard output; returns the new offset."""
    try:
        with open(path, "rb") as log:
            log.seek(offset)
            data = log.read()
    except FileNotFoundError:
        return offset
    if data:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    return offset + len(data)


def tail(path, lines=15):
    """The last lines of a file, or nothing."""
    try:
        with open(path, encoding="utf-8", errors="replace") as text:
            return "".join(text.readlines()[-lines:])
    except FileNotFoundError:
        return ""
