# SPDX-License-Identifier: GPL-2.0-only
"""Reports state what suffers and who is responsible, and no one can silence the others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import lab
import pytest
import registry
from registry import COMBINING, SYSFS, UNCACHED

PAGE = registry.PAGE
LENGTH = 0x10000
# 64 MiB of memory that the kernel leaves alone, of which a process has 16 KiB.
CARVED, CARVED_SIZE, PART = 0x10000000, 0x4000000, 0x4000
CMDLINE = {"x86_64": f"pfn_track=report memmap=64M${CARVED:#x}", "arm64": "pfn_track=report"}

pytestmark = pytest.mark.only("x86_64", "arm64")


@pytest.fixture(name="booted", scope="module")
def _booted(arch: str) -> Iterator[lab.Guest]:
    """One boot for this file, whose log budgets no other test spends."""
    with lab.guest_with("report", arch, CMDLINE[arch], memory=768) as one:
        yield one


@pytest.fixture(name="guest")
def _guest(booted: lab.Guest) -> Iterator[lab.Guest]:
    """With whole budgets, and nothing left behind."""
    registry.log_all(booted)
    yield booted
    booted.settle()
    booted.run("rmmod pfn_report 2>/dev/null")
    registry.policy(booted, "report")


@contextmanager
def loaded(guest: lab.Guest, what: str, start: int = 0, size: int = LENGTH) -> Iterator[lab.Result]:
    """The module with a task, unloaded afterwards."""
    yield guest.run(f"insmod /lib/modules/pfn_report.ko what={what} start={start:#x} bytes={size:#x}")
    guest.run("rmmod pfn_report 2>/dev/null")


def headlines(guest: lab.Guest, since: int) -> list[str]:
    """First lines of the reports in the log since a position of the console."""
    return re.findall(r"pfn_track: conflict: (.*)", guest.console()[since:])


def sizes(line: dict[str, str]) -> tuple[int, int, int]:
    """What suffers, what was asked for, and what of that is held, in bytes."""
    start, end = registry.span(line["asked.range"])
    return int(line["bytes"]), end - start + 1, int(line["held.bytes"])


@pytest.mark.only("x86_64")
def test_part_downgrades_all(guest: lab.Guest, arch: str) -> None:
    """16 KiB of a process make all 64 MiB of a driver uncached; that is what is stated."""
    before, since = registry.conflicts(guest), len(guest.console())
    first = guest.hold("/dev/mem", CARVED, PART)
    second = guest.hold("/dev/mem", CARVED + PART, PAGE)
    assert first.mapped and second.mapped
    with loaded(guest, "memremap", CARVED, CARVED_SIZE) as done:
        done.ok()
        [line] = registry.new_conflicts(guest, before)
        assert (line["want"], line["got"]) == ("write-back", "uncached-minus")
        assert (line["verdict"], line["result"], line["downgrade"]) == ("ordering", "mapped", "yes")
        assert registry.span(line["range"]) == (CARVED, CARVED + CARVED_SIZE - 1)
        assert sizes(line) == (CARVED_SIZE, CARVED_SIZE, PART + PAGE)
        assert (line["exact"], line["held.further"]) == ("yes", "1")
        assert line["held.pid"] == str(first.pid)
        assert registry.span(line["held.range"]) == (CARVED, CARVED + PART - 1)
        assert (line["site"].partition("+")[0], line["module"]) == ("report_do", "pfn_report") or \
            line["site"].startswith("report_init")

        [headline] = headlines(guest, since)
        assert headline.startswith(
            f"downgrade: [mem {CARVED:#010x}-{CARVED + CARVED_SIZE - 1:#010x}] asked for write-back, "
            "got uncached-minus because 20K of it is held so, mapped ")
        assert ", and 1 more\n" in guest.console()[since:]

        # Anywhere in what suffers; with the advice of the log.
        for address in (CARVED, CARVED + 0x2000000, CARVED + CARVED_SIZE - 1):
            shown = guest.run(f"pfntrack explain {address:#x} --json")
            [one] = json.loads(shown.out)["conflicts"]
            assert shown.rc == 1 and str(one["id"]) == line["id"]
            assert f"advice:  {one['advice']}\n" in guest.console()[since:]
        text = guest.run("pfntrack conflicts").out
        assert "(64M) asked for, all of it downgraded, 20K of it held by this and 1 more mapping" in text
        assert "lost" not in text.partition(f"Conflict {line['id']}:")[2].partition("\n\n")[0]


@pytest.mark.parametrize("policy", ["report", "strict"])
def test_whole_range_is_stated(guest: lab.Guest, arch: str, policy: str) -> None:
    """A driver asks for all of a BAR, of which a process has a page."""
    start, last = guest.bar()
    size = last - start + 1
    before, since = registry.conflicts(guest), len(guest.console())
    holder = guest.hold(f"{guest.device()}/resource2", 3 * PAGE, PAGE)
    registry.policy(guest, policy)
    with loaded(guest, "combine", start, size) as done:
        assert (done.rc == 0) == (policy == "report")
        [line] = registry.new_conflicts(guest, before)
        # x86 gives it all another attribute; arm64 maps it, and one page conflicts.
        damaged = size if arch == "x86_64" else PAGE
        assert sizes(line) == (damaged, size, PAGE) and line["exact"] == "yes"
        assert line["downgrade"] == ("yes" if arch == "x86_64" else "no")
        assert registry.span(line["asked.range"]) == (start, start + size - 1)
        assert line["held.pid"] == str(holder.pid) and line["held.further"] == "0"
        [headline] = headlines(guest, since)
        span = f"[mem {start:#010x}-{start + size - 1:#010x}]"
        got = "got" if policy == "report" else "would get"
        if arch == "x86_64":
            assert headline.startswith(f"downgrade: {span} asked for {COMBINING}, {got} "
                                       f"{UNCACHED[arch]} because 4K of it is held so, ")
        else:
            assert headline.startswith(f"ordering: {span} wanted {COMBINING}, "
                                       f"4K of it held {UNCACHED[arch]}, ")


@pytest.mark.only("x86_64")
def test_alias_by_wish(guest: lab.Guest, arch: str) -> None:
    """A process asks for a buffer write-back and gets it as the buffer is: no data can be lost."""
    before = registry.conflicts(guest)
    with loaded(guest, "dma") as done:
        done.ok()
        since = len(guest.console())
        [buffer] = re.findall(r"pfn_report: buffer at (0x[0-9a-f]+)", guest.console())[-1:]
        holder = guest.hold("/dev/pfn_report", 0, PART)
        assert holder.mapped
        [line] = registry.new_conflicts(guest, before)
        assert (line["want"], line["got"], line["held.got"]) == \
            ("write-back", "uncached-minus", "uncached-minus")
        assert (line["verdict"], line["downgrade"], line["source"]) == ("ordering", "yes", "-")
        assert line["why"].startswith("uncached accesses are slower")
        assert line["held.kind"] == "set_memory"
        # The driver, and not dma_mmap_attrs(), which maps for it.
        assert line["site"].startswith("report_mmap+0x") and line["module"] == "pfn_report"

        report = guest.console()[since:]
        assert re.search(r"conflict: downgrade: \[RAM, 16K\] asked for write-back, got uncached-minus "
                         r"because it is held so, mapped ", report)
        # Every user may read the log; the address of the buffer is for root only.
        ours = "\n".join(line for line in report.splitlines() if "pfn_track: " in line)
        assert buffer[2:] not in ours
        assert registry.span(line["range"])[0] == int(buffer, 16)
        assert "lost" not in report and "lost" not in guest.run("pfntrack conflicts").out.partition(
            f"Conflict {line['id']}:")[2].partition("\n\n")[0]


def test_driver_is_named(guest: lab.Guest, arch: str) -> None:
    """In the records, too, and where nothing conflicts; kernel mappings by their caller."""
    start, _ = guest.bar()
    with loaded(guest, "combine", start) as done:
        done.ok()
        [mine] = [line for line in registry.records(guest) if line["module"] == "pfn_report"]
        assert mine["site"].startswith("report_")


def flood(guest: lab.Guest, path: str, times: int) -> None:
    """Conflicts by one user who is not root, each by a process of its own."""
    guest.run(f"for i in $(seq {times}); do unroot pfnhold {path} 0 {LENGTH:#x} </dev/null; done",
              timeout=240).ok()


def test_flood_leaves_room(guest: lab.Guest, arch: str) -> None:
    """A user floods; what others do is logged and remembered, and the history has room for both."""
    for name, value in (("total", 200), ("user", 20), ("process", 5), ("site", 20)):
        guest.write(f"{SYSFS}/log_{name}", str(value)).ok()
    path = f"{guest.device()}/resource2_wc"
    first = guest.hold(f"{guest.device()}/resource2", 0, LENGTH)
    early = guest.hold(path, 0, LENGTH)
    assert first.mapped and early.mapped
    guest.run(f"chmod 0666 {path}").ok()
    before, since = registry.counters(guest), len(guest.console())
    flood(guest, path, 100)
    after = registry.counters(guest)
    assert after["conflicts"] - before["conflicts"] == 100
    assert len(headlines(guest, since)) == 20
    assert after["suppressed"] - before["suppressed"] == 80

    since = len(guest.console())
    late = guest.hold(path, 0, LENGTH)
    assert late.mapped and len(headlines(guest, since)) == 1
    assert f"asked by pfnhold:{late.pid} " in guest.console()[since:]
    flood(guest, path, 30)
    pids = [line["pid"] for line in registry.conflicts(guest)]
    assert len(pids) == 64
    assert str(early.pid) in pids and str(late.pid) in pids
    guest.run(f"chmod 0600 {path}").ok()


def test_budget_comes_back(guest: lab.Guest, arch: str) -> None:
    """Evenly over the interval, which root sets."""
    path = f"{guest.device()}/resource2_wc"
    guest.hold(f"{guest.device()}/resource2", 0, LENGTH)
    guest.write(f"{SYSFS}/log_interval", "1").ok()
    guest.run("sleep 2").ok()
    guest.write(f"{SYSFS}/log_site", "1").ok()
    guest.write(f"{SYSFS}/log_interval", "60").ok()
    since = len(guest.console())
    for _ in range(3):
        guest.hold(path, 0, LENGTH)
    assert len(headlines(guest, since)) == 1
    guest.write(f"{SYSFS}/log_interval", "1").ok()
    guest.run("sleep 2").ok()
    guest.hold(path, 0, LENGTH)
    assert len(headlines(guest, since)) == 2
    guest.write(f"{SYSFS}/log_interval", "3600").ok()


def test_limits(guest: lab.Guest, arch: str) -> None:
    """For root only, and nothing but numbers that make sense."""
    for name in ("interval", "total", "user", "process", "site"):
        path = f"{SYSFS}/log_{name}"
        old = guest.read(path).strip()
        for bad in ("", "x", "-1", "1 2", "99999999999999999999", "86401"):
            assert guest.write(path, bad).rc != 0 or bad == "", bad
        assert guest.read(path).strip() == old
        assert guest.run(f"unroot sh -c 'echo 7 > {path}'").rc != 0
        guest.write(path, "7").ok()
        assert guest.read(path).strip() == "7"
        guest.write(path, old).ok()
