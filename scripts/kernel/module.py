#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Build a module from outside the kernel tree; prints its path.

usage: module.py ARCH FLAVOUR FOLDER      FOLDER holds the Makefile and sources

FLAVOUR is one of build.py's, or of debian.py's for x86_64. The module is kept
beside the image that it was built for, and goes with it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path

import build
import debian
from common import Arch, Error, UsageError, arch_of, locked, main, sha


def place_in(out: Path, folder: Path, files: list[Path]) -> Path:
    """A copy of the sources to build in."""
    place = out / "external" / folder.name
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for path in files:
        shutil.copy2(path, place)
    return place


def keep(place: Path, target: Path) -> None:
    """Put what was made in the cache, complete or not at all."""
    made = list(place.glob("*.ko"))
    if len(made) != 1:
        raise Error(f"{place.name} makes {len(made)} modules instead of one")
    beside = target.with_suffix(".new")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    shutil.copy2(made[0], beside)
    beside.rename(target)


def ours(arch: Arch, flavour: str, folder: Path, files: list[Path], image: Path) -> Path:
    """Build it in the folder that the image came from, and say where."""
    source, out = build.prepare(arch, flavour, f"{arch.name}-{flavour}")
    make = ["make", "-C", str(source), f"O={out}", f"-j{os.cpu_count()}", *arch.make_args(),
            f"LOCALVERSION=-{flavour}"]
    # The build folder may be that of another image by now.
    build.make([*make, image.name, "modules"], out / "build.log", f"kernel {arch.name} {flavour}")
    place = place_in(out, folder, files)
    build.make([*make, f"M={place}", "modules"], out / "module.log",
               f"module {arch.name} {flavour}")
    if build.cached(arch, flavour) != image:
        raise Error("sources were changed meanwhile, try again")
    return place


def module(arch: Arch, flavour: str, folder: Path) -> Path:
    """The one module of a folder, built if the cache does not have it."""
    files = sorted(path for path in folder.iterdir()
                   if path.suffix in (".c", ".h") or path.name == "Makefile")
    digest = hashlib.sha256("".join(f"{path.name} {sha(path)}\n" for path in files).encode())
    stock = flavour.startswith("debian-") and arch.name == "x86_64"
    image = debian.image(flavour) if stock else build.image(arch, flavour)
    target = image.parent / "external" / digest.hexdigest()[:16]
    if not target.exists() and stock:
        make = debian.headers(image)
        with locked("debian"):
            place = place_in(image.parent / "build", folder, files)
            build.make([*make, f"M={place}", "modules"], place / "module.log", f"module {flavour}")
            keep(place, target)
    elif not target.exists():
        with locked("build"):
            keep(ours(arch, flavour, folder, files, image), target)
    return next(target.glob("*.ko"))


def run(argv: list[str]) -> None:
    """The command."""
    if len(argv) != 3:
        raise UsageError("usage: module.py ARCH FLAVOUR FOLDER")
    print(module(arch_of(argv[0]), argv[1], Path(argv[2]).absolute()))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(run)
