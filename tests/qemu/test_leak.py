# SPDX-License-Identifier: GPL-2.0-only
"""What drivers and modules leave mapped is named, and what is right is silent.

A leak cannot be undone: these tests have a guest of their own, and everything
in it asks for write-combining, so that what is left disagrees with nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import lab
import pytest
import registry

DRIVERS = "/sys/bus/pci/drivers"
TRACING = "/sys/kernel/tracing"
MAPPING, CLAIM, GLOBAL = 1, 2, 4
SITE = {"mapping": r"leak_probe\+0x[0-9a-f]+/0x[0-9a-f]+",
        "global": r"leak_init\+0x[0-9a-f]+/0x[0-9a-f]+"}


@dataclass
class State:
    """What was known before."""

    total: int
    said: int


class Leaks:
    """A guest, and what it has said of leaks since it was last asked."""

    def __init__(self, guest: lab.Guest) -> None:
        self.guest = guest
        self.before = State(self.total(), len(guest.console()))

    def total(self) -> int:
        """The counter."""
        return int(self.guest.read(f"{registry.SYSFS}/leaks"))

    def fresh(self) -> list[dict[str, str]]:
        """What is new; counter, history and list of records agree."""
        known, self.before.total = self.before.total, self.total()
        dump = registry.dump(self.guest, "leaks")
        assert int(dump.head["total"]) == self.before.total
        new = [line for line in dump.lines if int(line["id"]) > known]
        assert len(new) == self.before.total - known
        return new

    def log(self) -> list[str]:
        """What the kernel log says that is new."""
        text = self.guest.console()
        said = [line.partition("pfn_track: ")[2] for line in text[self.before.said:].splitlines()
                if "pfn_track: " in line]
        self.before.said = len(text)
        return said

    def silent(self) -> None:
        """Nothing is new."""
        assert not self.fresh() and not self.log()

    def insert(self, name: str, options: str = "") -> None:
        """Load a module."""
        self.guest.run(f"insmod /lib/modules/{name}.ko {options}").ok()

    def remove(self, name: str) -> None:
        """Unload it."""
        self.guest.run(f"rmmod {name}").ok()

    def unbind(self, name: str, device: int = 0) -> None:
        """Take a device from its driver."""
        self.guest.run(f"echo {self.guest.devices[device].bdf} > {DRIVERS}/{name}/unbind").ok()

    def bound(self, device: int) -> bool:
        """Whether a device has a driver."""
        return self.guest.run(f"test -e {self.guest.device(device)}/driver").rc == 0


@pytest.fixture
def leaks(guest, arch: str) -> Iterator[Leaks]:  # type: ignore[no-untyped-def]
    """The guest for leaks, with its log ready to speak and no driver of ours."""
    one = guest(arch, "pfn_track", "pfn_track=report pfnlab.leaks")
    registry.log_all(one)
    yield Leaks(one)
    if one.alive:
        one.run("rmmod pfn_track_leak pfn_track_defer pfn_track_wb pfn_track_claim 2>/dev/null")


def page(guest: lab.Guest, device: int, number: int) -> str:
    """A page of BAR 2, as the files say it."""
    start = guest.bar(device)[0] + number * registry.PAGE
    return f"0x{start:x}-0x{start + registry.PAGE - 1:x}"


def expect(leaks: Leaks, line: dict[str, str], gone: str, what: str, device: int = 0) -> None:
    """A leak of the sample says who, where, what and how."""
    number = {"mapping": 0, "claim": 1, "global": 2}[what]
    assert line["range"] == page(leaks.guest, device, number)
    assert line["gone"] == gone and line["gone.name"] == "pfn_track_leak"
    assert line["gone.dev"] == (leaks.guest.devices[device].bdf if gone != "unloaded" else "-")
    assert line["held.kind"] == ("claim" if what == "claim" else "ioremap")
    assert line["held.module"] == "pfn_track_leak"
    assert re.fullmatch(SITE.get(what, SITE["mapping"]), line["held.site"])
    assert line["held.got"] == "write-combining"


def test_unbind(leaks: Leaks) -> None:
    """remove() forgets: one leak, named once, at unbind and not again by rmmod."""
    leaks.insert("pfn_track_leak", f"forget={MAPPING}")
    leaks.silent()
    leaks.unbind("pfn_track_leak")
    [line] = leaks.fresh()
    expect(leaks, line, "unbound", "mapping")

    head, side, advice = leaks.log()
    start, end = registry.span(page(leaks.guest, 0, 0))
    assert head == (f"leak: pfn_track_leak of {leaks.guest.devices[0].bdf} was unbound and still "
                    f"maps [mem {start:#010x}-{end:#010x}] write-combining")
    assert re.match(rf"  held by +insmod:\d+ ioremap at {SITE['mapping']} \[pfn_track_leak\] ", side)
    assert advice.startswith("  advice:  unmap it in remove()") and "devm_ioremap()" in advice

    # Bound and unbound again: the new one only.
    leaks.guest.run(f"echo {leaks.guest.devices[0].bdf} > {DRIVERS}/pfn_track_leak/bind").ok()
    leaks.silent()
    leaks.unbind("pfn_track_leak")
    [line] = leaks.fresh()
    assert line["held.comm"] != "insmod"

    leaks.remove("pfn_track_leak")
    [line] = leaks.fresh()
    expect(leaks, line, "unbound", "mapping", device=1)
    # The text of the module is gone, and who it was is still known.
    mine = [line for line in registry.records(leaks.guest) if line["module"] == "pfn_track_leak"]
    assert len([line for line in mine if re.fullmatch(SITE["mapping"], line["site"])]) >= 3
    # Another that is loaded to the same place is not taken for it.
    leaks.log()
    leaks.insert("pfn_track_leak", "forget=0")
    leaks.remove("pfn_track_leak")
    leaks.silent()


def test_event(leaks: Leaks) -> None:
    """The trace event says the same, without kernel addresses."""
    leaks.insert("pfn_track_leak", f"forget={MAPPING}")
    leaks.guest.run(f"echo > {TRACING}/trace; echo 1 > {TRACING}/events/pfn_track/pfn_leak/enable").ok()
    leaks.unbind("pfn_track_leak")
    leaks.guest.run(f"echo 0 > {TRACING}/events/pfn_track/pfn_leak/enable").ok()
    text = leaks.guest.read(f"{TRACING}/trace")
    [event] = re.findall(r"pfn_leak: (.*)", text)
    assert event.startswith(f"range={page(leaks.guest, 0, 0)} gone=unbound name=pfn_track_leak "
                            f"dev={leaks.guest.devices[0].bdf} kind=ioremap want=write-combining "
                            "got=write-combining pid=")
    for shown in (text, leaks.guest.read(f"{registry.DEBUGFS}/leaks")):
        assert not re.search(r"(?<![0-9a-f])ffff[0-9a-f]{12}", shown)


def test_claim(leaks: Leaks) -> None:
    """A claim that is not given back is as bad; the mapping was unmapped."""
    leaks.insert("pfn_track_leak", f"forget={CLAIM}")
    leaks.unbind("pfn_track_leak")
    [line] = leaks.fresh()
    expect(leaks, line, "unbound", "claim")
    head, _, advice = leaks.log()
    assert " was unbound and still claims [mem " in head
    assert "devm_pfn_track_claim()" in advice


def test_failed_probe(leaks: Leaks) -> None:
    """A probe that fails and does not clean up."""
    leaks.insert("pfn_track_leak", f"forget={MAPPING} fail=1")
    lines = leaks.fresh()
    assert len(lines) == 2
    for device, line in enumerate(lines):
        expect(leaks, line, "not-bound", "mapping", device)
    assert " did not bind and still maps " in leaks.log()[0]


def test_failed_probe_that_cleans_up(leaks: Leaks) -> None:
    """A probe that fails as it should."""
    leaks.insert("pfn_track_leak", "forget=0 fail=1")
    assert not leaks.bound(0)
    leaks.remove("pfn_track_leak")
    assert not leaks.fresh()
    assert not [line for line in leaks.log() if "leak:" in line]


def test_unload(leaks: Leaks) -> None:
    """exit() forgets what the module's __init code mapped, whose text went long ago."""
    leaks.insert("pfn_track_leak", f"forget={GLOBAL}")
    leaks.unbind("pfn_track_leak")
    leaks.silent()
    leaks.remove("pfn_track_leak")
    [line] = leaks.fresh()
    expect(leaks, line, "unloaded", "global")
    head, side, advice = leaks.log()
    assert head.startswith("leak: pfn_track_leak was unloaded and still maps [mem ")
    assert "[pfn_track_leak]" in side and "exit function" in advice
    # The next of the same name has nothing to do with it.
    leaks.insert("pfn_track_leak", "forget=0")
    leaks.remove("pfn_track_leak")
    leaks.silent()


