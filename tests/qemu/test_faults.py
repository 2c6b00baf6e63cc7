# SPDX-License-Identifier: GPL-2.0-only
"""What faults insert is on record page by page, as long as it is there."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import lab
import pytest
import registry

DEVICE = "/dev/pfn_track_fault"
PAGES = 16
LENGTH = PAGES * registry.PAGE
# What pgprot_noncached() makes of a user's page.
UNCACHED = {"x86_64": "uncached-minus", "arm64": "device-strict"}

@pytest.fixture(name="base")
def fixture_base(tracked: lab.Guest) -> Iterator[int]:
    """The driver, and where the half of the BAR begins that it shows first."""
    tracked.run("insmod /lib/modules/pfn_track_fault.ko").ok()
    yield tracked.bar(0)[0]
    tracked.settle()
    tracked.run("rmmod pfn_track_fault").ok()


def other(guest: lab.Guest) -> int:
    """Where the other half of the BAR begins."""
    first, last = guest.bar(0)
    return first + (last + 1 - first) // 2


def touch(holder: lab.Holder, *pages: int) -> None:
    """Fault pages in, in this order."""
    for page in pages:
        assert holder.do(f"read {page * registry.PAGE:#x}")["did"].startswith("ok")


def conflicts(guest: lab.Guest) -> str:
    """How many there were."""
    return guest.read("/sys/kernel/mm/pfn_track/conflicts")


def hold(guest: lab.Guest) -> lab.Holder:
    """A process that maps the object and has touched nothing yet."""
    holder = guest.hold(DEVICE, 0, LENGTH)
    assert holder.mapped and not registry.records(guest, holder.pid)
    return holder


def test_page_by_page(tracked: lab.Guest, base: int) -> None:
    """Neighbours are one record, in whatever order they come."""
    holder = hold(tracked)
    touch(holder, 3)
    line, = registry.records(tracked, holder.pid)
    assert (line["kind"], line["want"], line["got"]) == ("insert", "write-combining",
                                                         "write-combining")
    assert line["module"] == "pfn_track_fault" and line["site"].startswith("object_fault+")
    touch(holder, 5)
    assert registry.pages(tracked, holder.pid, base) == [(3, 4), (5, 6)]
    touch(holder, 4, 2, 1, 0, *range(6, PAGES))
    assert registry.pages(tracked, holder.pid, base) == [(0, PAGES)]
    assert len(registry.records(tracked, holder.pid)) == 1
    holder.leave()
    assert not registry.records(tracked, holder.pid)


def test_partial_munmap_and_fork(tracked: lab.Guest, base: int) -> None:
    """The child has what the parent had; each lets go of its own."""
    holder = hold(tracked)
    touch(holder, *range(8))
    child = holder.do("fork")["child"]
    assert registry.pages(tracked, child, base) == [(0, 8)]
    assert holder.do(f"munmap {2 * registry.PAGE:#x} {2 * registry.PAGE:#x}")["did"].startswith("ok")
    assert registry.pages(tracked, holder.pid, base) == [(0, 2), (4, 8)]
    assert registry.pages(tracked, child, base) == [(0, 8)]
    holder.leave()
    assert not registry.records(tracked, holder.pid) + registry.records(tracked, child)


def test_object_moves(tracked: lab.Guest, base: int) -> None:
    """Out of all page tables, and in again elsewhere with another attribute: no conflict."""
    before = conflicts(tracked)
    holders = [hold(tracked), hold(tracked)]
    for holder in holders:
        touch(holder, *range(PAGES))
    tracked.write(DEVICE, "move").ok()
    for holder in holders:
        assert not registry.records(tracked, holder.pid)
        touch(holder, 0, 1, 2)
        assert registry.pages(tracked, holder.pid, other(tracked)) == [(0, 3)]
        line, = registry.records(tracked, holder.pid)
        assert line["want"] == line["got"] == UNCACHED[tracked.arch]
    tracked.write(DEVICE, "move").ok()
    touch(holders[0], 1)
    assert registry.pages(tracked, holders[0].pid, base) == [(1, 2)]
    assert not registry.records(tracked, holders[1].pid)
    assert conflicts(tracked) == before


def test_refused_fault(tracked: lab.Guest) -> None:
    """strict: a page that must not be mapped is a bus error, and is not on record."""
    # Mapped first, so that on x86 write-combining cannot be had any more.
    first = tracked.hold(f"{tracked.device(0)}/resource2", 0, LENGTH)
    tracked.run("insmod /lib/modules/pfn_track_fault.ko").ok()
    try:
        registry.policy(tracked, "strict")
        holder = hold(tracked)
        holder.send("read 0\n")
        assert holder.wait().rc == 128 + signal.SIGBUS
        last = registry.dump(tracked, "conflicts").lines[-1]
        assert (last["kind"], last["result"], last["want"]) == ("insert", "refused",
                                                                "write-combining")
        assert (last["held.pid"], last["pid"]) == (str(first.pid), str(holder.pid))
        assert not registry.records(tracked, holder.pid)
    finally:
        registry.policy(tracked, "report")
        tracked.settle()
        tracked.run("rmmod pfn_track_fault").ok()


# Where no other test has left a mark in x86's own list, see test_stock.py.
FAR = 0x300000


@pytest.fixture(name="around")
def fixture_around(tracked: lab.Guest, base: int) -> Iterator[int]:
    """A driver that maps sixteen pages a fault, and where those of hold_far() begin."""
    parameter = "/sys/module/pfn_track_fault/parameters/around"
    tracked.write(parameter, "16").ok()
    yield base + FAR
    tracked.write(parameter, "1").ok()


def hold_far(guest: lab.Guest) -> lab.Holder:
    """As hold(), in one page table: pages of the next one are left for faults of their own."""
    table = 512 * registry.PAGE
    while True:
        holder = guest.hold(DEVICE, FAR, LENGTH)
        assert holder.mapped and not registry.records(guest, holder.pid)
        if int(holder.first["va"], 16) % table + LENGTH <= table:
            return holder
        holder.leave()


def maps(guest: lab.Guest) -> int:
    """How often the registry was asked and said yes."""
    return int(guest.read("/sys/kernel/mm/pfn_track/maps"))


def test_one_judgement(tracked: lab.Guest, around: int) -> None:
    """What one fault maps is asked for once; what is there already is left alone."""
    first, second = hold_far(tracked), hold_far(tracked)
    before = maps(tracked)
    touch(first, 0)
    assert registry.pages(tracked, first.pid, around) == [(0, PAGES)]
    assert maps(tracked) - before == 1
    # To the end of the area, and to a page that was touched before.
    touch(second, 12)
    assert registry.pages(tracked, second.pid, around) == [(12, PAGES)]
    touch(second, 3)
    assert registry.pages(tracked, second.pid, around) == [(3, PAGES)]
    assert maps(tracked) - before == 3
    # Both neighbours of a hole are there.
    assert first.do(f"munmap {4 * registry.PAGE:#x} {registry.PAGE:#x}")["did"].startswith("ok")
    assert registry.pages(tracked, first.pid, around) == [(0, 4), (5, PAGES)]
    assert registry.dump(tracked, "audit").head["findings"] == "0"


def test_refused_together(tracked: lab.Guest, around: int, arch: str) -> None:
    """One page that may not be mapped does not keep its neighbours from being mapped."""
    registry.policy(tracked, "strict")
    other_way = tracked.hold(f"{tracked.device()}/resource2", FAR + 5 * registry.PAGE, registry.PAGE)
    holder = hold_far(tracked)
    if arch == "arm64":
        assert other_way.mapped
        touch(holder, 0)
        assert registry.pages(tracked, holder.pid, around) == [(0, 1)]
        touch(holder, 6)
        assert registry.pages(tracked, holder.pid, around) == [(0, 1), (6, PAGES)]
    else:
        # PAT itself gives the reserved type, which strict does not let pass.
        assert not other_way.mapped
    registry.policy(tracked, "report")
