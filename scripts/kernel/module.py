#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Build a module from outside the kernel tree; prints its path.

usage: module.py ARCH FLAVOUR FOLDER      FOLDER holds the Makefile and sources

It is kept beside the image that it was built for, and goes with it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path

import build
from common import Arch, Error, arch_of, locked, main, sha


def module(arch: Arch, flavour: str, folder: Path) -> Path:
    """The one module of a folder, built if the cache does not have it."""
    files = sorted(path for path in folder.iterdir()
                   if path.suffix in (".c", ".h") or path.name == "Makefile")
    digest = hashlib.sha256("".join(f"{path.name} {sha(path)}\n" for path in files).encode())
    image = build.image(arch, flavour)
    target = image.parent / "external" / digest.hexdigest()[:16]
    if target.exists():
        return next(target.glob("*.ko"))
    with locked("build"):
        source, out = build.prepare(arch, flavour, f"{arch.name}-{flavour}")
        make = ["make", "-C", str(source), f"O={out}", f"-j{os.cpu_count()}", *arch.make_args(),
                f"LOCALVERSION=-{flavour}"]
        # The build folder may be that of another image by now.
        build.make([*make, image.name, "modules"], out / "build.log",
                   f"kernel {arch.name} {flavour}")
        place = out / "external" / folder.name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        for path in files:
            shutil.copy2(path, place)
        build.make([*make, f"M={place}", "modules"], out / "module.log",
                   f"module {arch.name} {flavour}")
        if build.cached(arch, flavour) != image:
            raise Error("sources were changed meanwhile, try again")
        made = list(place.glob("*.ko"))
        if len(made) != 1:
            raise Error(f"{folder} makes {len(made)} modules instead of one")
        beside = target.with_suffix(".new")
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        shutil.copy2(made[0], beside)
        beside.rename(target)
    return target / made[0].name


def run(argv: list[str]) -> None:
    """The command."""
    if len(argv) != 3:
        raise Error("usage: module.py ARCH FLAVOUR FOLDER")
    print(module(arch_of(argv[0]), argv[1], Path(argv[2]).absolute()))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(run)
