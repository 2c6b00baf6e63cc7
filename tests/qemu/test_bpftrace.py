# SPDX-License-Identifier: GPL-2.0-only
"""The bpftrace scripts for kernels with pfn_track, against a workload that is known.

Only "make lab" runs these: they need the "bpf" kernels. All scripts run at once,
for each of them takes seconds to begin; what each said is then judged apart.
"""

from __future__ import annotations

from collections.abc import Iterator

import bpftrace
import lab
import pytest
import registry
from bpftrace import LENGTH, PAIRS, ROW, Workload, asked, rows, run_pairs

SCRIPTS = ("pfnconflict.bt", "pfndowngrade.bt", "pfnwho.bt", "pfnlife.bt", "ioremapleak.bt",
           "pfnfaults.bt")
PAGES = 16
WANT, GOT = "write-combining", "uncached-minus"
# bpftrace and LLVM for arm64 are not brought into its guests yet.
pytestmark = pytest.mark.only("x86_64")


def run_faults(guest: lab.Guest, work: Workload) -> None:
    """A process faults pages of a driver's object in, each once."""
    guest.run("insmod /lib/modules/pfn_track_fault.ko").ok()
    holder = guest.hold("/dev/pfn_track_fault", 0, PAGES * registry.PAGE)
    for page in range(PAGES):
        assert holder.do(f"read {page * registry.PAGE:#x}")["did"].startswith("ok")
    work.faulted = holder.pid
    holder.leave()
    guest.run("rmmod pfn_track_fault").ok()


def leak(guest: lab.Guest) -> None:
    """A driver forgets a mapping on each of the two devices."""
    guest.run("insmod /lib/modules/pfn_track_leak.ko forget=1 && rmmod pfn_track_leak").ok()


@pytest.fixture(name="work", scope="module")
def _work(arch: str) -> Iterator[Workload]:
    """One boot; what it leaks stays, so it comes last."""
    with lab.Guest(lab.kernel_for(arch, "bpf"), "pfn_track=report", memory=bpftrace.MEMORY,
                   files=bpftrace.files(arch)) as guest:
        first, last = guest.bar()
        scripts = {name: bpftrace.Script(guest, name, f"{first:#x}", f"{last:#x}")
                   for name in SCRIPTS}
        for script in scripts.values():
            script.attach()
        work = Workload(guest, {})
        run_pairs(guest, work)
        run_faults(guest, work)
        leak(guest)
        scripts["pfnconflict.bt"].expect(r"remap_pfn_range\+", 2 * PAIRS)
        scripts["pfndowngrade.bt"].expect(ROW, PAIRS)
        scripts["pfnwho.bt"].expect(f"{ROW}unmap .* remap_pfn ", 2 * PAIRS)
        scripts["ioremapleak.bt"].expect(ROW, 2)
        scripts["pfnfaults.bt"].expect("@rate")
        work.out = bpftrace.stop(list(scripts.values()))
        yield work


def span(work: Workload) -> str:
    """What each of a pair maps."""
    first, _ = work.guest.bar()
    return f"{first:#x}-{first + LENGTH - 1:#x}"


def test_conflicts(work: Workload) -> None:
    """Each is told once, with both processes and the stacks of both."""
    out = work.out["pfnconflict.bt"]
    assert bpftrace.values(out, "conflicts") == {"ordering, mapped": PAIRS}
    told = asked(out)
    assert sorted(told) == sorted(two for _, two in work.pairs)
    for one, two in work.pairs:
        new, _, held = told[two].partition("  held by ")
        assert new.startswith(f"ordering: {span(work)}, mapped\n  asked by pfnhold (pid {two}), "
                              f"remap_pfn, wants {WANT}, gets {GOT}\n")
        assert held.startswith(f"pfnhold (pid {one}), remap_pfn, as {GOT}\n")
        assert all("remap_pfn_range+" in side for side in (new, held))


def test_downgrades(work: Workload) -> None:
    """Each has its line, and they are counted."""
    out = work.out["pfndowngrade.bt"]
    assert bpftrace.values(out, "downgrades") == {f"pfnhold, {WANT}, {GOT}": PAIRS}
    assert rows(out) == sorted([str(two), "pfnhold", "remap_pfn", WANT, GOT, span(work)]
                               for _, two in work.pairs)


def test_who(work: Workload) -> None:
    """Who mapped and unmapped pages of the range, and nobody else."""
    out = work.out["pfnwho.bt"]
    pids = [pid for pair in work.pairs for pid in pair]
    for name in ("maps", "unmaps"):
        found = {key: count for key, count in bpftrace.values(out, name).items()
                 if key.endswith(", remap_pfn")}
        assert found == {f"pfnhold, {pid}, remap_pfn": 1 for pid in pids}
    assert not [row for row in rows(out) if row[1] == str(work.outside)]
    assert bpftrace.values(out, "maps")[f"pfnhold, {work.faulted}, insert"] == PAGES
    assert [row for row in rows(out) if row[0] == "map" and row[3] == "remap_pfn"] == sorted(
        ["map", str(pid), "pfnhold", "remap_pfn", GOT, span(work)] for pid in pids)


def test_life(work: Workload) -> None:
    """As many lives as were lived, and the long ones are long."""
    out = work.out["pfnlife.bt"]
    lives = bpftrace.histogram(out, "ms[remap_pfn]")
    assert sum(lives.values()) == 2 * PAIRS + 1
    # The last pair, and who was there all the time.
    assert sum(count for bound, count in lives.items() if bound >= 1024) >= 3


def test_leaks(work: Workload) -> None:
    """A driver that forgets is named, once for each mapping."""
    out = work.out["ioremapleak.bt"]
    assert bpftrace.values(out, "leaks") == {"pfn_track_leak": 2}
    starts = sorted(f"{work.guest.bar(number)[0]:#x}" for number in range(2))
    assert sorted(row[3].partition("-")[0] for row in rows(out)) == starts
    assert {tuple(row[:3]) for row in rows(out)} == {("pfn_track_leak", "unbound", "ioremap")}
    made, gone = (bpftrace.values(out, name)[""] for name in ("ioremap", "iounmap"))
    assert made - gone == 2


def test_faults(work: Workload) -> None:
    """Each page that was touched, once; and one for the process that asked the vDSO."""
    total = bpftrace.values(work.out["pfnfaults.bt"], "total")
    assert {key: count for key, count in total.items() if key.startswith("pfnhold,")} == {
        f"pfnhold, {work.faulted}": PAGES, **{f"pfnhold, {pid}": 1 for pid in work.clocks}}
