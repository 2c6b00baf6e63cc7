# SPDX-License-Identifier: GPL-2.0-only
"""Memory hotplug over a driver's write-combining page: the linear map is the newcomer."""

from __future__ import annotations

from collections.abc import Iterator

import lab
import pytest
import registry
from registry import COMBINING, PAGE

pytestmark = pytest.mark.only("x86_64", "arm64")
# Of 1 GiB, mem= leaves the first half; blocks of 128 MiB are added of the rest.
MEMORY, SHOWN, BLOCK = 1024, 512, 128 << 20
OFFSET = 5 * PAGE


@pytest.fixture(name="booted", scope="module")
def _booted(arch: str) -> Iterator[lab.Guest]:
    """One boot for all tests of this file, with the module and memory that is hidden."""
    with lab.guest_with("hotplug", arch, f"pfn_track=report mem={SHOWN}M", memory=MEMORY) as one:
        yield one


@pytest.fixture(name="machine")
def _machine(booted: lab.Guest) -> Iterator[lab.Guest]:
    """As it was, afterwards."""
    yield booted
    booted.settle()
    booted.run("rmmod pfn_hotplug 2>/dev/null")
    registry.policy(booted, "report")


def add(guest: lab.Guest, *words: str) -> tuple[int, lab.Result]:
    """Load the module; where the memory begins, and what became of it."""
    start = guest.kernel.arch.ram + (768 << 20)
    return start, guest.run(f"insmod /lib/modules/pfn_hotplug.ko start={start:#x} size={BLOCK:#x} "
                            f"{' '.join(words)}")


def is_added(guest: lab.Guest, start: int) -> bool:
    """Whether the kernel has the memory."""
    return f"{start:08x}-{start + BLOCK - 1:08x} : System RAM" in guest.read("/proc/iomem")


def test_over_a_mapping(machine: lab.Guest) -> None:
    """Reported, with the driver as the one who was there first."""
    before = registry.conflicts(machine)
    start, done = add(machine, f"offset={OFFSET}")
    done.ok()
    assert is_added(machine, start)
    [line] = registry.new_conflicts(machine, before)
    assert (line["kind"], line["got"]) == ("linear", "write-back")
    assert (line["held.kind"], line["held.got"]) == ("ioremap", COMBINING)
    assert line["held.module"] == "pfn_hotplug"
    assert (line["verdict"], line["result"]) == ("incoherent", "mapped")
    assert registry.span(line["range"]) == (start + OFFSET, start + OFFSET + PAGE - 1)
    assert registry.span(line["asked.range"]) == (start, start + BLOCK - 1)
    assert line["bytes"] == str(PAGE)


def test_refused(machine: lab.Guest) -> None:
    """Under "enforce" the memory is not added, and can be once the mapping is gone."""
    registry.policy(machine, "enforce")
    before = registry.conflicts(machine)
    start, done = add(machine, f"offset={OFFSET}")
    assert done.rc and ("busy" in done.err or "EBUSY" in done.err), done
    assert not is_added(machine, start)
    [line] = registry.new_conflicts(machine, before)
    assert (line["kind"], line["held.kind"], line["result"]) == ("linear", "ioremap", "refused")
    start, done = add(machine)
    done.ok()
    assert is_added(machine, start)
    assert registry.new_conflicts(machine, before) == [line]


def test_nothing_in_the_way(machine: lab.Guest) -> None:
    """Nothing to report, and what is added counts as the linear map's afterwards."""
    before = registry.conflicts(machine)
    start, done = add(machine)
    done.ok()
    assert is_added(machine, start) and registry.new_conflicts(machine, before) == []
    registry.policy(machine, "strict")
    audit = machine.run("pfntrack audit --json")
    assert '"missing": 0' in audit.out.replace('":', '": ').replace(":  ", ": "), audit
