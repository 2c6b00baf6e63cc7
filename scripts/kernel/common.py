# SPDX-License-Identifier: GPL-2.0-only
"""What the kernel scripts share: where things are, how errors are told."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

REPO = Path(__file__).resolve().parents[2]
KERNEL = "6.12"
PACKAGE = f"linux-source-{KERNEL}"
INTEGRATION = REPO / "integration" / KERNEL
CONFIGS = REPO / "tests" / "configs"
FLAVOURS = ("pfn_track", "pristine", "debug", "drivers", "bpf", "rt", "nomodules", "steps",
            "pristine-debug")


# Variables that make sees.
KEPT = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "TMPDIR", "LANG", "TZ")
# The locks of the cache that this process holds, see locked().
HELD: list[int] = []


class Error(Exception):
    """Something the user must know; told in one line, without a traceback."""


class UsageError(Error):
    """The command line is wrong: exit status 2."""


@dataclass(frozen=True)
class Arch:
    """How one architecture is built."""

    name: str
    kbuild: str
    image: str
    cross: str = ""
    # The fragments that come between the base and its own.
    fragments: tuple[str, ...] = ("slim",)
    # Of scripts/packages, if not its name.
    purpose: str = ""
    # The version of LLVM, where Debian's gcc does not know the architecture.
    llvm: str = ""

    @property
    def compiler(self) -> str:
        """The command."""
        return f"clang{self.llvm}" if self.llvm else f"{self.cross}gcc"

    def make_args(self) -> list[str]:
        """The variables that Kbuild wants; ccache is used where it exists."""
        compiler = self.compiler
        if any(os.access(f"{folder}/ccache", os.X_OK) for folder in os.get_exec_path()):
            compiler = f"ccache {compiler}"
        tools = f"LLVM={self.llvm}" if self.llvm else f"CROSS_COMPILE={self.cross}"
        return [f"ARCH={self.kbuild}", tools, f"CC={compiler}"]


ARCHES = {
    "x86_64": Arch("x86_64", "x86_64", "arch/x86/boot/bzImage",
                   "" if os.uname().machine == "x86_64" else "x86_64-linux-gnu-", ()),
    "arm64": Arch("arm64", "arm64", "arch/arm64/boot/Image",
                  "" if os.uname().machine == "aarch64" else "aarch64-linux-gnu-", ()),
    # make matrix: cross compilers, whatever the machine
    "i386": Arch("i386", "i386", "arch/x86/boot/bzImage",
                 "" if os.uname().machine == "x86_64" else "x86_64-linux-gnu-"),
    "arm64_64k": Arch("arm64_64k", "arm64", "arch/arm64/boot/Image",
                      "" if os.uname().machine == "aarch64" else "aarch64-linux-gnu-",
                      ("arm64",), "arm64"),
    "riscv64": Arch("riscv64", "riscv", "arch/riscv/boot/Image", "riscv64-linux-gnu-"),
    "ppc64le": Arch("ppc64le", "powerpc", "vmlinux", "powerpc64le-linux-gnu-"),
    "s390x": Arch("s390x", "s390", "arch/s390/boot/bzImage", "s390x-linux-gnu-"),
    "arm": Arch("arm", "arm", "arch/arm/boot/zImage", "arm-linux-gnueabihf-"),
    "arm_classic": Arch("arm_classic", "arm", "arch/arm/boot/zImage", "arm-linux-gnueabihf-",
                        ("slim", "arm"), "arm"),
    "mips64el": Arch("mips64el", "mips", "vmlinux", "mips64el-linux-gnuabi64-"),
    "parisc": Arch("parisc", "parisc", "vmlinux", "hppa-linux-gnu-"),
    # compiled, not linked nor booted
    "sparc64": Arch("sparc64", "sparc", "vmlinux", "sparc64-linux-gnu-"),
    "loongarch64": Arch("loongarch64", "loongarch", "vmlinux", llvm="-19"),
}


def arch_of(name: str) -> Arch:
    """The architecture of that name, or an error that lists the names."""
    if name not in ARCHES:
        raise UsageError(f"unknown architecture '{name}': one of {', '.join(ARCHES)}")
    return ARCHES[name]


def cache() -> Path:
    """The folder for everything that is dear to make, outside the repository."""
    chosen = os.environ.get("PFNTRACK_CACHE")
    if not chosen:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        chosen = f"{base}/pfntrack"
    path = Path(chosen).absolute()
    if odd := re.sub(r"[\w./+@~-]", "", str(path)):
        raise Error(f"'{path}' has '{odd}', which the kernel's make cannot take: "
                    "set PFNTRACK_CACHE to another folder")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Error(f"cannot make the folder '{path}': {error.strerror}; set PFNTRACK_CACHE to "
                    "one that you can write") from None
    return path


def info(text: str) -> None:
    """One line of progress. stdout is kept for answers."""
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the cache's lock of that name: two checkouts may share a cache."""
    with open(cache() / f"{name}.lock", "w", encoding="ascii") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            info(f"{name}: waiting for another run that uses the same cache")
            fcntl.flock(handle, fcntl.LOCK_EX)
        HELD.append(handle.fileno())
        try:
            yield
        finally:
            HELD.remove(handle.fileno())