@pytest.mark.parametrize("module", ["pfn_track_leak", "pfn_track_wb", "pfn_track_claim"])
def test_right_drivers_are_silent(leaks: Leaks, module: str) -> None:
    """iounmap() in remove(), devm_memremap(), devm_pfn_track_claim(): unbind and unload."""
    leaks.insert(module, "forget=0" if module == "pfn_track_leak" else "")
    assert leaks.bound(0) and leaks.bound(1)
    leaks.unbind(module)
    leaks.remove(module)
    assert not leaks.fresh()
    # Write-back beside what other tests have left is a conflict, rightly.
    assert not [line for line in leaks.log() if line.startswith("leak:")]


def test_deferred_probe_is_silent(leaks: Leaks) -> None:
    """devm_ioremap(), -EPROBE_DEFER, later bound, unbound, unloaded: never a word."""
    leaks.insert("pfn_track_defer", "times=1")
    # The link is there while probe() still runs.
    bound = " && ".join(f"test -e {leaks.guest.device(number)}/driver" for number in (0, 1))
    leaks.guest.run(f"for i in $(seq 300); do {bound} && break; sleep 0.1; done").ok()
    assert leaks.bound(0) and leaks.bound(1)
    leaks.unbind("pfn_track_defer")
    leaks.remove("pfn_track_defer")
    leaks.silent()


