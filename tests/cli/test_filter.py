# SPDX-License-Identifier: GPL-2.0-only
"""Which mappings "list" shows, and what "explain" takes: against a filter of our own."""
import json
import random

import pytest

from conftest import SNAPSHOTS
from test_errors import expect

STOCK, PATCHED, BROKEN = "x86_64-stock", "x86_64-patched", "x86_64-broken"


def everything(cli, root, *args):
    result = cli("list", "--json", *args, root=root)
    value = json.loads(result.stdout)
    # A stock kernel has no claims: that there is none of them is not known.
    assert (result.returncode, result.stderr) == (3 if value["not_known"] else 0, b"")
    assert not value["not_known"] or "kind=claim" in args
    return value["records"]


def span(one):
    return int(one["range"]["start"], 16), int(one["range"]["end"], 16)


def overlaps(one, first, last):
    start, end = span(one)
    return start <= last and first <= end


def bars(root, device):
    """First and last byte of each memory BAR, from the captured sysfs."""
    for line in (SNAPSHOTS / root / f"sys/bus/pci/devices/{device}/resource").read_text().split("\n")[:7]:
        first, last, flags = (int(word, 16) for word in line.split())
        if last and flags & 0x200:
            yield first, last


TERMS = {
    "kind=ioremap": lambda one: one["kind"] == "ioremap",
    "kind=remap_pfn": lambda one: one["kind"] == "remap_pfn",
    "kind=claim": lambda one: one["kind"] == "claim",
    "attr=write-combining": lambda one: "write-combining" in (one["want"], one["got"]),
    "attr=uncached-minus": lambda one: "uncached-minus" in (one["want"], one["got"]),
    "attr=write-back": lambda one: "write-back" in (one["want"], one["got"]),
    "pid=1": lambda one: one["pid"] == 1,
    "pid=0037": lambda one: one["pid"] == 37,
    "comm=pfnhold": lambda one: one["comm"] == "pfnhold",
    "range=0x200000000": lambda one: overlaps(one, 0x200000000, 0x200000000),
    "range=8G+64K": lambda one: overlaps(one, 8 << 30, (8 << 30) + 0xffff),
    "range=0xfebfb800-0x200003fff": lambda one: overlaps(one, 0xfebfb800, 0x200003fff),
    "range=0+0x10000": lambda one: overlaps(one, 0, 0xffff),
    "device=0000:00:04.0": lambda one: any(overlaps(one, *bar) for bar in bars(PATCHED, "0000:00:04.0")),
    "device=00:03.0": lambda one: any(overlaps(one, *bar) for bar in bars(PATCHED, "0000:00:03.0")),
    "driver=virtio-pci": lambda one: any(overlaps(one, *bar) for bar in bars(PATCHED, "0000:00:03.0")),
    "driver=nobody": lambda one: False,
}


@pytest.mark.parametrize("root", [STOCK, PATCHED])
@pytest.mark.parametrize("term", TERMS)
def test_one(cli, root, term):
    assert everything(cli, root, term) == [one for one in everything(cli, root) if TERMS[term](one)]


@pytest.mark.parametrize("seed", range(10))
def test_some(cli, seed):
    """Either of one key, and all keys."""
    chosen = random.Random(seed).sample(sorted(TERMS), 4)
    by_key = {}
    for term in chosen:
        by_key.setdefault(term.partition("=")[0], []).append(TERMS[term])
    for root in (STOCK, PATCHED):
        assert everything(cli, root, *chosen) == [
            one for one in everything(cli, root)
            if all(any(test(one) for test in tests) for tests in by_key.values())]


def test_what_is_selected_at_all(cli):
    """The tests above are about something."""
    assert [len(everything(cli, PATCHED, term)) for term in (
        "kind=ioremap", "attr=write-combining", "device=00:04.0", "comm=pfnhold")] == [5, 1, 4, 5]
    assert len(everything(cli, BROKEN, "driver=pfn_track_leak")) == 2


