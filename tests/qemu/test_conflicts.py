# SPDX-License-Identifier: GPL-2.0-only
"""Mappings that disagree: told apart, reported, refused, and both sides named."""

from __future__ import annotations

from collections.abc import Iterator

import lab
import pytest
import registry
from registry import ATTR, COMBINING, UNCACHED

ORDERS = [("resource2", "resource2_wc"), ("resource2_wc", "resource2")]
LENGTH = 0x10000


def pair(guest: lab.Guest, first: str, second: str) -> tuple[lab.Holder, lab.Holder]:
    """Two processes map the same pages of one BAR."""
    holders = [guest.hold(f"{guest.device()}/{name}", 0, LENGTH) for name in (first, second)]
    return holders[0], holders[1]


def attr(guest: lab.Guest, name: str) -> str:
    """What a sysfs file asks for."""
    return ATTR[name][guest.arch]


def expect_pair(guest: lab.Guest, line: dict[str, str], new: lab.Holder, old: lab.Holder) -> None:
    """A conflict names both processes, where they mapped, and the range."""
    start, _ = guest.bar()
    assert registry.span(line["range"]) == (start, start + LENGTH - 1)
    assert registry.span(line["held.range"]) == (start, start + LENGTH - 1)
    for prefix, holder in (("", new), ("held.", old)):
        assert line[prefix + "pid"] == holder.first["pid"]
        assert line[prefix + "comm"] == "pfnhold"
        assert line[prefix + "site"].startswith("pci_mmap_resource_range+0x")
        assert line[prefix + "kind"] == "remap_pfn"
        assert line[prefix + "space"] == "user"


@pytest.mark.parametrize("first,second", ORDERS)
def test_report(tracked: lab.Guest, first: str, second: str) -> None:
    """Nothing is refused; what is lost is said, with both processes."""
    before = registry.conflicts(tracked)
    old, new = pair(tracked, first, second)
    assert old.mapped and new.mapped

    [line] = registry.new_conflicts(tracked, before)
    expect_pair(tracked, line, new, old)
    assert (line["verdict"], line["result"]) == ("ordering", "mapped")
    assert line["want"] == attr(tracked, second)
    assert line["held.want"] == line["held.got"] == attr(tracked, first)
    # x86 gives the second the type of the first; arm64 really maps both.
    assert line["got"] == attr(tracked, first if tracked.arch == "x86_64" else second)

    old.leave()
    new.leave()
    assert not registry.records(tracked, old.pid) and not registry.records(tracked, new.pid)


def test_log_names_both(tracked: lab.Guest) -> None:
    """The kernel log, too: what, who, whom, what it means and what to do."""
    registry.log_all(tracked)       # other tests were here, and have spent the budgets
    said = len(tracked.console())
    old, new = pair(tracked, "resource2", "resource2_wc")
    report = [line.partition("pfn_track: ")[2] for line in tracked.console()[said:].splitlines()]
    assert len(report) == 5, report
    # x86 gives the second one what the first one has.
    word = "downgrade" if tracked.arch == "x86_64" else "ordering"
    assert report[0].startswith(f"conflict: {word}: [mem 0x")
    for line, role, holder in ((report[1], "asked by", new), (report[2], "held by", old)):
        assert line.split()[:2] == role.split()
        assert f"pfnhold:{holder.pid} remap_pfn at pci_mmap_resource_range+0x" in line
    assert report[3].split()[0] == "meaning:" and report[4].split()[0] == "advice:"


@pytest.mark.parametrize("first,second", ORDERS)
def test_strict(tracked: lab.Guest, first: str, second: str) -> None:
    """The second is refused, leaves nothing behind, and the first is untouched."""
    registry.policy(tracked, "strict")
    before = registry.conflicts(tracked)
    old, new = pair(tracked, first, second)
    assert old.mapped and not new.mapped
    assert new.refusal() == "EBUSY"
    assert not registry.records(tracked, new.first["pid"])
    assert len(registry.records(tracked, old.pid)) == 1

    [line] = registry.new_conflicts(tracked, before)
    expect_pair(tracked, line, new, old)
    assert line["result"] == "refused" and line["policy"] == "strict"
    old.do("write 0 0x1")
    old.leave()
    if tracked.arch == "x86_64":
        listed = tracked.read("/sys/kernel/debug/x86/pat_memtype_list")
        assert f"{tracked.bar()[0]:016x}" not in listed, "PAT still holds the range"

    # What was refused beside the first is granted without it.
    again = tracked.hold(f"{tracked.device()}/{second}", 0, LENGTH)
    assert again.mapped


