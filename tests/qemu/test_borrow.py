# SPDX-License-Identifier: GPL-2.0-only
"""Pages of a process that a driver maps write-combining: what becomes of them afterwards."""

from __future__ import annotations

import time
from collections.abc import Iterator

import lab
import pytest
import registry

PAGE = registry.PAGE
HUGE = 512 * PAGE
THP = "/sys/kernel/mm/transparent_hugepage/enabled"


@pytest.fixture(name="booted", scope="module")
def _booted(arch: str) -> Iterator[lab.Guest]:
    """One boot for all tests of this file, with the module."""
    with lab.guest_with("borrow", arch, memory=768) as one:
        one.run("mkdir /tmp/huge && mount -t tmpfs -o huge=always huge /tmp/huge").ok()
        yield one


@pytest.fixture(name="driver")
def _driver(booted: lab.Guest) -> Iterator[lab.Guest]:
    """The module, freshly loaded, under "report"."""
    booted.run("insmod /lib/modules/pfn_borrow.ko").ok()
    yield booted
    booted.settle()
    booted.run("rmmod pfn_borrow").ok()
    booted.write(THP, "madvise").ok()
    registry.policy(booted, "report")
    registry.expect_exact(booted)
    assert not [line for line in registry.records(booted) if line["comm"] in ("pfnhold", "sh")]


def borrow(guest: lab.Guest, holder: lab.Holder, at: int, pages: int, how: str) -> None:
    """Have the driver take pages; wait until the process is found and recorded."""
    before = registry.conflicts(guest)
    va = int(holder.first["va"], 16) + at
    guest.write("/dev/pfn_borrow", f"{holder.pid} {va:x} {pages} {how}").ok()
    deadline = time.monotonic() + 30
    while len(held(guest, holder.pid)) < pages:
        assert time.monotonic() < deadline, registry.dump(guest, "records").lines
        time.sleep(0.3)
    found = registry.new_conflicts(guest, before)
    assert ("pfnhold", "write-back") in {(line["comm"], line["got"]) for line in found}


