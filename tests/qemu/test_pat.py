# SPDX-License-Identifier: GPL-2.0-only
"""Memory types that x86's PAT keeps for itself: each decision has its own cause.

Reservations without a mapping, refusals, look-ups that find nothing, frees of what
is not reserved, the ISA window, and a boot without PAT.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ktap
import lab
import pytest
import registry

pytestmark = pytest.mark.only("x86_64")

PAGE = registry.PAGE
DRIVERS = "/sys/bus/pci/drivers/pfn_pat"
TYPES = "/sys/kernel/debug/x86/pat_memtype_list"


@pytest.fixture(name="module", scope="module")
def _module(arch: str) -> Path:
    """The module, built for the kernel under test."""
    return lab.module_for(arch, lab.flavour_for("pfn_track"), "pat")


@pytest.fixture(name="booted", scope="module")
def _booted(arch: str, module: Path) -> Iterator[lab.Guest]:
    """One boot for all tests of this file that need PAT."""
    with lab.Guest(lab.kernel_for(arch, lab.flavour_for("pfn_track")), "pfn_track=report",
                   modules=(module,)) as one:
        yield one


@pytest.fixture(name="pat")
def _pat(booted: lab.Guest) -> Iterator[lab.Guest]:
    """The guest, without the module, under "report"."""
    registry.log_all(booted)
    yield booted
    booted.settle()
    booted.run("rmmod pfn_pat 2>/dev/null")
    registry.policy(booted, "report")


def load(guest: lab.Guest, what: str, **options: object) -> lab.Result:
    """Load the module with a task."""
    words = " ".join(f"{key}={value:#x}" if isinstance(value, int) else f"{key}={value}"
                     for key, value in options.items())
    return guest.run(f"insmod /lib/modules/pfn_pat.ko what={what} {words}")


@contextmanager
def loaded(guest: lab.Guest, what: str, **options: object) -> Iterator[None]:
    """The module with a task, unloaded afterwards."""
    load(guest, what, **options).ok()
    try:
        yield
    except BaseException:
        # A process of the test may still hold the device.
        guest.settle()
        raise
    finally:
        guest.run("rmmod pfn_pat").ok()


class Since:
    """What is new since it was made."""

    def __init__(self, guest: lab.Guest) -> None:
        self.guest = guest
        self.before = registry.conflicts(guest)
        self.counters = registry.counters(guest)
        self.said = len(guest.console())

    def conflicts(self) -> list[dict[str, str]]:
        """The conflicts."""
        return registry.new_conflicts(self.guest, self.before)

    def count(self, name: str) -> int:
        """How much a counter has grown."""
        return registry.counters(self.guest)[name] - self.counters[name]

    def log(self) -> str:
        """The kernel log."""
        return self.guest.console()[self.said:]

    def silent(self) -> None:
        """Nothing was reported, nor counted as a downgrade."""
        assert self.conflicts() == [] and "pfn_track:" not in self.log()
        assert self.count("downgrades") == self.count("conflicts") == self.count("leaks") == 0


def reservations(guest: lab.Guest) -> list[dict[str, str]]:
    """What is recorded of reservations."""
    return [line for line in registry.records(guest) if line["kind"] == "reservation"]


def listed(guest: lab.Guest, line: dict[str, str]) -> dict[str, object]:
    """The same conflict, as pfntrack lists it."""
    found = json.loads(guest.run("pfntrack conflicts --json").out)["conflicts"]
    return next(one for one in found if str(one["id"]) == line["id"])


# === Reservations =====================================================================


def test_reservation(pat: lab.Guest) -> None:
    """Recorded with module and device while it lasts; gone when it is given back."""
    base, new = pat.bar(0)[0], Since(pat)
    with loaded(pat, "reserve", start=base, bytes=0x800000):
        [line] = reservations(pat)
        assert registry.span(line["range"]) == (base, base + 0x7fffff)
        assert (line["space"], line["va"]) == ("none", "-")
        assert line["want"] == line["got"] == registry.COMBINING
        assert line["module"] == "pfn_pat" and line["site"].startswith("pat_init+")
        assert line["dev"] == pat.devices[0].bdf
        text = pat.run(f"pfntrack explain {base + 5 * PAGE:#x}").ok()
        assert re.search(r"held +write-combining, reservation by insmod", text)
        # Who asks for the same agrees with it.
        holder = pat.hold(f"{pat.device(0)}/resource2_wc", 0, 0x10000)
        assert holder.mapped
        holder.leave()
    assert reservations(pat) == []
    new.silent()


def test_reservation_is_named(pat: lab.Guest) -> None:
    """Whoever asks for another type meets the reservation, and not a fellow victim."""
    base, new = pat.bar(0)[0], Since(pat)
    with loaded(pat, "reserve", start=base, bytes=0x800000):
        holders = [pat.hold(f"{pat.device(0)}/resource2", 0, 0x10000) for _ in range(2)]
        assert all(holder.mapped for holder in holders)
        lines = new.conflicts()
        assert len(lines) == 2
        for line in lines:
            assert (line["want"], line["got"]) == ("uncached-minus", "write-combining")
            assert (line["held.kind"], line["held.module"]) == ("reservation", "pfn_pat")
            assert line["cause"] == "held" and line["result"] == "mapped"
        for holder in holders:
            holder.leave()


def test_reservation_of_a_held_range(pat: lab.Guest) -> None:
    """The reservation itself may be given another type: then it is the newcomer."""
    base, new = pat.bar(0)[0], Since(pat)
    holder = pat.hold(f"{pat.device(0)}/resource2", 0, 0x10000)
    with loaded(pat, "reserve", start=base):
        [line] = new.conflicts()
        assert (line["kind"], line["held.kind"]) == ("reservation", "remap_pfn")
        assert (line["want"], line["got"]) == ("write-combining", "uncached-minus")
        assert line["held.pid"] == str(holder.pid)
    holder.leave()
    assert reservations(pat) == []


def test_reservation_refused_by_policy(pat: lab.Guest) -> None:
    """strict: PAT's list and the registry hold nothing of it."""
    base = pat.bar(0)[0]
    holder = pat.hold(f"{pat.device(0)}/resource2", 0, 0x10000)
    registry.policy(pat, "strict")
    types = pat.read(TYPES)
    assert load(pat, "reserve", start=base).rc
    assert reservations(pat) == [] and pat.read(TYPES) == types
    holder.leave()


