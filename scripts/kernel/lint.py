#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Compile our kernel objects with W=1 and sparse; prints what they say.

usage: lint.py ARCH
"""

from __future__ import annotations

import os
import re
import subprocess
import sys

import build
import tree
from common import Arch, Error, UsageError, arch_of, info, locked, main

OURS = re.compile(r"pfn_track|arch/generic/pat")


def targets(plan: tree.Plan) -> list[str]:
    """Objects and folders to build."""
    found = [str(name)[:-1] + "o" for name in plan.overlay
             if re.match(r"mm/(tests/)?[^/]*\.c$", name)]
    for folder in ("arch/generic/pat/", "samples/pfn_track/"):
        if f"{folder}Makefile" in plan.overlay:
            found.append(folder)
    return found


def lint(arch: Arch) -> list[str]:
    """The warnings of our files."""
    with locked("build"):
        source, out = build.prepare(arch, "pfn_track", f"{arch.name}-lint")
        make = ["make", "-C", str(source), f"O={out}", f"-j{os.cpu_count()}", *arch.make_args()]
        build.make([*make, "prepare"], out / "build.log", f"lint {arch.name}: prepare")
        done = subprocess.run([*make, "W=1", "C=2", "CHECK=sparse", *targets(tree.plan_of())],
                              env=build.environment(), capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).splitlines()
    said = [line for line in lines if re.search(r"(warning|error):", line) and OURS.search(line)]
    if done.returncode and not said:
        raise Error("does not build: " + "; ".join(lines[-5:]))
    return said


def run(argv: list[str]) -> None:
    """The command."""
    if len(argv) != 1:
        raise UsageError("usage: lint.py ARCH")
    if said := lint(arch_of(argv[0])):
        for line in said:
            info(line)
        raise Error(f"{len(said)} warnings")


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(run)
