# SPDX-License-Identifier: GPL-2.0-only
"""Boot real kernels with real devices, and talk to them.

    with Guest(kernel_for("arm64", "pfn_track"), cmdline="pfn_track=report") as guest:
        print(guest.run("uname -r").out)
        holder = guest.hold(f"{guest.device(0)}/resource2", 0, 0x1000)

A boot counts only with its final status line. A guest that goes without it is
lost, and what the kernel said on the console before that is in the error.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import cpio
import programs
import splat

REPO = programs.REPO
LOGS = programs.BUILD / "lab"
# Seconds for what takes less than one on an idle machine.
PATIENCE = 120


class LabError(Exception):
    """The lab could not do what it was asked."""


class LostGuest(LabError):
    """The guest went without its final status line."""


class KernelSplat(LabError):
    """The kernel complained on its console."""


class GuestTimeout(LabError):
    """The guest did not answer in time."""


@dataclass(frozen=True)
class Arch:
    """How one architecture is emulated."""

    name: str
    qemu: str
    machine: tuple[str, ...]
    console: str
    early: str
    host: str
    cross: str
    devices: tuple[str, ...] = ()
    # No busybox and no pfntrack: only the agent and static programs of ours.
    slim: bool = False
    # What the guest's port hangs on.
    port: str = "virtio-serial-pci,addr=0x3"
    # Where RAM begins, how much of it is usual, and on how many CPUs.
    ram: int = 0
    memory: int = 512
    cpus: int = 2
    # For make matrix: MiB that mem= leaves, and an address beyond; 0 is 7/8, and 15/16.
    shown: int = 0
    hidden: int = 0
    # The firmware writes to the console before there is a kernel.
    preface: bool = False
    # For the compiler of the guest's programs.
    flags: tuple[str, ...] = ()
    # For programs that count: a counter of 1 GHz, and no surprises.
    counted: tuple[str, ...] = ()
    # The kernel changes code that other CPUs execute by a breakpoint. QEMU with a thread
    # for each CPU sometimes runs the breakpoint after it is gone: "Oops: int3".
    breakpoints: bool = False

    @property
    def compiler_prefix(self) -> str:
        """Of the compiler for the guest's programs; empty if it is the host's."""
        return "" if os.uname().machine == self.host else self.cross


ARCHES = {
    "x86_64": Arch(
        "x86_64", "qemu-system-x86_64", ("-M", "q35", "-cpu", "max"), "ttyS0",
        # On a busy host the timer's interrupts come later than Linux waits for them
        # when it tries the IO-APIC, and it panics.
        "earlyprintk=serial,ttyS0,115200 no_timer_check", "x86_64", "x86_64-linux-gnu-",
        # SeaBIOS puts 64-bit BARs above 4 GiB only if they do not all fit
        # below, where MTRRs would forbid write-back. This device has a BAR
        # too large for the hole, and nothing behind it that costs memory.
        ("pci-testdev,membar=4G,addr=0x1e",),
        # With -icount each byte of a rep stosb is an instruction.
        counted=("-cpu", "max,erms=off,fsrm=off"), breakpoints=True),
    "arm64": Arch(
        "arm64", "qemu-system-aarch64", ("-M", "virt", "-cpu", "max,pauth-impdef=on"), "ttyAMA0",
        "earlycon=pl011,0x9000000", "aarch64", "aarch64-linux-gnu-",
        counted=("-cpu", "max,pauth-impdef=on,cntfrq=1000000000"), ram=0x40000000),
    # Those below are for make matrix.
    "i386": Arch(
        "i386", "qemu-system-x86_64", ("-M", "q35", "-cpu", "max,lm=off"), "ttyS0",
        "earlyprintk=serial,ttyS0,115200 no_timer_check", "x86_64", "x86_64-linux-gnu-",
        # Headers of the kernel: gcc-multilib would say where they are, but cannot be
        # installed together with compilers for other architectures.
        slim=True, flags=("-m32", "-idirafter", "/usr/include/x86_64-linux-gnu"),
        # 896 MiB are in the linear map. 2 GiB lie below the hole for PCI, 2 GiB behind it
        # from 4 GiB on, of which mem= leaves the first 512 MiB.
        memory=4096, shown=4096 + 512, hidden=0x140000000, breakpoints=True),
    "arm64_64k": Arch(
        "arm64_64k", "qemu-system-aarch64", ("-M", "virt", "-cpu", "max,pauth-impdef=on"),
        "ttyAMA0", "earlycon=pl011,0x9000000", "aarch64", "aarch64-linux-gnu-", slim=True,
        ram=0x40000000),
    "riscv64": Arch(
        "riscv64", "qemu-system-riscv64", ("-M", "virt", "-cpu", "rv64,svpbmt=true"), "ttyS0",
        # The device tree lies at the end of RAM, or below 3 GiB; mem= must not hide it.
        "earlycon riscv_isa_fallback", "riscv64", "riscv64-linux-gnu-", slim=True, ram=0x80000000, memory=1280,
        preface=True),
    "ppc64le": Arch(
        "ppc64le", "qemu-system-ppc64", ("-M", "pseries", "-cpu", "power9"), "hvc0", "",
        "ppc64le", "powerpc64le-linux-gnu-", slim=True),
    "s390x": Arch(
        "s390x", "qemu-system-s390x", ("-M", "s390-ccw-virtio", "-cpu", "max"), "ttysclp0", "",
        "s390x", "s390x-linux-gnu-", slim=True, port="virtio-serial-ccw"),
    "arm": Arch(
        "arm", "qemu-system-arm", ("-M", "virt", "-cpu", "cortex-a15"), "ttyAMA0",
        "earlycon=pl011,0x9000000", "armv7l", "arm-linux-gnueabihf-", slim=True,
        ram=0x40000000),
    "arm_classic": Arch(
        "arm_classic", "qemu-system-arm", ("-M", "virt,highmem=off", "-cpu", "cortex-a15"),
        "ttyAMA0", "earlycon=pl011,0x9000000", "armv7l", "arm-linux-gnueabihf-", slim=True,
        ram=0x40000000),
    "mips64el": Arch(
        "mips64el", "qemu-system-mips64el", ("-M", "malta", "-cpu", "MIPS64R2-generic"), "ttyS0",
        # QEMU's processor would have all memory uncached.
        "cca=3", "mips64", "mips64el-linux-gnuabi64-", slim=True,
        port="virtio-serial-pci,addr=0x12", cpus=1,
        # The first half, with the initramfs at its end, lies at 0, the other one there.
        shown=256, hidden=0x90000000),
    "parisc": Arch(
        "parisc", "qemu-system-hppa", (), "ttyS0",
        # The initramfs lies at the end of memory, beyond what mem= leaves.
        "retain_initrd", "parisc", "hppa-linux-gnu-", slim=True,
        port="virtio-serial-pci", memory=256, cpus=1),
}


def shell_arch(name: str, script: str) -> str:
    """@name, if its guests have a shell; else the end of @script, with a list of those."""
    names = [known for known, arch in ARCHES.items() if not arch.slim]
    if name not in names:
        print(f"{script}: unknown architecture '{name}': one of {', '.join(names)}",
              file=sys.stderr)
        sys.exit(2)
    return name


@dataclass(frozen=True)
class Kernel:
    """A kernel image and the modules built with it."""

    arch: Arch
    flavour: str
    image: Path

    @property
    def modules(self) -> list[Path]:
        """The loadable modules beside the image."""
        return sorted((self.image.parent / "modules").glob("*.ko"))


@dataclass(frozen=True)
class Ivshmem:
    """A PCI device whose BAR 2 is plain memory: 64-bit, prefetchable."""

    slot: int
    mib: int

    @property
    def bdf(self) -> str:
        """Its address on the bus."""
        return f"0000:00:{self.slot:02x}.0"


DEVICES = (Ivshmem(4, 8), Ivshmem(5, 1))


def no_map(start: int, size: int) -> tuple[tuple[str, ...], ...]:
    """Changes to a device tree: a carve-out of RAM that the linear map leaves out."""
    def cells(number: int) -> tuple[str, str]:
        return f"{number >> 32:#x}", f"{number & 0xffffffff:#x}"

    top, node = "/reserved-memory", f"/reserved-memory/lab@{start:x}"
    return (("-c", top), ("-tx", top, "#address-cells", "2"), ("-tx", top, "#size-cells", "2"),
            ("-ts", top, "ranges"), ("-c", node), ("-ts", node, "no-map"),
            ("-tx", node, "reg", *cells(start), *cells(size)))


@dataclass(frozen=True)
class Result:
    """How a command in the guest ended."""

    rc: int
    out: str
    err: str

    def ok(self) -> str:
        """Standard output, if the command succeeded; an error if not."""
        if self.rc:
            raise LabError(f"exit status {self.rc}: {self.err or self.out}")
        return self.out


@dataclass
class _Job:
    """What the guest has said about one program."""

    out: bytearray = field(default_factory=bytearray)
    err: bytearray = field(default_factory=bytearray)
    pid: int | None = None
    rc: int | None = None


def parse_answer(line: str) -> tuple[str, int, str]:
    """Word, job and rest of one line from the guest's agent."""
    word, _, rest = line.partition(" ")
    if word in ("hello", "final", "settled", "bad"):
        return word, 0, rest
    number, _, rest = rest.partition(" ")
    if word not in ("pid", "out", "err", "rc") or not number.isdigit():
        raise LabError(f"not a line of the guest's agent: {line[:80]!r}")
    return word, int(number), rest