def test_reservation_refused_by_pat(pat: lab.Guest) -> None:
    """Write-combining of what is mapped write-back: both sides are named."""
    base, new = pat.bar(0)[0], Since(pat)
    with loaded(pat, "reserve-cached", start=base + 0x200000, bytes=PAGE):
        [line] = new.conflicts()
        assert (line["kind"], line["result"]) == ("reservation", "refused-by-arch")
        assert (line["held.kind"], line["held.got"]) == ("ioremap", "write-back")
        assert line["verdict"] == "incoherent" and reservations(pat) == []


def test_leak_at_unbind(pat: lab.Guest) -> None:
    """remove() does not give it back: a leak, once, with device and driver."""
    base, new = pat.bar(1)[0], Since(pat)
    load(pat, "driver", start=base, bytes=0x10000, forget="y").ok()
    pat.run(f"echo {pat.devices[1].bdf} > {DRIVERS}/unbind").ok()
    leak = registry.dump(pat, "leaks").lines[-1]
    assert (leak["gone"], leak["gone.dev"]) == ("unbound", pat.devices[1].bdf)
    assert (leak["held.kind"], leak["held.driver"]) == ("reservation", "pfn_pat")
    assert "was unbound and still reserves [mem " in new.log()
    assert "arch_io_free_memtype_wc()" in new.log()
    assert "reservation" in pat.run("pfntrack leaks").out
    pat.run("rmmod pfn_pat").ok()
    assert new.count("leaks") == 1


def test_no_leak_at_unbind(pat: lab.Guest) -> None:
    """A driver that gives it back is silent, also where one was left behind before."""
    base = pat.bar(1)[0]
    left = reservations(pat)
    new = Since(pat)
    load(pat, "driver", start=base, bytes=0x10000).ok()
    assert len(reservations(pat)) == len(left) + 1
    pat.run(f"echo {pat.devices[1].bdf} > {DRIVERS}/unbind").ok()
    pat.run("rmmod pfn_pat").ok()
    assert reservations(pat) == left
    new.silent()


