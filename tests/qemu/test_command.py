# SPDX-License-Identifier: GPL-2.0-only
"""The pfntrack command in a guest: it says what the kernel's files say, and exits as documented."""

from __future__ import annotations

import json
from collections.abc import Iterator

import lab
import pytest
import registry

MISUSE = "/sys/kernel/debug/pfn_track_misuse"


@pytest.fixture(name="breakable")
def _breakable(arch: str) -> Iterator[lab.Guest]:
    """A guest of its own, with a module that writes page tables behind everybody's back."""
    with lab.guest_with("module", arch) as one:
        yield one


def test_audit(breakable: lab.Guest, arch: str) -> None:
    """Clean on a fresh boot; exactly what a module breaks, while it is broken."""
    done = breakable.run("pfntrack audit")
    assert (done.rc, done.err) == (0, "")
    assert done.out.startswith("audit: 0 missing, 0 stale, 0 different\n")
    fresh = json.loads(breakable.run("pfntrack audit --json").ok())
    assert fresh["healthy"] is True and fresh["total"] == 0
    assert fresh["walked"]["records"] and fresh["walked"]["kernel_pages"]
    assert {hook["state"] for hook in fresh["coverage"]["hooks"]} == {"live"}

    breakable.run("insmod /lib/modules/pfn_break.ko").ok()
    base = breakable.bar(0)[0]
    holder = breakable.hold("/dev/pfn_break", 0, 14 * registry.PAGE)
    assert holder.mapped
    done = breakable.run("pfntrack audit --json")
    assert (done.rc, done.err) == (1, "")
    value = json.loads(done.out)
    assert (value["missing"], value["stale"], value["different"]) == (1, 2, 1)
    assert value["healthy"] is False
    device = "uncached-minus" if arch == "x86_64" else "device-strict"
    found = {(one["finding"], (int(one["range"]["start"], 16) - base) // registry.PAGE,
              one["range"]["size"] // registry.PAGE, one["got"], one["found"], one["pid"],
              one["comm"]) for one in value["findings"] if one["finding"] != "alias"}
    # Two pages of RAM, which the kernel has write-combining.
    assert [one["range"]["size"] for one in value["findings"]
            if one["finding"] == "alias"] == [2 * registry.PAGE]
    whose = (int(holder.pid), "pfnhold")
    assert found == {("stale", 2, 2, device, None, *whose),
                     ("differs", 4, 2, device, registry.COMBINING, *whose),
                     ("stale", 6, 2, device, device, *whose),
                     ("missing", 0x20, 4, None, device, *whose)}
    rows = breakable.run("pfntrack audit --raw --noheadings -o finding,comm")
    assert rows.rc == 1 and sorted(rows.out.splitlines()) == [
        "alias pfnhold", "differs pfnhold", "missing pfnhold", "stale pfnhold",
        "stale pfnhold"]

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


def test_features(tracked: lab.Guest, arch: str) -> None:
    """A kernel with everything says so."""
    done = tracked.run("pfntrack features --json")
    assert (done.rc, done.err) == (0, "")
    value = json.loads(done.out)
    states = {one["name"]: one["state"] for one in value["features"]}
    assert states.pop("memtype") == ("yes" if arch == "x86_64" else "no")
    # Built without BTF, and in need of no BPF.
    assert states.pop("bpf") == "no"
    assert set(states.values()) == {"yes"}
    assert {hook["state"] for hook in value["coverage"]["hooks"]} == {"live"}
    assert value["release"].startswith("6.12")
    tracked.run("umount /sys/kernel/debug").ok()
    try:
        done = tracked.run("pfntrack features --json")
        assert done.rc == 3 and '"not mounted"' in done.out
        for name in ("audit", "leaks", "list"):
            done = tracked.run(f"pfntrack {name}")
            assert (done.rc, done.out) == (3, "") and "mount -t debugfs" in done.err
    finally:
        tracked.run("mount -t debugfs none /sys/kernel/debug").ok()


def test_policy(tracked: lab.Guest) -> None:
    """Set and shown; what the kernel does not know is told, and changes nothing."""
    assert json.loads(tracked.run("pfntrack policy --json").ok())["policy"] == "report"
    tracked.run("pfntrack policy strict").ok()
    assert tracked.read(f"{registry.SYSFS}/policy") == "strict"
    try:
        tracked.run("pfntrack policy --kind ioremap enforce").ok()
        assert tracked.read(f"{registry.SYSFS}/kind/ioremap") == "enforce"
        old = tracked.hold(f"{tracked.device()}/resource2", 0, 0x3000)
        assert old.mapped
        assert not tracked.hold(f"{tracked.device()}/resource2_wc", 0, 0x3000).mapped
        assert tracked.run("pfntrack policy lax").rc == 2
        assert tracked.read(f"{registry.SYSFS}/policy") == "strict"
    finally:
        tracked.run("pfntrack policy --kind ioremap default; pfntrack policy report").ok()
    assert tracked.read(f"{registry.SYSFS}/kind/ioremap") == "default"


def test_snapshot(tracked: lab.Guest) -> None:
    """What is seen later is what was seen here; no kernel address is in it."""
    tracked.hold(f"{tracked.device(1)}/resource2", 0x40000, 0x10000)
    here = json.loads(tracked.run("pfntrack list --json").ok())
    done = tracked.run("pfntrack snapshot /tmp/shot")
    assert (done.rc, done.err) == (0, "") and "--root /tmp/shot" in done.out
    try:
        there = json.loads(tracked.run("pfntrack --root /tmp/shot list --json").ok())
        assert there["records"] == here["records"]
        for name in ("audit", "leaks", "features", "policy"):
            assert tracked.run(f"pfntrack --root /tmp/shot {name}").rc == \
                tracked.run(f"pfntrack {name}").rc == 0
        assert tracked.run("grep -rE '(^|[^0-9a-f])[89a-f][0-9a-f]{15}([^0-9a-f]|$)' "
                           "/tmp/shot").rc == 1
        modes = tracked.run("find /tmp/shot -type f -exec stat -c %a {} +").ok().split()
        assert len(modes) > 20 and set(modes) == {"600"}
        assert tracked.run("pfntrack snapshot /tmp/shot").rc == 2
    finally:
        tracked.run("rm -r /tmp/shot").ok()


def test_linear_map(guest, arch: str) -> None:  # type: ignore[no-untyped-def]
    """RAM that a driver maps otherwise than the linear map is counted, and said in words."""
    one = guest(arch, "pfn_track", "pfn_track=report pfnlab.command")
    before = json.loads(one.run("pfntrack status --json").out)["conflicts"]["linear"]
    one.run("insmod /lib/modules/pfn_track_misuse.ko").ok()
    # On arm64 a driver cleans what it has write-combining; Device memory is never right.
    case = {"x86_64": "vmap-wc", "arm64": "ram-user-nc"}[arch]
    one.write(f"{MISUSE}/do", case).ok()
    if arch == "arm64":
        holder = one.hold(f"{MISUSE}/mmap/{case}", 0, registry.PAGE)
        assert holder.mapped
        holder.leave()
    one.write(f"{MISUSE}/do", f"-{case}").ok()
    one.run("rmmod pfn_track_misuse").ok()
    done = one.run("pfntrack status --json")
    assert done.rc == 1
    assert json.loads(done.out)["conflicts"]["linear"] == before + 1
    assert "RAM that somebody maps otherwise" in one.run("pfntrack status").out
