# SPDX-License-Identifier: GPL-2.0-only
"""x86 with "nopat": write-combining cannot be had, and the kernel's helpers give UC-."""

from __future__ import annotations

from collections.abc import Iterator

import ktap
import lab
import pytest
import registry

LENGTH = 0x10000


@pytest.fixture(name="guest", scope="module")
def fixture_guest() -> Iterator[lab.Guest]:
    """One boot, with a driver for the BAR of the first device."""
    with lab.guest_with("pair", "x86_64", "pfn_track=strict nopat") as guest:
        yield guest


@pytest.mark.only("x86_64")
def test_kunit(guest: lab.Guest, arch: str) -> None:
    """What the helpers make is what the tables say, and write-through is not plain."""
    assert ktap.problems(ktap.parse(guest.console())) == []


@pytest.mark.only("x86_64")
def test_claim_agrees_with_ioremap(guest: lab.Guest, arch: str) -> None:
    """A driver claims its BAR write-combining and maps it with ioremap_wc()."""
    before = registry.conflicts(guest)
    guest.run(f"insmod /lib/modules/pfn_pair.ko phys={guest.bar(0)[0]:#x} bytes={LENGTH:#x}").ok()
    registry.policy(guest, "enforce")
    guest.run("echo claim > /dev/pfn_pair_io && echo combine > /dev/pfn_pair_io").ok()
    held = [line for line in registry.records(guest) if line["kind"] in ("claim", "ioremap")
            and registry.span(line["range"])[0] == guest.bar(0)[0]]
    assert sorted(line["kind"] for line in held) == ["claim", "ioremap"]
    assert {line["got"] for line in held} == {"uncached-minus"}
    # Both got less than they asked for, which is no conflict of the two.
    for line in registry.new_conflicts(guest, before):
        assert line["verdict"] not in ("incoherent", "fatal") and line["result"] == "mapped"
    guest.run("echo drop > /dev/pfn_pair_io && rmmod pfn_pair").ok()
    registry.policy(guest, "strict")
