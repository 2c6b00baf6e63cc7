# SPDX-License-Identifier: GPL-2.0-only
"""Records follow the page tables, whatever becomes of a mapping."""

from __future__ import annotations

import signal

import lab
import registry

# Sixteen pages of the second device: partial munmap() leaves marks in x86's own
# list (test_stock.py), which must not disturb the tests of conflicts.
OFFSET = 0x40000
PAGES = 16
LENGTH = PAGES * registry.PAGE


def hold(guest: lab.Guest) -> tuple[lab.Holder, int]:
    """A process that maps sixteen pages, and where they begin."""
    holder = guest.hold(f"{guest.device(1)}/resource2", OFFSET, LENGTH)
    assert holder.mapped
    base = guest.bar(1)[0] + OFFSET
    assert registry.pages(guest, holder.pid, base) == [(0, PAGES)]
    return holder, base


def unmap(holder: lab.Holder, first: int, last: int) -> None:
    """munmap() of pages [first, last)."""
    answer = holder.do(f"munmap {first * registry.PAGE:#x} {(last - first) * registry.PAGE:#x}")
    assert answer["did"] == "ok unmapped"


def expect_va(guest: lab.Guest, holder: lab.Holder, va: int, base: int) -> None:
    """Every record lies where its page frame is mapped, counted from @va."""
    for line in registry.records(guest, holder.pid):
        first, last = registry.span(line["range"])
        assert registry.span(line["va"]) == (va + first - base, va + last - base)


def test_munmap_head_middle_tail(tracked: lab.Guest) -> None:
    """Cut exactly there."""
    holder, base = hold(tracked)
    va = int(holder.first["va"], 16)
    unmap(holder, 0, 2)
    assert registry.pages(tracked, holder.pid, base) == [(2, 16)]
    unmap(holder, 14, 16)
    assert registry.pages(tracked, holder.pid, base) == [(2, 14)]
    unmap(holder, 5, 7)
    assert registry.pages(tracked, holder.pid, base) == [(2, 5), (7, 14)]
    expect_va(tracked, holder, va, base)
    # Across the hole, and beyond both ends.
    unmap(holder, 0, 9)
    assert registry.pages(tracked, holder.pid, base) == [(9, 14)]
    holder.leave()
    assert not registry.records(tracked, holder.pid)


def test_mprotect_splits_and_merges(tracked: lab.Guest) -> None:
    """VMAs come and go; the record does not care, and is cut across them."""
    holder, base = hold(tracked)
    assert holder.do("mprotect 0x4000 0x4000 r")["did"] == "ok protected"
    assert registry.pages(tracked, holder.pid, base) == [(0, 16)]
    unmap(holder, 3, 5)
    assert registry.pages(tracked, holder.pid, base) == [(0, 3), (5, 16)]
    assert holder.do("mprotect 0x5000 0x3000 rw")["did"] == "ok protected"
    assert registry.pages(tracked, holder.pid, base) == [(0, 3), (5, 16)]


def test_fork(tracked: lab.Guest) -> None:
    """Parent and child each have their own, and each loses only that."""
    holder, base = hold(tracked)
    child = holder.do("fork")["child"]
    assert registry.pages(tracked, child, base) == [(0, 16)]
    holder.do("child munmap 0 0x1000")
    assert registry.pages(tracked, child, base) == [(1, 16)]
    assert registry.pages(tracked, holder.pid, base) == [(0, 16)]
    unmap(holder, 8, 16)
    assert registry.pages(tracked, child, base) == [(1, 16)]
    holder.do("child exit 0")
    assert not registry.records(tracked, child)
    assert registry.pages(tracked, holder.pid, base) == [(0, 8)]


def test_fork_of_a_split_area(tracked: lab.Guest) -> None:
    """A record over two VMAs is copied once, not twice."""
    holder, base = hold(tracked)
    holder.do("mprotect 0x4000 0x4000 r")
    unmap(holder, 12, 13)
    child = holder.do("fork")["child"]
    mine = registry.pages(tracked, holder.pid, base)
    copied = registry.pages(tracked, child, base)
    assert mine == [(0, 12), (13, 16)]
    assert sum(last - first for first, last in copied) == 15
    assert {page for span in copied for page in range(*span)} == set(range(16)) - {12}


def test_mremap_moves(tracked: lab.Guest) -> None:
    """To other addresses, with a hole in it."""
    holder, base = hold(tracked)
    answer = holder.do("move")
    assert answer["did"] == "ok moved"
    assert registry.pages(tracked, holder.pid, base) == [(0, 16)]
    expect_va(tracked, holder, int(answer["va"], 16), base)
    unmap(holder, 3, 4)
    assert registry.pages(tracked, holder.pid, base) == [(0, 3), (4, 16)]


def test_mremap_shrinks(tracked: lab.Guest) -> None:
    """The tail goes."""
    holder, base = hold(tracked)
    assert holder.do("resize 0x5000")["did"] == "ok resized"
    assert registry.pages(tracked, holder.pid, base) == [(0, 5)]


def test_mremap_cannot_grow(tracked: lab.Guest) -> None:
    """Refused as ever, and nothing changes."""
    holder, base = hold(tracked)
    assert holder.do("resize 0x20000")["did"].startswith("refused")
    assert registry.pages(tracked, holder.pid, base) == [(0, 16)]


def test_killed(tracked: lab.Guest) -> None:
    """Death by signal, with a child that lives on for a moment."""
    holder, _ = hold(tracked)
    pid = holder.pid
    holder.do("fork")
    holder.kill(signal.SIGKILL)
    holder.wait()
    assert not registry.records(tracked, pid)


def test_remap_fails_beyond_the_bar(tracked: lab.Guest) -> None:
    """A refused mmap() leaves no record."""
    start, end = tracked.bar(1)
    before = registry.counters(tracked)
    holder = tracked.hold(f"{tracked.device(1)}/resource2", end + 1 - start, 0x1000)
    assert holder.refusal() == "EINVAL"
    after = registry.counters(tracked)
    assert (after["records"], after["maps"]) == (before["records"], before["maps"])


def test_device_vanishes(tracked: lab.Guest) -> None:
    """Names are kept, not pointers: a report outlives the device it names."""
    claims = "insmod /lib/modules/pfn_track_claim.ko && "
    remove = f"echo 1 > {tracked.device(1)}/remove; "
    tracked.run(claims + remove).ok()
    try:
        kinds = {line["dev"] for line in registry.records(tracked) if line["kind"] == "claim"}
        assert kinds == {tracked.devices[0].bdf}
        registry.conflicts(tracked)
    finally:
        tracked.run("rmmod pfn_track_claim; echo 1 > /sys/bus/pci/rescan").ok()
    assert tracked.run(f"test -e {tracked.device(1)}/resource2").rc == 0


def test_nothing_is_left(tracked: lab.Guest) -> None:
    """After all of that: no user record, nothing incomplete, books that balance."""
    tracked.settle()
    assert not [line for line in registry.records(tracked) if line["space"] == "user"]
    numbers = registry.counters(tracked)
    assert numbers["incomplete"] == 0 and numbers["late"] == 0
