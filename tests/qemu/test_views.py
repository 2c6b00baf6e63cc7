# SPDX-License-Identifier: GPL-2.0-only
"""What is shown, to whom, and what happens with bad input."""

from __future__ import annotations

import json
import re
from pathlib import Path

import lab
import pytest
import registry

UAPI = (Path(__file__).resolve().parents[2] / "include/uapi/linux/pfn_track.h").read_text()
TRACING = "/sys/kernel/tracing"


def words(name: str) -> dict[int, str]:
    """Number and spelling of a uapi enum."""
    enum = re.search(rf"enum pfn_{name} {{(.*?)}};", UAPI, re.S)
    assert enum
    names = re.findall(r"PFN_\w+", enum[1])
    text = dict(re.findall(rf"\[(PFN_{name.upper()}_\w+)\] = \"([^\"]+)\"", UAPI))
    return {number: text[word] for number, word in enumerate(names) if word in text}


def test_boot_is_clean(tracked: lab.Guest) -> None:
    """Everything is live, and no driver of this machine disagrees with another."""
    coverage = registry.dump(tracked, "coverage")
    assert coverage.head["arch"] == {"x86_64": "x86", "arm64": "arm64"}[tracked.arch]
    hooks = [line for line in coverage.lines if line[""] == "hook"]
    assert {line["kind"] for line in hooks} == set(words("kind").values())
    assert {line["state"] for line in hooks} == {"live"}
    roads = {line["name"]: line for line in coverage.lines if line[""] == "road"}
    others = {line[""] for line in coverage.lines} - {"hook", "road"}
    assert others <= {"impossible"}
    assert len(hooks) + len(roads) == sum(line[""] != "impossible" for line in coverage.lines)
    assert {line["state"] for line in roads.values()} == {"live", "uncovered", "absent"}
    assert roads["memremap_pages"]["state"] == "live"
    x86 = tracked.arch == "x86_64"
    assert roads["set_memory"]["state"] == ("live" if x86 else "absent")
    assert roads["pci_remap_iospace"]["state"] == ("absent" if x86 else "live")
    # Both map by page tables whatever ioremap() is asked for.
    assert roads["ioremap"]["state"] == "live" and roads["ioremap"]["why"].startswith("kind ")
    assert roads["iotable_init"]["state"] == roads["io_mapping_map_user"]["state"] == "absent"
    assert roads["dma_remap"]["state"] == "absent"
    built = tracked.kernel.image.with_name("config").read_text()
    for name, symbol in (("kvm", "KVM"), ("hugetlb", "HUGETLB_PAGE"),
                         ("userfaultfd", "USERFAULTFD")):
        wanted = "uncovered" if f"CONFIG_{symbol}=" in built else "absent"
        assert roads[name]["state"] == wanted, name
    assert roads["anonymous"]["state"] == "uncovered"
    assert all(len(line["why"]) > 5 for line in roads.values())
    early = [line for line in registry.conflicts(tracked) if line["comm"] == "swapper/0"]
    assert not early


def test_only_root_sees_addresses(tracked: lab.Guest) -> None:
    """Dumps are for root; the counters are for everybody; the policy is root's to change."""
    modes = tracked.run(f"stat -c %a {registry.DEBUGFS}/*").ok().split()
    assert set(modes) == {"400"}
    modes = tracked.run(f"stat -c '%a %n' {registry.SYSFS}/*").ok()
    assert "644 /sys/kernel/mm/pfn_track/policy\n" in modes
    assert "444 /sys/kernel/mm/pfn_track/records\n" in modes


def test_no_kernel_address(tracked: lab.Guest) -> None:
    """Nowhere in the dumps, nor in the trace events of a kernel mapping."""
    address = re.compile(r"(?<![0-9a-f])ffff[0-9a-f]{12}")
    assert address.search("va=0xffff888000123000-0xffff888000123fff")
    tracked.run(f"echo > {TRACING}/trace; echo 1 > {TRACING}/events/pfn_track/enable; "
                "insmod /lib/modules/pfn_track_wb.ko; rmmod pfn_track_wb; "
                f"echo 0 > {TRACING}/events/pfn_track/enable").ok()
    trace = tracked.read(f"{TRACING}/trace")
    assert "kind=ioremap" in trace and not address.search(trace)
    for name in ("records", "conflicts", "coverage"):
        assert not address.search(tracked.read(f"{registry.DEBUGFS}/{name}"))


