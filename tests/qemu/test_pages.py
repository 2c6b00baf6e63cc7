# SPDX-License-Identifier: GPL-2.0-only
"""Pages that the VM takes away behind the mapping: migration and reclaim.

On the kernels with real drivers, which can be asked to migrate one page.
"""

from __future__ import annotations

from collections.abc import Iterator

import lab
import pytest
import registry

PAGES = 8
SOFT_OFFLINE = "/sys/devices/system/memory/soft_offline_page"


@pytest.fixture(name="lender")
def _lender(arch: str) -> Iterator[lab.Guest]:
    """A guest with /dev/pfn_pages, which lends pages of shmem write-combining."""
    kernel = lab.kernel_for(arch, "drivers")
    with lab.Guest(kernel, "pfn_track=report",
                   modules=(lab.module_for(arch, "drivers", "pages"),)) as one:
        one.run("insmod /lib/modules/pfn_pages.ko").ok()
        yield one


def hold(guest: lab.Guest) -> lab.Holder:
    """A process that has touched all pages."""
    holder = guest.hold("/dev/pfn_pages", 0, PAGES * registry.PAGE)
    assert holder.mapped
    for page in range(PAGES):
        assert holder.do(f"write {page * registry.PAGE:#x} {page + 100}")["did"] == "ok written"
    return holder


def held(guest: lab.Guest, holder: lab.Holder) -> dict[int, int]:
    """Physical address by page of the mapping; audited."""
    found = {}
    va = int(holder.first["va"], 16)
    for line in registry.records(guest, holder.pid):
        assert line["got"] == registry.COMBINING and line["kind"] == "insert"
        (first, last), (start, _) = registry.span(line["range"]), registry.span(line["va"])
        for offset in range(0, last + 1 - first, registry.PAGE):
            found[(start + offset - va) // registry.PAGE] = first + offset
    assert registry.dump(guest, "audit").lines == []
    return found


def values(holder: lab.Holder) -> list[int]:
    """What the process reads, page by page."""
    return [int(holder.do(f"read {page * registry.PAGE:#x}")["value"], 16)
            for page in range(PAGES)]


def test_migrated(lender: lab.Guest) -> None:
    """The record goes with the page to its new page frame, in every process."""
    one, two = hold(lender), hold(lender)
    before = held(lender, one)
    assert sorted(before) == list(range(PAGES)) and held(lender, two) == before
    lender.write(SOFT_OFFLINE, f"{before[3]:#x}").ok()
    after = held(lender, one)
    assert after[3] != before[3]
    assert {page: at for page, at in after.items() if page != 3} == \
        {page: at for page, at in before.items() if page != 3}
    assert held(lender, two) == after
    assert values(one) == [page + 100 for page in range(PAGES)]
    one.leave()
    two.leave()
    assert registry.dump(lender, "audit").lines == []
    assert before[3] not in {registry.span(line["range"])[0] for line in registry.records(lender)}


def test_reclaimed(lender: lab.Guest) -> None:
    """A record goes where reclaim takes the page, and comes again with the next fault."""
    one = hold(lender)
    before = held(lender, one)
    assert one.do("madvise 0 0x4000 pageout")["did"] == "ok advised"
    assert sorted(held(lender, one)) == [4, 5, 6, 7]
    assert values(one) == [page + 100 for page in range(PAGES)]
    assert held(lender, one) == before
    one.leave()
    assert registry.dump(lender, "audit").lines == []