def test_leak_at_unload(pat: lab.Guest) -> None:
    """A leak; and the next who meet the reservation meet it by its name, and nobody else's."""
    base, new = pat.bar(1)[0] + 0x20000, Since(pat)
    with loaded(pat, "reserve", start=base, forget="y"):
        pass
    leak = registry.dump(pat, "leaks").lines[-1]
    assert (leak["gone"], leak["gone.name"]) == ("unloaded", "pfn_pat")
    assert leak["held.kind"] == "reservation" and new.count("leaks") == 1
    holder = pat.hold(f"{pat.device(1)}/resource2", 0x20000, 0x10000)
    with loaded(pat, "ioremap", start=base):
        lines = new.conflicts()
        assert [line["kind"] for line in lines] == ["remap_pfn", "ioremap"]
        assert {line["held.kind"] for line in lines} == {"reservation"}
        assert {line["held.module"] for line in lines} == {"pfn_pat"}
    holder.leave()


def test_off(pat: lab.Guest) -> None:
    """Nothing is recorded while the policy is off, and nothing is made up afterwards."""
    base = pat.bar(0)[0]
    registry.policy(pat, "off")
    with loaded(pat, "reserve", start=base):
        registry.policy(pat, "report")
        new = Since(pat)
        assert reservations(pat) == []
    new.silent()


def test_older_than_the_registry(pat: lab.Guest) -> None:
    """PAT has a reservation that no record explains: it says so, and blames nobody."""
    base = pat.bar(0)[0]
    registry.policy(pat, "off")
    with loaded(pat, "ioremap", start=base, bytes=0x10000):
        registry.policy(pat, "report")
        new = Since(pat)
        for _ in range(2):
            holder = pat.hold(f"{pat.device(0)}/resource2_wc", 0, 0x10000)
            [*_, line] = new.conflicts()
            assert (line["cause"], line["held.kind"]) == ("unrecorded", "-")
            holder.leave()
        assert "a reservation that no record explains" in new.log()


# === Look-ups =========================================================================


@pytest.mark.parametrize("mode", ["pieces", "but-one", "fault"])
def test_look_up_finds_nothing(pat: lab.Guest, mode: str) -> None:
    """PAT reserves only whole areas: the cause, what to do, and no holder."""
    base, new = pat.bar(0)[0], Since(pat)
    with loaded(pat, "none", start=base, mode=mode):
        holders = [pat.hold("/dev/pfn_pat", 0, 4 * PAGE) for _ in range(2)]
        for holder in holders:
            assert holder.mapped and holder.do("read 0")
        lines = new.conflicts()
        assert lines
        for line in lines:
            assert (line["want"], line["got"]) == ("write-combining", "uncached-minus")
            assert (line["cause"], line["held.kind"]) == ("no-reservation", "-")
            assert line["why"] == ("PAT reserves only whole areas; this part has no reservation, "
                                   "so it gets uncached-minus")
        shown = listed(pat, lines[0])
        assert shown["cause"] == "no-reservation" and shown["held"] is None
        text = pat.run("pfntrack conflicts").out
        assert "reserve first with arch_io_reserve_memtype_wc() or ioremap_wc()" in text.lower()
        assert "held by" not in new.log() and "PAT reserves only whole areas" in new.log()
        for holder in holders:
            holder.leave()


@pytest.mark.parametrize("mode", ["pieces", "fault"])
def test_the_advice_helps(pat: lab.Guest, mode: str) -> None:
    """With a reservation, page by page is write-combining; so is an area in one call."""
    base, new = pat.bar(0)[0], Since(pat)
    with loaded(pat, "reserve", start=base, mode=mode):
        holder = pat.hold("/dev/pfn_pat", 0, 4 * PAGE)
        assert holder.mapped and holder.do("read 0")
        lines = registry.records(pat, holder.pid)
        assert {line["got"] for line in lines if line["kind"] != "claim"} == {"write-combining"}
        holder.leave()
    with loaded(pat, "none", start=base, mode="whole"):
        holder = pat.hold("/dev/pfn_pat", 0, 4 * PAGE)
        assert {line["got"] for line in registry.records(pat, holder.pid)} == {"write-combining"}
        holder.leave()
    new.silent()


def test_look_up_finds_a_holder(pat: lab.Guest) -> None:
    """An area that is reserved as a whole decides for a part of it, and is named."""
    base, new = pat.bar(0)[0], Since(pat)
    whole = pat.hold(f"{pat.device(0)}/resource2", 0, 0x10000)
    with loaded(pat, "none", start=base, mode="pieces"):
        parts = [pat.hold("/dev/pfn_pat", 0, 4 * PAGE) for _ in range(2)]
        lines = new.conflicts()
        assert {line["held.pid"] for line in lines} == {str(whole.pid)}
        assert {line["cause"] for line in lines} == {"held"}
        for part in parts:
            part.leave()
    whole.leave()


