# SPDX-License-Identifier: GPL-2.0-only
"""The audit: live page tables and the registry say the same, and it is found if they do not."""

from __future__ import annotations

import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import lab
import pytest
import registry

OFFSET = 0x40000
PAGES = 16
LENGTH = PAGES * registry.PAGE


def audit(guest: lab.Guest) -> registry.Dump:
    """An audit, with the numbers in its head that make it worth something."""
    dump = registry.dump(guest, "audit")
    numbers = {key: int(value) for key, value in dump.head.items() if value.isdigit()}
    assert numbers["findings"] >= len(dump.lines)
    by_type = Counter(line[""] for line in dump.lines)
    for name in ("missing", "stale", "differs", "alias", "broken"):
        assert numbers[name] >= by_type[name]
    assert sum(numbers[name] for name in by_type) == numbers["findings"]
    if dump.head["policy"] != "off":
        assert numbers["kernel_pages"] and numbers["user_spaces"] and numbers["user_areas"]
        # Every area is walked, and most of what is mapped is RAM as the kernel has it. A process
        # in the middle of execve() has hardly an area.
        assert numbers["skipped"] == 0 and numbers["user_areas"] >= 4 * numbers["user_spaces"]
        assert numbers["entries"] > numbers["plain_pages"] > 100
        assert numbers["unreached"] == 0
    return dump


def expect_clean(guest: lab.Guest) -> registry.Dump:
    """No finding, and every record with an address was compared."""
    dump = audit(guest)
    assert dump.lines == []
    assert dump.head["findings"] == "0" and dump.head["late"] == "0"
    held = [line for line in registry.records(guest) if line["space"] in ("kernel", "user")]
    assert dump.head["records"] == str(len(held)) and held
    return dump


def hold(guest: lab.Guest, resource: str = "resource2") -> lab.Holder:
    """A process that maps sixteen pages of the second device."""
    holder = guest.hold(f"{guest.device(1)}/{resource}", OFFSET, LENGTH)
    assert holder.mapped
    return holder


def test_fresh_boot(tracked: lab.Guest) -> None:
    """What the kernel mapped since it started is all on record, and still mapped."""
    expect_clean(tracked)


def test_for_root_only(tracked: lab.Guest) -> None:
    """It names processes and physical addresses, and is work."""
    text = tracked.run(f"stat -c %a {registry.DEBUGFS}/audit").ok()
    assert text.strip() == "400"


def test_no_kernel_addresses(tracked: lab.Guest) -> None:
    """Not in the head, not in a finding."""
    assert "0xffff" not in tracked.read(f"{registry.DEBUGFS}/audit")


def test_lives(tracked: lab.Guest) -> None:
    """Partial munmap, split areas, fork, mremap: clean all the while, and after."""
    holders = [hold(tracked) for _ in range(4)]
    pages = int(expect_clean(tracked).head["user_pages"])
    assert pages >= 4 * PAGES
    assert holders[0].do("munmap 0x3000 0x2000")["did"] == "ok unmapped"
    assert holders[1].do("mprotect 0x4000 0x4000 r")["did"] == "ok protected"
    assert holders[1].do("munmap 0xc000 0x1000")["did"] == "ok unmapped"
    assert holders[1].do("fork")["child"]
    assert holders[2].do("move")["did"] == "ok moved"
    assert holders[2].do("munmap 0x3000 0x1000")["did"] == "ok unmapped"
    assert holders[3].do("resize 0x5000")["did"] == "ok resized"
    holders[1].do("child munmap 0 0x1000")
    # 14 + 15 + 14 + 15 + 5 of what were 64.
    assert int(expect_clean(tracked).head["user_pages"]) == pages - 1
    holders[0].kill(signal.SIGKILL)
    for holder in holders:
        holder.leave()
    after = int(expect_clean(tracked).head["user_pages"])
    assert after == pages - 4 * PAGES


def test_two_attributes(tracked: lab.Guest, arch: str) -> None:
    """A conflict is no finding: page tables and registry agree about it."""
    hold(tracked)
    wc = hold(tracked, "resource2_wc")
    got = {line["got"] for line in registry.records(tracked, wc.pid)}
    assert got == {registry.UNCACHED[arch] if arch == "x86_64" else registry.COMBINING}
    expect_clean(tracked)


def test_modules(tracked: lab.Guest) -> None:
    """Kernel mappings that drivers make and undo."""
    before = int(expect_clean(tracked).head["records"])
    tracked.run("insmod /lib/modules/pfn_track_wb.ko").ok()
    try:
        assert int(expect_clean(tracked).head["records"]) > before
    finally:
        tracked.run("rmmod pfn_track_wb").ok()
    assert int(expect_clean(tracked).head["records"]) == before


