# SPDX-License-Identifier: GPL-2.0-only
"""RAM that a driver has write-combining and a process write-back, in either order."""

from __future__ import annotations

import time
from collections.abc import Iterator

import lab
import pytest
import registry

HOW = "/sys/module/pfn_shared/parameters/how"
WC = "/sys/module/pfn_shared/parameters/wc"
BARE = "/sys/module/pfn_shared/parameters/bare"
SIZE = 4 * registry.PAGE
WAYS = ("fault", "mixed", "page")


@pytest.fixture(name="booted", scope="module")
def _booted(arch: str) -> Iterator[lab.Guest]:
    """One boot for all tests of this file, with the module."""
    with lab.guest_with("shared", arch) as one:
        yield one


@pytest.fixture(name="ram")
def _ram(booted: lab.Guest) -> Iterator[lab.Guest]:
    """The module, freshly loaded, under "report"."""
    booted.run("insmod /lib/modules/pfn_shared.ko").ok()
    yield booted
    booted.settle()
    booted.run("rmmod pfn_shared").ok()
    registry.policy(booted, "report")
    assert not [line for line in registry.dump(booted, "records").lines
                if line["comm"] in ("pfnhold", "insmod")]


def conflicts(guest: lab.Guest) -> list[dict[str, str]]:
    """Those that name pfnhold on either side."""
    return [line for line in registry.dump(guest, "conflicts").lines
            if "pfnhold" in (line["comm"], line["held.comm"])]


def sides(line: dict[str, str]) -> set[tuple[str, str]]:
    """Who has what."""
    return {(line["comm"], line["got"]), (line["held.comm"], line["held.got"])}


def corrected(guest: lab.Guest, how: str) -> bool:
    """Whether PAT gives the process what the page has; it is not asked about pages."""
    return guest.kernel.arch.name == "x86_64" and how != "page"


@pytest.mark.parametrize("how", WAYS)
def test_process_second(ram: lab.Guest, how: str) -> None:
    """A fault maps write-back what the driver has: both are named, and it is recorded."""
    ram.write(HOW, how).ok()
    ram.write(WC, "1").ok()
    before = len(conflicts(ram))
    holder = ram.hold("/dev/pfn_shared", 0, SIZE)
    holder.do("read 0x1000 1")
    found = conflicts(ram)[before:]
    assert found, registry.dump(ram, "conflicts").lines
    got = "write-combining" if corrected(ram, how) else "write-back"
    assert found[-1]["verdict"] == ("ordering" if corrected(ram, how) else "incoherent")
    assert ("pfnhold", got) in sides(found[-1])
    assert "write-combining" in {held for _, held in sides(found[-1])}
    line, = registry.records(ram, holder.pid)
    assert line["got"] == got
    audit = ram.run("pfntrack audit --json").out
    assert '"missing": 0' in audit.replace('":', '": ').replace(":  ", ": "), audit
    # Its areas say nothing of it where the VM counts the pages.
    holder.do("munmap 0x0 0x4000")
    assert not registry.records(ram, holder.pid)
    holder.leave()


@pytest.mark.parametrize("how", WAYS)
def test_process_second_refused(ram: lab.Guest, how: str) -> None:
    """Under "enforce" the process gets SIGBUS."""
    ram.write(HOW, how).ok()
    ram.write(WC, "1").ok()
    registry.policy(ram, "enforce")
    holder = ram.hold("/dev/pfn_shared", 0, SIZE)
    if corrected(ram, how):
        holder.do("read 0x1000 1")
        holder.leave()
        return
    with pytest.raises(lab.LabError, match="status 135"):
        holder.do("read 0x1000 1")


@pytest.mark.parametrize("how", WAYS)
def test_process_first(ram: lab.Guest, how: str) -> None:
    """The driver comes second: the process is named, not the linear map."""
    ram.write(HOW, how).ok()
    before = len(conflicts(ram))
    holder = ram.hold("/dev/pfn_shared", 0, SIZE)
    holder.do("read 0x1000 1")
    assert len(conflicts(ram)) == before
    ram.write(WC, "1").ok()
    deadline = time.monotonic() + 30
    while len(conflicts(ram)) == before:
        assert time.monotonic() < deadline, registry.dump(ram, "conflicts").lines
        time.sleep(0.5)
    assert ("pfnhold", "write-back") in sides(conflicts(ram)[-1])
    assert [line["got"] for line in registry.records(ram, holder.pid)] == ["write-back"]
    holder.leave()


def test_process_first_among_many(ram: lab.Guest) -> None:
    """More areas, and page tables, than are walked in one go come before its own."""
    ram.write(HOW, "page").ok()
    holder = ram.hold("/dev/pfn_shared", 0, SIZE)
    for _ in range(140):
        assert holder.do(f"map /dev/pfn_shared 0 {SIZE:#x}")["did"] == "mapped"
        holder.do("read 0x0 1")
    assert holder.do(f"map /dev/zero 0 {2200 * registry.PAGE:#x} private")["did"] == "mapped"
    for page in range(0, 2200, 2):
        holder.do(f"mprotect {page * registry.PAGE:#x} {registry.PAGE:#x} r")
    assert len(ram.read(f"/proc/{holder.pid}/maps").splitlines()) > 2200
    holder.do("region 0")
    holder.do("read 0x0 1")
    ram.write(WC, "1").ok()
    deadline = time.monotonic() + 30
    while len(registry.records(ram, holder.pid)) < 141:
        assert time.monotonic() < deadline, len(registry.records(ram, holder.pid))
        time.sleep(0.5)
    holder.leave()


@pytest.mark.only("x86_64")
@pytest.mark.parametrize("how", WAYS)
def test_process_first_refuses(ram: lab.Guest, how: str) -> None:
    """What the driver wants is refused: because of the process, which is named."""
    ram.write(HOW, how).ok()
    ram.write(BARE, "1").ok()
    registry.policy(ram, "enforce")
    holder = ram.hold("/dev/pfn_shared", 0, SIZE)
    holder.do("read 0x0 1")
    before = len(registry.conflicts(ram))
    assert ram.write(WC, "1").rc
    deadline = time.monotonic() + 30
    while len(registry.conflicts(ram)) == before:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    line = registry.conflicts(ram)[-1]
    assert (line["kind"], line["module"], line["got"], line["result"]) == (
        "vmap", "pfn_shared", "write-combining", "refused")
    assert (line["held.comm"], line["held.pid"], line["held.got"]) == (
        "pfnhold", str(holder.pid), "write-back")
    holder.leave()


@pytest.mark.parametrize("how", WAYS)
def test_in_turn(ram: lab.Guest, how: str) -> None:
    """The driver gives it back before a process maps it: nothing to report."""
    ram.write(HOW, how).ok()
    ram.write(WC, "1").ok()
    ram.write(WC, "0").ok()
    before = len(conflicts(ram))
    holder = ram.hold("/dev/pfn_shared", 0, SIZE)
    holder.do("read 0x0 1")
    assert len(conflicts(ram)) == before
    holder.leave()