def test_mixed_types(pat: lab.Guest) -> None:
    """Refused because its parts have different types: never "the same"."""
    base, new = pat.bar(0)[0], Since(pat)
    with loaded(pat, "reserve", start=base, bytes=2 * PAGE, mode="but-one"):
        holder = pat.hold("/dev/pfn_pat", 0, 5 * PAGE)
        assert holder.refusal() == "EINVAL"
        [line] = new.conflicts()
        assert (line["result"], line["cause"]) == ("refused-by-arch", "mixed-types")
        assert line["verdict"] == "unknown" and line["held.kind"] == "-"
        assert "both sides agree" not in new.log() and ": same: " not in new.log()
        holder.leave()


def test_page_type(pat: lab.Guest) -> None:
    """RAM is mapped as set_memory_*() left it, write-back."""
    new = Since(pat)
    with loaded(pat, "ram", mode="whole"):
        holder = pat.hold("/dev/pfn_pat", 0, 4 * PAGE)
        [line] = new.conflicts()
        assert (line["want"], line["got"]) == ("write-combining", "write-back")
        assert (line["cause"], line["held.kind"]) == ("page-type", "-")
        assert "set_memory_wc()" in new.log()
        holder.leave()


def test_mtrr(pat: lab.Guest) -> None:
    """Write-back below an MTRR that says otherwise: the MTRR is named."""
    start, end = pat.bar(0, 0)
    assert start < 1 << 32 and end - start < PAGE
    new = Since(pat)
    with loaded(pat, "ioremap-cache", start=start, bytes=0x100):
        [line] = new.conflicts()
        assert (line["want"], line["got"]) == ("write-back", "uncached-minus")
        assert (line["cause"], line["held.kind"]) == ("mtrr", "-")
        assert "an MTRR that is not write-back" in new.log()


# === Refusals =========================================================================


@pytest.mark.parametrize("task, cause, pages", [("twice", "held", 1), ("same", "not-plain", 1),
                                                ("pages", "held", 1)])
def test_set_memory_refused(pat: lab.Guest, task: str, cause: str, pages: int) -> None:
    """set_memory_*() and set_pages_array_*() of RAM that was set before: both sides."""
    new = Since(pat)
    with loaded(pat, task):
        assert re.search(r"pfn_pat: ram at 0x\w+, said 0, then -\d+", new.log())
        [line] = new.conflicts()
        assert (line["kind"], line["result"]) == ("set_memory", "refused-by-arch")
        assert (line["held.kind"], line["held.got"]) == ("set_memory", "uncached-minus")
        assert line["module"] == line["held.module"] == "pfn_pat" and line["cause"] == cause
        first, last = registry.span(line["range"])
        assert last + 1 - first == pages * PAGE
        assert "both sides agree" not in new.log()


def test_set_memory_of_device_memory(pat: lab.Guest) -> None:
    """memremap_pages() has it write-back: that is the other side."""
    base, new = pat.bar(0)[0], Since(pat)
    with loaded(pat, "pagemap", start=base):
        assert "pfn_pat: said -16" in new.log()
        [line] = new.conflicts()
        assert (line["kind"], line["result"]) == ("set_memory", "refused-by-arch")
        assert (line["held.kind"], line["held.got"]) == ("memremap", "write-back")
        assert registry.span(line["range"]) == (base + 3 * PAGE, base + 4 * PAGE - 1)
        text = pat.run(f"pfntrack explain {base + 3 * PAGE:#x}").out
        assert "refused-by-arch" in text


# === Frees ============================================================================


def test_invalid_free(pat: lab.Guest) -> None:
    """Freed again and again by one call site: counted, and reported once."""
    base, new = pat.bar(0)[0], Since(pat)
    with loaded(pat, "free-twice", start=base):
        pass
    lines = new.conflicts()
    assert len(lines) == 1 and new.count("conflicts") == 3 and new.count("suppressed") == 2
    [line] = lines
    assert (line["cause"], line["module"]) == ("not-reserved", "pfn_pat")
    assert line["site"].startswith("pat_")
    assert registry.span(line["range"]) == (base, base + 0xffff)
    assert new.log().count("pfn_track: invalid free: ") == 1
    assert "freeing invalid memtype" in new.log()       # PAT's own words stay


