# SPDX-License-Identifier: GPL-2.0-only
"""pfntrack watch in a guest: what happens is told as it happens, or counted as lost."""

from __future__ import annotations

import json
import re
import signal

import lab
import pytest
from registry import COMBINING, UNCACHED
from watching import Watch

INSTANCES = "/sys/kernel/tracing/instances"
# One page: what is longer may lie in two page tables, and be unmapped in two pieces.
LENGTH = 0x1000


def no_instance(guest: lab.Guest) -> None:
    """Nothing of a watch is left in tracefs."""
    assert guest.run(f"ls {INSTANCES}").ok().split() == []


@pytest.mark.parametrize("first,second", [("resource2", "resource2_wc"),
                                          ("resource2_wc", "resource2")])
def test_conflict(tracked: lab.Guest, first: str, second: str) -> None:
    """Both processes of a conflict that is made after the start, and the ends of both."""
    watch = Watch(tracked)
    assert watch.start["source"] == "kernel"
    base, _ = tracked.bar()
    holders = [tracked.hold(f"{tracked.device()}/{name}", 0, LENGTH) for name in (first, second)]
    attrs = {"resource2": UNCACHED[tracked.arch], "resource2_wc": COMBINING}
    # x86 gives the second the type of the first; arm64 really maps both.
    got = attrs[first if tracked.arch == "x86_64" else second]
    [event] = [one for one in watch.until("conflict") if one["event"] == "conflict"]
    whole = {"start": f"0x{base:x}", "end": f"0x{base + LENGTH - 1:x}", "size": LENGTH}
    assert event["range"] == whole
    assert (event["verdict"], event["result"]) == ("ordering", "mapped")
    sides = {side: {key: event[side][key] for key in ("kind", "got", "pid", "comm")}
             for side in ("new", "held")}
    common = {"kind": "remap_pfn", "comm": "pfnhold"}
    assert sides == {"new": {**common, "got": got, "pid": holders[1].pid},
                     "held": {**common, "got": attrs[first], "pid": holders[0].pid}}
    assert event["new"]["want"] == attrs[second]
    for holder in holders:
        holder.leave()
        watch.until("unmap", str(holder.pid))
    rc, events = watch.end()
    assert rc == 1
    own = [one for one in events if one.get("range") == whole and one["event"] != "conflict"]
    assert [(one["event"], one["pid"], one["comm"]) for one in own] == [
        (event, holder.pid, "pfnhold") for event in ("map", "unmap") for holder in holders]
    assert all(one["va"] for one in own)
    times = [one["time"] for one in events if "time" in one]
    assert times == sorted(times)
    end = events[-1]
    assert (end["event"], end["ended"], end["conflicts"], end["dropped"]) == ("end", "signal", 1, 0)
    assert end["shown"] == end["received"] == len(events) - 2
    no_instance(tracked)


def test_text(tracked: lab.Guest) -> None:
    """One line an event."""
    watch = tracked.spawn("pfntrack watch")
    assert watch.line(60) == "Watching the trace events of pfn_track (source kernel); Ctrl-C ends it."
    base, _ = tracked.bar()
    holders = [tracked.hold(f"{tracked.device()}/{name}", 0, LENGTH)
               for name in ("resource2", "resource2_wc")]
    lines = [watch.line() for _ in range(3)]
    watch.kill(signal.SIGTERM)
    done = watch.wait()
    assert (done.rc, done.err) == (1, "")
    span = f"0x{base:x}-0x{base + LENGTH - 1:x} 4K"
    place = {event: rf" *\d+\.\d+ {event} +{span} " for event in ("map", "conflict")}
    who = [rf"pfnhold\[{holder.pid}\]" for holder in holders]
    expected = [rf"{place['map']}remap_pfn \S+ {who[0]}",
                rf"{place['conflict']}ordering mapped: remap_pfn \S+ {who[1]} beside "
                rf"remap_pfn \S+ {who[0]}",
                rf"{place['map']}remap_pfn \S+ {who[1]}"]
    for line in lines:
        assert any(re.fullmatch(one, line) for one in expected), line
    assert done.out.splitlines()[-1] == ("3 events shown, 1 of them conflicts or leaks; "
                                         "3 received, 0 dropped.")


