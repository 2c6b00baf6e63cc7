# SPDX-License-Identifier: GPL-2.0-only
"""What is mapped more than once: the sweep against a page by page model, and how it is told."""
import json
import random
import re
from itertools import combinations

import pytest

from conftest import DUMPS
from test_json import words

PAGE = 0x1000
ATTRS = ("write-back", "write-combining", "uncached-minus", "uncached", "-")


@pytest.fixture
def tree(tree):
    """A machine whose RAM, which is compared with the linear map, lies elsewhere: see test_linear.py."""
    tree.write("proc/iomem", b"f0000000-ffffffff : PCI Bus 0000:00\n1000000000-1fffffffff : System RAM\n")
    return tree


def rules(cli):
    """The architecture's own table, as the command prints it."""
    [arch] = json.loads(cli("arch", "x86", "--json").stdout)["architectures"]
    table = {frozenset((pair["a"], pair["b"])): pair["verdict"] for pair in arch["pairs"]}
    return lambda a, b: "same" if a == b else table.get(frozenset((a, b)), "unknown")


def lost(rule, one):
    """One mapping (want, got) has another attribute than it asked for, and a worse one."""
    return one[0] != one[1] and "-" not in one and rule(*one) not in ("same", "legal", "unknown")


def judge(rule, a, b):
    """Two mappings, each (want, got): (verdict of what both have, downgrade)."""
    verdict = "unknown" if "-" in (a[1], b[1]) else rule(a[1], b[1])
    mild = words("VERDICT").index(verdict) < words("VERDICT").index("ordering")
    return verdict, mild and a != b and (lost(rule, a) or lost(rule, b))


def rank(judged):
    """A downgrade is worse than what the kernel does not report, and so is what is not known."""
    order = words("VERDICT")
    mild = 0.5 if judged[1] else 0.7 if judged[0] == "unknown" else None
    return max(order.index(judged[0]), order.index("ordering") - mild if mild else 0)


def record(start, end, want, got, pid=1, time="-"):
    return (f"record range={start:#x}-{end:#x} va=- space=user kind=remap_pfn want={want} got={got} "
            f"pid={pid} comm=c{pid} site=- module=- dev=- driver=- time={time}").encode()


def write(tree, lines):
    tree.dump("records", b"policy: report\nincomplete: 0\nlate: 0\n", lines)


def aliases(cli, tree, rc=None):
    result = cli("aliases", "--json", root=tree)
    assert result.stderr == b"" and rc in (None, result.returncode)
    return json.loads(result.stdout)


def span(one):
    return int(one["range"]["start"], 16), int(one["range"]["end"], 16)