@contextlib.contextmanager
def scratch(folder: Path, prefix: str) -> Iterator[Path]:
    """A temporary folder; those of runs that were killed are removed first.

    Its lock says that it is in use. One that was made a moment ago may not have it yet.
    """
    for old in folder.glob(f"{prefix}.*"):
        with contextlib.suppress(OSError):
            if time.time() - old.stat().st_mtime > 60:
                with _folder_lock(old):
                    shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=f"{prefix}.") as name, _folder_lock(name):
        yield Path(name)


@contextlib.contextmanager
def _folder_lock(folder: str | Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def running(command: Sequence[str | Path], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A long-running program and its children, which do not outlive this by an exception.

    If we are killed, they go on, and keep the locks of the cache until they end.
    """
    with subprocess.Popen(command, process_group=0, pass_fds=tuple(HELD), text=True,
                          stdin=subprocess.DEVNULL, **options) as process:
        try:
            yield process
        except BaseException:
            for number in (signal.SIGTERM, signal.SIGKILL):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(30)
                    break
            raise


def packages(*purposes: str) -> None:
    """Have the packages of these purposes, see scripts/packages."""
    if subprocess.run([REPO / "scripts" / "packages", *purposes], check=False).returncode:
        raise Error("the packages above are needed")


def output(command: Sequence[str | Path], cwd: Path | None = None) -> str:
    """What a command prints; an error with its last line if it fails."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise Error(f"{command[0]} failed: {said[-1] if said else 'no message'}")
    return done.stdout


def clean_environment() -> dict[str, str]:
    """What make, compilers and ccache need: a user's LLVM=1 is not for these kernels."""
    return {**{name: value for name, value in os.environ.items()
               if name in KEPT or name.startswith(("CCACHE_", "XDG_"))}, "LC_ALL": "C"}


def sha(path: Path) -> str:
    """The sha256 of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def explain(error: OSError) -> str:
    """The error in one line: the file, what is wrong, and what may help."""
    text = f"{error.filename}: {error.strerror}" if error.filename else str(error)
    if error.errno in (errno.EACCES, errno.EROFS, errno.ENOSPC):
        text += "; set PFNTRACK_CACHE to a folder that you can write, with room for 3 GB"
    return text


def _stop(number: int, _frame: FrameType | None) -> None:
    """End as an error does: children are ended, temporary folders removed."""
    sys.exit(128 + number)


def main(entry: Callable[[list[str]], None]) -> None:
    """Run a script's entry point with one-line errors."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _stop)
    try:
        entry(sys.argv[1:])
    except UsageError as error:
        print(f"{Path(sys.argv[0]).stem}: {error}", file=sys.stderr)
        sys.exit(2)
    except Error as error:
        sys.exit(f"{Path(sys.argv[0]).stem}: {error}")
    except OSError as error:
        sys.exit(f"{Path(sys.argv[0]).stem}: {explain(error)}")
    except KeyboardInterrupt:
        sys.exit(130)
