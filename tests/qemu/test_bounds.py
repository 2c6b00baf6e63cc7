# SPDX-License-Identifier: GPL-2.0-only
"""What a process can do at most to a machine with the registry: no hang, and bounded sections."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import lab
import pytest
import registry

# QEMU's pci-testdev, with a BAR of 4 GiB: x86-64 has one for other reasons.
LARGE = "0000:00:1e.0"
DEVICE = {"x86_64": (), "arm64": ("-device", "pci-testdev,membar=4G,addr=0x1e")}
GIB = 1 << 30
BLOCKS = 4096
# A little less than vm.max_map_count.
AREAS = 65000
# Instructions that a section of the registry may take with preemption off.
SECTION = 100_000
# Records and nodes that it may look at meanwhile, see PFT_STEPS in mm/pfn_track_internal.h.
STEPS = 1000


def plugin(folder: Path) -> Path:
    """QEMU's plugin that measures how long the guest holds a lock."""
    made = folder / "sections.so"
    source = Path(__file__).resolve().parent / "plugin" / "sections.c"
    subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter",
                    "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", made, source], check=True)
    return made


def test_blocks_held_twice(arch: str) -> None:
    """Thousands of blocks that are held twice and then as a whole, on a machine with mixed RAM.

    The registry frees what it needs no longer in that moment, and the page allocator asks the
    registry about every page that is freed. It hung with interrupts off within 100 blocks.
    """
    flavour = lab.flavour_for("pfn_track")
    kernel = lab.kernel_for(arch, flavour)
    with lab.Guest(kernel, "pfn_track=report", extra=("blocks",), hardware=DEVICE[arch]) as guest:
        if arch == "x86_64":
            guest.run("insmod /lib/modules/pfn_track_misuse.ko").ok()
            guest.write("/sys/kernel/debug/pfn_track_misuse/do", "pool-parted").ok()
            assert any(line["kind"] == "set_memory" for line in registry.records(guest))
        before = registry.counters(guest)
        blocks = guest.spawn(f"blocks /sys/bus/pci/devices/{LARGE}/resource2 {BLOCKS}")
        for step in ("held", "grown", "cut"):
            assert blocks.line(timeout=300).startswith(f"{step} ")
        assert blocks.wait(timeout=300).rc == 0
        after = registry.counters(guest)
        assert after["maps"] - before["maps"] >= 2 * BLOCKS
        assert after["records"] == before["records"] and after["incomplete"] == 0
        registry.expect_exact(guest)


@pytest.mark.skipif(os.environ.get("PFNTRACK_FLAVOUR") == "debug",
                    reason="instructions of a debug kernel are not those of the registry")
def test_areas_on_a_boundary(arch: str, tmp_path: Path) -> None:
    """65,000 areas over one GiB boundary: no hold of the registry's lock is long.

    Each hold is measured from outside, in instructions, with what interrupted it. The registry
    counts by itself the records and nodes that it looked at.
    """
    kernel = lab.kernel_for(arch, "pfn_track")
    sections = tmp_path / "sections"
    measure = (f"{plugin(tmp_path)},map={kernel.image.with_name('System.map')},lock=pft_lock,"
               f"out={sections}")
    # What is printed takes longer than all else.
    with lab.Guest(kernel, "pfn_track=report norandmaps nokaslr loglevel=2", cpus=1, counted=True,
                   extra=("areas",), hardware=(*DEVICE[arch], "-plugin", measure)) as guest:
        guest.run("insmod /lib/modules/pfn_track_huge.ko").ok()
        held, asked = f"/dev/pfn_track_huge-{LARGE}", f"/sys/bus/pci/devices/{LARGE}/resource2"

        def probe() -> int:
            """Instructions of a system call with a conflict: of nine in ten."""
            said = guest.run(f"areas probe {held} {asked} {GIB + GIB // 2:#x} 50").ok()
            assert registry.conflicts(guest)
            return int(said.split()[3])

        alone = probe()
        take = guest.spawn(f"areas take {held} {GIB:#x} {AREAS}")
        took, count, *_ = take.line(timeout=600).split()
        assert (took, count) == ("took", str(AREAS))
        assert int(guest.read(f"{registry.SYSFS}/records")) > AREAS
        beside = probe()
        steps = int(guest.read(f"{registry.SYSFS}/max_steps"))
        take.close_input()
        take.wait(timeout=600)

    head, *lines = sections.read_text().splitlines()
    longest = sorted(((int(line.split()[1]), line.split()[0]) for line in lines), reverse=True)
    print(f"{arch}: {head}; longest {longest[:3]}; at most {steps} steps; a conflict takes {alone} "
          f"instructions alone, {beside} with {AREAS} areas")
    _, nr, _, odd = head.split()
    assert int(nr) > 4 * AREAS and odd == "0"
    assert longest[0][0] < SECTION and 0 < steps <= STEPS


@pytest.mark.skipif(os.environ.get("PFNTRACK_FLAVOUR") == "debug",
                    reason="instructions of a debug kernel are not those of the registry")
def test_audit_of_a_gigabyte(arch: str) -> None:
    """Anonymous RAM is read entry by entry, and that is cheap: under 400 instructions each."""
    kernel = lab.kernel_for(arch, "pfn_track")
    with lab.Guest(kernel, "pfn_track=report loglevel=2", cpus=1, counted=True, memory=1792,
                   extra=("areas",)) as guest:
        def audit() -> tuple[float, registry.Dump]:
            """Seconds, which are instructions / 10^9, and what it says."""
            said = guest.run(f"cat /proc/uptime; cat {registry.DEBUGFS}/audit; cat /proc/uptime",
                             timeout=300).ok()
            first, *body, last = said.splitlines()
            dump = registry.parse("\n".join(body))
            assert dump.head["findings"] == "0"
            return float(last.split()[0]) - float(first.split()[0]), dump

        before, dump = audit()
        pages = int(dump.head["plain_pages"])
        ram = guest.spawn("areas ram 1024")
        assert ram.line(timeout=300) == f"touched {GIB // registry.PAGE}"
        after, dump = audit()
        pages = int(dump.head["plain_pages"]) - pages
        assert pages >= GIB // registry.PAGE
        print(f"{arch}: {after - before:.2f}e9 instructions for {pages} pages")
        assert after - before < pages * 600 / 1e9
        ram.close_input()
        ram.wait()
