# SPDX-License-Identifier: GPL-2.0-only
"""The same two processes seen without pfn_track, and with it: pfntrack says the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import lab
import pytest
import registry

LENGTH = 16 * registry.PAGE
STOCK = ("pristine", *lab.DEBIAN)


def ask(guest: lab.Guest, *args: str, rc: int | None = None) -> Any:
    """What a command says in JSON."""
    done = guest.run(" ".join(("pfntrack", *args, "--json")))
    assert done.err == "" and rc in (None, done.rc), done
    return json.loads(done.out)


def alias_of(guest: lab.Guest, start: int, *args: str) -> dict[str, Any]:
    """The one that begins at an address."""
    [found] = [one for one in ask(guest, "aliases", *args)["aliases"]
               if int(one["range"]["start"], 16) == start]
    assert isinstance(found, dict)
    return found


def hold_two(guest: lab.Guest) -> tuple[int, lab.Holder, lab.Holder]:
    """Where they overlap, who came first and asked for uncached, who came second and did not."""
    start, _ = guest.bar()
    first = guest.hold(f"{guest.device()}/resource2", 0, LENGTH)
    # Guests count time in steps of 10 ms, and the later mapping is to be the later one.
    guest.run("sleep 1").ok()
    second = guest.hold(f"{guest.device()}/resource2_wc", LENGTH // 2, LENGTH)
    assert first.mapped and second.mapped
    return start + LENGTH // 2, first, second


@pytest.mark.only("x86_64")
@pytest.mark.parametrize("flavour", STOCK)
def test_stock_kernel(guest: Callable[..., lab.Guest], arch: str, flavour: str) -> None:
    """The alias, both holders by process and file, what was asked for and what was given."""
    one = guest(arch, flavour)
    before = ask(one, "status", rc=0)
    assert before["view"] == "proc" and before["healthy"] is True
    start, first, second = hold_two(one)
    status = ask(one, "status", rc=1)
    assert status["healthy"] is False
    assert status["aliases"]["downgraded"] == before["aliases"]["downgraded"] + 1
    found = alias_of(one, start)
    assert (found["verdict"], found["downgrade"], found["holders"]) == ("same", True, 2)
    assert found["range"]["size"] == LENGTH // 2 and found["pci"] == one.devices[0].bdf
    for side, holder, name, want in (("one", second, "resource2_wc", "write-combining"),
                                     ("other", first, "resource2", "uncached-minus")):
        held = found[side]
        assert (held["pid"], held["comm"]) == (holder.pid, "pfnhold")
        assert (held["want"], held["got"]) == (want, "uncached-minus")
        assert held["file"].endswith(f"{one.devices[0].bdf}/{name}")
        assert int(held["va"]["start"], 16) == int(holder.first["va"], 16)
    explained = one.run(f"pfntrack explain {start:#x}")
    assert explained.rc == 1 and "Alias: same (downgrade)" in explained.out
    second.leave()
    assert ask(one, "status", rc=0)["healthy"] is True


@pytest.mark.only("x86_64")
@pytest.mark.parametrize("flavour", STOCK)
def test_dev_mem(guest: Callable[..., lab.Guest], arch: str, flavour: str) -> None:
    """/dev/mem: its offset is the address; what it asked for is not known, what it got is."""
    one = guest(arch, flavour)
    start, _ = one.bar()
    combining = one.hold(f"{one.device()}/resource2_wc", 0, LENGTH)
    raw = one.hold("/dev/mem", start, LENGTH)
    assert combining.mapped and raw.mapped
    found = alias_of(one, start)
    sides = {held["pid"]: held for held in (found["one"], found["other"])}
    assert (sides[raw.pid]["want"], sides[raw.pid]["got"]) == (None, "write-combining")
    assert sides[raw.pid]["file"] == "/dev/mem"
    assert sides[combining.pid]["got"] == "write-combining" and found["verdict"] == "same"


def test_patched_kernel(tracked: lab.Guest) -> None:
    """Both sources on one machine: the kernel's, and what /proc shows of it."""
    def shown(name: str) -> set[tuple[str, str, str]]:
        return {(one["range"]["start"], one["range"]["end"], one["kind"])
                for one in ask(tracked, "list", "--source", name)["records"]}

    # PAT keeps for ever what it reserved for an area of which a part was unmapped.
    before = {one for one in shown("proc") if one[2] == "reservation"}
    start, first, second = hold_two(tracked)
    kernel, proc = (alias_of(tracked, start, "--source", name) for name in ("kernel", "proc"))
    # x86's PAT gives both the same type, other architectures map both.
    judged = ("same", True) if tracked.arch == "x86_64" else ("ordering", False)
    assert [(one["verdict"], one["downgrade"]) for one in (kernel, proc)] == [judged, judged]
    assert kernel["range"] == proc["range"] and kernel["holders"] == proc["holders"] == 2
    assert [kernel[side]["pid"] for side in ("one", "other")] == [second.pid, first.pid]
    assert {proc[side]["pid"] for side in ("one", "other")} == {second.pid, first.pid}
    for held in (proc["one"], proc["other"]):
        [twin] = [kernel[side] for side in ("one", "other") if kernel[side]["pid"] == held["pid"]]
        assert held["want"] == twin["want"] and held["va"] == twin["va"]
        assert held["got"] in (None, twin["got"])
    # Whatever else /proc shows is on record, too.
    assert shown("proc") - shown("kernel") <= before


