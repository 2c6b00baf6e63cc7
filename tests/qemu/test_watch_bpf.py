# SPDX-License-Identifier: GPL-2.0-only
"""pfntrack watch on kernels that nobody patched: BPF programs tell what is mapped."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable

import lab
import pytest
from registry import COMBINING, UNCACHED
from watching import Watch

pytestmark = pytest.mark.only("x86_64")
LENGTH = 0x10000
UC = UNCACHED["x86_64"]
ATTRS = {"resource2": UC, "resource2_wc": COMBINING}
# A word of the environment makes it do without fentry.
WAYS = {"fentry": "", "kprobe": "env PFNTRACK_ATTACH=kprobe "}


@pytest.fixture(name="debian", params=("debian-6.1", "debian-6.12"))
def _debian(guest: Callable[..., lab.Guest], arch: str,
            request: pytest.FixtureRequest) -> lab.Guest:
    """A guest with one of Debian's kernels."""
    return guest(arch, request.param)


@pytest.fixture(name="way", params=WAYS)
def _way(request: pytest.FixtureRequest) -> str:
    return WAYS[request.param]


def own(events: list[dict], base: int) -> list[dict]:
    """What happened to the first BAR, other than conflicts."""
    return [one for one in events if one["event"] in ("map", "unmap")
            and base <= int(one["range"]["start"], 16) < base + (8 << 20)]


@pytest.mark.parametrize("first,second", [("resource2", "resource2_wc"),
                                          ("resource2_wc", "resource2")])
def test_conflict(debian: lab.Guest, way: str, first: str, second: str) -> None:
    """The silent downgrade, with both processes and where they mapped."""
    watch = Watch(debian, env=way)
    assert watch.start["source"] == "bpf"
    assert watch.start["attach"] == ("kprobe" if way else "fentry")
    base, _ = debian.bar()
    holders = [debian.hold(f"{debian.device()}/{name}", 0, LENGTH) for name in (first, second)]
    event = watch.until("conflict", str(holders[1].pid))[-1]
    assert event["range"] == {"start": f"0x{base:x}", "end": f"0x{base + LENGTH - 1:x}",
                              "size": LENGTH}
    assert (event["verdict"], event["result"]) == ("ordering", "mapped")
    sides = {side: {key: event[side][key] for key in ("kind", "want", "got", "pid", "comm")}
             for side in ("new", "held")}
    common = {"kind": "remap_pfn", "comm": "pfnhold", "got": ATTRS[first]}
    assert sides == {"new": {**common, "want": ATTRS[second], "pid": holders[1].pid},
                     "held": {**common, "want": ATTRS[first], "pid": holders[0].pid}}
    # pci_mmap_resource_range() jumps to what it ends with, and is not on the stack.
    for side in ("new", "held"):
        assert re.fullmatch(r"(kernfs_fop_mmap|pci_mmap_resource\w*)\+0x[0-9a-f]+",
                            event[side]["site"])
    for holder in holders:
        holder.leave()
        watch.until("unmap", str(holder.pid))
    rc, events = watch.end()
    assert rc == 1 and events[-1]["dropped"] == 0 and events[-1]["conflicts"] == 1
    assert [(one["event"], one["pid"]) for one in own(events, base)] == [
        (event, holder.pid) for event in ("map", "unmap") for holder in holders]
    assert not re.search(r"ffff[0-9a-f]{8}", json.dumps(events))


def test_platform(debian: lab.Guest) -> None:
    """A holder from before the start is not known, but what it does to a newcomer is."""
    old = debian.hold(f"{debian.device()}/resource2", 0, LENGTH)
    watch = Watch(debian)
    new = debian.hold(f"{debian.device()}/resource2_wc", 0, LENGTH)
    event = watch.until("conflict", str(new.pid))[-1]
    assert (event["new"]["want"], event["new"]["got"]) == (COMBINING, UC)
    assert event["held"] == {"kind": None, "want": None, "got": UC, "pid": None, "comm": None,
                             "site": None}
    # Its end is not told, since its beginning was not.
    old.leave()
    new.leave()
    assert {one["pid"] for one in watch.until("unmap", str(new.pid))
            if one["event"] == "unmap"} == {new.pid}
    watch.end()