def held(guest: lab.Guest, pid: int | str) -> set[int]:
    """The page frames that are recorded for a process."""
    spans = [registry.span(line["range"]) for line in registry.records(guest, pid)]
    return {page for first, last in spans for page in range(first // PAGE, last // PAGE + 1)}


def lender(guest: lab.Guest, how: str) -> tuple[lab.Holder, set[int]]:
    """A process with 8 anonymous pages, and the page frames of the 4 that the driver took."""
    holder = guest.hold("/dev/zero", 0, 8 * PAGE, "private")
    for page in range(8):
        assert holder.do(f"write {page * PAGE:#x} {page + 1}")["did"] == "ok written"
    borrow(guest, holder, 2 * PAGE, 4, how)
    return holder, held(guest, holder.pid)


def test_pinned(driver: lab.Guest) -> None:
    """fork() copies pinned pages at once: the child has others, and no record."""
    holder, mine = lender(driver, "pin")
    child = holder.do("fork")["child"]
    assert held(driver, holder.pid) == mine and held(driver, child) == set()
    assert holder.do("child read 0x3000")["value"] == "0x4"
    # The parent keeps the pages, whoever writes.
    holder.do("write 0x3000 7")
    holder.do("child write 0x4000 8")
    assert held(driver, holder.pid) == mine and held(driver, child) == set()
    registry.expect_exact(driver)
    holder.do("munmap 0x2000 0x2000")
    assert len(held(driver, holder.pid)) == 2
    holder.do("move")
    assert len(held(driver, holder.pid)) == 2
    registry.expect_exact(driver)
    holder.leave()


def test_copied_on_write(driver: lab.Guest) -> None:
    """Without a pin the child shares the pages, and who writes gets another one."""
    holder, mine = lender(driver, "get")
    child = holder.do("fork")["child"]
    assert held(driver, child) == mine
    registry.expect_exact(driver)
    holder.do("child write 0x2000 7")
    assert len(held(driver, child) & mine) == 3 and held(driver, holder.pid) == mine
    holder.do("write 0x3000 7")
    assert len(held(driver, holder.pid) & mine) == 3
    registry.expect_exact(driver)
    holder.leave()


def test_private_copies_stay(driver: lab.Guest) -> None:
    """A hole in a file takes its own pages away, not the copies that a process has made."""
    driver.run(f"dd if=/dev/zero of=/tmp/file bs={PAGE} count=8").ok()
    holder = driver.hold("/tmp/file", 0, 8 * PAGE, "private")
    # The copies of 2 and 3; of the rest the file's own pages.
    for page in range(8):
        holder.do(f"read {page * PAGE:#x}")
    holder.do("write 0x2000 7")
    holder.do("write 0x3000 8")
    borrow(driver, holder, 0, 8, "get")
    before = held(driver, holder.pid)
    va = int(holder.first["va"], 16)
    driver.write("/dev/pfn_borrow", f"{holder.pid} {va:x} 8 hole").ok()
    assert len(held(driver, holder.pid)) == 2 and held(driver, holder.pid) < before
    registry.expect_exact(driver)
    assert holder.do("read 0x3000")["value"] == "0x8"
    holder.leave()


def huge_pages(guest: lab.Guest, pid: int, word: str) -> int:
    """How many KiB of a process huge entries map."""
    return sum(int(line.split()[1]) for line in guest.read(f"/proc/{pid}/smaps").splitlines()
               if line.startswith(word))


@pytest.mark.parametrize("how", ["pin", "get"])
def test_huge(driver: lab.Guest, how: str) -> None:
    """A part of a huge page: recorded as far as the driver has it, also when it is split."""
    if driver.kernel.flavour == "rt":
        pytest.skip("PREEMPT_RT has no huge pages")
    driver.write(THP, "always").ok()
    holder = driver.hold("/dev/zero", 0, 3 * HUGE, "private")
    # Where an aligned part begins, in which nothing has been touched yet.
    at = -int(holder.first["va"], 16) % HUGE
    holder.do(f"write {at:#x} 7")
    assert huge_pages(driver, holder.pid, "AnonHugePages:") >= HUGE // 1024
    borrow(driver, holder, at + 100 * PAGE, 4, how)
    mine = held(driver, holder.pid)
    assert len(mine) == 4
    child = holder.do("fork")["child"]
    assert held(driver, holder.pid) == mine
    assert held(driver, child) == (set() if how == "pin" else mine)
    registry.expect_exact(driver)
    holder.do(f"munmap {at + 102 * PAGE:#x} {PAGE:#x}")
    assert len(held(driver, holder.pid)) == 3
    holder.do("move")
    registry.expect_exact(driver)
    holder.leave()


def test_one_page_of_a_huge_one(driver: lab.Guest) -> None:
    """Under "enforce" another process has all of a huge page but those in dispute."""
    if driver.kernel.flavour == "rt":
        pytest.skip("PREEMPT_RT has no huge pages")
    driver.run(f"dd if=/dev/zero of=/tmp/huge/file bs={HUGE} count=2").ok()
    first = driver.hold("/tmp/huge/file", 0, 2 * HUGE)
    first.do(f"write {100 * PAGE:#x} 7")
    borrow(driver, first, 100 * PAGE, 2, "get")
    registry.policy(driver, "enforce")
    second = driver.hold("/tmp/huge/file", 0, 2 * HUGE)
    for page in (0, 99, 102, 511, 512, 1023):
        assert second.do(f"read {page * PAGE:#x}")["did"] == "ok"
    assert held(driver, second.pid) == set()
    registry.expect_exact(driver)
    with pytest.raises(lab.LabError, match="status 135"):
        second.do(f"read {101 * PAGE:#x}")
    assert first.do(f"read {100 * PAGE:#x}")["value"] == "0x7"
    driver.write("/dev/pfn_borrow", "back").ok()
    first.leave()
    third = driver.hold("/tmp/huge/file", 0, 2 * HUGE)
    assert third.do(f"read {101 * PAGE:#x}")["did"] == "ok"
    third.leave()
    driver.run("rm /tmp/huge/file").ok()


def test_process_is_gone(driver: lab.Guest) -> None:
    """The pages outlive their process: no record of it is left."""
    holder, _ = lender(driver, "pin")
    holder.kill()
    holder.wait()
    assert held(driver, holder.pid) == set()
    registry.expect_exact(driver)
