# SPDX-License-Identifier: GPL-2.0-only
"""Every kind of user mapping, and everything that can become of one: always exact.

After each event the audit finds nothing, and what is on record lies at exactly
the addresses that it should. Huge entries have a file of their own, since what
cuts them erases them (test_huge.py).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import lab
import pytest
import registry
import test_corpus

PAGES = 8
LENGTH = PAGES * registry.PAGE
# What the OOM killer says of its work.
OOM = (r"[Cc]all [Tt]race:", "invoked oom-killer", "Out of memory: ")
ALL = frozenset(range(PAGES))
NONE: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Kind:
    """How a process comes to such a mapping."""

    name: str
    # The driver's case, and the pages that it maps at once or when touched.
    case: str
    pages: frozenset[int]
    touched: bool = False
    # What fork() copies: pages that a file could give again are left to faults.
    copied: bool = True
    # MADV_DONTNEED is refused for page frames, and drops what is counted.
    droppable: bool = False
    # The driver can take its first page out of the page tables: "do" once more.
    moves: bool = False


KINDS = (
    Kind("remap_pfn", "mprotect-right", ALL),
    Kind("remap_pfn-part", "wc-partial", frozenset(range(PAGES // 2))),
    Kind("insert", "fault-uc", ALL, touched=True),
    Kind("insert-moving", "move-bo", ALL, touched=True, moves=True),
    Kind("insert_page", "insert-page-wc", frozenset({0}), droppable=True),
    Kind("fault-page", "fault-page-wc", ALL, touched=True, copied=False, droppable=True),
)


@dataclass
class Life:
    """One mapping, and what should be left of it."""

    guest: lab.Guest
    kind: Kind
    holder: lab.Holder
    pid: int
    va: int
    pages: frozenset[int]

    def at(self, pid: int | str, va: int) -> frozenset[int]:
        """Pages on record of a process, counted from an address."""
        found: set[int] = set()
        for line in registry.records(self.guest, pid):
            first, last = registry.span(line["va"])
            pages = range((first - va) // registry.PAGE, (last + 1 - va) // registry.PAGE)
            assert not found & set(pages), line
            found |= set(pages)
        return frozenset(found)

    def expect(self, child: str = "", copied: frozenset[int] = NONE) -> None:
        """It is all as it should be, the child's part too."""
        registry.expect_exact(self.guest)
        assert self.at(self.pid, self.va) == self.pages
        if child:
            assert self.at(child, self.va) == copied

    def do(self, command: str) -> dict[str, str]:
        """Have the holder do it."""
        answer = self.holder.do(command)
        assert not answer["did"].startswith("bad"), answer
        return answer

    def cut(self, first: int, last: int) -> None:
        """munmap() of pages [first, last)."""
        self.do(f"munmap {first * registry.PAGE:#x} {(last - first) * registry.PAGE:#x}")
        self.pages -= set(range(first, last))
        self.expect()


def touch(life: Life) -> None:
    """Fault everything in."""
    if life.kind.touched:
        for page in sorted(life.kind.pages):
            life.do(f"read {page * registry.PAGE:#x}")


@pytest.fixture(name="driver")
def fixture_driver(guest: Callable[..., lab.Guest], arch: str) -> lab.Guest:
    """The driver of the corpus, in a guest of its own: there the registry is never off."""
    one: lab.Guest = guest(arch, "pfn_track", "pfn_track=report pfn_track_lives=1")
    if one.run(f"test -e {test_corpus.FOLDER}").rc:
        one.run(f"insmod /lib/modules/{test_corpus.MODULE}.ko").ok()
    one.keeps.add(test_corpus.MODULE)
    return one


@pytest.fixture(name="life", params=KINDS, ids=lambda kind: kind.name)
def fixture_life(driver: lab.Guest, request: pytest.FixtureRequest) -> Iterator[Life]:
    """A mapping of each kind, and nothing is left of it."""
    kind: Kind = request.param
    before = len(registry.records(driver))
    driver.write(f"{test_corpus.FOLDER}/do", kind.case).ok()
    holder = driver.hold(f"{test_corpus.FOLDER}/mmap/{kind.case}", 0, LENGTH)
    try:
        assert holder.mapped
        life = Life(driver, kind, holder, holder.pid, int(holder.first["va"], 16), kind.pages)
        touch(life)
        life.expect()
        yield life
    finally:
        with contextlib.suppress(lab.LabError, KeyError):
            holder.leave()
        driver.settle()
        driver.write(f"{test_corpus.FOLDER}/do", f"-{kind.case}").ok()
    assert len(registry.records(driver)) == before
    registry.expect_exact(driver)


