#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Kernel configurations: fragments laid over allnoconfig, and checked.

usage: config.py ARCH [FLAVOUR]     prints the fragments' sum
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from common import (ARCHES, CONFIGS, FLAVOURS, Arch, Error, UsageError, arch_of, clean_environment,
                    main)

LINE = re.compile(r"^(CONFIG_\w+)=(.*)$|^# (CONFIG_\w+) is not set$")


def fragments(arch: str, flavour: str) -> list[Path]:
    """The fragment files, later ones win."""
    if flavour not in FLAVOURS:
        raise UsageError(f"unknown flavour '{flavour}': one of {', '.join(FLAVOURS)}")
    names = ["base", *ARCHES[arch].fragments, arch]
    pristine, _, added = flavour.partition("-")
    if pristine == "pristine":
        names += [added] if added else []
    else:
        names += ["pfn_track", *(f"pfn_track-{name}" for name in names[1:])]
    if pristine not in ("pristine", "pfn_track"):
        names += [flavour, f"{flavour}-{arch}"]
    paths = [CONFIGS / f"{name}.config" for name in names]
    # Only what a flavour adds for one architecture, or some, may be absent.
    return [path for path in paths if path.exists() or "-" not in path.stem]


def parse(text: str) -> dict[str, str]:
    """Symbols and values; 'n' for what is not set."""
    symbols = {}
    for line in text.splitlines():
        if match := LINE.match(line):
            symbols[match.group(1) or match.group(3)] = match.group(2) or "n"
        elif line.strip() and not line.startswith("#"):
            raise Error(f"not a line of a configuration: {line}")
    return symbols


def wanted(arch: str, flavour: str) -> dict[str, str]:
    """The sum of the fragments."""
    symbols: dict[str, str] = {}
    for path in fragments(arch, flavour):
        symbols.update(parse(path.read_text()))
    return symbols


def lost(asked: dict[str, str], result: dict[str, str]) -> list[str]:
    """What the fragments ask for and the result does not hold, in words."""
    return [f"{name} is {result.get(name, 'n')}, wanted {value}"
            for name, value in asked.items() if result.get(name, "n") != value]


def configure(arch: Arch, flavour: str, tree: Path, out: Path,
              changes: dict[str, str] | None = None) -> None:
    """Write out/.config, with some symbols changed, and touch it only if it changes."""
    out.mkdir(parents=True, exist_ok=True)
    asked = {**wanted(arch.name, flavour), **(changes or {})}
    seed, new = out / "pfn_track.fragments", out / ".config.new"
    seed.write_text("".join(f"{name}={value}\n" for name, value in asked.items()))
    make = ["make", "-s", "-C", str(tree), f"O={out}", *arch.make_args(), f"KCONFIG_CONFIG={new}"]
    for goal in (["allnoconfig", f"KCONFIG_ALLCONFIG={seed}"], ["olddefconfig"]):
        done = subprocess.run(make + goal, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, env=clean_environment())
        if done.returncode:
            raise Error(f"make {goal[0]} failed: {done.stderr.strip().splitlines()[-1:]}")
    text = new.read_text()
    if bad := lost(asked, parse(text)):
        raise Error(f"{arch.name} {flavour}: a lost symbol: " + "; ".join(bad))
    final = out / ".config"
    if final.exists() and final.read_text() == text:
        new.unlink()
    else:
        new.rename(final)


def run(argv: list[str]) -> None:
    """The command."""
    if len(argv) not in (1, 2):
        raise UsageError("usage: config.py ARCH [FLAVOUR]")
    symbols = wanted(arch_of(argv[0]).name, argv[1] if len(argv) == 2 else "pfn_track")
    for name, value in symbols.items():
        print(f"{name}={value}")


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(run)
