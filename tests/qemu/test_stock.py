# SPDX-License-Identifier: GPL-2.0-only
"""What an unpatched kernel does with two mappings that disagree.

This is the disease: both mmap()s succeed, in both orders. x86 silently gives
the second the type of the first; arm64 really maps the page both ways.
"""

from __future__ import annotations

import re

import lab
import pytest

ORDERS = {"uncached first": ("resource2", "resource2_wc"),
          "write-combining first": ("resource2_wc", "resource2")}
PAT_NAMES = {"resource2": "uncached-minus", "resource2_wc": "write-combining"}


def pat_types(guest: lab.Guest, start: int, length: int) -> list[str]:
    """What x86's own list holds for exactly a range, a word for each mapping."""
    listed = guest.read("/sys/kernel/debug/x86/pat_memtype_list")
    return re.findall(rf"\[mem 0x0*{start:x}-0x0*{start + length:x}\] (\S+)", listed)


@pytest.mark.parametrize("order", ORDERS)
def test_both_succeed(stock: lab.Guest, order: str) -> None:
    """No errno, and no word in the log."""
    before = stock.console()
    holders = [stock.hold(f"{stock.device()}/{name}", 0, 0x10000) for name in ORDERS[order]]
    assert all(holder.mapped for holder in holders)
    # They are one memory, and both can be used.
    holders[0].do("write 0 0x600d")
    assert holders[1].do("read 0")["value"] == "0x600d"
    assert stock.console() == before


@pytest.mark.only("x86_64")
@pytest.mark.parametrize("order", ORDERS)
def test_x86_downgrades_silently(stock: lab.Guest, order: str) -> None:
    """The second mapping gets the type of the first."""
    start, _ = stock.bar()
    first, second = ORDERS[order]
    holders = [stock.hold(f"{stock.device()}/{name}", 0, 0x10000) for name in (first, second)]
    assert all(holder.mapped for holder in holders)
    assert pat_types(stock, start, 0x10000) == [PAT_NAMES[first]] * 2
    for holder in holders:
        holder.leave()
    assert not pat_types(stock, start, 0x10000)


@pytest.mark.only("x86_64")
def test_x86_list_outlives_the_mapping(stock: lab.Guest) -> None:
    """After a munmap() of the head, an entry stays, and decides for newcomers.

    Nobody holds the range any more, yet write-combining is not to be had.
    """
    start, end = stock.bar(1)
    offset = (end + 1 - start) // 2
    holder = stock.hold(f"{stock.device(1)}/resource2", offset, 0x4000)
    holder.do("munmap 0 0x1000")
    holder.leave()
    newcomer = stock.hold(f"{stock.device(1)}/resource2_wc", offset, 0x1000)
    assert newcomer.mapped
    # One entry of nobody, and one of the newcomer, who got its type.
    assert pat_types(stock, start + offset, 0x1000) == ["uncached-minus"] * 2


def test_no_pfn_track(stock: lab.Guest) -> None:
    """The pristine flavour is that."""
    assert stock.run("ls -d /sys/kernel/mm/pfn_track").rc != 0
