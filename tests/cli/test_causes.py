# SPDX-License-Identifier: GPL-2.0-only
"""What decided a conflict that no recorded mapping explains, and what cannot be mapped."""
import json
import re

import pytest

from conftest import DUMPS
from test_errors import expect

CAUSES = {
    "no-reservation": "Reserve first with arch_io_reserve_memtype_wc() or ioremap_wc(), "
                      "or map the area in one call.",
    "mtrr": "no cached mapping of this range is possible",
    "page-type": "before it is mapped",
    "mixed-types": "Map each part by itself",
    "unrecorded": "Boot with pfn_track=report",
    "impossible": "Ask for the attribute that the machine maps instead.",
    "not-reserved": "Free exactly what was reserved",
    "platform": "Ask for the attribute that is mapped.",
}
NONE = b" ".join(b"held.%s=-" % key for key in (
    b"space", b"kind", b"want", b"got", b"pid", b"comm", b"site", b"module", b"dev", b"driver",
    b"range", b"time"))


def conflict(cause, held=NONE):
    """A line of the history."""
    return (b"conflict id=1 count=1 time=1.000000 range=0x1000-0x1fff verdict=ordering "
            b"result=mapped policy=report " + cause + b"why=because source=- space=user "
            b"kind=remap_pfn want=write-combining got=uncached-minus pid=7 comm=x site=f+0x1/0x2 "
            b"module=m dev=- driver=- " + held)


def put(tree, line):
    """The history of one conflict."""
    tree.dump("conflicts", b"policy: report\ntotal: 1\nsuppressed: 0\n", [line])


@pytest.mark.parametrize("cause", CAUSES)
def test_cause(cli, tree, cause):
    """Shown instead of a holder, with its own advice; the sentence is the kernel's."""
    put(tree, conflict(b"cause=%s " % cause.encode()))
    text = cli("conflicts", root=tree).stdout.decode()
    assert re.search(rf"^  cause     {cause}\n  means     because$", text, re.M), text
    assert CAUSES[cause] in text and "held " not in text
    [one] = json.loads(cli("conflicts", "--json", root=tree).stdout)["conflicts"]
    assert (one["cause"], one["held"], one["why"]) == (cause, None, "because")


def test_older_kernel(cli, tree):
    """It does not say."""
    put(tree, conflict(b""))
    assert b"by no recorded mapping: the platform itself decided" in \
        cli("conflicts", root=tree).stdout
    [one] = json.loads(cli("conflicts", "--json", root=tree).stdout)["conflicts"]
    assert one["cause"] is None


def test_newer_kernel(cli, tree):
    """A word that this command does not know is shown."""
    put(tree, conflict(b"cause=moon "))
    assert b"cause     moon" in cli("conflicts", root=tree).stdout


def test_impossible(cli, clean_tree):
    """status and features name what cannot be mapped, and why; nothing otherwise."""
    for command in ("status", "features"):
        assert b"Not possible" not in cli(command, root=clean_tree).stdout
        assert json.loads(cli(command, "-j", root=clean_tree).stdout)["impossible"] == []
    lines = clean_tree.lines("coverage")
    clean_tree.dump("coverage", b"arch: x86\n", [
        *lines, b"impossible want=write-combining got=uncached-minus why=PAT\\040is\\040off"])
    for command in ("status", "features"):
        text = cli(command, root=clean_tree).stdout.decode()
        assert re.search(r"^Not possible write-combining cannot be had on this boot, "
                         r"uncached-minus is mapped: PAT is off$", text, re.M), text
        assert json.loads(cli(command, "-j", root=clean_tree).stdout)["impossible"] == [
            {"want": "write-combining", "got": "uncached-minus", "why": "PAT is off"}]
    clean_tree.replace(f"{DUMPS}/coverage", b"impossible want", b"impossible wan")
    expect(cli, 4, "no key 'want'", "status", root=clean_tree)