@pytest.mark.parametrize("name", ["resource2", "resource2_wc"])
@pytest.mark.parametrize("policy", ["report", "enforce", "strict"])
def test_agreement_is_silent(tracked: lab.Guest, policy: str, name: str) -> None:
    """The same attribute twice, neighbours, two BARs, two devices: never a conflict."""
    registry.policy(tracked, policy)
    before = registry.conflicts(tracked)
    other = "resource2" if name == "resource2_wc" else "resource2_wc"
    here, there = tracked.device(0), tracked.device(1)
    holders = [
        tracked.hold(f"{here}/{name}", 0, LENGTH),
        tracked.hold(f"{here}/{name}", 0, LENGTH),
        tracked.hold(f"{here}/{name}", 0x1000, 0x1000),
        tracked.hold(f"{here}/{other}", LENGTH, 0x1000),
        tracked.hold(f"{here}/resource0", 0, 0x1000),
        tracked.hold(f"{there}/{other}", 0, LENGTH),
    ]
    assert all(holder.mapped for holder in holders)
    assert not registry.new_conflicts(tracked, before)


@pytest.fixture
def driver(tracked: lab.Guest) -> Iterator[str]:
    """The write-back driver, bound to nothing, by its folder."""
    tracked.run(f"insmod /lib/modules/pfn_track_wb.ko bytes={LENGTH}").ok()
    folder = "/sys/bus/pci/drivers/pfn_track_wb"
    for device in tracked.devices:
        tracked.run(f"echo {device.bdf} > {folder}/unbind").ok()
    yield folder
    if tracked.alive:
        tracked.run("rmmod pfn_track_wb").ok()


def bind(guest: lab.Guest, driver: str) -> bool:
    """Let the driver have the first device; whether its probe succeeded."""
    guest.run(f"echo {guest.devices[0].bdf} > {driver}/bind")
    return guest.run(f"test -e {guest.device()}/driver").rc == 0


def test_driver_comes_second(tracked: lab.Guest, driver: str) -> None:
    """enforce: arm64 refuses write-back beside Device; x86's PAT gives what is held."""
    registry.policy(tracked, "enforce")
    before = registry.conflicts(tracked)
    holder = tracked.hold(f"{tracked.device()}/resource2", 0, LENGTH)
    maps = tracked.run("grep -c ioremap /proc/vmallocinfo").out
    bound = bind(tracked, driver)
    [line] = registry.new_conflicts(tracked, before)
    assert (line["want"], line["kind"], line["space"]) == ("write-back", "ioremap", "kernel")
    assert line["site"].startswith("wb_probe+0x") and line["module"] == "pfn_track_wb"
    assert line["held.pid"] == str(holder.pid)
    if tracked.arch == "arm64":
        assert not bound
        assert (line["verdict"], line["result"]) == ("incoherent", "refused")
        assert tracked.run("grep -c ioremap /proc/vmallocinfo").out == maps, "a leaked area"
    else:
        assert bound
        assert (line["verdict"], line["result"]) == ("ordering", "mapped")
        assert line["got"] == line["held.got"] == UNCACHED["x86_64"]
    assert len(registry.records(tracked, holder.pid)) == 1

    # Without the process, the driver gets what it wants.
    holder.leave()
    tracked.run(f"echo {tracked.devices[0].bdf} > {driver}/unbind")
    assert bind(tracked, driver)
    [mine] = [line for line in registry.records(tracked) if line["module"] == "pfn_track_wb"]
    assert mine["got"] == "write-back"


def test_strict_driver(tracked: lab.Guest, driver: str) -> None:
    """strict: a driver that would be given another attribute than it wants is refused, too."""
    registry.policy(tracked, "strict")
    before = registry.conflicts(tracked)
    holder = tracked.hold(f"{tracked.device()}/resource2", 0, LENGTH)
    maps = tracked.run("grep -c ioremap /proc/vmallocinfo").out
    assert not bind(tracked, driver)
    [line] = registry.new_conflicts(tracked, before)
    assert (line["want"], line["result"]) == ("write-back", "refused")
    assert (line["module"], line["held.pid"]) == ("pfn_track_wb", str(holder.pid))
    assert tracked.run("grep -c ioremap /proc/vmallocinfo").out == maps, "a leaked area"
    if tracked.arch == "x86_64":
        start = f"{tracked.bar()[0]:016x}"
        assert tracked.read("/sys/kernel/debug/x86/pat_memtype_list").count(start) == 1
    holder.leave()
    if tracked.arch == "x86_64":
        assert start not in tracked.read("/sys/kernel/debug/x86/pat_memtype_list")


