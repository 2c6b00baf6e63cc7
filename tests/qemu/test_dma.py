# SPDX-License-Identifier: GPL-2.0-only
"""DMA buffers of a device that does not snoop: right ones are let in, a cached mapping is not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import lab
import pytest
import registry
from registry import COMBINING, PAGE

# x86 snoops for every device.
pytestmark = pytest.mark.only("arm64")
LENGTH = 4 * PAGE


@pytest.fixture(name="booted", scope="module")
def _booted(arch: str) -> Iterator[lab.Guest]:
    """One boot for all tests of this file, with the module."""
    with lab.guest_with("dma", arch) as one:
        yield one


@pytest.fixture(name="machine")
def _machine(booted: lab.Guest) -> Iterator[lab.Guest]:
    """As it was, afterwards."""
    yield booted
    booted.settle()
    booted.run("rmmod pfn_dma 2>/dev/null")
    registry.policy(booted, "report")


@contextmanager
def buffer(guest: lab.Guest, *words: str) -> Iterator[int]:
    """Where the driver's buffer lies."""
    since = len(guest.console())
    guest.run(f"insmod /lib/modules/pfn_dma.ko {' '.join(words)}").ok()
    found = re.search(r"pfn_dma: (0x[0-9a-f]+), coherent 0", guest.console()[since:])
    assert found, guest.console()[since:]
    yield int(found[1], 16) * PAGE
    guest.run("rmmod pfn_dma").ok()


def held(guest: lab.Guest, start: int) -> set[tuple[str, str]]:
    """Who has the buffer, and how."""
    return {(line["comm"], line["got"]) for line in registry.records(guest)
            if registry.span(line["range"])[0] == start}


@pytest.mark.parametrize("policy", ["report", "enforce", "strict"])
@pytest.mark.parametrize("kernel", [0, 1], ids=["no-kernel-mapping", "kernel-mapping"])
def test_mapped_by_the_dma_api(machine: lab.Guest, policy: str, kernel: int) -> None:
    """The DMA API cleaned the caches: no conflict, nothing refused, no alias that harms."""
    registry.policy(machine, policy)
    before = registry.conflicts(machine)
    with buffer(machine, f"kernel={kernel}") as start:
        holder = machine.hold("/dev/pfn_dma", 0, LENGTH)
        assert holder.mapped
        holder.do("write 0x1000 1")
        assert ("pfnhold", COMBINING) in held(machine, start)
        assert (("insmod", COMBINING) in held(machine, start)) == bool(kernel)
        aliases = json.loads(machine.run("pfntrack aliases --json").out)["aliases"]
        assert not [one for one in aliases if int(one["range"]["start"], 16) == start
                    and one["verdict"] in ("ordering", "incoherent", "fatal")]
        holder.leave()
    assert registry.new_conflicts(machine, before) == []


def test_cached_fault_is_reported(machine: lab.Guest) -> None:
    """The commonest loss of data on arm64: both sides are named, and every command says so."""
    before = registry.conflicts(machine)
    with buffer(machine, "cached=1") as start:
        holder = machine.hold("/dev/pfn_dma", 0, LENGTH)
        holder.do("read 0x0 1")
        [line] = registry.new_conflicts(machine, before)
        assert (line["verdict"], line["result"]) == ("incoherent", "mapped")
        assert {(line["comm"], line["got"]), (line["held.comm"], line["held.got"])} == {
            ("pfnhold", "write-back"), ("insmod", COMBINING)}
        assert {line["module"], line["held.module"]} == {"pfn_dma"}
        shown = machine.run("pfntrack aliases --json")
        [alias] = [one for one in json.loads(shown.out)["aliases"]
                   if int(one["range"]["start"], 16) == start]
        assert shown.rc == 1 and alias["verdict"] == "incoherent"
        explained = machine.run(f"pfntrack explain {start:#x}")
        assert explained.rc == 1 and "pfnhold" in explained.out and "insmod" in explained.out
        status = machine.run("pfntrack status")
        assert status.rc == 1 and "incoherent" in status.out
        holder.leave()


@pytest.mark.parametrize("policy", ["enforce", "strict"])
def test_cached_fault_is_refused(machine: lab.Guest, policy: str) -> None:
    """The process gets SIGBUS, and nothing is left of it."""
    registry.policy(machine, policy)
    before = registry.conflicts(machine)
    with buffer(machine, "cached=1") as start:
        holder = machine.hold("/dev/pfn_dma", 0, LENGTH)
        with pytest.raises(lab.LabError, match="status 135"):
            holder.do("read 0x0 1")
        [line] = registry.new_conflicts(machine, before)
        assert (line["verdict"], line["result"], line["comm"]) == ("incoherent", "refused", "pfnhold")
        assert held(machine, start) == {("insmod", COMBINING)}