def test_unknown_attribute(cli):
    """A mapping whose attribute is not known is one of unknown attribute."""
    unknown = everything(cli, "arm64-stock", "attr=unknown")
    assert unknown == [one for one in everything(cli, "arm64-stock") if one["got"] is None] != []


# The same range, and the same attribute, as people and /proc/iomem write them.
SPELLINGS = {
    "range=0x200000000-0x20000ffff": ["0x200000000-0x20000ffff", "200000000-20000ffff", "range=200000000-20000ffff",
                                      "8G+64K", "8g+64k", "8GiB+64KiB", "8gib+0x10000", "8589934592+65536",
                                      "0000000200000000-000000020000FFFF"],
    "range=0xfebc0000-0xfec00000": ["febc0000-fec00000", "FEBC0000-FEC00000", "0xfebc0000-0xfec00000"],
    "range=0x200000000": ["0x200000000", "8G", "8g", "8GiB", "8589934592"],
    "range=0x10000000-0x10000007": ["10000000-10000007"],
    "attr=write-combining": ["attr=WC", "attr=wc"],
    "attr=uncached-minus": ["attr=U-", "attr=UC-", "attr=uc-"],
}


@pytest.mark.parametrize("term", SPELLINGS)
def test_spellings(cli, term):
    expected = cli("list", "--json", term, root=PATCHED)
    assert expected.returncode == 0
    for other in SPELLINGS[term]:
        result = cli("list", "--json", other, root=PATCHED)
        assert (result.returncode, result.stdout) == (0, expected.stdout), other


@pytest.mark.parametrize("word,message", [
    ("8589934592-8590000127", "may be decimal or hexadecimal"), ("8GB", "no address of 64 bits"),
    ("fd000000", "hexadecimal ones begin with 0x"), ("0x", "no address"), ("8589934592-", "no address"), ("attr=XX", "unknown attribute"),
    ("8X", "no address"), ("fd000000-", "no address")])
def test_what_may_be_meant_otherwise(cli, word, message):
    for command in ("list", "conflicts", "aliases", "leaks", "map"):
        expect(cli, 2, message, command, word, root=PATCHED)
    expect(cli, 2, message, "watch", word)


def test_all_commands_take_filters(cli):
    """Either side of a conflict or an alias may be the one."""
    [conflict] = json.loads(cli("conflicts", "-j", root=PATCHED).stdout)["conflicts"]
    start, last = int(conflict["range"]["start"], 16), int(conflict["range"]["end"], 16)
    for command in ("conflicts", "aliases"):
        [one] = json.loads(cli(command, "attr=WC", "-j", root=PATCHED).stdout)[command]
        last = int(one["range"]["end"], 16)
        for terms, count in (([f"pid={conflict['new']['pid']}"], 1), ([f"pid={conflict['held']['pid']}"], 1),
                             (["pid=1"], 0), (["attr=WC"], 1), (["kind=claim"], 0),
                             ([f"{last:#x}"], 1), ([f"{last + 1:#x}"], 0), ([f"{start:x}-{last:x}", "attr=U-"], 1),
                             (["device=00:03.0"], 0),
                             ([f"pid={conflict['new']['pid']}", f"pid={conflict['held']['pid']}"], 1)):
            result = cli(command, *terms, "-j", root=PATCHED)
            value = json.loads(result.stdout)
            assert (result.returncode, len(value[command])) == (count, count), (command, terms)
            if command == "conflicts":
                assert value["history"]["conflicts"] == count
    for terms, count in ((["driver=pfn_track_leak"], 2), (["kind=claim"], 1), (["driver=other"], 0),
                         (["device=0000:00:05.0"], 2)):
        result = cli("leaks", *terms, "-j", root=BROKEN)
        assert (result.returncode, len(json.loads(result.stdout)["leaks"])) == (min(count, 1), count), terms
    for terms, count in (([], 10), (["pid=1"], 5), ([f"{start:#x}", f"pid={conflict['new']['pid']}"], 1)):
        lanes = json.loads(cli("map", *terms, "-j", root=PATCHED).stdout)["lanes"]
        assert sum(lane["mappings"] for lane in lanes if lane["lane"] != "machine") == \
            len(everything(cli, PATCHED, *terms)) > 0


