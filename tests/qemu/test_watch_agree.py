# SPDX-License-Identifier: GPL-2.0-only
"""pfntrack watch by both sources at once, on a kernel that has pfn_track and takes BPF programs.

Only "make lab" runs these: they need the "bpf" kernel.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import lab
import pytest
from registry import COMBINING, UNCACHED
from watching import Watch

pytestmark = pytest.mark.only("x86_64")
# One page: what is longer may lie in two page tables, and be unmapped in two pieces.
LENGTH = 0x1000
MISUSE = "/sys/kernel/debug/pfn_track_misuse"
ATTRS = {"resource2": UNCACHED["x86_64"], "resource2_wc": COMBINING}
# A word of the environment makes it do without fentry.
WAYS = {"fentry": "", "kprobe": "env PFNTRACK_ATTACH=kprobe "}


@pytest.fixture(name="one")
def _one(guest: Callable[..., lab.Guest], arch: str) -> lab.Guest:
    return guest(arch, "bpf", "pfn_track=report")


def lives(events: list[dict], pids: set[int]) -> list[tuple]:
    """What came and went of these processes."""
    return [(one["event"], one["pid"], one["comm"], one["kind"], one["want"], one["got"],
             tuple(one["va"].values()), tuple(one["range"].values()))
            for one in events if one["event"] in ("map", "unmap") and one["pid"] in pids]


def conflict(event: dict) -> dict:
    """What both sources tell of a conflict."""
    sides = {side: {key: event[side][key] for key in ("kind", "want", "got", "pid", "comm")}
             for side in ("new", "held")}
    return {key: event[key] for key in ("range", "verdict", "result")} | sides


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("first,second", [("resource2", "resource2_wc"),
                                          ("resource2_wc", "resource2")])
def test_agree(one: lab.Guest, way: str, first: str, second: str) -> None:
    """The same conflict of the same two processes, and the same lives, by kernel and by BPF."""
    watches = {"kernel": Watch(one, "--source kernel"),
               "bpf": Watch(one, "--source bpf", env=WAYS[way])}
    assert {name: watch.start["source"] for name, watch in watches.items()} == {
        "kernel": "kernel", "bpf": "bpf"}
    assert watches["bpf"].start["attach"] == way
    base, _ = one.bar()
    holders = [one.hold(f"{one.device()}/{name}", 0, LENGTH) for name in (first, second)]
    for holder in holders:
        holder.leave()
    told = {}
    for name, watch in watches.items():
        watch.until("unmap", str(holders[1].pid))
        rc, events = watch.end()
        assert rc == 1 and events[-1]["dropped"] == 0 and events[-1]["conflicts"] == 1
        told[name] = events
    found = {name: [conflict(event) for event in events if event["event"] == "conflict"]
             for name, events in told.items()}
    side = {"kind": "remap_pfn", "comm": "pfnhold", "got": ATTRS[first]}
    assert found["bpf"] == [{
        "range": {"start": f"0x{base:x}", "end": f"0x{base + LENGTH - 1:x}", "size": LENGTH},
        "verdict": "ordering", "result": "mapped",
        "new": {**side, "want": ATTRS[second], "pid": holders[1].pid},
        "held": {**side, "want": ATTRS[first], "pid": holders[0].pid}}]
    # The trace event does not say what a holder had asked for.
    found["bpf"][0]["held"]["want"] = None
    assert found["kernel"] == found["bpf"]
    pids = {holder.pid for holder in holders}
    assert len(lives(told["kernel"], pids)) == 4
    assert lives(told["bpf"], pids) == lives(told["kernel"], pids)


@pytest.mark.parametrize("way", WAYS)
def test_set_memory(one: lab.Guest, way: str) -> None:
    """A page of RAM that a driver makes write-combining, and back, by both; BPF has the site."""
    one.run(f"test -e {MISUSE} || insmod /lib/modules/pfn_track_misuse.ko").ok()
    one.keeps.add("pfn_track_misuse")
    watches = [Watch(one, "--source kernel"), Watch(one, "--source bpf", env=WAYS[way])]
    for word in ("wc-page-wc-user", "-wc-page-wc-user"):
        one.write(f"{MISUSE}/do", word).ok()
    shown = []
    # Where the compiler has changed what ioremap() is known by, the types that it reserves
    # cannot be distinguished from those of drivers: watch shows none, and says so.
    unseen = "memory types that drivers reserve or set" in watches[1].start["unseen"]
    for watch in watches:
        if watch is watches[0] or not unseen:
            watch.until("unmap")
        rc, events = watch.end()
        assert rc == (3 if watch is watches[1] and unseen else 0)
        shown.append(events)
    # Not the comm: tracefs forgets that of a short life.
    names = ("event", "want", "got", "pid", "va", "range")
    kernel, bpf = ([{name: event[name] for name in names} for event in events
                    if event["event"] in ("map", "unmap")] for events in shown)
    assert [(event["event"], event["want"], event["got"]) for event in kernel] == [
        (event, COMBINING, COMBINING) for event in ("map", "unmap")]
    if unseen:
        assert not bpf
        return
    assert bpf == kernel
    made = shown[1][1]
    # By fentry and frame pointers, which this kernel has, set_memory_wc() is not seen.
    assert made["kind"] == ("set_memory" if way == "kprobe" else "claim")
    assert re.fullmatch(r"wc_page_wb_user\+0x[0-9a-f]+ \[pfn_track_misuse\]", made["site"])
