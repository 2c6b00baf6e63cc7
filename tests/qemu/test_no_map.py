# SPDX-License-Identifier: GPL-2.0-only
"""A "no-map" carve-out of RAM: the linear map leaves it out, and cannot conflict with it.

Remoteproc, OP-TEE, ramoops and frame buffers that firmware set up lie in such memory. Each of
their drivers maps it as it likes, and all of it at once.
"""

from __future__ import annotations

from collections.abc import Iterator

import lab
import pytest
import registry

START, SIZE = 0x50000000, 0x1000000
# What pfn_pair maps: the last 64 KiB of it, or two pages beyond its end.
LENGTH = 0x10000
INSIDE = START + SIZE - LENGTH
ACROSS = START + SIZE - LENGTH // 2


@pytest.fixture(name="guest", scope="module")
def fixture_guest() -> Iterator[lab.Guest]:
    """arm64, whose linear map is memblock without "no-map"."""
    with lab.guest_with("pair", "arm64", memory=512,
                        device_tree=lab.no_map(START, SIZE)) as guest:
        yield guest


@pytest.fixture(name="pair")
def fixture_pair(guest: lab.Guest) -> Iterator[lab.Guest]:
    """With the module for memory inside the carve-out."""
    yield from loaded(guest, INSIDE)


def loaded(guest: lab.Guest, start: int) -> Iterator[lab.Guest]:
    """With the module, and nothing left of it behind."""
    guest.run(f"insmod /lib/modules/pfn_pair.ko phys={start:#x} bytes={LENGTH:#x}").ok()
    yield guest
    # A process of a test that failed may still hold the device.
    guest.settle()
    guest.run("echo drop > /dev/pfn_pair_io; rmmod pfn_pair").ok()
    registry.policy(guest, "report")


@pytest.mark.only("arm64")
def test_there_is_one(guest: lab.Guest, arch: str) -> None:
    """The kernel says so; without it the other tests would prove nothing."""
    assert "nomap" in guest.console()
    assert guest.run(f"grep -i {START:x} /proc/iomem").ok()


@pytest.mark.only("arm64")
@pytest.mark.parametrize("policy", ["report", "enforce", "strict"])
@pytest.mark.parametrize("length", [0x1000, 0x2000, LENGTH])
def test_processes(pair: lab.Guest, arch: str, policy: str, length: int) -> None:
    """One page or many, uncached or by /dev/mem: nothing refused, nothing reported."""
    before = registry.conflicts(pair)
    registry.policy(pair, policy)
    for path, offset in (("/dev/pfn_pair_io", 0), ("/dev/mem", INSIDE)):
        holder = pair.hold(path, offset, length)
        assert holder.mapped, holder.first
        holder.leave()
    assert registry.new_conflicts(pair, before) == []


@pytest.mark.only("arm64")
@pytest.mark.parametrize("policy", ["report", "enforce", "strict"])
@pytest.mark.parametrize("how", ["ioremap", "combine"])
def test_drivers(pair: lab.Guest, arch: str, policy: str, how: str) -> None:
    """ioremap() and ioremap_wc() of a driver, which is how remoteproc maps its memory."""
    before = registry.conflicts(pair)
    registry.policy(pair, policy)
    pair.run(f"echo {how} > /dev/pfn_pair_io").ok()
    held = [line for line in registry.records(pair) if registry.span(line["range"])[0] == INSIDE]
    assert [line["kind"] for line in held] == ["ioremap"]
    assert registry.new_conflicts(pair, before) == []


@pytest.mark.only("arm64")
def test_two_sides(pair: lab.Guest, arch: str) -> None:
    """It is RAM all the same: write-back in one process, device in another."""
    before = registry.conflicts(pair)
    registry.policy(pair, "enforce")
    cached = pair.hold("/dev/pfn_pair_wb", 0, LENGTH)
    assert cached.mapped
    other = pair.hold("/dev/pfn_pair_io", 0, LENGTH)
    assert other.refusal() == "EBUSY"
    [line] = registry.new_conflicts(pair, before)
    assert (line["verdict"], line["result"]) == ("incoherent", "refused")
    assert line["held.pid"] == str(cached.pid)
    cached.leave()


@pytest.mark.only("arm64")
def test_two_sides_by_fault(pair: lab.Guest, arch: str) -> None:
    """And so if faults insert the pages: they are no pages that the VM knows."""
    before = registry.conflicts(pair)
    cached = pair.hold("/dev/pfn_pair_fault", 0, LENGTH)
    assert cached.do("write 0x1000 0x1")["did"].startswith("ok")
    other = pair.hold("/dev/pfn_pair_io", 0, LENGTH)
    assert other.mapped
    [line] = registry.new_conflicts(pair, before)
    assert line["verdict"] == "incoherent" and line["held.pid"] == str(cached.pid)
    assert registry.span(line["range"]) == (INSIDE + 0x1000, INSIDE + 0x1fff)
    other.leave()
    cached.leave()


@pytest.mark.only("arm64")
def test_across_the_end(guest: lab.Guest, arch: str) -> None:
    """A range that continues into RAM of the linear map conflicts with it."""
    for pair in loaded(guest, ACROSS):
        before = registry.conflicts(pair)
        registry.policy(pair, "enforce")
        holder = pair.hold("/dev/pfn_pair_io", 0, LENGTH)
        assert holder.refusal() == "EBUSY"
        [line] = registry.new_conflicts(pair, before)
        assert line["held.kind"] == "linear" and line["verdict"] == "incoherent"
        # Up to its last page there is nothing.
        holder = pair.hold("/dev/pfn_pair_io", 0, LENGTH // 2)
        assert holder.mapped
        holder.leave()
