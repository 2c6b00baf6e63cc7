#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Compile what the series touches after each of its steps, with PFN_TRACK=y and without.

usage: steps.py ARCH [STEP]        STEP: stop after this one, counted from 1

The objects are those of all C files that the series adds or changes, as far as the
architecture has them; a header that a step changes has them made again. While
there is no Kconfig entry yet, only "without" is tried. Nothing is linked.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from pathlib import Path

import build
import config
import mkpatch
import tree
from common import INTEGRATION, Arch, UsageError, arch_of, cache, info, locked, main

FLAVOUR = "steps"
KCONFIG = Path("mm/Kconfig.pfn_track")
SAMPLES = Path("samples/pfn_track/Kconfig")
OFF = {"CONFIG_PFN_TRACK": "n", "CONFIG_PFN_TRACK_KUNIT_TEST": "n", "CONFIG_SAMPLE_PFN_TRACK": "n"}


def source_of(arch: Arch) -> str:
    """The folder of an architecture under arch/."""
    return "x86" if arch.kbuild in ("x86_64", "i386") else arch.kbuild


def targets(arch: Arch, work: Path, plan: tree.Plan, enabled: bool) -> list[str]:
    """The objects of the C files that are there."""
    names = {name for patch in plan.patches for name in tree.touched(patch)}
    found = {name for name in names if name.endswith(".c")}
    if enabled:
        found |= {name for name in plan.overlay if re.match(r"mm/(tests/)?\w+\.c$", name)}
    objects = [f"{name[:-2]}.o" for name in sorted(found) if (work / name).exists()
               and (not name.startswith("arch/") or name.startswith(f"arch/{source_of(arch)}/"))]
    if enabled:
        objects += [folder for folder in ("arch/generic/pat/", "samples/pfn_track/")
                    if (work / folder / "Makefile").exists()]
    return objects


def wired(work: Path) -> bool:
    """Whether the symbol can be chosen."""
    return f'source "{KCONFIG}"' in (work / "mm/Kconfig.debug").read_text()


def compile_step(arch: Arch, work: Path, plan: tree.Plan, enabled: bool, fresh: bool,
                 what: str) -> None:
    """Make the objects in the build folder of this setting."""
    out = cache() / "obj" / f"{arch.name}-{FLAVOUR}-{'y' if enabled else 'n'}"
    if fresh:
        samples = {} if (work / SAMPLES).exists() else {"CONFIG_SAMPLE_PFN_TRACK": "n"}
        config.configure(arch, FLAVOUR, work, out, samples if enabled else OFF)
    command = ["make", "-C", str(work), f"O={out}", f"-j{os.cpu_count()}", *arch.make_args(),
               *targets(arch, work, plan, enabled)]
    build.make(command, out / "build.log", f"{what}, PFN_TRACK={'y' if enabled else 'n'}")


def steps(arch: Arch, last: int) -> int:
    """All of them; how many."""
    build.have_compiler(arch, FLAVOUR)
    plan = tree.plan_of()
    todo = mkpatch.parse((INTEGRATION / "series").read_text())
    chosen = mkpatch.assign(todo, plan)
    by_name = {patch.name: patch for patch in plan.patches}
    with locked("tree"):
        pristine = tree.pristine_tree()[0]
    with locked("steps"):
        work = cache() / "steps"
        shutil.rmtree(work, ignore_errors=True)
        tree.fresh_copy(pristine, work)
        for setting in "yn":
            # Of another run, and perhaps newer than what is laid now.
            shutil.rmtree(cache() / "obj" / f"{arch.name}-{FLAVOUR}-{setting}" / "mm",
                          ignore_errors=True)
        for number, (step, names) in enumerate(zip(todo, chosen, strict=True), 1):
            for name in names:
                tree.replace(work / name, plan.overlay[name])
            for patch in step.patches:
                for name in tree.touched(by_name[patch]):
                    if os.path.samefile(work / name, pristine / name):
                        tree.replace(work / name, pristine / name)
                tree.apply_patch(by_name[patch], work, plan.hunks[patch])
            touched = [*names, *(name for patch in step.patches
                                 for name in tree.touched(by_name[patch]))]
            fresh = number == 1 or any("Kconfig" in name for name in touched)
            what = f"step {number} of {len(todo)} ({step.subject})"
            compile_step(arch, work, plan, False, fresh, what)
            if wired(work):
                compile_step(arch, work, plan, True, fresh, what)
            if number == last:
                break
        shutil.rmtree(work)
    return len(todo)


def run(argv: list[str]) -> None:
    """The command."""
    if len(argv) not in (1, 2) or not all(word.isdigit() for word in argv[1:]):
        raise UsageError("usage: steps.py ARCH [STEP]")
    began = time.monotonic()
    count = steps(arch_of(argv[0]), int(argv[1]) if len(argv) == 2 else 0)
    info(f"steps: {count} steps compile on {argv[0]}, {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(run)