def test_nothing_left(cli):
    result = cli("list", "kind=kmap", root=PATCHED)
    assert result.returncode == 0 and result.stdout.startswith(b"No mapping is like that.\n")


def test_explain_a_device(cli):
    value = json.loads(cli("explain", "00:04.0", "--json", root=PATCHED).stdout)
    assert (value["address"], value["device"], value["pid"]) == (None, "00:04.0", None)
    assert value["holders"] == everything(cli, PATCHED, "device=0000:00:04.0")
    assert (value["alias"]["verdict"], value["alias"]["downgrade"]) == ("same", True)
    assert len(value["conflicts"]) == 1
    assert cli("explain", "00:03.0", root=PATCHED).returncode == 0
    expect(cli, 2, "no PCI device '00:1d.7' with memory is known", "explain", "00:1d.7", root=PATCHED)


def test_explain_a_process(cli):
    conflict = json.loads(cli("conflicts", "--json", root=PATCHED).stdout)["conflicts"][0]
    for pid in (conflict["new"]["pid"], conflict["held"]["pid"]):
        result = cli("explain", f"pid=0{pid}", "--json", root=PATCHED)
        value = json.loads(result.stdout)
        assert result.returncode == 1 and value["pid"] == pid
        assert value["holders"] == everything(cli, PATCHED, f"pid={pid}")
        assert [one["id"] for one in value["conflicts"]] == [conflict["id"]]
        assert cli("explain", f"pid={pid}", root=PATCHED).stdout.startswith(b"Process %d\n" % pid)
    value = json.loads(cli("explain", "pid=99999", "--json", root=PATCHED).stdout)
    assert value["holders"] == value["conflicts"] == [] and value["alias"] is None


@pytest.mark.parametrize("word", ["fd000000+16M", "fee00000", "a0000-bffff", "0xa0000-bffff", "c0000", "00fd0000+16M"])
def test_hexadecimal_without_0x(cli, word):
    """An address from /proc/iomem is no unknown filter, and no decimal number."""
    for command in ("list", "conflicts", "aliases"):
        result = cli(command, word, root="x86_64")
        assert result.returncode == 2
        assert b"hexadecimal ones begin with 0x" in result.stderr or b"write 0x before it" in result.stderr, result


@pytest.mark.parametrize("word,doubt", [("10000000+64K", "10000000"), ("0x1000-20000000", "20000000"),
                                        ("10000000-0x1000ffff", "10000000"), ("00001000+0x1000", "00001000"),
                                        ("0x1000-0020000000", "0020000000")])
def test_decimal_or_hexadecimal(cli, word, doubt):
    """Eight digits are what /proc/iomem writes: nobody can say which of the two is meant."""
    expect(cli, 2, f"'{doubt}' may be decimal or hexadecimal; write 0x before it", "list", word, root="x86_64")
    for clear in (word.replace(doubt, "0x" + doubt), word.replace(doubt, "16M") if not word.startswith("0x") else "16M-32M"):
        assert cli("list", clear, root="x86_64").returncode == 0, clear


def test_both_ends_of_iomem_are_hexadecimal(cli):
    assert cli("list", "10000000-1000ffff", root="x86_64").returncode == 0
    assert cli("list", "4294967296+64K", root="x86_64").returncode == 0


def test_beyond_64_bits(cli):
    expect(cli, 2, "ends beyond 64 bits", "list", "0xfffffffffffff000+0x1001", root="x86_64")
    assert cli("list", "0xfffffffffffff000+0x1000", root="x86_64").returncode == 0
    for empty in ("0x2000-0x1000", "0x1000+0"):
        expect(cli, 2, "is empty", "list", empty, root="x86_64")
