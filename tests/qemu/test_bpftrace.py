# SPDX-License-Identifier: GPL-2.0-only
"""The bpftrace scripts against a workload that is known to the last mapping.

All scripts run at once, for each of them takes seconds to begin; what each said
is then judged apart.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import bpftrace
import lab
import pytest

NIC = ("-netdev", "user,id=net,restrict=on", "-device", "e1000e,netdev=net,romfile=,addr=0xa")
STOCK = ("pfnconflict-stock.bt", "pfndowngrade-stock.bt", "pfnwho-stock.bt", "pfnlife-stock.bt",
         "ioremapleak-stock.bt", "pfnfaults.bt")
PAIRS = 3
LENGTH = 0x10000
ROW = r"^\d\d:\d\d:\d\d "


@dataclass
class Workload:
    """What was done, and what the scripts said of it."""

    guest: lab.Guest
    out: dict[str, str]
    # The pids of each pair that disagreed, of a mapping outside, and of who asked the time.
    pairs: list[tuple[int, int]] = field(default_factory=list)
    outside: int = 0
    clocks: list[int] = field(default_factory=list)
    # How many more areas of ioremap() there were with the driver than without it.
    driver: int = 0


def ioremaps(guest: lab.Guest) -> int:
    """How many areas of ioremap() there are, by the kernel's own list."""
    return len([line for line in guest.read("/proc/vmallocinfo").splitlines()
                if line.endswith(" ioremap")])


def run_pairs(guest: lab.Guest, work: Workload) -> None:
    """Pairs that map the same otherwise; the last lives for more than a second."""
    outside = guest.hold(f"{guest.device(1)}/resource2", 0, LENGTH)
    work.outside = outside.pid
    for number in range(PAIRS):
        one, two = (guest.hold(f"{guest.device()}/{name}", 0, LENGTH)
                    for name in ("resource2", "resource2_wc"))
        work.pairs.append((one.pid, two.pid))
        if number == PAIRS - 1:
            time.sleep(1.2)
        # In this order: the list of PAT would otherwise keep the later one's type.
        two.leave()
        one.leave()
    for _ in range(2):
        assert outside.do("clock")["did"] == "ok clock"
    work.clocks.append(outside.pid)
    outside.leave()


def run_driver(guest: lab.Guest, work: Workload) -> None:
    """A driver comes, goes, and comes again."""
    before = ioremaps(guest)
    for command in ("insmod /lib/modules/e1000e.ko", "rmmod e1000e",
                    "insmod /lib/modules/e1000e.ko"):
        guest.run(command).ok()
    work.driver = ioremaps(guest) - before


@pytest.fixture(name="stock", scope="module", params=("6.1", "6.12"))
def _stock(arch: str, request: pytest.FixtureRequest) -> Iterator[Workload]:
    """Debian's kernels, with the scripts for those."""
    kernel = lab.kernel_for(arch, f"debian-{request.param}")
    with lab.Guest(kernel, memory=bpftrace.MEMORY, files=bpftrace.files(),
                   hardware=NIC) as guest:
        first, last = guest.bar()
        scripts = [bpftrace.Script(guest, name, f"{first:#x}", f"{last:#x}") for name in STOCK]
        for script in scripts:
            script.attach()
        work = Workload(guest, {})
        run_pairs(guest, work)
        run_driver(guest, work)
        scripts[0].expect(r"held by ", PAIRS)
        scripts[1].expect(ROW, PAIRS)
        scripts[2].expect("map", 2 * PAIRS)
        scripts[5].expect(r"@rate")
        work.out = {script.name: script.stop() for script in scripts}
        guest.run("rmmod e1000e").ok()
        yield work


def blocks(out: str) -> list[str]:
    """What was told, event by event."""
    return re.split(ROW, out, flags=re.MULTILINE)[1:]


@pytest.mark.only("x86_64")
def test_stock_conflicts(stock: Workload) -> None:
    """Each is told once, with both processes and the stacks of both."""
    out = stock.out["pfnconflict-stock.bt"]
    first, _ = stock.guest.bar()
    assert bpftrace.values(out, "conflicts") == {"write-combining, uncached-minus": PAIRS}
    told = blocks(out)
    assert len(told) == PAIRS
    for (one, two), text in zip(stock.pairs, told, strict=True):
        asked, _, held = text.partition("  held by ")
        assert asked.startswith(f"{first:#x}-{first + LENGTH - 1:#x}: "
                                "wanted write-combining, got uncached-minus\n")
        assert f"asked by pfnhold (pid {two})" in asked
        assert held.startswith(f"pfnhold (pid {one}), {first:#x}-{first + LENGTH - 1:#x}, "
                               "as uncached-minus\n")
        assert all("remap_pfn_range+" in side for side in (asked, held))


@pytest.mark.only("x86_64")
def test_stock_downgrades(stock: Workload) -> None:
    """Each has its line, and they are counted."""
    out = stock.out["pfndowngrade-stock.bt"]
    assert bpftrace.values(out, "downgrades") == {
        "pfnhold, write-combining, uncached-minus": PAIRS}
    assert [text.split()[:4] for text in blocks(out)] == [
        [str(two), "pfnhold", "write-combining", "uncached-minus"] for _, two in stock.pairs]


@pytest.mark.only("x86_64")
def test_stock_who(stock: Workload) -> None:
    """Who mapped pages of the range, and nobody else."""
    out = stock.out["pfnwho-stock.bt"]
    pids = [pid for pair in stock.pairs for pid in pair]
    assert bpftrace.values(out, "maps") == {f"pfnhold, {pid}, remap_pfn": 1 for pid in pids}
    first, _ = stock.guest.bar()
    wants = ("uncached-minus", "write-combining")
    assert [text.split() for text in blocks(out)] == [
        [str(pid), "pfnhold", "remap_pfn", want, f"{first:#x}-{first + LENGTH - 1:#x}"]
        for pair in stock.pairs for pid, want in zip(pair, wants, strict=True)]


@pytest.mark.only("x86_64")
def test_stock_life(stock: Workload) -> None:
    """As many lives as were lived, and the long ones are long."""
    out = stock.out["pfnlife-stock.bt"]
    lives = bpftrace.histogram(out, "remap_pfn_ms")
    assert sum(lives.values()) == 2 * PAIRS + 1
    # The last pair, and who was there all the time.
    assert sum(count for bound, count in lives.items() if bound >= 1024) >= 3
    assert sum(bpftrace.histogram(out, "ioremap_ms").values()) == stock.driver
    assert bpftrace.values(out, "alive") == {"": stock.driver}


@pytest.mark.only("x86_64")
def test_stock_ioremaps(stock: Workload) -> None:
    """What a driver holds is its own; what it gave back is not counted."""
    out = stock.out["ioremapleak-stock.bt"]
    assert stock.driver > 0
    assert bpftrace.values(out, "live") == {"e1000e": stock.driver}
    assert "leak:" not in out


@pytest.mark.only("x86_64")
def test_stock_faults(stock: Workload) -> None:
    """One page frame for each process that asked the vDSO, however often."""
    out = stock.out["pfnfaults.bt"]
    total = bpftrace.values(out, "total")
    assert {key: count for key, count in total.items() if key.startswith("pfnhold,")} == {
        f"pfnhold, {pid}": 1 for pid in stock.clocks}