@pytest.mark.parametrize("name", ["resource2", "resource2_wc"])
def test_driver_comes_first(tracked: lab.Guest, driver: str, name: str) -> None:
    """enforce: both refuse; on x86 it is PAT, and now the holder has a name."""
    registry.policy(tracked, "enforce")
    assert bind(tracked, driver)
    before = registry.conflicts(tracked)
    holder = tracked.hold(f"{tracked.device()}/{name}", 0, LENGTH)
    assert not holder.mapped
    assert holder.refusal() == ("EINVAL" if tracked.arch == "x86_64" else "EBUSY")
    [line] = registry.new_conflicts(tracked, before)
    assert line["verdict"] == "incoherent"
    assert line["result"] == ("refused-by-arch" if tracked.arch == "x86_64" else "refused")
    assert line["want"] == attr(tracked, name) and line["pid"] == holder.first["pid"]
    assert (line["held.got"], line["held.module"]) == ("write-back", "pfn_track_wb")
    assert not registry.records(tracked, holder.first["pid"])


def test_claim(tracked: lab.Guest) -> None:
    """A claim is held without a mapping, and its device is named."""
    before = registry.conflicts(tracked)
    tracked.run("insmod /lib/modules/pfn_track_claim.ko").ok()
    try:
        claims = [line for line in registry.records(tracked) if line["kind"] == "claim"]
        assert {line["dev"] for line in claims} == {device.bdf for device in tracked.devices}
        assert {line["driver"] for line in claims} == {"pfn_track_claim"}
        assert {line["got"] for line in claims} == {COMBINING}
        holder = tracked.hold(f"{tracked.device()}/resource2_wc", 0, LENGTH)
        assert not registry.new_conflicts(tracked, before)
        holder.leave()
        holder = tracked.hold(f"{tracked.device()}/resource2", 0, LENGTH)
        assert holder.mapped
        [line] = registry.new_conflicts(tracked, before)
        assert (line["held.kind"], line["held.dev"]) == ("claim", tracked.devices[0].bdf)
    finally:
        tracked.run("rmmod pfn_track_claim").ok()
    assert not [line for line in registry.records(tracked) if line["kind"] == "claim"]


def test_exact_claim_is_refused(tracked: lab.Guest) -> None:
    """EXACT: refused under report, too, while somebody maps it otherwise."""
    before = registry.conflicts(tracked)
    holder = tracked.hold(f"{tracked.device()}/resource2", 0, LENGTH)
    tracked.run("insmod /lib/modules/pfn_track_claim.ko").ok()
    try:
        assert tracked.run(f"test -e {tracked.device(0)}/driver").rc != 0
        assert tracked.run(f"test -e {tracked.device(1)}/driver").rc == 0
        [line] = registry.new_conflicts(tracked, before)
        assert (line["kind"], line["result"]) == ("claim", "refused")
        assert line["held.pid"] == str(holder.pid)
    finally:
        tracked.run("rmmod pfn_track_claim").ok()


def test_kind_policy(tracked: lab.Guest) -> None:
    """A kind may be stricter, or laxer, than the rest."""
    kind = f"{registry.SYSFS}/kind/remap_pfn"
    tracked.write(kind, "strict").ok()
    try:
        _, new = pair(tracked, "resource2", "resource2_wc")
        assert new.refusal() == "EBUSY"
        registry.policy(tracked, "strict")
        tracked.write(kind, "report").ok()
        assert tracked.hold(f"{tracked.device()}/resource2_wc", 0, LENGTH).mapped
    finally:
        tracked.write(kind, "default").ok()


def test_once_per_pair(tracked: lab.Guest) -> None:
    """The same two processes again: counted, not told again."""
    old, new = pair(tracked, "resource2", "resource2_wc")
    before = registry.conflicts(tracked)
    said = tracked.console().count("pfn_track: conflict:")
    for _ in range(20):
        new.do("munmap 0 0x10000")
        new.do(f"map {tracked.device()}/resource2_wc 0 {LENGTH:#x}")
    after = registry.conflicts(tracked)
    assert len(after) == len(before)
    assert int(after[-1]["count"]) == int(before[-1]["count"]) + 20
    assert tracked.console().count("pfn_track: conflict:") == said
    assert old.mapped


def test_flood(tracked: lab.Guest) -> None:
    """Many pairs: the log is spared, the rest is counted, the history keeps 64."""
    tracked.write(f"{registry.SYSFS}/log_site", "20").ok()
    tracked.hold(f"{tracked.device()}/resource2", 0, LENGTH)
    before = registry.counters(tracked)
    said = tracked.console().count("pfn_track: conflict:")
    tracked.run(f"for i in $(seq 100); do pfnhold {tracked.device()}/resource2_wc 0 {LENGTH:#x} "
                "</dev/null; done", timeout=120).ok()
    after = registry.counters(tracked)
    assert after["conflicts"] - before["conflicts"] == 100
    told = tracked.console().count("pfn_track: conflict:") - said
    assert told + after["suppressed"] - before["suppressed"] == 100
    assert told < 100
    assert len(registry.conflicts(tracked)) == 64