@pytest.mark.parametrize("seed", range(12))
def test_against_a_model(cli, tree, seed):
    """Random mappings on a few pages: each page of each range, and no page more."""
    dice = random.Random(seed)
    maps = []
    for pid in range(dice.randrange(2, 40)):
        start = dice.randrange(24)
        size = dice.randrange(1, 9)
        got = dice.choice(ATTRS)
        want = got if dice.random() < 0.6 else dice.choice(ATTRS)
        maps.append((start, start + size, want, got))
    write(tree, [record(start * PAGE, end * PAGE - 1, want, got, pid)
                 for pid, (start, end, want, got) in enumerate(maps)])
    rule, order = rules(cli), words("VERDICT")
    found = {}
    listed = aliases(cli, tree)
    for alias in listed["aliases"]:
        start, end = span(alias)
        for page in range(start // PAGE, (end + 1) // PAGE):
            assert page not in found
            found[page] = alias
        for side in ("one", "other"):
            low, high = span(alias[side])
            assert low <= start and end <= high
        assert (alias["one"]["pid"], alias["one"]["va"]) != (alias["other"]["pid"], 0)
        assert alias["one"]["pid"] != alias["other"]["pid"]
    for page in range(40):
        here = [(want, got) for start, end, want, got in maps if start <= page < end]
        assert (page in found) == (len(here) > 1)
        if len(here) < 2:
            continue
        worst = max(rank(judge(rule, a, b)) for a, b in combinations(here, 2))
        judged = (found[page]["verdict"], found[page]["downgrade"])
        assert rank(judged) == worst, (page, here)
        assert found[page]["holders"] == len(here)
        sides = [tuple(found[page][side][what] or "-" for what in ("want", "got"))
                 for side in ("one", "other")]
        assert judge(rule, *sides) == judged
    all_judged = [(alias["verdict"], alias["downgrade"]) for alias in listed["aliases"]]
    assert all_judged == sorted(all_judged, key=rank, reverse=True)
    verdicts = [verdict for verdict, _ in all_judged]
    assert listed["by_verdict"] == {"total": len(verdicts), "downgraded": sum(d for _, d in all_judged),
                                    **{verdict: verdicts.count(verdict) for verdict in order}}
    harms = any(rank(judged) >= order.index("ordering") - 0.5 for judged in all_judged)
    assert cli("aliases", root=tree).returncode == (1 if harms else 3 if "unknown" in verdicts else 0)


def test_ends_of_the_address_space(cli, tree):
    top = 2**64 - 1
    tree.write("proc/iomem", b"f0000000-ffffffff : PCI Bus 0000:00\n")
    write(tree, [record(0, top, "uncached", "uncached", 1), record(0, 0, "uncached", "uncached", 2),
                 record(top, top, "uncached", "uncached", 3), record(top, top, "uncached", "uncached", 4)])
    assert [(span(one), one["holders"]) for one in aliases(cli, tree, 3)["aliases"]] == [
        ((0, 0), 2), ((top, top), 3)]


def test_neighbours_are_none(cli, tree):
    write(tree, [record(0, 0xfff, "uncached", "uncached", 1),
                 record(0x1000, 0x1fff, "write-back", "write-back", 2)])
    assert aliases(cli, tree, 0)["aliases"] == []
    assert cli("aliases", root=tree).stdout.startswith(b"Nothing is mapped more than once.\n")
    assert cli("aliases", "--raw", root=tree).stdout in (
        b"", b"VERDICT DOWNGRADE OVERLAP HOLDERS ATTR PID COMM HELD.ATTR HELD.PID HELD.COMM\n")


def test_one_beside_two_in_a_row(cli, tree):
    """The holders behind the two sides change, the two sides do not: one range."""
    write(tree, [record(0, 0x3fff, "uncached", "uncached", 1), record(0, 0x3fff, "write-back", "write-back", 2),
                 record(0, 0x1fff, "uncached", "uncached", 3), record(0x2000, 0x3fff, "uncached", "uncached", 4)])
    [one] = aliases(cli, tree, 1)["aliases"]
    assert (span(one), one["holders"], one["verdict"]) == ((0, 0x3fff), 3, "incoherent")


def test_newcomer_first(cli, tree):
    for times, first in ((("1.5", "20.25"), 2), (("20.25", "1.5"), 1), (("-", "-"), 2)):
        write(tree, [record(0, 0xfff, "uncached-minus", "uncached-minus", 1, times[0]),
                     record(0, 0xfff, "write-combining", "uncached-minus", 2, times[1])])
        [one] = aliases(cli, tree, 1)["aliases"]
        assert (one["one"]["pid"], one["verdict"], one["downgrade"]) == (first, "same", True)
        assert one["why"].startswith("uncached stores are slower") and one["source"] is None


def test_given_the_same_instead_of_the_same(cli, tree):
    """Both asked for write-combining, both got less: they agree."""
    write(tree, [record(0, 0xfff, "write-combining", "uncached-minus", pid) for pid in (1, 2)])
    assert aliases(cli, tree, 0)["aliases"][0]["verdict"] == "same"


def test_what_page_tables_hold_decides(cli, tree):
    """A DMA buffer that is uncached, mapped by dma_mmap_attrs(), which asks for write-back."""
    write(tree, [record(0, 0x3fff, "uncached-minus", "uncached-minus", 1),
                 record(0, 0x3fff, "write-back", "uncached-minus", 2)])
    [one] = aliases(cli, tree, 1)["aliases"]
    assert (one["verdict"], one["downgrade"]) == ("same", True)
    assert "slower" in one["why"] and "lost" not in one["why"]
    text = cli("aliases", root=tree)
    assert b"Alias: same (downgrade), " in text.stdout and b"incoherent" not in text.stdout
    assert b"  advice    release the held mapping first" in text.stdout
    page = cli("map", "-o", "-", root=tree)
    assert b"Now: same (downgrade)" in page.stdout and b"Now: incoherent" not in page.stdout


def test_downgrade_beside_harm(cli, tree):
    """Where the page tables disagree, that is reported, and not the wish."""
    write(tree, [record(0, 0xfff, "write-back", "write-back", 1),
                 record(0, 0xfff, "write-combining", "uncached-minus", 2)])
    [one] = aliases(cli, tree, 1)["aliases"]
    assert (one["verdict"], one["downgrade"]) == ("incoherent", False)
    assert one["source"] == "Intel SDM 3A 12.12.4, Programming the PAT"


def test_first_megabyte(cli, tree):
    """PAT does not track the holes for ISA: write-back is all that page tables can hold there."""
    write(tree, [record(0xc0000, 0xdffff, "uncached-minus", "write-back", 1),
                 record(0xc0000, 0xc0fff, "write-back", "write-back", 2)])
    [one] = aliases(cli, tree, 0)["aliases"]
    assert (one["verdict"], one["downgrade"]) == ("same", False)


def test_maintenance_is_silent(cli, tree):
    """As in the kernel: what cleaned caches make legal is counted, and is no reason to fail."""
    tree.write("sys/kernel/mm/pfn_track/arch", b"arm\n")
    write(tree, [record(0, 0xfff, "write-back", "write-back", 1),
                 record(0, 0xfff, "write-through", "write-through", 2)])
    [one] = aliases(cli, tree, 0)["aliases"]
    assert one["verdict"] == "maintenance"
    assert cli("aliases", root=tree).stdout.startswith(b"Mapped more than once: 1: maintenance 1.\n")


def test_unknown_architecture(cli, tree):
    """The rules of all those that have no table of their own."""
    write(tree, [record(0, 0xfff, "uncached", "uncached", 1), record(0, 0xfff, "write-back", "write-back", 2),
                 record(0x2000, 0x2fff, "uncached", "uncached", 3), record(0x2000, 0x2fff, "uncached", "uncached", 4)])
    tree.write("sys/kernel/mm/pfn_track/arch", b"vax\n")
    assert sorted(one["verdict"] for one in aliases(cli, tree)["aliases"]) == \
        ["incoherent", "same"]


def test_words_of_a_newer_kernel(cli, tree):
    write(tree, [record(0, 0xfff, "shiny", "shiny", 1), record(0, 0xfff, "uncached", "uncached", 2)])
    [one] = aliases(cli, tree, 3)["aliases"]
    assert one["verdict"] == "unknown" and one["why"] == "it is not known how both of them map it"


def test_hostile_comm(cli, tree):
    tree.edit(f"{DUMPS}/records", lambda data: re.sub(rb"comm=[^- ]\S*", rb"comm=\\033%n\\377", data))
    for args in (["aliases"], ["aliases", "--raw"], ["aliases", "-o", "COMM,HELD.COMM,WHY"]):
        assert re.fullmatch(rb"[\n\x20-\x7e]*", cli(*args, root=tree).stdout)
    json.loads(cli("aliases", "-j", root=tree).stdout.decode("utf-8"))


def test_a_thousand_holders(cli, tree):
    """Pairs are not counted one by one: a million of them would be noticed."""
    write(tree, [record(i * PAGE, (i + 2000) * PAGE, "uncached", "uncached", i) for i in range(2000)])
    listed = aliases(cli, tree, 0)["aliases"]
    assert max(one["holders"] for one in listed) == 2000 and len(listed) > 3900