def test_stock_snapshot(stock: lab.Guest) -> None:
    """It shows later what was seen here, for root only, and where nothing lies in the kernel."""
    start, *_ = hold_two(stock)
    stock.run("pfntrack snapshot /tmp/shot").ok()
    try:
        there = ask(stock, "aliases", "--root", "/tmp/shot")
        here = ask(stock, "aliases")
        assert there["aliases"] == here["aliases"] and alias_of(stock, start)["holders"] == 2
        modes = stock.run("find /tmp/shot -type f -exec stat -c %a {} +").ok().split()
        assert len(modes) > 10 and set(modes) == {"600"}
        assert stock.run("grep -rE '(^|[^0-9a-f])[89a-f][0-9a-f]{15}([^0-9a-f]|$)' /tmp/shot").rc == 1
        areas = stock.run("cat /tmp/shot/proc/*/smaps").ok()
        assert "resource2_wc" in areas and "pfnhold\n" not in areas
        stock.run("rm /tmp/shot/proc/vmallocinfo").ok()
        assert stock.run("pfntrack --root /tmp/shot list").rc == 4
    finally:
        stock.run("rm -r /tmp/shot").ok()


def test_stock_kernel_hides_addresses(stock: lab.Guest) -> None:
    """Root may see vmallocinfo's addresses; who reads a report need not."""
    old = stock.read("/proc/sys/kernel/kptr_restrict")
    stock.write("/proc/sys/kernel/kptr_restrict", "1").ok()
    try:
        stock.run("grep -qE '^0x[f89a-e][0-9a-f]{15}' /proc/vmallocinfo").ok()
        for command in ("list", "list --json", "list -o VA,SITE,RANGE", "aliases", "export"):
            assert stock.run(f"pfntrack {command} | grep -E '(^|[^0-9a-f])[89a-f][0-9a-f]{{15}}'").rc == 1
    finally:
        stock.write("/proc/sys/kernel/kptr_restrict", old).ok()


def test_export(stock: lab.Guest) -> None:
    """As a timer of node_exporter's machine would call it."""
    hold_two(stock)
    stock.run("pfntrack export /tmp/pfntrack.prom && pfntrack export /tmp/pfntrack.prom").ok()
    try:
        assert stock.run("stat -c %a /tmp/pfntrack.prom").ok() == "600\n"
        metric = "pfn_track_aliases_downgraded" if stock.arch == "x86_64" else \
            'pfn_track_aliases{verdict="ordering"}'
        assert f"\n{metric} 1\n" in stock.run("cat /tmp/pfntrack.prom").out
        assert stock.run("ls /tmp | grep -c pfntrack.prom").out == "1\n"
    finally:
        stock.run("rm /tmp/pfntrack.prom").ok()
