#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Count what the hooks cost in a booted kernel: pristine, off, report.

usage: kernel.py [x86_64|arm64]

Under QEMU's -icount the guest's counter counts instructions, so one run says
as much as a hundred. Ratios are against the pristine kernel. Prints a table
and adds the architecture to build/bench/kernel.json.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
REPO = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPO / "tests" / "qemu"))

import lab  # noqa: E402

COUNTS = 31
MODULE = REPO / "tests" / "bench" / "module"
KERNELS = {"pristine": ("pristine", ""), "off": ("pfn_track", "pfn_track=off"),
           "report": ("pfn_track", "pfn_track=report")}


def module_for(arch: str, flavour: str) -> Path:
    """The module that maps as drivers do, built if need be."""
    done = subprocess.run(["/usr/bin/python3", REPO / "scripts" / "kernel" / "module.py", arch,
                           flavour, MODULE], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"kernel.py: no module for {arch} {flavour}")
    return Path(done.stdout.strip())


def count(arch: str, flavour: str, cmdline: str) -> dict[str, int]:
    """Instructions of each case."""
    kernel, module = lab.kernel_for(arch, flavour), module_for(arch, flavour)
    # norandmaps: a stack or a heap elsewhere may take one page table more.
    with lab.Guest(kernel, f"norandmaps {cmdline}".strip(), cpus=1, counted=True,
                   modules=(module,)) as guest:
        guest.run(f"insmod /lib/modules/{module.name}").ok()
        said = guest.run(f"bench {guest.device()}/resource2 {COUNTS}", timeout=300).ok()
    return {name: int(value) for name, value in (line.split() for line in said.splitlines())}


def table(arch: str, counts: dict[str, dict[str, int]]) -> list[dict[str, object]]:
    """One row a case, with its ratios; printed on the way."""
    rows: list[dict[str, object]] = []
    print(f"{arch:28}{'pristine':>12}{'off':>12}{'report':>12}   instructions, ratio to pristine")
    for name, base in counts["pristine"].items():
        row: dict[str, object] = {"name": name}
        text = f"{name:28}"
        for kernel, values in counts.items():
            row[kernel] = values[name]
            row[f"{kernel}_ratio"] = round(values[name] / base, 4)
            text += f"{values[name]:12}"
        print(f"{text}   {row['off_ratio']} {row['report_ratio']}", flush=True)
        rows.append(row)
    return rows


def main() -> None:
    """The command."""
    arch = lab.shell_arch(sys.argv[1] if len(sys.argv) > 1 else "x86_64", "kernel.py")
    counts = {name: count(arch, *kernel) for name, kernel in KERNELS.items()}
    path = REPO / "build" / "bench" / "kernel.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(path.read_text(encoding="ascii")) if path.exists() else {}
    known[arch] = table(arch, counts)
    path.write_text(json.dumps(known, indent=1) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