def parse_pairs(line: str) -> dict[str, str]:
    """The words of a line like "mapped va=0x1000 pid=7"; the first is "did"."""
    words = line.split()
    pairs = dict(word.split("=", 1) for word in words if "=" in word)
    pairs["did"] = " ".join(word for word in words if "=" not in word)
    return pairs


# Stock kernels of Debian. The newest 7.x may be another one tomorrow: for "make lab" alone.
DEBIAN = ("debian-6.1", "debian-6.12",
          *(("debian-7",) if os.environ.get("PFNTRACK_DRIVERS") == "1" else ()))


def flavour_for(flavour: str) -> str:
    """What to build and boot where a test asks for the patched kernel: PFNTRACK_FLAVOUR."""
    return os.environ.get("PFNTRACK_FLAVOUR") or flavour if flavour == "pfn_track" else flavour


def kernel_for(arch: str, flavour: str) -> Kernel:
    """A kernel, built if need be. PFNTRACK_KERNEL_ARCH_FLAVOUR names another image.

    "debian-6.1", "debian-6.12" and "debian-7" of x86_64 are Debian's own, see
    scripts/kernel/debian.py.
    """
    chosen = os.environ.get(f"PFNTRACK_KERNEL_{arch}_{flavour}")
    if not chosen:
        command = ["build.py", arch, flavour]
        if flavour.startswith("debian-") and arch == "x86_64":
            command = ["debian.py", flavour]
        done = subprocess.run(["/usr/bin/python3", "-B", REPO / "scripts" / "kernel" / command[0],
                               *command[1:]], stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise LabError(f"no kernel for {arch} {flavour}")
        chosen = done.stdout.strip()
    return Kernel(ARCHES[arch], flavour, Path(chosen))


def module_for(arch: str, flavour: str, name: str) -> Path:
    """A module of tests/qemu/NAME for such a kernel, built if need be."""
    done = subprocess.run(["/usr/bin/python3", "-B", REPO / "scripts" / "kernel" / "module.py", arch,
                           flavour, REPO / "tests" / "qemu" / name],
                          stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise LabError(f"no module {name} for {arch} {flavour}")
    return Path(done.stdout.strip())


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(os.environ.get("PFNTRACK_CACHE") or f"{base}/pfntrack").absolute()


def _probe_boot(kernel: Kernel, accelerator: str) -> bool:
    """Whether a kernel gets as far as a panic for want of an init."""
    command = [kernel.arch.qemu, *kernel.arch.machine, "-accel", accelerator, "-m", "256",
               "-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio",
               "-kernel", str(kernel.image), "-append", f"console={kernel.arch.console} panic=-1"]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=15,
                              check=False)
    except subprocess.TimeoutExpired:
        return False
    return b"Linux version" in done.stdout


def accelerator_for(kernel: Kernel) -> str:
    """kvm if a guest really runs under it, else tcg; found out once per host boot.

    That /dev/kvm opens says nothing: on some machines the guest then hangs.
    """
    if chosen := os.environ.get("PFNTRACK_ACCEL"):
        return chosen
    if os.uname().machine != kernel.arch.host or not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg"
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    note = _cache() / "probe" / f"{kernel.arch.name}.json"
    with contextlib.suppress(OSError, ValueError, KeyError):
        known = json.loads(note.read_text(encoding="ascii"))
        if known["boot"] == boot:
            return str(known["accelerator"])
    found = "kvm" if _probe_boot(kernel, "kvm") else "tcg"
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps({"boot": boot, "accelerator": found}), encoding="ascii")
    return found