@pytest.mark.parametrize("event", ["pfn_map", "pfn_unmap", "pfn_conflict"])
def test_event_words(tracked: lab.Guest, event: str) -> None:
    """The trace events spell every word as the uapi header does."""
    text = tracked.read(f"{TRACING}/events/pfn_track/{event}/format")
    for field, name in (("kind", "kind"), ("got", "attr"), ("verdict", "verdict"),
                        ("result", "result")):
        if symbols := re.search(rf"__print_symbolic\(REC->{field}, (.*?)\)", text):
            pairs = re.findall(r"{ (\d+), \\?\"([^\"\\]+)\\?\" }", symbols[1])
            assert {int(number): word for number, word in pairs} == words(name)
        else:
            assert field in ("verdict", "result") and event != "pfn_conflict"


def test_events(tracked: lab.Guest) -> None:
    """A map, a conflict, and an unmap for each map."""
    tracked.run(f"echo > {TRACING}/trace; echo 1 > {TRACING}/events/pfn_track/enable").ok()
    try:
        old = tracked.hold(f"{tracked.device()}/resource2", 0, 0x3000)
        new = tracked.hold(f"{tracked.device()}/resource2_wc", 0, 0x3000)
        new.leave()
        old.leave()
        text = tracked.read(f"{TRACING}/trace")
    finally:
        tracked.run(f"echo 0 > {TRACING}/events/pfn_track/enable").ok()
    start, _ = tracked.bar()
    span = f"range=0x{start:x}-0x{start + 0x2fff:x}"
    assert len(re.findall(rf"pfn_map: {span} kind=remap_pfn ", text)) == 2
    assert len(re.findall(rf"pfn_unmap: {span} kind=remap_pfn ", text)) == 2
    [conflict] = re.findall(rf"pfn_conflict: {span} .*", text)
    assert f"pid={new.first['pid']} comm=pfnhold" in conflict
    assert f"held_pid={old.first['pid']} held_comm=pfnhold" in conflict
    assert "verdict=ordering result=mapped" in conflict


@pytest.mark.parametrize("word", ["", "bogus", "default", "repor", "reportt", "strict enforce"])
def test_bad_policy(tracked: lab.Guest, word: str) -> None:
    """EINVAL, and nothing changed."""
    done = tracked.run(f"echo '{word}' > {registry.SYSFS}/policy")
    assert done.rc != 0 and "Invalid argument" in done.err
    assert tracked.read(f"{registry.SYSFS}/policy") == "report"


def test_off_forgets_and_on_is_late(guest, arch: str) -> None:  # type: ignore[no-untyped-def]
    """Off at boot: nothing recorded; on at run time: from now on, and it says so."""
    one = guest(arch, "pfn_track", "pfn_track=off")
    # What the registry keeps its answers in is not there before it is switched on first.
    for name in ("conflicts", "leaks", "records", "coverage"):
        assert one.read(f"{registry.DEBUGFS}/{name}"), name
    one.run("pfntrack status; test $? -lt 4; pfntrack conflicts; test $? -lt 4").ok()
    numbers = registry.counters(one)
    assert (numbers["records"], numbers["maps"], numbers["late"]) == (0, 0, 0)
    states = {line["state"] for line in registry.dump(one, "coverage").lines if "state" in line}
    assert states == {"off", "uncovered", "absent"}
    before = one.hold(f"{one.device()}/resource2", 0, 0x1000)
    registry.policy(one, "report")
    after = one.hold(f"{one.device()}/resource2", 0, 0x1000)
    assert not registry.records(one, before.pid) and registry.records(one, after.pid)
    assert registry.counters(one)["late"] == 1
    # Its unmap is of something never recorded: silent.
    before.leave()
    registry.policy(one, "off")
    assert registry.counters(one)["records"] == 0
    after.leave()
    registry.policy(one, "report")
    assert not registry.records(one, after.pid)
    registry.policy(one, "off")