def munmap_parts(life: Life) -> None:
    """Head, tail, middle, and what is left, beyond both ends."""
    for first, last in ((0, 1), (7, 8), (3, 5), (0, 8)):
        life.cut(first, last)


def mprotect(life: Life) -> None:
    """Split, split again, to nothing, and merge."""
    for command in ("0x2000 0x3000 r", "0x3000 0x1000 none", "0 0x4000 rw", "0 0x8000 rw"):
        assert life.do(f"mprotect {command}")["did"] == "ok protected"
        life.expect()
    life.cut(1, 6)


def fork(life: Life) -> None:
    """The child has what is copied, loses its own and goes; the parent does not care."""
    child = life.do("fork")["child"]
    copied = life.kind.pages if life.kind.copied else NONE
    life.expect(child, copied)
    life.do("child munmap 0 0x2000")
    life.expect(child, copied - {0, 1})
    life.cut(0, 1)
    life.do("child exit 0")
    life.expect(child, NONE)


def parent_dies(life: Life) -> None:
    """Killed in the middle; its children hang on to what is theirs until they go, too."""
    life.do("mprotect 0x2000 0x2000 r")
    child = life.do("fork")["child"]
    life.guest.run(f"kill -9 {life.pid}").ok()
    life.holder.wait()
    life.pages = NONE
    life.expect()
    life.guest.run(f"kill -9 {child}")
    deadline = time.monotonic() + 30
    while not life.guest.run(f"kill -0 {child}").rc:
        assert time.monotonic() < deadline, f"pid {child} survives SIGKILL"
    life.expect(child, NONE)


def move(life: Life) -> None:
    """mremap() to other addresses, with a hole that was there before."""
    life.va = int(life.do("move")["va"], 16)
    life.expect()
    life.cut(2, 3)


def shrink(life: Life) -> None:
    """mremap() in place: the tail goes."""
    assert life.do("resize 0x3000")["did"] == "ok resized"
    life.pages &= {0, 1, 2}
    life.expect()


def grow(life: Life) -> None:
    """Refused, or the new part is empty."""
    life.do("resize 0x20000")
    life.expect()


def dontneed(life: Life) -> None:
    """MADV_DONTNEED: page frames stay, counted pages go and can be faulted in again."""
    answer = life.do("madvise 0 0x4000")
    assert answer["did"].startswith("ok") == life.kind.droppable
    if life.kind.droppable:
        life.pages -= {0, 1, 2, 3}
    life.expect()


def driver_takes_it(life: Life) -> None:
    """unmap_mapping_range() while the area lives."""
    if not life.kind.moves:
        return
    life.guest.write(f"{test_corpus.FOLDER}/do", life.kind.case).ok()
    life.pages -= {0}
    life.expect()
    life.cut(1, 2)


def exit_now(life: Life) -> None:
    """The end of the process, with its area in pieces."""
    life.do("mprotect 0x1000 0x1000 r")
    life.cut(3, 4)
    life.holder.leave()
    life.pages = NONE
    life.expect()


EVENTS: tuple[Callable[[Life], None], ...] = (
    munmap_parts, mprotect, fork, parent_dies, move, shrink, grow, dontneed, driver_takes_it,
    exit_now)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_exact(life: Life, event: Callable[[Life], None]) -> None:
    """Each kind, each event."""
    event(life)


def test_out_of_memory(arch: str) -> None:
    """A process that the OOM killer takes leaves nothing behind."""
    kernel = lab.kernel_for(arch, lab.flavour_for("pfn_track"))
    # It says how it came to that, with a stack.
    with lab.Guest(kernel, "pfn_track=report", allow=OOM) as guest:
        holder = guest.hold(f"{guest.device(1)}/resource2", 0, LENGTH)
        assert holder.mapped and registry.records(guest, holder.pid)
        guest.write(f"/proc/{holder.pid}/oom_score_adj", "1000").ok()
        guest.write("/proc/sysrq-trigger", "f").ok()
        assert holder.wait().rc == 128 + 9
        assert not registry.records(guest, holder.pid)
        registry.expect_exact(guest)