def _parisc_firmware() -> Path:
    """QEMU's own, but with the cache lines that it has in its tables.

    As there are no caches behind it, it tells of strides of 32 KiB, for flushing
    to be fast; Linux aligns small objects to that since 6.11, and falls over.
    """
    told, meant = bytes.fromhex("d6761f1c"), bytes.fromhex("d6621f1c")
    content = Path("/usr/share/qemu/hppa-firmware.img").read_bytes()
    if content.count(told) not in (0, 2):
        raise LabError("QEMU's firmware for PA-RISC is one that the lab does not know")
    target = programs.BUILD / "guest" / "parisc" / "firmware.img"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content.replace(told, meant))
    return target


def option(path: Path) -> str:
    """A path as a part of an option of QEMU, where a comma ends it."""
    return str(path).replace(",", ",,")


def short_folder() -> str:
    """Where a folder with a socket in it can lie: the path of a socket has at most 107 bytes."""
    folder = tempfile.gettempdir()
    return folder if len(os.fsencode(folder)) <= 80 else "/tmp"


def _die_with_parent() -> None:
    """In the child: no QEMU outlives the run, even one that was killed."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, int(signal.SIGKILL))


def initramfs(kernel: Kernel, modules: tuple[Path, ...] = (),
              extra: tuple[str, ...] = (), files: dict[str, Path] | None = None) -> bytes:
    """busybox, the agent, the workload, pfntrack, the kernel's modules and others."""
    arch, cross, flags = kernel.arch.name, kernel.arch.compiler_prefix, kernel.arch.flags
    archive = cpio.Archive()
    for folder in ("proc", "sys", "dev", "tmp", "bin", "sbin", "lib64", "lib/modules"):
        archive.folder(folder)
    archive.file("init", programs.program("agent", arch, cross, flags))
    for module in (*kernel.modules, *modules):
        archive.file(f"lib/modules/{module.name}", module, 0o644)
    if (boot := kernel.image.parent / "modules" / "boot").exists():
        archive.file("lib/modules/boot", boot, 0o644)
    if kernel.arch.slim:
        for name in ("pfnhold", "tool", *extra):
            archive.file(f"bin/{name}", programs.program(name, arch, cross, flags))
        return archive.content()
    for name in ("pfnhold", "bench", "flood", "unroot", *extra):
        archive.file(f"bin/{name}", programs.program(name, arch, cross))
    command = programs.pfntrack(arch, cross)
    archive.file("bin/pfntrack", command)
    for place, file in programs.libraries(command, cross).items():
        archive.file(place, file)
    archive.file("bin/busybox", programs.busybox(cross))
    for name in programs.applets():
        archive.link(f"bin/{name}", "busybox")
    for place, file in (files or {}).items():
        archive.file(place, file)
    return archive.content()


