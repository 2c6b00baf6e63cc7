# SPDX-License-Identifier: GPL-2.0-only
"""pfntrack watch on kernels that nobody patched: BPF programs tell what is mapped."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

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


@pytest.fixture(name="debian", params=lab.DEBIAN)
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


def test_workload(debian: lab.Guest, way: str) -> None:
    """Maps, unmaps, mremap(), fork(), downgrades and conflicts: exactly these, in this order."""
    watch = Watch(debian, env=way)
    # Where no other test maps: PAT may keep an entry of what was unmapped in part.
    place = 0x600000 if way else 0x580000
    base = debian.bar()[0] + place
    wc, uc = f"{debian.device()}/resource2_wc", f"{debian.device()}/resource2"

    first = debian.hold(uc, place, 0x4000)
    second = debian.hold(wc, place + 0x2000, 0x4000)
    assert first.do("munmap 0x1000 0x1000")["did"].startswith("ok")
    assert second.do("fork")["did"] == "forked"
    second.send("child munmap 0 0x1000\n")
    second.do("child exit")
    third = debian.hold(wc, place + 0x10000, 0x2000)
    moved = third.do("move")
    assert moved["did"].startswith("ok") and moved["va"] != third.first["va"]
    assert third.do("resize 0x1000")["did"].startswith("ok")
    fourth = debian.hold(uc, place + 0x10000, 0x1000)
    for holder in (fourth, third, second, first):
        holder.leave()
    watch.until("unmap", str(first.pid))
    rc, events = watch.end()

    names = {first.pid: "first", second.pid: "second", third.pid: "third", fourth.pid: "fourth"}

    def told(one: dict) -> tuple:
        start, end = (int(one["range"][key], 16) - base for key in ("start", "end"))
        new = one.get("new", one)
        words = (one["event"], start >> 12, (end + 1) >> 12, names[new["pid"]], new["want"],
                 new["got"])
        if one["event"] != "conflict":
            return words
        held = one["held"]
        return *words, one["verdict"], names[held["pid"]], held["want"], held["got"]

    assert [told(one) for one in events if "range" in one and
            base <= int(one["range"]["start"], 16) < base + 0x20000] == [
        ("map", 0, 4, "first", UC, UC),
        # Write-combining was asked for and uncached is what it got, all of it.
        ("conflict", 2, 4, "second", COMBINING, UC, "ordering", "first", UC, UC),
        ("map", 2, 6, "second", COMBINING, UC),
        ("unmap", 1, 2, "first", UC, UC),
        # The child, which unmaps a page and ends.
        ("map", 2, 6, "second", COMBINING, UC),
        ("unmap", 2, 3, "second", COMBINING, UC),
        ("unmap", 3, 6, "second", COMBINING, UC),
        # mremap() to another address is neither a mapping nor an end; to a smaller size it is.
        ("map", 16, 18, "third", COMBINING, COMBINING),
        ("unmap", 17, 18, "third", COMBINING, COMBINING),
        ("conflict", 16, 17, "fourth", UC, COMBINING, "ordering", "third", COMBINING, COMBINING),
        ("map", 16, 17, "fourth", UC, COMBINING),
        ("unmap", 16, 17, "fourth", UC, COMBINING),
        ("unmap", 16, 17, "third", COMBINING, COMBINING),
        ("unmap", 2, 6, "second", COMBINING, UC),
        ("unmap", 0, 1, "first", UC, UC), ("unmap", 2, 4, "first", UC, UC),
    ]
    # It ended where it had been moved to.
    ends = [one["va"]["start"] for one in events if one["event"] == "unmap" and one["pid"] == third.pid]
    assert [int(va, 16) - int(moved["va"], 16) for va in ends] == [0x1000, 0]
    assert rc == 1 and watch.start["unseen"] == []
    assert (events[-1]["conflicts"], events[-1]["dropped"], events[-1]["forgotten"]) == (2, 0, 0)


def test_partial(debian: lab.Guest, way: str) -> None:
    """With too few descriptors some programs load and few attach: said, and exit code 3."""
    whole = Watch(debian, env=way)
    programs = whole.start["programs"]
    assert programs > 25
    whole.end()
    said = set()
    # Each program takes one descriptor when it is loaded, and more when it is attached.
    for limit in (programs // 2, programs + 14, programs + 20, programs + 30):
        done = debian.run(f"ulimit -n {limit}; {way}pfntrack watch --json --seconds 1", timeout=120)
        assert done.rc == 3, (limit, done)
        if done.err:
            message = json.loads(done.err)["error"]["message"]
            assert done.out == ""
            few = re.match(r"only (\d+) of (\d+) BPF programs could be attached \(", message)
            assert few or "Too many open files" in message, message
            if few:
                assert 0 <= int(few[1]) < int(few[2])
                said.add("few")
        else:
            start = json.loads(done.out.splitlines()[0])
            assert start["unseen"] and start["programs"] < programs
            said.add("unseen")
    assert "few" in said


def test_features(debian: lab.Guest) -> None:
    """Programs are loaded and attached to find out, as there is more to it than a file."""
    def bpf(prefix: str = "") -> tuple[str, str]:
        done = debian.run(f"{prefix}pfntrack features --json", timeout=120)
        [found] = [one for one in json.loads(done.out)["features"] if one["name"] == "bpf"]
        return found["state"], found["what"]

    assert bpf() == ("yes", "what the programs of watch need: source bpf")
    state, what = bpf("ulimit -n 40; ")
    assert state == "unusable" and "Too many open files" in what
    assert bpf("unroot ")[0] == "for root"


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


def test_reservation(arch: str) -> None:
    """What a driver reserved stays its own when others map, and unmap, the very same range."""
    built = subprocess.run(["/usr/bin/python3", "-B", lab.REPO / "scripts/kernel/module.py", arch,
                            "debian-6.12", lab.REPO / "tests/qemu/pat"],
                           stdout=subprocess.PIPE, text=True, check=True)
    with lab.Guest(lab.kernel_for(arch, "debian-6.12"),
                   modules=(Path(built.stdout.strip()),)) as one:
        base, _ = one.bar()
        watch = Watch(one)
        one.run("insmod /lib/modules/pfn_pat.ko what=reserve "
                f"start={base:#x} bytes={LENGTH:#x}").ok()
        made = watch.until("map")[-1]
        first = one.hold(f"{one.device()}/resource2_wc", 0, LENGTH)
        first.leave()
        second = one.hold(f"{one.device()}/resource2", 0, LENGTH)
        second.leave()
        watch.until("unmap", str(second.pid))
        one.run("rmmod pfn_pat").ok()
        watch.until("unmap")
        rc, events = watch.end()
    assert (made["kind"], made["want"], made["got"]) == ("claim", COMBINING, COMBINING)
    assert re.fullmatch(r"pat_init\+0x[0-9a-f]+ \[pfn_pat\]|do_one_initcall\+0x[0-9a-f]+",
                        made["site"])
    assert [(one["event"], one["kind"]) for one in own(events, base)] == [
        ("map", "claim"), ("map", "remap_pfn"), ("unmap", "remap_pfn"), ("map", "remap_pfn"),
        ("unmap", "remap_pfn"), ("unmap", "claim")]
    [conflict] = [one for one in events if one["event"] == "conflict"]
    assert (conflict["new"]["pid"], conflict["new"]["want"], conflict["new"]["got"]) == (
        second.pid, UC, COMBINING)
    assert (conflict["held"]["kind"], conflict["held"]["pid"]) == ("claim", made["pid"])
    assert rc == 1


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


def test_many_holders(arch: str) -> None:
    """What one page with very many holders costs keeps nobody from ending the watch."""
    with lab.Guest(lab.kernel_for(arch, "debian-6.12"), extra=("areas",)) as guest:
        watch = Watch(guest, "--pid 999999")
        take = guest.spawn(f"areas take {guest.device()}/resource2 0x1000 20000")
        take.line(600)
        began = time.monotonic()
        code, events = watch.end(timeout=600)
        took = time.monotonic() - began
        end = events[-1]
        print(f"{end} after {took:.0f} s")
        assert end["received"] > 0 and end["ended"] in ("signal", "late")
        assert code == (3 if end["ended"] == "late" or end["dropped"] else 0)
        # To read all of it takes minutes.
        assert took < 30
        take.kill(signal.SIGKILL)
        take.wait(600)


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
        assert re.search(r"^bpf +locked down ", one.run("pfntrack features").out, re.MULTILINE)
