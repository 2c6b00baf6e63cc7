#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Build a kernel, or take it from the cache; prints the path of the image.

usage: build.py ARCH [FLAVOUR]      FLAVOUR: pfn_track (default), pristine, debug,
                                    drivers, bpf, rt, pristine-debug
       build.py ARCH FLAVOUR FOLDER/ ...      only objects, nothing is linked

Images are kept under a hash of everything that goes into them: configuration,
source version, our files, our patches, compiler. Beside the image lie its
configuration, its System.map and its modules.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import config
import tree
from common import (Arch, Error, UsageError, arch_of, cache, clean_environment, info, locked, main,
                    output, packages, running)

# The oldest beyond these are thrown away, per architecture and flavour.
KEEP = 8
OBJECT = re.compile(r"^  (CC|AS|LD|AR)( \[M\])? ")
# Seconds between two lines of progress.
INTERVAL = 20.0
# What a whole build makes, where none has been counted: 1,170 objects of i386, 1,326 of
# x86_64 with BTF, 1,519 with drivers.
OBJECTS = 1250


def image_key(arch: Arch, flavour: str) -> str:
    """The hash of all inputs."""
    symbols = config.wanted(arch.name, flavour)
    version = tree.source_version()
    base = version if flavour.startswith("pristine") else tree.plan_of().key(version)
    compiler = output([arch.compiler, "--version"]).splitlines()[0]
    text = f"1 {arch.name} {flavour} {base} {compiler} {sorted(symbols.items())}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def cached(arch: Arch, flavour: str) -> Path:
    """Where the image of these inputs is, or would be."""
    folder = cache() / "image" / f"{arch.name}-{flavour}" / image_key(arch, flavour)
    return folder / Path(arch.image).name


def environment() -> dict[str, str]:
    """Nothing of the day or the machine goes into the image."""
    env = clean_environment()
    env.update(KBUILD_BUILD_TIMESTAMP="Thu Jan  1 00:00:00 UTC 2026", KBUILD_BUILD_USER="pfn_track",
               KBUILD_BUILD_HOST="lab", KBUILD_BUILD_VERSION="1")
    env.setdefault("CCACHE_DIR", str(cache() / "ccache"))
    return env


class Progress:
    """How far a build is: objects of those that the last whole build made.

    @note: the file that keeps the numbers of the last whole build, if there is one
    @out: the build folder; without objects in it, this build is a whole one
    """

    def __init__(self, what: str, note: Path | None, out: Path) -> None:
        self._what, self._note = what, note
        # Made by the first step of a build, and not by a configuration.
        self._whole = not (out / "kernel").exists()
        self._began = self._told = time.monotonic()
        self._total, self._known = OBJECTS, False
        self.objects = 0
        if note:
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                known = json.loads(note.read_text(encoding="ascii"))
                self._total, seconds = int(known["objects"]), float(known["seconds"])
                self._known = True
                if self._whole:
                    info(f"{what}: {self._total} objects, which took {seconds:.0f} s the last time")
            if self._whole and not self._known:
                info(f"{what}: about {self._total} objects, some minutes")

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._began

    def line(self) -> str:
        """How far it is."""
        if not self._note or self.objects > self._total:
            return f"{self._what}: {self.objects} objects, {self.seconds:.0f} s"
        about = "" if self._known else "about "
        if not self._whole:
            return (f"{self._what}: {self.objects} objects, of at most {about}{self._total}, "
                    f"{self.seconds:.0f} s")
        left = self.seconds / max(self.objects, 1) * (self._total - self.objects)
        return (f"{self._what}: {self.objects} objects of {about}{self._total}, "
                f"{self.seconds:.0f} s, about {left:.0f} s left")

    def count(self, line: str) -> None:
        """Take a line of make's output into account."""
        self.objects += bool(OBJECT.match(line))
        if os.environ.get("V") != "1" and time.monotonic() - self._told >= INTERVAL:
            self._told = time.monotonic()
            info(self.line())

    def done(self) -> None:
        """Keep the numbers of a whole build, which succeeded."""
        info(f"{self._what}: done, {self.objects} objects in {self.seconds:.0f} s")
        if self._note and self._whole:
            self._note.write_text(json.dumps({"objects": self.objects,
                                              "seconds": round(self.seconds)}), encoding="ascii")


def make(command: list[str], log: Path, what: str, note: Path | None = None) -> None:
    """Run make with its output in a log; a line of progress now and then, see Progress."""
    verbose = os.environ.get("V") == "1"
    progress = Progress(what, note, log.parent)
    if verbose:
        info("+ " + " ".join(command))
    with open(log, "w", encoding="utf-8", errors="replace") as handle, \
            running(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                    errors="replace", env=environment()) as process:
        assert process.stdout
        for line in process.stdout:
            handle.write(line)
            if verbose:
                info(line.rstrip())
            progress.count(line)
    if process.returncode:
        said = log.read_text(encoding="utf-8", errors="replace").splitlines()
        for line in [line for line in said if re.search(r"error|undefined|\*\*\*", line)][:12]:
            info(f"  {line}")
        raise Error(f"{what} failed, see {log}")
    progress.done()


