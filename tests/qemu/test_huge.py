# SPDX-License-Identifier: GPL-2.0-only
"""Huge entries of page frames: every page of them is judged, and what splits them erases them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import lab
import pytest
import registry

SWITCH = "/sys/kernel/mm/transparent_hugepage/enabled"
PAGES = 512
LENGTH = PAGES * registry.PAGE
# QEMU's pci-testdev, with a BAR of 4 GiB; x86-64 only.
LARGE = "0000:00:1e.0"
DEBUG = os.environ.get("PFNTRACK_FLAVOUR") == "debug"


@pytest.fixture(name="huge")
def fixture_huge(tracked: lab.Guest) -> Iterator[lab.Guest]:
    """The driver, and huge entries allowed."""
    tracked.write(SWITCH, "always").ok()
    tracked.run("insmod /lib/modules/pfn_track_huge.ko").ok()
    yield tracked
    tracked.settle()
    tracked.run("rmmod pfn_track_huge").ok()
    tracked.write(SWITCH, "madvise").ok()


def device(bdf: str) -> str:
    """The file of the driver."""
    return f"/dev/pfn_track_huge-{bdf}"


def hold(guest: lab.Guest) -> lab.Holder:
    """A process that maps one huge page, and has touched nothing yet."""
    holder = guest.hold(device(guest.devices[0].bdf), 0, LENGTH)
    assert holder.mapped and not registry.records(guest, holder.pid)
    return holder


def touch(holder: lab.Holder, page: int) -> None:
    """Fault a page in."""
    assert holder.do(f"read {page * registry.PAGE:#x}")["did"].startswith("ok")


def held(guest: lab.Guest, pid: int | str) -> list[tuple[int, int]]:
    """What a process has on record, which is what is mapped."""
    registry.expect_exact(guest)
    return registry.pages(guest, pid, guest.bar(0)[0])


def test_whole(huge: lab.Guest) -> None:
    """One fault, one entry, one record."""
    holder = hold(huge)
    touch(holder, 300)
    assert held(huge, holder.pid) == [(0, PAGES)]
    line, = registry.records(huge, holder.pid)
    assert (line["kind"], line["want"], line["got"]) == ("insert", registry.COMBINING,
                                                         registry.COMBINING)
    assert line["site"].startswith("huge_huge_fault+")
    # All of it: nothing is split.
    assert holder.do(f"mprotect 0 {LENGTH:#x} r")["did"] == "ok protected"
    assert held(huge, holder.pid) == [(0, PAGES)]
    holder.leave()
    assert not registry.records(huge, holder.pid)


@pytest.mark.parametrize(("command", "page"), [
    (f"munmap {100 * registry.PAGE:#x} {registry.PAGE:#x}", 0),
    (f"mprotect 0 {LENGTH // 2:#x} r", 400),
    (f"mprotect {LENGTH // 2:#x} {LENGTH // 2:#x} none", 0),
    (f"resize {300 * registry.PAGE:#x}", 1),
], ids=["munmap", "mprotect", "mprotect-none", "mremap"])
def test_split(huge: lab.Guest, command: str, page: int) -> None:
    """The whole entry goes, and its record; faults bring small ones."""
    holder = hold(huge)
    touch(holder, 0)
    assert held(huge, holder.pid) == [(0, PAGES)]
    assert holder.do(command)["did"].startswith("ok")
    assert held(huge, holder.pid) == []
    touch(holder, page)
    assert held(huge, holder.pid) == [(page, page + 1)]
    holder.leave()
    assert held(huge, holder.pid) == []


def test_moved(huge: lab.Guest) -> None:
    """mremap() moves it, or erases it where the new place is not aligned."""
    holder = hold(huge)
    touch(holder, 0)
    assert holder.do("move")["did"] == "ok moved"
    assert held(huge, holder.pid) in ([], [(0, PAGES)])
    touch(holder, 7)
    assert held(huge, holder.pid) in ([(7, 8)], [(0, PAGES)])


def test_forked(huge: lab.Guest) -> None:
    """The child has the entry, and loses it by itself."""
    holder = hold(huge)
    touch(holder, 0)
    child = holder.do("fork")["child"]
    assert held(huge, child) == held(huge, holder.pid) == [(0, PAGES)]
    holder.do(f"child munmap 0 {registry.PAGE:#x}")
    assert held(huge, child) == []
    assert held(huge, holder.pid) == [(0, PAGES)]
    holder.do("child exit 0")
    assert held(huge, holder.pid) == [(0, PAGES)]


def test_unmapped_by_the_driver(huge: lab.Guest) -> None:
    """And filled in again, as large as before."""
    holder = hold(huge)
    touch(holder, 0)
    child = holder.do("fork")["child"]
    huge.write(device(huge.devices[0].bdf), "unmap").ok()
    assert held(huge, holder.pid) == held(huge, child) == []
    touch(holder, 511)
    assert held(huge, holder.pid) == [(0, PAGES)]
    assert held(huge, child) == []


def test_page_300(tracked: lab.Guest, arch: str) -> None:
    """Whoever holds one page in the middle is named."""
    first = tracked.hold(f"{tracked.device()}/resource2", 300 * registry.PAGE, registry.PAGE)
    assert first.mapped
    tracked.write(SWITCH, "always").ok()
    tracked.run("insmod /lib/modules/pfn_track_huge.ko").ok()
    try:
        before = registry.conflicts(tracked)
        holder = hold(tracked)
        touch(holder, 0)
        assert held(tracked, holder.pid) == [(0, PAGES)]
        line, = registry.new_conflicts(tracked, before)
        start = tracked.bar(0)[0] + 300 * registry.PAGE
        assert registry.span(line["held.range"]) == (start, start + registry.PAGE - 1)
        # PAT gives one attribute to the whole entry; elsewhere only that page conflicts.
        assert line["bytes"] == str({"x86_64": PAGES, "arm64": 1}[arch] * registry.PAGE)
        assert (line["held.pid"], line["pid"]) == (str(first.pid), str(holder.pid))
        assert line["want"] == registry.COMBINING
        assert line["held.got"] == registry.UNCACHED[arch]
    finally:
        tracked.settle()
        tracked.run("rmmod pfn_track_huge").ok()
        tracked.write(SWITCH, "madvise").ok()


# On x86 PAT gives the whole driver what one page is held as.
@pytest.mark.only("arm64")
def test_page_300_refused(tracked: lab.Guest) -> None:
    """One page that is refused does not take the others of the huge entry with it."""
    first = tracked.hold(f"{tracked.device()}/resource2", 300 * registry.PAGE, registry.PAGE)
    assert first.mapped
    tracked.write(SWITCH, "always").ok()
    tracked.run("insmod /lib/modules/pfn_track_huge.ko").ok()
    registry.policy(tracked, "strict")
    try:
        holder = hold(tracked)
        touch(holder, 0)
        assert held(tracked, holder.pid) == [(0, 1)]
    finally:
        registry.policy(tracked, "report")
        tracked.settle()
        tracked.run("rmmod pfn_track_huge").ok()
        tracked.write(SWITCH, "madvise").ok()


def hold_gigabyte(guest: lab.Guest) -> tuple[lab.Holder, int]:
    """A process with 1 GiB in one entry, and where that begins."""
    holder = guest.hold(device(LARGE), 0, 1 << 30)
    assert holder.mapped
    touch(holder, 100000)
    registry.expect_exact(guest)
    line, = registry.records(guest, holder.pid)
    first, last = registry.span(line["range"])
    assert last - first == (1 << 30) - 1
    return holder, first


@pytest.mark.only("x86_64")
def test_still_larger(huge: lab.Guest) -> None:
    """1 GiB in one entry, that a fork copies, and that goes as a whole."""
    holder, _ = hold_gigabyte(huge)
    child = holder.do("fork")["child"]
    registry.expect_exact(huge)
    assert len(registry.records(huge, child)) == 1
    assert holder.do(f"munmap 0 {1 << 30:#x}")["did"] == "ok unmapped"
    registry.expect_exact(huge)
    assert not registry.records(huge, holder.pid) and len(registry.records(huge, child)) == 1
    holder.leave()
    holder.wait()
    huge.settle()
    registry.expect_exact(huge)
    assert not registry.records(huge, child)


# zap_pud_range() of 6.12 has __split_huge_pud() erase the entry when a part of it is unmapped.
# The area has been cut to that part by then, and does not hold the entry any more: that is
# VM_BUG_ON_VMA(vma->vm_end < haddr + HPAGE_PUD_SIZE), on a kernel without pfn_track as well.
@pytest.mark.only("x86_64")
@pytest.mark.skipif(not DEBUG, reason="6.12 checks this with CONFIG_DEBUG_VM only")
def test_part_of_still_larger_with_debug_vm(arch: str) -> None:
    """Upstream's check fires in upstream's function, also while the registry is off."""
    with pytest.raises(lab.LabError), lab.Guest(lab.kernel_for(arch, "debug"),
                                                "pfn_track=off") as guest:
        guest.write(SWITCH, "always").ok()
        guest.run("insmod /lib/modules/pfn_track_huge.ko").ok()
        holder = guest.hold(device(LARGE), 0, 1 << 30)
        touch(holder, 100000)
        holder.do(f"munmap 0 {LENGTH:#x}")
    said = guest.console()
    assert "kernel BUG at mm/huge_memory.c" in said and "__split_huge_pud" in said
    assert "pfn_track" not in said[said.index("kernel BUG at"):].partition("Modules linked in")[0]


@pytest.mark.only("x86_64")
@pytest.mark.skipif(DEBUG, reason="upstream's VM_BUG_ON in __split_huge_pud(), "
                    "see test_part_of_still_larger_with_debug_vm")
def test_part_of_still_larger(huge: lab.Guest) -> None:
    """A part of 1 GiB unmapped is all of it erased."""
    holder, first = hold_gigabyte(huge)
    child = holder.do("fork")["child"]
    # No less: where a part of 2 MiB is cut off, 6.12 takes the entry for a table.
    assert holder.do(f"munmap 0 {LENGTH:#x}")["did"] == "ok unmapped"
    registry.expect_exact(huge)
    assert not registry.records(huge, holder.pid)
    touch(holder, 100000)
    registry.expect_exact(huge)
    line, = registry.records(huge, holder.pid)
    assert registry.span(line["range"])[0] == first + (100000 // PAGES) * LENGTH
    holder.leave()
    holder.wait()
    huge.settle()
    registry.expect_exact(huge)
    assert not registry.records(huge, child)