def test_only(tracked: lab.Guest) -> None:
    """Filters by event, kind, range and pid, and an end by count or time."""
    base, _ = tracked.bar()
    device = tracked.device()
    old = tracked.hold(f"{device}/resource2", 0, LENGTH)
    other = f"0x{base + LENGTH:x}-0x{base + 2 * LENGTH:x}"
    watches = {"--event unmap": 1, "--kind ioremap": 0, "--kind remap_pfn": 3,
               f"--range {other}": 0, f"--range {base + LENGTH - 1}": 3, f"--pid {old.pid}": 1,
               "--event conflict,map --kind remap_pfn": 2}
    running = {options: Watch(tracked, options) for options in watches}
    counted = Watch(tracked, "--count 2")
    tracked.hold(f"{device}/resource2_wc", 0, LENGTH).leave()
    done = counted.process.wait()
    assert json.loads(done.out.splitlines()[-1])["ended"] == "count"
    assert len(done.out.splitlines()) == 4
    for options, number in watches.items():
        rc, events = running[options].end()
        assert events[-1]["shown"] == number, (options, events)
        assert rc == (1 if any(one["event"] == "conflict" for one in events) else 0)
    done = tracked.run("pfntrack watch --seconds 1")
    assert (done.rc, done.err) == (0, "")
    no_instance(tracked)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals(tracked: lab.Guest, number: int) -> None:
    """Each ends it in order."""
    rc, events = Watch(tracked).end(number)
    assert rc == 0 and events[-1]["ended"] == "signal"
    no_instance(tracked)


def test_killed(tracked: lab.Guest) -> None:
    """What one that was killed left behind, the next one takes away."""
    watch = Watch(tracked)
    watch.process.kill(signal.SIGKILL)
    watch.process.wait()
    assert tracked.run(f"ls {INSTANCES}").ok().split() == [f"pfntrack-{watch.process.pid}"]
    Watch(tracked).end()
    no_instance(tracked)


def test_reader_gone(tracked: lab.Guest) -> None:
    """A reader that goes ends it, even while nothing happens, without a word."""
    done = tracked.run("(pfntrack watch; echo rc $? >&2) | head -n 1")
    assert done.out.startswith("Watching ") and done.err == "rc 0\n"
    no_instance(tracked)


def test_leak(guest, arch: str) -> None:  # type: ignore[no-untyped-def]
    """What a module leaves mapped; it stays, so not in a guest that others use."""
    one = guest(arch, "pfn_track", "pfn_track=report pfnlab.command")
    watch = Watch(one, "--event leak")
    one.run("insmod /lib/modules/pfn_track_leak.ko forget=1; rmmod pfn_track_leak").ok()
    leak = watch.until("leak")[-1]
    assert leak["gone"] == {"how": leak["gone"]["how"], "name": "pfn_track_leak",
                            "dev": leak["gone"]["dev"]}
    assert leak["gone"]["how"] in ("unbound", "unloaded") and leak["kind"]
    assert watch.end()[0] == 1


def test_odd_name(tracked: lab.Guest) -> None:
    """A process may be called anything."""
    name = 'a"\\\\b\\t\\377'
    tracked.run(f"ln -s /bin/pfnhold \"/tmp/$(printf '{name}')\"").ok()
    watch = Watch(tracked, "--event map")
    plain = tracked.spawn("pfntrack watch --event map")
    plain.line(60)
    # It stays: the event has its number, the name is asked for.
    odd = tracked.spawn(f"\"/tmp/$(printf '{name}')\" {tracked.device()}/resource2 0 0x1000")
    assert watch.until("map")[-1]["comm"] == 'a"\\b\t\ufffd'
    assert r'a"\x5cb\x09\xff[' in plain.line()
    odd.close_input()
    odd.wait()
    watch.end()


@pytest.mark.parametrize("stopped", [False, True])
def test_flood(tracked: lab.Guest, stopped: bool) -> None:
    """What came and what was dropped is what was made; drops are told on the way."""
    # What is shown has its own cost: of so many events nothing but the counts.
    watch = Watch(tracked, "--pid 999999")
    if stopped:
        watch.process.kill(signal.SIGSTOP)
    # More than the buffers hold, if nobody reads them.
    rounds = 50000 if stopped else 20000
    said = tracked.run(f"flood {tracked.device()}/resource2 {rounds} 2", timeout=300).ok()
    if stopped:
        watch.process.kill(signal.SIGCONT)
    _, events = watch.end(timeout=300)
    end = events[-1]
    print(f"stopped: {stopped}, {said.strip()}, {end}")
    assert end["received"] + end["dropped"] == int(said.split()[1])
    told = [one for one in events if one["event"] == "dropped"]
    assert sum(one["dropped"] for one in told) == end["dropped"]
    if stopped:
        assert end["dropped"] > 0 and end["received"] > 0


@pytest.mark.parametrize("command,message", [
    ("umount /sys/kernel/tracing; umount /sys/kernel/debug", "tracefs is not mounted"),
    ("", "only root may watch"),
])
def test_refused(arch: str, command: str, message: str) -> None:
    """One line, exit code 3."""
    with lab.Guest(lab.kernel_for(arch, lab.flavour_for("pfn_track")), "pfn_track=report") as one:
        if command:
            one.run(command).ok()
            done = one.run("pfntrack watch")
        else:
            done = one.run("unroot pfntrack watch")
        assert (done.rc, done.out) == (3, "")
        assert message in done.err and done.err.count("\n") == 1