def test_a_process_cannot_flood(pat: lab.Guest) -> None:
    """munmap() of the first half of an area has PAT free in vain: once is enough."""
    new = Since(pat)
    for offset in range(0x40000, 0x100000, 0x10000):
        holder = pat.hold(f"{pat.device(1)}/resource2", offset, 0x10000)
        assert holder.do("munmap 0 0x8000")["did"] == "ok unmapped"
        holder.leave()
    lines = [line for line in new.conflicts() if line["cause"] == "not-reserved"]
    assert len(lines) == 1 and lines[0]["module"] == "-"
    assert new.count("conflicts") == new.count("suppressed") + 1 == 12
    assert new.log().count("pfn_track: invalid free: ") == 1
    assert new.log().count("freeing invalid memtype") == 12


# === Where PAT does not decide ========================================================


@pytest.mark.parametrize("policy", ["report", "enforce", "strict"])
def test_isa_window(pat: lab.Guest, policy: str) -> None:
    """Page tables have no say in the first MiB: nothing to report, nothing refused."""
    registry.policy(pat, policy)
    new = Since(pat)
    for start, size in ((0xc0000, 0x20000), (0xa0000, 0x60000), (0xff000, 0x1000)):
        with loaded(pat, "ioremap", start=start, bytes=size):
            [line] = [line for line in registry.records(pat) if line["module"] == "pfn_pat"]
            assert line["want"] == line["got"] == "write-back"
        with loaded(pat, "reserve", start=start, bytes=size):
            assert reservations(pat) == []
    with loaded(pat, "none", start=0xc0000, mode="pieces"):
        holder = pat.hold("/dev/pfn_pat", 0, 4 * PAGE)
        assert holder.mapped
        holder.leave()
    with loaded(pat, "none", start=0xc0000, mode="whole"):
        holder = pat.hold("/dev/pfn_pat", 0, 4 * PAGE)
        assert holder.mapped
        holder.leave()
    new.silent()


@pytest.fixture(name="nopat", scope="module")
def _nopat(arch: str, module: Path) -> Iterator[lab.Guest]:
    """A boot without PAT."""
    with lab.Guest(lab.kernel_for(arch, lab.flavour_for("pfn_track")), "pfn_track=report nopat",
                   modules=(module,)) as one:
        yield one


def test_nopat_agrees(nopat: lab.Guest) -> None:
    """A claim of write-combining, ioremap_wc() and a reservation all become uncached-minus."""
    base, new = nopat.bar(0)[0], Since(nopat)
    nopat.run("insmod /lib/modules/pfn_track_claim.ko").ok()
    with loaded(nopat, "ioremap-wc", start=base):
        mine = [line for line in registry.records(nopat) if line["module"] in
                ("pfn_pat", "pfn_track_claim") and registry.span(line["range"])[0] == base]
        assert sorted(line["kind"] for line in mine) == ["claim", "ioremap"]
        assert {line["got"] for line in mine} == {"uncached-minus"}
    with loaded(nopat, "reserve", start=base):
        assert reservations(nopat) == []
    nopat.run("rmmod pfn_track_claim").ok()
    new.silent()


def test_nopat_is_said(nopat: lab.Guest) -> None:
    """status says that write-combining cannot be had, and why; so does the JSON."""
    [line] = [line for line in registry.dump(nopat, "coverage").lines
              if line[""] == "impossible" and line["want"] == "write-combining"]
    assert line["got"] == "uncached-minus" and '"nopat"' in line["why"]
    text = nopat.run("pfntrack status").out
    assert re.search(r"Not possible +write-combining cannot be had on this boot", text)
    assert '"nopat" is on the kernel command line' in text
    found = json.loads(nopat.run("pfntrack status --json").out)["coverage"]["impossible"]
    assert [one["got"] for one in found if one["want"] == "write-combining"] == ["uncached-minus"]


def test_nopat_kunit(nopat: lab.Guest) -> None:
    """The kernel's own tests pass."""
    assert ktap.problems(ktap.parse(nopat.console())) == []


def test_all_is_possible(pat: lab.Guest) -> None:
    """With PAT there is no such line."""
    assert "impossible" not in {line[""] for line in registry.dump(pat, "coverage").lines}
    assert "Not possible" not in pat.run("pfntrack status").out
