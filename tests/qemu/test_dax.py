# SPDX-License-Identifier: GPL-2.0-only
"""Files on persistent memory: processes map its page frames, without a page cache.

Only "make lab" runs these: they need the "drivers" kernel. Such entries are recorded like those
of a driver, also in private mappings, whose copies are anonymous memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import lab
import pytest
import registry

PAGES = 16
LENGTH = PAGES * registry.PAGE
FILE = "/tmp/dax/file"

pytestmark = pytest.mark.only("x86_64")


@pytest.fixture(name="machine", scope="module")
def fixture_machine(arch: str) -> Iterator[lab.Guest]:
    """A guest with a file system on memory that counts as persistent."""
    with lab.Guest(lab.kernel_for(arch, "drivers"), "pfn_track=report memmap=64M!512M",
                   memory=768) as guest:
        guest.run("mke2fs -b 4096 /dev/pmem0 && mkdir /tmp/dax && "
                  "mount -t ext2 -o dax /dev/pmem0 /tmp/dax").ok()
        guest.run(f"dd if=/dev/zero of={FILE} bs={registry.PAGE} count={PAGES}").ok()
        assert re.search(r"/tmp/dax .*\bdax\b.* 0 0", guest.read("/proc/mounts"))
        yield guest


def hold(guest: lab.Guest, kind: str) -> lab.Holder:
    """A process that has mapped the file, and read all of it."""
    holder = guest.hold(FILE, 0, LENGTH, kind)
    assert holder.mapped
    for page in range(PAGES):
        assert "ok" in holder.do(f"read {page * registry.PAGE:#x}")["did"]
    return holder


def pages(guest: lab.Guest, pid: int) -> int:
    """How many pages are recorded for a process."""
    spans = [registry.span(line["range"]) for line in registry.records(guest, pid)]
    return sum((last + 1 - first) // registry.PAGE for first, last in spans)


@pytest.mark.parametrize("kind", ["shared", "private"])
def test_recorded_over_fork(machine: lab.Guest, kind: str) -> None:
    """What page tables hold is recorded, in parent and child, and goes with them."""
    before = registry.conflicts(machine)
    holder = hold(machine, kind)
    parent = holder.pid
    assert pages(machine, parent) == PAGES
    child = int(holder.do("fork")["child"])
    registry.expect_exact(machine)
    # A private mapping is not copied by fork(): the child's faults fill it in.
    assert pages(machine, child) in (0, PAGES)
    holder.do("child read 0")
    registry.expect_exact(machine)
    assert pages(machine, child) >= 1
    holder.do("child exit 0")
    holder.leave()
    machine.settle()
    registry.expect_exact(machine)
    assert not registry.records(machine, child) and not registry.records(machine, parent)
    assert not registry.new_conflicts(machine, before)


def test_copied_on_write(machine: lab.Guest) -> None:
    """A page that a process has written to is its own, and no page of the file any more."""
    holder = hold(machine, "private")
    assert "ok" in holder.do(f"write {3 * registry.PAGE:#x} 7")["did"]
    assert pages(machine, holder.pid) == PAGES - 1
    registry.expect_exact(machine)
    holder.leave()
    machine.settle()
    registry.expect_exact(machine)


def test_truncated(machine: lab.Guest) -> None:
    """A file that is cut takes the entries of its pages along."""
    holder = hold(machine, "shared")
    machine.run(f"truncate -s {8 * registry.PAGE} {FILE}").ok()
    assert pages(machine, holder.pid) == 8
    registry.expect_exact(machine)
    holder.leave()
    machine.run(f"dd if=/dev/zero of={FILE} bs={registry.PAGE} count={PAGES}").ok()