def test_bad_boot_parameter(arch: str) -> None:
    """Said in one line, ignored, and the good part is taken."""
    words_given = "strictt,ioremap:enforce,nokind:report,default"
    with lab.Guest(lab.kernel_for(arch, lab.flavour_for("pfn_track")), f"pfn_track={words_given}") as one:
        said = one.console()
        for word in ("strictt", "nokind:report", "default"):
            assert f"pfn_track: '{word}' ignored" in said
        assert one.read(f"{registry.SYSFS}/policy") == "report"
        assert one.read(f"{registry.SYSFS}/kind/ioremap") == "enforce"


def test_command_agrees_with_the_files(tracked: lab.Guest) -> None:
    """pfntrack in the guest says what the files say, with the documented exit codes."""
    old = tracked.hold(f"{tracked.device()}/resource2", 0, 0x3000)
    new = tracked.hold(f"{tracked.device()}/resource2_wc", 0, 0x3000)
    done = tracked.run("pfntrack conflicts --json")
    assert done.rc == 1
    last = json.loads(done.out)["conflicts"][-1]
    raw = registry.conflicts(tracked)[-1]
    assert (last["new"]["pid"], last["held"]["pid"]) == (int(new.pid), int(old.pid))
    for key in ("want", "got", "comm", "site", "kind"):
        assert last["new"][key] == raw[key] and last["held"][key] == raw["held." + key]
    assert last["pci"] == tracked.devices[0].bdf
    listed = json.loads(tracked.run("pfntrack list --json").out)["records"]
    assert len(listed) == len(registry.records(tracked))
    start, _ = tracked.bar()
    explained = tracked.run(f"pfntrack explain {start:#x} --json")
    assert explained.rc == 1
    assert {one["pid"] for one in json.loads(explained.out)["holders"]} >= {new.pid, old.pid}
    assert tracked.run("pfntrack explain nonsense").rc == 2
    status = tracked.run("pfntrack status")
    assert status.rc == 1 and "report" in status.out


def test_command_on_a_stock_kernel(stock: lab.Guest) -> None:
    """What only pfn_track knows: one line, exit code 3; as JSON with --json."""
    done = stock.run("pfntrack conflicts")
    assert (done.rc, done.out) == (3, "") and done.err.count("\n") == 1
    done = stock.run("pfntrack conflicts --json")
    assert done.rc == 3 and json.loads(done.err)["error"]["code"] == 3
    for command in ("status", "status --source proc"):
        assert "without pfn_track" in stock.run(f"pfntrack {command}").out
    done = stock.run("pfntrack status --source kernel")
    assert (done.rc, done.out) == (3, "") and done.err.count("\n") == 1


def test_long_listing(tracked: lab.Guest) -> None:
    """Longer than any buffer: whole, by address in each space, nothing twice."""
    holder = tracked.hold(f"{tracked.device(1)}/resource2", 0x80000, 0x80000)
    for page in range(1, 128, 2):
        holder.do(f"munmap {page * 0x1000:#x} 0x1000")
    base = tracked.bar(1)[0] + 0x80000
    assert registry.pages(tracked, holder.pid, base) == [(n, n + 1) for n in range(0, 128, 2)]
    ours = [line for line in registry.records(tracked) if line["pid"] == str(holder.pid)]
    addresses = [registry.span(line["va"])[0] for line in ours]
    assert len(ours) == 64 and addresses == sorted(set(addresses))
    # In small reads, where the cursor has to find its place again.
    whole = tracked.read(f"{registry.DEBUGFS}/records")
    small = tracked.run(f"dd if={registry.DEBUGFS}/records bs=97 2>/dev/null").ok()
    assert small.removesuffix("\n") == whole
