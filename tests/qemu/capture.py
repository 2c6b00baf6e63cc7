# SPDX-License-Identifier: GPL-2.0-only
"""Capture the machines that the golden tests of pfntrack look at.

    python3 -B tests/qemu/capture.py [NAME ...]      all, or those named below

Boots the guest, has processes hold mappings that disagree, and takes
tests/data/snapshots/NAME anew. Then look at the difference, and have the
golden files follow: PFNTRACK_ACCEPT=1 python3 -m pytest tests/cli/test_golden.py
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts" / "kernel"))

import lab  # noqa: E402

SNAPSHOTS = lab.REPO / "tests" / "data" / "snapshots"
LOGS = lab.REPO / "tests" / "data" / "logs"
PAGE = 0x1000


@dataclass(frozen=True)
class Machine:
    """What to boot."""

    arch: str
    flavour: str
    cmdline: str = ""
    refused: bool = False   # a driver, whose report is taken, too


MACHINES = {
    "x86_64-stock": Machine("x86_64", "pristine"),
    "x86_64-patched": Machine("x86_64", "pfn_track", "pfn_track=report"),
    "arm64-stock": Machine("arm64", "pristine"),
    "arm64-patched": Machine("arm64", "pfn_track", "pfn_track=report"),
    "arm64-enforced": Machine("arm64", "pfn_track", "pfn_track=enforce", refused=True),
    "riscv64-patched": Machine("riscv64", "pfn_track", "pfn_track=report"),
}

# What a guest without pfntrack and a shell has cat say, one file at a time.
FILES = ("proc/iomem", "proc/cpuinfo", "proc/vmallocinfo", "proc/sys/kernel/osrelease",
         "proc/sys/kernel/arch")
DUMPS = tuple(f"sys/kernel/debug/pfn_track/{name}"
              for name in ("records", "conflicts", "coverage", "leaks", "audit"))
COUNTERS = ("policy", "arch", "records", "maps", "unmaps", "conflicts", "refused", "downgrades",
            "suppressed", "incomplete", "late", "leaks")
KINDS = ("ioremap", "remap_pfn", "claim", "insert", "vmap", "linear", "memremap", "set_memory",
         "kmap")


def hold(guest: lab.Guest) -> list[lab.Holder]:
    """Two that disagree where the architecture lets them, two that agree, one alone."""
    device, cat = guest.device(), "tool cat" if guest.kernel.arch.slim else "cat"
    bar = guest.run(f"{cat} {device}/resource").ok().splitlines()[2]
    start = int(bar.split()[0], 16)
    holders = [guest.hold(f"{device}/resource2", 0, 16 * PAGE)]
    second = "resource2" if guest.arch == "riscv64" else "resource2_wc"
    holders.append(guest.hold(f"{device}/{second}", 4 * PAGE, 16 * PAGE))
    holders += [guest.hold("/dev/mem", start + 0x100000, 4 * PAGE) for _ in range(2)]
    holders.append(guest.hold(f"{guest.device(1)}/resource2", 0x40000, 16 * PAGE))
    assert all(holder.mapped for holder in holders)
    return holders


def refuse(guest: lab.Guest) -> list[lab.Holder]:
    """A process holds a BAR that a driver then wants write-back."""
    holder = guest.hold(f"{guest.device()}/resource2", 0, 16 * PAGE)
    assert holder.mapped
    guest.run("insmod /lib/modules/pfn_track_wb.ko").ok()
    return [holder]


def put(tree: Path, name: str, text: str) -> None:
    """A file of the tree."""
    (tree / name).parent.mkdir(parents=True, exist_ok=True)
    (tree / name).write_text(text, encoding="utf-8")


def take_tree(guest: lab.Guest, tree: Path, folder: str) -> None:
    """All files and links of a folder of the guest."""
    for line in guest.run(f"cd {folder} && find . -type f -o -type l").ok().splitlines():
        name = line.removeprefix("./")
        target = guest.run(f"readlink {folder}/{name}")
        if target.rc:
            put(tree, name, guest.run(f"cat {folder}/{name}").ok())
            continue
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        os.symlink(target.out.rstrip("\n"), tree / name)


def take_files(guest: lab.Guest, tree: Path, pids: list[int]) -> None:
    """What a snapshot begins with, read file by file."""
    names = [*FILES, *DUMPS, *(f"sys/kernel/mm/pfn_track/{name}" for name in COUNTERS),
             *(f"sys/kernel/mm/pfn_track/kind/{name}" for name in KINDS),
             *(f"sys/bus/pci/devices/{device.bdf}/resource" for device in guest.devices),
             *(f"proc/{pid}/{name}" for pid in pids for name in ("comm", "smaps"))]
    for name in names:
        done = guest.run(f"tool cat /{name}")
        if not done.rc:
            put(tree, name, done.out)


def capture(name: str) -> None:
    """Take one anew."""
    machine, place = MACHINES[name], SNAPSHOTS / name
    kernel = lab.kernel_for(machine.arch, machine.flavour)
    command = lab.programs.pfntrack("x86_64", "")
    with tempfile.TemporaryDirectory() as folder, lab.Guest(kernel, machine.cmdline) as guest:
        raw = Path(folder) / "raw"
        holders = refuse(guest) if machine.refused else hold(guest)
        if kernel.arch.slim:
            take_files(guest, raw, [holder.pid for holder in holders])
        else:
            guest.run("pfntrack snapshot /tmp/shot").ok()
            take_tree(guest, raw, "/tmp/shot")
        # Once more, on this side: the same program, whatever the guest had.
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([command, "--root", raw, "snapshot", place], check=True,
                       stdout=subprocess.DEVNULL)
        for path in [place, *place.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() else 0o644)
        if machine.refused:
            log = guest.run("dmesg | grep pfn_track | cut -c16-").ok()
            LOGS.mkdir(exist_ok=True)
            (LOGS / name).write_text(log, encoding="utf-8")
        for holder in holders:
            holder.leave()
    print(name, sum(path.stat().st_size for path in place.rglob("*") if path.is_file()), "bytes")


def main() -> None:
    """Take them all, or some."""
    for name in sys.argv[1:] or MACHINES:
        if name not in MACHINES:
            sys.exit(f"capture: no machine {name!r}; it is one of {', '.join(MACHINES)}")
        capture(name)


if __name__ == "__main__":
    main()
