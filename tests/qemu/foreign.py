# SPDX-License-Identifier: GPL-2.0-only
"""Programs that are not ours, and what is needed to build against the kernel's headers.

Everything here is made in the cache from the untouched kernel source, or is a
file of a Debian package; nothing of it lies in the repository.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import types
from pathlib import Path

import lab
import programs

KBUILD = {"x86_64": "x86", "arm64": "arm64"}


def source() -> Path:
    """Debian's kernel source, untouched."""
    script = lab.REPO / "scripts" / "kernel" / "tree.py"
    done = subprocess.run(["/usr/bin/python3", "-B", script, "--pristine"], text=True,
                          stdout=subprocess.PIPE, check=True)
    return Path(done.stdout.strip())


def _run(command: list[str | Path], what: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise programs.BuildError(f"{what}:\n{done.stdout}{done.stderr}")


def _folder(arch: str) -> Path:
    """Where things made from this source are kept."""
    return source().parent.parent / "foreign" / f"{source().name}-{arch}"


def headers(arch: str) -> Path:
    """The kernel's headers for user space: a compiler's own know neither DRM nor the new."""
    target = _folder(arch) / "headers"
    if not (target / "usr/include/drm/drm.h").exists():
        shutil.rmtree(target, ignore_errors=True)
        beside = target.with_name(f"headers.{os.getpid()}")
        beside.mkdir(parents=True, exist_ok=True)
        _run(["make", "-s", "-C", source(), f"O={beside}", f"ARCH={KBUILD[arch]}", "headers"],
             f"the kernel's headers for {arch}")
        beside.rename(target)
    return target / "usr/include"


def client(arch: str, cross: str) -> Path:
    """pfnclient, see tests/qemu/guest."""
    path, target = programs.GUEST / "pfnclient.c", programs.BUILD / "guest" / arch / "pfnclient"
    if not target.exists() or target.stat().st_mtime < path.stat().st_mtime:
        with programs.replaced(target) as new:
            _run([f"{cross}gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-static",
                  "-isystem", headers(arch), "-o", new, path], "pfnclient")
    return target


def selftest(name: str, arch: str, cross: str) -> Path:
    """A program of tools/testing/selftests/mm, static."""
    target = _folder(arch) / "selftests" / name
    if target.exists():
        return target
    top = source()
    folder = top / "tools/testing/selftests/mm"
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{name}.{os.getpid()}")
    _run([f"{cross}gcc", "-O2", "-w", "-s", "-static", "-no-pie", "-I", top, "-I", folder.parent,
          "-I", top / "tools/include/uapi", "-isystem", headers(arch), "-o", beside,
          folder / f"{name}.c", folder / "vm_util.c", folder / "thp_settings.c",
          "-lrt", "-lpthread", "-lm"], f"selftest {name}")
    beside.rename(target)
    return target


def with_libraries(binary: Path, cross: str) -> dict[str, Path]:
    """A program of a Debian package and its libraries, by their places in the guest."""
    return {f"bin/{binary.name}": binary, **programs.libraries(binary, cross)}


def load_order(modules: list[Path], wanted: str) -> list[str]:
    """What has to be loaded for a module, in order; there is no modules.dep in the guest."""
    known = {path.stem.replace("-", "_"): path for path in modules}
    order: list[str] = []

    def add(name: str) -> None:
        said = re.search(rb"\0depends=([^\0]*)\0", b"\0" + known[name].read_bytes())
        for other in said[1].decode().split(",") if said and said[1] else ():
            add(other.replace("-", "_"))
        if known[name].name not in order:
            order.append(known[name].name)

    add(wanted)
    return order


def kunit_parser() -> types.ModuleType:
    """The kernel's own parser of KTAP."""
    folder = source() / "tools/testing/kunit"
    sys.path.insert(0, str(folder))
    try:
        spec = importlib.util.spec_from_file_location("kunit_parser", folder / "kunit_parser.py")
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules["kunit_parser"] = module
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(folder))
    return module