class Process:
    """A program that runs in the guest beside others."""

    def __init__(self, guest: Guest, number: int) -> None:
        self._guest = guest
        self._number = number
        self._read = 0

    @property
    def number(self) -> int:
        """Which order of the guest's it is."""
        return self._number

    @property
    def _job(self) -> _Job:
        return self._guest.jobs[self._number]

    @property
    def pid(self) -> int:
        """Its pid in the guest."""
        self._guest.pump(lambda: self._job.pid is not None, PATIENCE, "a pid")
        return self._job.pid or 0

    @property
    def running(self) -> bool:
        """Whether it has not ended, as far as the guest has said."""
        return self._job.rc is None

    def line(self, timeout: float = PATIENCE) -> str:
        """The next line of its standard output."""
        def there() -> bool:
            return b"\n" in self._job.out[self._read:] or self._job.rc is not None

        self._guest.pump(there, timeout, "a line")
        text, newline, _ = self._job.out[self._read:].partition(b"\n")
        if not newline:
            raise LabError(f"the program ended with status {self._job.rc} instead of a line: "
                           f"{self._job.err.decode(errors='replace')}")
        self._read += len(text) + 1
        return text.decode(errors="replace")

    def send(self, text: str) -> None:
        """To its standard input."""
        self._guest.order(f"in {self._number} {base64.b64encode(text.encode()).decode()}")

    def close_input(self) -> None:
        """End of its standard input."""
        self._guest.order(f"eof {self._number}")

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to it and its children; does not wait."""
        self._guest.order(f"kill {self._number} {int(number)}")

    def wait(self, timeout: float = PATIENCE) -> Result:
        """Its end."""
        self._guest.pump(lambda: self._job.rc is not None, timeout, "the end of a program")
        job = self._job
        return Result(job.rc if job.rc is not None else -1, job.out.decode(errors="replace"),
                      job.err.decode(errors="replace"))


class Holder(Process):
    """pfnhold: a process that holds mappings and does as it is told."""

    first: dict[str, str]

    @property
    def mapped(self) -> bool:
        """Whether its first mapping was granted."""
        return self.first["did"] == "mapped"

    def do(self, command: str) -> dict[str, str]:
        """Have one command done; the words of the answer."""
        self.send(command + "\n")
        return parse_pairs(self.line())

    def refusal(self) -> str:
        """The name of the errno that its first mapping was refused with."""
        return self.first.get("errno", "mapped").partition("(")[0]

    def leave(self) -> Result:
        """End it, and wait until its mappings are gone."""
        if self.running:
            self.close_input()
        return self.wait()


class Guest:
    """One boot. Use it as a context manager, or call start() and stop()."""

    _serial = 0

    def __init__(self, kernel: Kernel, cmdline: str = "", *, memory: int = 0, cpus: int = 0,
                 devices: tuple[Ivshmem, ...] = DEVICES, allow: tuple[str, ...] = (),
                 counted: bool = False, parallel: bool = False, modules: tuple[Path, ...] = (),
                 extra: tuple[str, ...] = (), files: dict[str, Path] | None = None,
                 hardware: tuple[str, ...] = (),
                 device_tree: tuple[tuple[str, ...], ...] = ()) -> None:
        self.kernel = kernel
        self.arch = kernel.arch.name
        self.cmdline = cmdline
        self.devices = devices
        self.allow = allow
        self.jobs: dict[int, _Job] = {}
        # Modules that tests leave loaded for the next ones.
        self.keeps: set[str] = set()
        self.release = ""
        self.boot_seconds = 0.0
        self._memory = memory or kernel.arch.memory
        self._cpus = cpus or kernel.arch.cpus
        self._counted = counted
        # CPUs that run at the same time, also where that may end by "Oops: int3".
        self._parallel = parallel
        self._modules, self._extra = modules, extra
        # More for the initramfs, by path in the guest, and for QEMU's command line.
        self._files, self._hardware = files, hardware
        # Changes to QEMU's device tree: an option of fdtput and what follows the file.
        self._device_tree = device_tree
        self._orders = 0
        self._pending = b""
        self._final = ""
        self._settled = False
        self._scanned = 0
        self._complained = False
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._folder = ""
        self.console_path = Path()

    # === Life ================================================================

    def _command(self, folder: Path) -> list[str]:
        arch = self.kernel.arch
        # A busy host lets a guest stand still for longer than the 21 s after which RCU
        # complains.
        append = (f"console={arch.console} {arch.early} panic=-1 panic_on_warn=1 oops=panic "
                  f"rcupdate.rcu_cpu_stall_timeout=60 {self.cmdline}").strip()
        # One CPU a socket: the MP table lists no others.
        # Counted: the guest's clock goes by instructions, one each nanosecond.
        speed = ["-accel", "tcg", "-icount", "shift=0,sleep=off", *arch.counted]
        if not self._counted:
            speed = ["-accel", accelerator_for(self.kernel)]
            if arch.breakpoints and speed[1] == "tcg" and not self._parallel:
                speed[1] += ",thread=single"
        command = [arch.qemu, *arch.machine, *speed,
                   "-m", str(self._memory), "-smp", f"{self._cpus},sockets={self._cpus}",
                   "-nodefaults", "-no-reboot", "-display", "none", "-kernel", str(self.kernel.image),
                   "-initrd", str(folder / "initramfs"), "-append", append,
                   "-chardev", f"file,id=console,path={option(self.console_path)}",
                   "-serial", "chardev:console",
                   "-device", arch.port,
                   "-chardev", f"socket,id=lab,path={option(folder / 'lab.sock')}",
                   "-device", "virtserialport,chardev=lab,name=pfn_track.lab"]
        if arch.name == "parisc":
            command += ["-bios", str(_parisc_firmware())]
        for number, device in enumerate(self.devices):
            command += ["-object", f"memory-backend-ram,id=mem{number},size={device.mib}M,share=on",
                        "-device", f"ivshmem-plain,memdev=mem{number},addr={device.slot:#x}"]
        for text in arch.devices:
            command += ["-device", text]
        if self._device_tree:
            command += ["-dtb", str(self._edited_tree(folder))]
        return [*command, *self._hardware]

    def _edited_tree(self, folder: Path) -> Path:
        """The device tree of this machine, as QEMU makes it, with the changes."""
        arch, target = self.kernel.arch, folder / "machine.dtb"
        machine = [word for option, word in
                   zip(self._hardware, self._hardware[1:]) if option == "-M"]
        command = [arch.qemu, *arch.machine, "-m", str(self._memory), "-smp",
                   f"{self._cpus},sockets={self._cpus}", "-nodefaults", "-display", "none"]
        for word in (*machine, f"dumpdtb={target}"):
            command += ["-M", word]
        for step in (command, *(["fdtput", option, target, *words]
                                for option, *words in self._device_tree)):
            done = subprocess.run(step, capture_output=True, text=True, check=False)
            if done.returncode:
                raise LabError(f"{step[0]}: {done.stderr.strip()}")
        return target

    def start(self, timeout: float = 120) -> Guest:
        """Boot, and wait until the agent says hello.

        OpenSBI stood still before its first byte in one of 130 boots, on a busy host. No
        kernel of ours has run by then, so that it is started once more.
        """
        try:
            return self._boot(timeout)
        except GuestTimeout:
            if not self.kernel.arch.preface or self.console_path.stat().st_size:
                raise
        print(f"{self.arch}: the firmware stood still, started again", file=sys.stderr, flush=True)
        return self._boot(timeout)

    def _boot(self, timeout: float) -> Guest:
        Guest._serial += 1
        LOGS.mkdir(parents=True, exist_ok=True)
        name = f"{self.arch}-{self.kernel.flavour}-{os.getpid()}-{Guest._serial}"
        self.console_path = LOGS / f"{name}.console"
        self.console_path.write_bytes(b"")
        self._folder = tempfile.mkdtemp(prefix="pfnlab.", dir=short_folder())
        folder = Path(self._folder)
        try:
            (folder / "initramfs").write_bytes(
                initramfs(self.kernel, self._modules, self._extra, self._files))
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(folder / "lab.sock"))
                listener.listen(1)
                began = time.monotonic()
                with open(LOGS / f"{name}.qemu", "wb") as log:
                    # Not in our process group: an interrupt must reach us
                    # first, so that the guest is stopped in order.
                    self._process = subprocess.Popen(
                        self._command(folder), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                        start_new_session=True, preexec_fn=_die_with_parent)
                try:
                    self._socket = self._accept(listener)
                except TimeoutError:
                    raise LostGuest(f"QEMU did not start: {self._qemu_log()}") from None
            self.pump(lambda: bool(self.release), timeout, "the guest's hello")
            self.boot_seconds = time.monotonic() - began
        except BaseException:
            self._end()
            raise
        return self

    def _accept(self, listener: socket.socket) -> socket.socket:
        """The connection from QEMU, unless it dies first."""
        assert self._process
        deadline = time.monotonic() + PATIENCE
        listener.settimeout(0.2)
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(TimeoutError):
                return listener.accept()[0]
        raise TimeoutError

    def _qemu_log(self) -> str:
        text = self.console_path.with_suffix(".qemu").read_text(errors="replace").strip()
        return text[-500:] or "it said nothing"

    def _end(self) -> None:
        """Take back everything, whatever state it is in."""
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._socket:
            self._socket.close()
            self._socket = None
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = ""

    def kill(self) -> None:
        """Take the power away: no final status line, and no error for that."""
        self._end()
        self._process = None

    @property
    def alive(self) -> bool:
        """Whether it can be talked to."""
        return bool(self._socket and self._process and self._process.poll() is None)

    def stop(self) -> None:
        """Shut down; an error if the kernel complained or the final line is missing."""
        if not self._process:
            return
        try:
            if self.alive:
                self.order("bye")
                self.pump(lambda: bool(self._final), PATIENCE, "the final status")
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(PATIENCE)
            self.check()
            if self._final != "ok":
                raise LostGuest(f"no final status line; {self._tail()}")
        finally:
            self._end()

    def __enter__(self) -> Guest:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if kind is None:
            self.stop()
            return
        # The first error is the one to tell.
        with contextlib.suppress(LabError):
            self.stop()

    # === Console =============================================================

    def console(self) -> str:
        """Everything the kernel has said."""
        if not self.console_path.is_file():
            return ""
        if self.kernel.flavour == "rt":
            # A thread prints there, which the agent's answers may overtake.
            self._wait_for_printing()
        return self.console_path.read_text(encoding="utf-8", errors="replace")

    def _wait_for_printing(self) -> None:
        """Until nothing has been printed for half a second, at most 10 s."""
        size, deadline = -1, time.monotonic() + 10
        while (now := self.console_path.stat().st_size) != size and time.monotonic() < deadline:
            size = now
            time.sleep(0.5)

    def _tail(self, lines: int = 25) -> str:
        return "the console ended with:\n" + "\n".join(self.console().splitlines()[-lines:])

    def check(self) -> None:
        """An error if the kernel complained since the last check."""
        text = self.console()
        # The rest of a line that is being written would hide from both checks.
        fresh, self._scanned = text[self._scanned:], text.rfind("\n") + 1
        if found := splat.scan(fresh, self.allow):
            self._complained = True
            raise KernelSplat(f"{self.arch} {self.release}: {found}\n(all: {self.console_path})")

    # === Talk ================================================================

    def order(self, line: str) -> None:
        """Send one line to the agent."""
        if not self.alive or not self._socket:
            self._lost()
        try:
            assert self._socket
            self._socket.sendall(line.encode() + b"\n")
        except OSError:
            self._lost()

    def _lost(self) -> None:
        # Give the kernel's last words time to reach the file.
        if self._process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
        if not self._complained:
            self.check()
        raise LostGuest(f"{self.arch}: the guest is gone; {self._tail()}")

    def _take(self, line: str) -> None:
        word, number, rest = parse_answer(line)
        if word == "hello":
            self.release = rest
        elif word == "final":
            self._final = rest
        elif word == "settled":
            self._settled = True
        elif word == "bad":
            raise LabError(f"the guest's agent says: {rest}")
        elif word == "rc":
            self.jobs[number].rc = int(rest)
        elif word == "pid":
            self.jobs[number].pid = int(rest)
        else:
            getattr(self.jobs[number], word).extend(base64.b64decode(rest, validate=True))

    def _receive(self, seconds: float) -> None:
        assert self._socket
        if not select.select([self._socket], [], [], seconds)[0]:
            return
        try:
            data = self._socket.recv(65536)
        except OSError:
            data = b""
        if not data:
            self._lost()
        *lines, self._pending = (self._pending + data).split(b"\n")
        for line in lines:
            self._take(line.decode("ascii"))

    def fileno(self) -> int:
        """For select(): what the agent says comes here, see listen()."""
        if not self._socket:
            self._lost()
        assert self._socket
        return self._socket.fileno()

    def listen(self, seconds: float) -> None:
        """Take what the agent says within a time, if anything; an error if the guest is gone."""
        self._receive(seconds)

    def pump(self, until: Callable[[], bool], timeout: float, what: str) -> None:
        """Listen to the guest until something has come true."""
        deadline = time.monotonic() + timeout
        while not until():
            left = deadline - time.monotonic()
            if left <= 0:
                self.check()
                raise GuestTimeout(f"{self.arch}: no {what} in {timeout:.0f} s; {self._tail()}")
            if not self._socket:
                self._lost()
            self._receive(min(left, 1.0))

    # === Work ================================================================

    def _start(self, text: str) -> int:
        self._orders += 1
        self.jobs[self._orders] = _Job()
        self.order(f"run {self._orders} {base64.b64encode(text.encode()).decode()}")
        return self._orders

    def run(self, text: str, timeout: float = PATIENCE) -> Result:
        """Run shell text to its end; the kernel must not have complained."""
        number = self._start(text)
        process = Process(self, number)
        try:
            process.close_input()
            result = process.wait(timeout)
        except GuestTimeout as error:
            process.kill()
            raise GuestTimeout(f"{text!r}: {error}") from None
        self.check()
        del self.jobs[number]
        return result

    def spawn(self, text: str) -> Process:
        """Start a program and leave it running; its pid is that of @text's command."""
        return Process(self, self._start(f"exec {text}"))

    def hold(self, path: str, offset: int, length: int, kind: str = "shared") -> Holder:
        """A process that maps a part of a file; see what came of it in first."""
        holder = Holder(self, self._start(f"exec pfnhold {path} {offset:#x} {length:#x} {kind}"))
        holder.first = parse_pairs(holder.line())
        return holder

    def read(self, path: str) -> str:
        """The content of a file in the guest, without the last newline."""
        return self.run(f"cat {path}").ok().removesuffix("\n")

    def write(self, path: str, text: str) -> Result:
        """Write to a file in the guest, in one write()."""
        quoted = text.replace("'", "'\\''")
        return self.run(f"printf %s '{quoted}' > {path}")

    def device(self, number: int = 0) -> str:
        """The sysfs folder of an ivshmem device."""
        return f"/sys/bus/pci/devices/{self.devices[number].bdf}"

    def bar(self, number: int = 0, bar: int = 2) -> tuple[int, int]:
        """First and last byte of a BAR of an ivshmem device."""
        line = self.read(f"{self.device(number)}/resource").splitlines()[bar]
        start, end, _ = (int(word, 16) for word in line.split())
        return start, end

    def settle(self) -> None:
        """End every program that is still there: tests must not see each other's."""
        self._settled = False
        self.order("settle")
        self.pump(lambda: self._settled, PATIENCE, "end of what runs")
        self.jobs.clear()
        self.check()


def guest_with(module: str, arch: str, cmdline: str = "pfn_track=report", **options: Any) -> Guest:
    """A guest of the kernel under test with a module of tests/qemu/MODULE, not yet started."""
    flavour = flavour_for("pfn_track")
    return Guest(kernel_for(arch, flavour), cmdline, modules=(module_for(arch, flavour, module),),
                 **options)


@contextlib.contextmanager
def booted(arch: str, flavour: str, cmdline: str = "") -> Iterator[Guest]:
    """The shortest way to a guest."""
    with Guest(kernel_for(arch, flavour), cmdline) as guest:
        yield guest
