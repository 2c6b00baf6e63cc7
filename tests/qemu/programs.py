# SPDX-License-Identifier: GPL-2.0-only
"""What goes into a guest besides its kernel, built when it is out of date."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
GUEST = Path(__file__).resolve().parent / "guest"
BUILD = REPO / "build"
HEADERS = (REPO / "tests" / "bench" / "module" / "pfn_bench.h",)


class BuildError(Exception):
    """A program of the guest does not build."""


def _make(command: list[str], what: str) -> None:
    env = {name: value for name, value in os.environ.items()
           if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "ARCH", "CC",
                           "CFLAGS", "LDFLAGS", "O", "CROSS_COMPILE")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    if done.returncode:
        raise BuildError(f"{what}:\n{done.stdout}{done.stderr}")


@contextlib.contextmanager
def replaced(target: Path) -> Iterator[Path]:
    """A file to write; then it becomes the target, which another run may be reading."""
    target.parent.mkdir(parents=True, exist_ok=True)
    new = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        yield new
        new.rename(target)
    finally:
        new.unlink(missing_ok=True)


def program(name: str, arch: str, cross: str, flags: tuple[str, ...] = ()) -> Path:
    """A static program of tests/qemu/guest."""
    source, target = GUEST / f"{name}.c", BUILD / "guest" / arch / name
    newest = max(path.stat().st_mtime for path in (source, *HEADERS))
    if not target.exists() or target.stat().st_mtime < newest:
        with replaced(target) as new:
            _make([f"{cross}gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-static",
                   *flags, "-o", str(new), str(source)], name)
    return target


def sysroot() -> Path:
    """The foreign libraries and busybox, see scripts/sysroot."""
    done = subprocess.run([REPO / "scripts" / "sysroot"], stdout=subprocess.PIPE, text=True,
                          check=False)
    if done.returncode:
        raise BuildError("scripts/sysroot failed")
    return Path(done.stdout.strip())


def busybox(cross: str) -> Path:
    """A static busybox that runs in the guest."""
    return sysroot() / "bin" / "busybox" if cross else Path("/bin/busybox")


def applets() -> list[str]:
    """The names busybox answers to; the same build serves all architectures."""
    done = subprocess.run(["/bin/busybox", "--list"], capture_output=True, text=True, check=True)
    return done.stdout.split()


def pfntrack(arch: str, cross: str) -> Path:
    """The pfntrack command, as a distribution would build it: Debian has no static libsmartcols."""
    out = BUILD / "guest" / arch
    # Make takes paths with spaces only where it does not see them.
    source = REPO / "tools" / "pfntrack"
    command = ["make", "-s", "-C", str(source), f"O={os.path.relpath(out, source)}"]
    if cross:
        command += [f"CROSS_COMPILE={cross}", f"SYSROOT={sysroot()}"]
    _make([*command, "pfntrack"], f"pfntrack for {arch}")
    return out / "pfntrack"


def _elf(binary: Path) -> tuple[str, list[str]]:
    """The interpreter and the libraries that an ELF file names; readelf reads any architecture."""
    done = subprocess.run(["readelf", "-ld", binary], capture_output=True, text=True, check=True)
    loader = re.search(r"program interpreter: (\S+)\]", done.stdout)
    return loader[1] if loader else "", re.findall(r"\(NEEDED\).*\[(\S+)\]", done.stdout)


def _library_folders(cross: str) -> list[Path]:
    """Where the libraries of the guest's architecture lie on this machine."""
    triplet = cross.rstrip("-") or f"{os.uname().machine}-linux-gnu"
    if not cross:
        return [Path("/lib") / triplet, Path("/usr/lib") / triplet]
    return [sysroot() / "usr/lib" / triplet, sysroot() / "lib" / triplet,
            Path("/usr") / triplet / "lib"]


def libraries(binary: Path, cross: str) -> dict[str, Path]:
    """Path in the guest -> file, of everything that the loader needs for @binary."""
    loader, wanted = _elf(binary)
    found: dict[str, Path] = {}
    while wanted:
        name = wanted.pop()
        if f"lib/{name}" in found:
            continue
        file = next((folder / name for folder in _library_folders(cross)
                     if (folder / name).exists()), None)
        if not file:
            raise BuildError(f"{binary.name} needs {name}, which is not on this machine")
        found[f"lib/{name}"] = file
        wanted += _elf(file)[1]
    if loader:
        name = Path(loader).name
        found.pop(f"lib/{name}", None)
        found[loader.lstrip("/")] = next(
            folder / name for folder in _library_folders(cross) if (folder / name).exists())
    return found
