# SPDX-License-Identifier: GPL-2.0-only
"""The bpftrace scripts on stock kernels, against a workload that is known to the last mapping.

All scripts run at once, for each of them takes seconds to begin; what each said is
then judged apart. Half a minute of two CPUs a kernel: all are for "make lab".
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import bpftrace
import lab
import pytest
from bpftrace import LENGTH, PAIRS, ROW, Workload, asked, rows, run_pairs

NIC = ("-netdev", "user,id=net,restrict=on", "-device", "e1000e,netdev=net,romfile=,addr=0xa")
STOCK = ("pfnconflict-stock.bt", "pfndowngrade-stock.bt", "pfnwho-stock.bt", "pfnlife-stock.bt",
         "ioremapleak-stock.bt", "pfnfaults.bt")
KERNELS = lab.DEBIAN if os.environ.get("PFNTRACK_DRIVERS") == "1" else ("debian-6.12",)
pytestmark = pytest.mark.only("x86_64")


def ioremaps(guest: lab.Guest) -> int:
    """How many areas of ioremap() there are, by the kernel's own list."""
    return len([line for line in guest.read("/proc/vmallocinfo").splitlines()
                if line.endswith(" ioremap")])


def run_driver(guest: lab.Guest, work: Workload) -> None:
    """A driver comes, goes, and comes again."""
    before = ioremaps(guest)
    for command in ("insmod /lib/modules/e1000e.ko", "rmmod e1000e",
                    "insmod /lib/modules/e1000e.ko"):
        guest.run(command).ok()
    work.driver = ioremaps(guest) - before


@pytest.fixture(name="stock", scope="module", params=KERNELS)
def _stock(arch: str, request: pytest.FixtureRequest) -> Iterator[Workload]:
    """Debian's kernels, with the scripts for those."""
    kernel = lab.kernel_for(arch, request.param)
    with lab.Guest(kernel, memory=bpftrace.MEMORY, files=bpftrace.files(arch),
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
        work.out = bpftrace.stop(scripts)
        guest.run("rmmod e1000e").ok()
        yield work


def test_stock_conflicts(stock: Workload) -> None:
    """Each is told once, with both processes and the stacks of both."""
    out = stock.out["pfnconflict-stock.bt"]
    first, _ = stock.guest.bar()
    assert bpftrace.values(out, "conflicts") == {"write-combining, uncached-minus": PAIRS}
    told = asked(out)
    assert sorted(told) == sorted(two for _, two in stock.pairs)
    for one, two in stock.pairs:
        new, _, held = told[two].partition("  held by ")
        assert new.startswith(f"{first:#x}-{first + LENGTH - 1:#x}: "
                              "wanted write-combining, got uncached-minus\n")
        assert f"asked by pfnhold (pid {two})" in new
        assert held.startswith(f"pfnhold (pid {one}), {first:#x}-{first + LENGTH - 1:#x}, "
                               "as uncached-minus\n")
        assert all("remap_pfn_range+" in side for side in (new, held))


def test_stock_downgrades(stock: Workload) -> None:
    """Each has its line, and they are counted."""
    out = stock.out["pfndowngrade-stock.bt"]
    assert bpftrace.values(out, "downgrades") == {
        "pfnhold, write-combining, uncached-minus": PAIRS}
    assert [row[:4] for row in rows(out)] == sorted(
        [str(two), "pfnhold", "write-combining", "uncached-minus"] for _, two in stock.pairs)


def test_stock_who(stock: Workload) -> None:
    """Who mapped pages of the range, and nobody else."""
    out = stock.out["pfnwho-stock.bt"]
    pids = [pid for pair in stock.pairs for pid in pair]
    assert bpftrace.values(out, "maps") == {f"pfnhold, {pid}, remap_pfn": 1 for pid in pids}
    first, _ = stock.guest.bar()
    wants = ("uncached-minus", "write-combining")
    assert rows(out) == sorted(
        [str(pid), "pfnhold", "remap_pfn", want, f"{first:#x}-{first + LENGTH - 1:#x}"]
        for pair in stock.pairs for pid, want in zip(pair, wants, strict=True))


def test_stock_life(stock: Workload) -> None:
    """As many lives as were lived, and the long ones are long."""
    out = stock.out["pfnlife-stock.bt"]
    lives = bpftrace.histogram(out, "remap_pfn_ms")
    assert sum(lives.values()) == 2 * PAIRS + 1
    # The last pair, and who was there all the time.
    assert sum(count for bound, count in lives.items() if bound >= 1024) >= 3
    assert sum(bpftrace.histogram(out, "ioremap_ms").values()) == stock.driver
    assert bpftrace.values(out, "alive") == {"": stock.driver}


def test_stock_ioremaps(stock: Workload) -> None:
    """What a driver holds is its own; what it gave back is not counted."""
    out = stock.out["ioremapleak-stock.bt"]
    assert stock.driver > 0
    assert bpftrace.values(out, "live") == {"e1000e": stock.driver}
    assert "leak:" not in out


def test_stock_faults(stock: Workload) -> None:
    """One page frame for each process that asked the vDSO, however often."""
    out = stock.out["pfnfaults.bt"]
    total = bpftrace.values(out, "total")
    assert {key: count for key, count in total.items() if key.startswith("pfnhold,")} == {
        f"pfnhold, {pid}": 1 for pid in stock.clocks}