def test_lives(debian: lab.Guest, way: str) -> None:
    """A part is unmapped, a child inherits, an area moves: exactly what is left ends.

    PAT keeps an entry of what was unmapped in part, and gives its type to whoever
    comes later: so not where other tests map.
    """
    watch = Watch(debian, env=way)
    base = debian.bar()[0] + 0x400000
    holder = debian.hold(f"{debian.device()}/resource2", 0x400000, 0x4000)
    assert holder.do("munmap 0x1000 0x1000")["did"].startswith("ok")
    assert holder.do("fork")["did"] == "forked"
    holder.do("child exit")
    holder.leave()
    moved = debian.hold(f"{debian.device()}/resource2", 0x408000, 0x2000)
    assert moved.do("move")["did"].startswith("ok")
    moved.leave()
    watch.until("unmap", str(moved.pid))
    _, events = watch.end()

    def place(one: dict) -> tuple[str, int, int]:
        start, end = (int(one["range"][key], 16) - base for key in ("start", "end"))
        return one["event"], start >> 12, (end + 1) >> 12

    parts = [("unmap", 0, 1), ("unmap", 2, 4)]
    copies = [("map", 0, 1), ("map", 2, 4)]
    assert [place(one) for one in own(events, base)] == [
        ("map", 0, 4), ("unmap", 1, 2), *copies, *parts, *parts, ("map", 8, 10), ("unmap", 8, 10)]


def test_ioremap(arch: str) -> None:
    """A driver's registers, with the driver's own code as the site, and their end."""
    with lab.Guest(lab.kernel_for(arch, "debian-6.12"),
                   hardware=("-device", "e1000e,addr=0x8")) as one:
        watch = Watch(one, "--kind ioremap")
        one.run("insmod /lib/modules/e1000e.ko").ok()
        made = [watch.until("map")[-1] for _ in range(2)]
        one.run("rmmod e1000e").ok()
        for _ in made:
            watch.until("unmap")
        rc, events = watch.end()
    assert rc == 0
    registers, msix = made
    assert (registers["range"]["size"], msix["range"]["size"]) == (0x20000, 0x1000)
    gone = [one["range"] for one in events if one["event"] == "unmap"]
    assert gone == [msix["range"], registers["range"]]
    for event in made:
        assert (event["want"], event["got"], event["comm"]) == (UC, UC, "insmod")
        assert event["va"] is None
    assert re.fullmatch(r"e1000_probe\+0x[0-9a-f]+ \[e1000e\]", registers["site"])
    assert re.fullmatch(r"\w*msix\w*\+0x[0-9a-f]+", msix["site"])


def test_flood(debian: lab.Guest) -> None:
    """What came and what was dropped is what was made: one each to map and to unmap."""
    watch = Watch(debian, "--pid 999999")
    watch.process.kill(signal.SIGSTOP)
    said = debian.run(f"flood {debian.device()}/resource2 12000 2", timeout=300).ok()
    watch.process.kill(signal.SIGCONT)
    _, events = watch.end(timeout=300)
    end = events[-1]
    print(f"{debian.release}: {said.strip()}, {end}")
    assert end["received"] + end["dropped"] == int(said.split()[1])
    assert end["received"] > 0 and end["dropped"] > 0
    told = [one for one in events if one["event"] == "dropped"]
    assert sum(one["dropped"] for one in told) == end["dropped"]


def test_no_btf(guest, arch: str) -> None:  # type: ignore[no-untyped-def]
    """Our own kernel without BTF: said in one line; no pfn_track, no tracefs needed."""
    one = guest(arch, "pristine")
    done = one.run("pfntrack watch --seconds 1")
    assert (done.rc, done.out) == (3, "")
    assert "has no BTF" in done.err and done.err.count("\n") == 1


@pytest.mark.parametrize("command,message", [
    ("unroot pfntrack watch", "only root may watch"),
    ("unroot -c pfntrack watch", "the kernel forbids BPF programs"),
])
def test_not_permitted(debian: lab.Guest, command: str, message: str) -> None:
    """One line, exit code 3; with --json an object."""
    done = debian.run(command)
    assert (done.rc, done.out) == (3, "")
    assert message in done.err and done.err.count("\n") == 1
    done = debian.run(f"{command} --json")
    assert done.rc == 3 and message in json.loads(done.err)["error"]["message"]


def test_locked_down(arch: str) -> None:
    """A kernel that keeps its secrets from root, too."""
    with lab.Guest(lab.kernel_for(arch, "debian-6.12"), "lockdown=confidentiality") as one:
        done = one.run("pfntrack watch")
        assert (done.rc, done.out) == (3, "")
        assert "locked down" in done.err and done.err.count("\n") == 1