def test_linear_map(tracked: lab.Guest, arch: str) -> None:
    """What is on record of the linear map is what it holds, page by page, and nothing more."""
    before = int(expect_clean(tracked).head["records"])
    tracked.run("insmod /lib/modules/pfn_track_misuse.ko").ok()
    do = "/sys/kernel/debug/pfn_track_misuse/do"
    try:
        tracked.write(do, "pages-and-wb").ok()
        [pages] = [line for line in registry.records(tracked) if line["kind"] == "memremap"]
        first, last = registry.span(pages["range"])
        assert last + 1 - first == 2 << 20 and pages["got"] == "write-back"
        assert pages["site"].startswith("pages_and_wb+0x")
        expect_clean(tracked)
        tracked.write(do, "-pages-and-wb").ok()
        if arch == "x86_64":
            check_pool(tracked, do)
    finally:
        tracked.run("rmmod pfn_track_misuse").ok()
    assert int(expect_clean(tracked).head["records"]) == before


def check_pool(guest: lab.Guest, do: str) -> None:
    """Four pages whose caching state is changed, and one of them back."""
    def states() -> list[tuple[int, str]]:
        return sorted((page, line["got"]) for line in registry.records(guest)
                      if line["kind"] == "set_memory"
                      for page in range(registry.span(line["range"])[0],
                                        registry.span(line["range"])[1], registry.PAGE))

    guest.write(do, "pool-parted").ok()
    four = states()
    assert len(four) == 4 and {attr for _, attr in four} == {registry.COMBINING}
    expect_clean(guest)
    guest.write(do, "pool-parted").ok()
    assert len(states()) == 3 and set(states()) < set(four)
    expect_clean(guest)
    guest.write(do, "-pool-parted").ok()
    assert not states()


def test_restless(tracked: lab.Guest) -> None:
    """Mappings that come and go during the audit are no findings."""
    path = f"{tracked.device(1)}/resource2"
    churn = [tracked.spawn(f"sh -c 'while :; do pfnhold {path} {OFFSET:#x} {LENGTH:#x} "
                           "</dev/null >/dev/null; done'") for _ in range(2)]
    for _ in range(5):
        dump = audit(tracked)
        assert dump.lines == []
    for process in churn:
        assert process.running


@pytest.fixture(name="forgetful")
def _forgetful(guest, arch: str) -> lab.Guest:
    """A guest of its own: whoever was late once says so for ever."""
    return guest(arch, "pfn_track", "pfn_track=report pfn_track_audit=forgetful")


def test_forgotten(forgetful: lab.Guest, arch: str) -> None:
    """Off and on again: what is still mapped is missing, and named, until it goes."""
    holder = hold(forgetful)
    start = forgetful.bar(1)[0] + OFFSET
    policy = f"{registry.SYSFS}/policy"
    forgetful.write(policy, "off").ok()
    off = audit(forgetful)
    assert off.head["policy"] == "off" and off.head["kernel_pages"] == "0" and not off.lines
    forgetful.write(policy, "report").ok()

    dump = audit(forgetful)
    assert dump.head["late"] == "1"
    assert {line[""] for line in dump.lines} == {"missing"}
    [mine] = [line for line in dump.lines if line["pid"] == str(holder.pid)]
    assert mine["comm"] == "pfnhold" and mine["space"] == "user"
    assert registry.span(mine["range"]) == (start, start + LENGTH - 1)
    va = int(holder.first["va"], 16)
    assert registry.span(mine["va"]) == (va, va + LENGTH - 1)
    assert mine["found"] == registry.UNCACHED[arch]
    assert (mine["kind"], mine["got"]) == ("-", "-")
    # The kernel's own are forgotten, too: the virtio device's BAR is one.
    kernel = [line for line in dump.lines if line["space"] == "kernel"]
    assert kernel and {line["va"] for line in kernel} == {"-"}

    # A new mapping is on record beside it.
    second = hold(forgetful)
    again = audit(forgetful)
    assert [line for line in again.lines if line["pid"] == str(holder.pid)] == [mine]
    assert not [line for line in again.lines if line["pid"] == str(second.pid)]
    # A part of it goes.
    assert holder.do("munmap 0x4000 0x2000")["did"] == "ok unmapped"
    spans = sorted(registry.span(line["range"]) for line in audit(forgetful).lines
                   if line["pid"] == str(holder.pid))
    assert spans == [(start, start + 0x3fff), (start + 0x6000, start + LENGTH - 1)]
    holder.leave()
    assert not [line for line in audit(forgetful).lines if line["space"] == "user"]


def guest_with_module(arch: str, allow: tuple[str, ...] = ()) -> lab.Guest:
    """A guest, not yet started, with a module that writes page tables behind the hooks' back."""
    return lab.guest_with("module", arch, allow=allow)


@pytest.fixture(name="broken")
def _broken(arch: str) -> Iterator[lab.Guest]:
    """One that must not complain."""
    with guest_with_module(arch) as one:
        yield one