def test_driver_that_is_built_in(leaks: Leaks) -> None:
    """Without a module to look for: what probe() mapped, and nothing else of the BAR."""
    leaks.insert("pfn_track_leak", "owner=0 forget=0")
    leaks.unbind("pfn_track_leak")
    leaks.remove("pfn_track_leak")
    leaks.silent()
    leaks.insert("pfn_track_leak", f"owner=0 forget={MAPPING}")
    leaks.unbind("pfn_track_leak")
    [line] = leaks.fresh()
    expect(leaks, line, "unbound", "mapping")


def test_device_removed(leaks: Leaks) -> None:
    """Hot unplug is an unbind, too: its leak is named."""
    leaks.insert("pfn_track_leak", f"forget={MAPPING}")
    leaks.guest.run(f"echo 1 > {leaks.guest.device(1)}/remove").ok()
    [line] = leaks.fresh()
    assert (line["gone"], line["gone.dev"]) == ("unbound", leaks.guest.devices[1].bdf)
    leaks.guest.run("echo 1 > /sys/bus/pci/rescan").ok()


def test_history_is_bounded(leaks: Leaks) -> None:
    """100 leaks: all counted, the log spared, the last 64 listed."""
    leaks.insert("pfn_track_leak", f"forget={MAPPING}")
    before, bdf = leaks.total(), leaks.guest.devices[0].bdf
    leaks.guest.write("/sys/kernel/mm/pfn_track/log_site", "20").ok()
    leaks.guest.run(f"cd {DRIVERS}/pfn_track_leak; for i in $(seq 100); do "
                    f"echo {bdf} > unbind; echo {bdf} > bind; done", timeout=120).ok()
    dump = registry.dump(leaks.guest, "leaks")
    assert int(dump.head["total"]) == before + 100
    assert [int(line["id"]) for line in dump.lines] == list(range(before + 37, before + 101))
    told = len([line for line in leaks.log() if line.startswith("leak:")])
    assert 0 < told < 100


def test_a_kind_that_is_off(leaks: Leaks) -> None:
    """Nothing is told of a kind whose policy is off."""
    leaks.guest.write(f"{registry.SYSFS}/kind/ioremap", "off").ok()
    try:
        leaks.insert("pfn_track_leak", f"forget={MAPPING}")
        leaks.unbind("pfn_track_leak")
        leaks.silent()
    finally:
        leaks.guest.write(f"{registry.SYSFS}/kind/ioremap", "default").ok()


def test_off(guest, arch: str) -> None:  # type: ignore[no-untyped-def]
    """Off: nothing happens, and nothing is made up when it is switched on."""
    one = guest(arch, "pfn_track", "pfn_track=off pfnlab.leaks")
    leaks = Leaks(one)
    leaks.insert("pfn_track_leak", f"forget={MAPPING | CLAIM | GLOBAL}")
    leaks.unbind("pfn_track_leak")
    leaks.silent()
    registry.policy(one, "report")
    try:
        leaks.remove("pfn_track_leak")
        leaks.silent()
    finally:
        registry.policy(one, "off")
