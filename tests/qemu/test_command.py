# SPDX-License-Identifier: GPL-2.0-only
"""The pfntrack command in a guest: it says what the kernel's files say, and exits as documented."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import lab
import pytest
import registry


@pytest.fixture(name="breakable")
def _breakable(arch: str) -> Iterator[lab.Guest]:
    """A guest of its own, with a module that writes page tables behind everybody's back."""
    builder = lab.REPO / "scripts" / "kernel" / "module.py"
    folder = Path(__file__).resolve().parent / "module"
    flavour = os.environ.get("PFNTRACK_FLAVOUR") or "pfn_track"
    kernel = lab.kernel_for(arch, flavour)
    done = subprocess.run(["/usr/bin/python3", builder, arch, flavour, folder],
                          stdout=subprocess.PIPE, text=True, check=True)
    with lab.Guest(kernel, "pfn_track=report", modules=(Path(done.stdout.strip()),)) as one:
        yield one


def test_audit(breakable: lab.Guest, arch: str) -> None:
    """Clean on a fresh boot; exactly what a module breaks, while it is broken."""
    done = breakable.run("pfntrack audit")
    assert (done.rc, done.err) == (0, "")
    assert done.out.startswith("audit: 0 missing, 0 stale, 0 different\n")
    fresh = json.loads(breakable.run("pfntrack audit --json").ok())
    assert fresh["clean"] is True and fresh["total"] == 0
    assert fresh["walked"]["records"] and fresh["walked"]["kernel_pages"]
    assert {hook["state"] for hook in fresh["coverage"]["hooks"]} == {"live"}

    breakable.run("insmod /lib/modules/pfn_break.ko").ok()
    base = breakable.bar(0)[0]
    holder = breakable.hold("/dev/pfn_break", 0, 12 * registry.PAGE)
    assert holder.mapped
    done = breakable.run("pfntrack audit --json")
    assert (done.rc, done.err) == (1, "")
    value = json.loads(done.out)
    assert (value["missing"], value["stale"], value["different"]) == (1, 2, 1)
    assert value["clean"] is False
    device = "uncached-minus" if arch == "x86_64" else "device-strict"
    found = {(one["finding"], (int(one["range"]["start"], 16) - base) // registry.PAGE,
              one["range"]["size"] // registry.PAGE, one["got"], one["found"], one["pid"],
              one["comm"]) for one in value["findings"]}
    whose = (int(holder.pid), "pfnhold")
    assert found == {("stale", 2, 2, device, None, *whose),
                     ("differs", 4, 2, device, registry.COMBINING, *whose),
                     ("stale", 6, 2, device, device, *whose),
                     ("missing", 0x20, 4, None, device, *whose)}
    rows = breakable.run("pfntrack audit --raw --noheadings -o finding,comm")
    assert rows.rc == 1 and sorted(rows.out.splitlines()) == [
        "differs pfnhold", "missing pfnhold", "stale pfnhold", "stale pfnhold"]

    holder.leave()
    assert breakable.run("pfntrack audit").rc == 0
    breakable.write(f"{registry.SYSFS}/policy", "off").ok()
    assert breakable.run("pfntrack audit").rc == 3


def test_leaks(guest, arch: str) -> None:  # type: ignore[no-untyped-def]
    """None on a fresh boot; then what a driver leaves, with its call site."""
    one = guest(arch, "pfn_track", "pfn_track=report pfnlab.command")
    assert one.run("pfntrack leaks").rc == 0
    one.run("insmod /lib/modules/pfn_track_leak.ko forget=1; rmmod pfn_track_leak").ok()
    done = one.run("pfntrack leaks --json")
    assert (done.rc, done.err) == (1, "")
    listed = json.loads(done.out)
    raw = registry.dump(one, "leaks").lines
    assert listed["total"] == len(listed["leaks"]) == len(raw) >= 1
    for leak, line in zip(listed["leaks"], raw):
        assert leak["gone"] == {"how": line["gone"], "name": "pfn_track_leak",
                                "dev": line["gone.dev"]}
        assert leak["held"]["site"] == line["held.site"] and leak["pci"] == line["gone.dev"]


def test_stock_kernel(stock: lab.Guest) -> None:
    """One line and exit code 3."""
    for name in ("audit", "leaks"):
        done = stock.run(f"pfntrack {name}")
        assert (done.rc, done.out) == (3, "") and done.err.count("\n") == 1