@pytest.fixture(name="lost")
def _lost(arch: str) -> Iterator[lab.Guest]:
    """One that complains when such an area is unmapped, which is upstream's business."""
    with guest_with_module(arch, ("BUG: Bad page map", "Call Trace", "Call trace")) as one:
        yield one


def test_behind_our_back(broken: lab.Guest, arch: str) -> None:
    """Every way to disagree is found, by its name and exactly there."""
    before = expect_clean(broken).head
    broken.run("insmod /lib/modules/pfn_break.ko").ok()
    # Its vmap() of four pages is on record, so that nothing is uncovered.
    after = expect_clean(broken).head
    assert after["uncovered"] == before["uncovered"] == "0"
    assert int(after["kernel_pages"]) == int(before["kernel_pages"]) + 4

    base = broken.bar(0)[0]
    holder = broken.hold("/dev/pfn_break", 0, 14 * registry.PAGE)
    assert holder.mapped
    va = int(holder.first["va"], 16)
    found = []
    dump = audit(broken)
    # The hooks have not seen these pages, nor do the flags of the area say a word of RAM.
    alias, = [line for line in dump.lines if line[""] == "alias"]
    vmap, = [line for line in registry.records(broken)
             if line["kind"] == "vmap" and line["module"] == "pfn_break"]
    first = registry.span(vmap["range"])[0]
    assert registry.span(alias["range"]) == (first, first + 2 * registry.PAGE - 1)
    assert registry.span(alias["va"])[0] == va + 12 * registry.PAGE
    assert (alias["got"], alias["found"]) == (registry.COMBINING, "write-back")
    for line in dump.lines:
        assert line["pid"] == str(holder.pid) and line["comm"] == "pfnhold"
        assert (line["file"], line["module"]) == ("/dev/pfn_break", "pfn_break")
        if line is alias:
            continue
        (first, last), (start, end) = registry.span(line["range"]), registry.span(line["va"])
        assert (end - start) == (last - first)
        page = registry.PAGE
        found.append((line[""], (start - va) // page, (end + 1 - va) // page,
                      (first - base) // page, line["got"], line["found"]))
    device = "uncached-minus" if arch == "x86_64" else "device-strict"
    assert sorted(found) == sorted([
        ("stale", 2, 4, 2, device, "-"),
        ("differs", 4, 6, 4, device, registry.COMBINING),
        ("stale", 6, 8, 6, device, device),
        ("missing", 6, 10, 0x20, "-", device),
    ])
    holder.leave()
    expect_clean(broken)


def lines_of(guest: lab.Guest) -> list[tuple[str, int, int]]:
    """What an audit finds of the device, as (finding, first, last + 1) page of its BAR."""
    base = guest.bar(0)[0]
    return sorted((line[""], (registry.span(line["range"])[0] - base) // registry.PAGE,
                   (registry.span(line["range"])[1] + 1 - base) // registry.PAGE)
                  for line in audit(guest).lines)


def test_lost_flags(lost: lab.Guest) -> None:
    """An area whose driver lost VM_PFNMAP is named; the audit neither prints nor taints."""
    expect_clean(lost)
    lost.run("insmod /lib/modules/pfn_break.ko").ok()
    holder = lost.hold("/dev/pfn_lost", 16 * registry.PAGE, 4 * registry.PAGE)
    assert holder.mapped
    said, taints = lost.console(), lost.read("/proc/sys/kernel/tainted")
    assert lines_of(lost) == [("broken", 16, 20)]
    line, = audit(lost).lines
    assert (line["pid"], line["comm"]) == (str(holder.pid), "pfnhold")
    assert (line["file"], line["module"]) == ("/dev/pfn_lost", "pfn_break")
    assert lost.console() == said and lost.read("/proc/sys/kernel/tainted") == taints

    assert holder.do("munmap 0 0x2000")["did"] == "ok unmapped"
    assert "BUG: Bad page map" in lost.console(), "then this driver does no harm any more"
    assert lines_of(lost) == [("broken", 18, 20)]
    assert registry.pages(lost, holder.pid, lost.bar(0)[0]) == [(18, 20)]
    said = lost.console()
    holder.leave()
    assert "BUG: Bad page map" in lost.console()[len(said):]
    assert lines_of(lost) == [] and not registry.records(lost, holder.pid)


def test_soak(arch: str) -> None:
    """A few seconds of "make soak": everything at random, all at once, and nothing is found."""
    script = Path(__file__).with_name("soak.py")
    done = subprocess.run(["/usr/bin/python3", "-B", script, arch, "5", "1"], capture_output=True,
                          text=True, check=False, timeout=500)
    assert done.stdout.endswith("audit: 0 missing, 0 stale, 0 different\n"), done.stdout
    assert done.returncode == 0, done.stderr