def source_for(flavour: str) -> tuple[Path, str]:
    """The tree that a flavour is built from, and its generation."""
    if flavour.startswith("pristine"):
        with locked("tree"):
            return tree.pristine_tree()
    return tree.work_tree()


def prepare(arch: Arch, flavour: str, name: str) -> tuple[Path, Path]:
    """The source tree and a configured build folder."""
    source, generation = source_for(flavour)
    out = cache() / "obj" / name
    stamp = out / "generation"
    if out.exists() and (not stamp.exists() or stamp.read_text() != generation):
        # Objects may be newer than sources that have changed, see tree.lay().
        shutil.rmtree(out)
    config.configure(arch, flavour, source, out)
    stamp.write_text(generation)
    return source, out


def keep(arch: Arch, out: Path, target: Path) -> None:
    """Put image and modules in the cache, complete or not at all."""
    beside = target.with_name(target.name + ".new")
    shutil.rmtree(beside, ignore_errors=True)
    (beside / "modules").mkdir(parents=True)
    shutil.copy2(out / arch.image, beside / Path(arch.image).name)
    shutil.copy2(out / "System.map", beside / "System.map")
    shutil.copy2(out / ".config", beside / "config")
    order = out / "modules.order"
    for line in order.read_text().split() if order.exists() else ():
        module = out / Path(line).with_suffix(".ko")
        shutil.copy2(module, beside / "modules" / module.name)
    beside.rename(target)
    old = sorted(target.parent.iterdir(), key=lambda path: path.stat().st_mtime)
    for path in old[:-KEEP]:
        shutil.rmtree(path, ignore_errors=True)


def have_compiler(arch: Arch, flavour: str) -> None:
    """Install what is missing."""
    machine = os.uname().machine
    if machine != "x86_64" and (arch.cross or arch.llvm):
        raise Error(f"a kernel for {arch.name} is built on x86-64 only, and this is {machine}; "
                    "on an aarch64 machine say ARCH=arm64")
    foreign = (arch.purpose or arch.name,) if arch.cross or arch.llvm else ()
    packages("kernel", *foreign, *(["bpf"] if flavour == "bpf" else []))


def objects(arch: Arch, flavour: str, folders: list[str]) -> Path:
    """Only these folders' objects, always with make; where they are."""
    have_compiler(arch, flavour)
    with locked("build"):
        source, out = prepare(arch, flavour, f"{arch.name}-{flavour}")
        make(["make", "-C", str(source), f"O={out}", f"-j{os.cpu_count()}", *arch.make_args(),
              f"LOCALVERSION=-{flavour}", *folders],
             out / "build.log", f"objects {arch.name} {flavour}")
    return out


def is_of_plan(flavour: str, source: Path) -> bool:
    """Whether a tree still is what the plan makes: a run of another clone may have laid its own."""
    if flavour.startswith("pristine"):
        return True
    return tree.read_stamp(source).get("key") == tree.plan_of().key(tree.source_version())


def image(arch: Arch, flavour: str) -> Path:
    """The image, built if the cache does not have it."""
    have_compiler(arch, flavour)
    if (result := cached(arch, flavour)).exists():
        os.utime(result.parent)
        return result
    with locked("build"):
        for _ in range(5):
            # Others may have built, or edited, while we waited.
            result = cached(arch, flavour)
            if result.exists():
                return result
            source, out = prepare(arch, flavour, f"{arch.name}-{flavour}")
            make(["make", "-C", str(source), f"O={out}", f"-j{os.cpu_count()}", *arch.make_args(),
                  f"LOCALVERSION=-{flavour}", Path(arch.image).name, "modules"],
                 out / "build.log", f"kernel {arch.name} {flavour}",
                 out.with_name(f"{out.name}.objects"))
            if cached(arch, flavour) == result and is_of_plan(flavour, source):
                keep(arch, out, result.parent)
                return result
            info(f"kernel {arch.name} {flavour}: sources were changed meanwhile, once more")
    raise Error("sources change faster than they are built")


def run(argv: list[str]) -> None:
    """The command."""
    if not argv or not all(folder.endswith("/") for folder in argv[2:]):
        raise UsageError("usage: build.py ARCH [FLAVOUR [FOLDER/ ...]]")
    arch, flavour, folders = arch_of(argv[0]), (argv[1:2] or ["pfn_track"])[0], argv[2:]
    # Before packages are installed for it.
    config.fragments(arch.name, flavour)
    print(objects(arch, flavour, folders) if folders else image(arch, flavour))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(run)
