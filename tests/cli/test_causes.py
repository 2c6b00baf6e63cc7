# SPDX-License-Identifier: GPL-2.0-only
"""What decided a conflict that no recorded mapping explains, and what cannot be mapped."""
import json
import re

import pytest

from conftest import DUMPS, REPO
from test_errors import expect

WORDS = (REPO / "include/uapi/linux/pfn_track.h").read_text()
CAUSES = [word for word in re.findall(r'\[PFN_CAUSE_\w+\] = "([^"]+)"', WORDS)
          if word not in ("held", "not-plain")]
NONE = b" ".join(b"held.%s=-" % key for key in (
    b"space", b"kind", b"want", b"got", b"pid", b"comm", b"site", b"module", b"dev", b"driver",
    b"range", b"time")) + b" held.bytes=0 held.further=0"


def conflict(cause, held=NONE):
    """A line of the history."""
    return (b"conflict id=1 count=1 time=1.000000 range=0x1000-0x1fff bytes=4096 "
            b"asked.range=0x1000-0x1fff exact=yes downgrade=yes verdict=ordering "
            b"result=mapped policy=report " + cause + b"why=because source=- "
            b"advice=do\\040that space=user "
            b"kind=remap_pfn want=write-combining got=uncached-minus pid=7 comm=x site=f+0x1/0x2 "
            b"module=m dev=- driver=- " + held)


def put(tree, line):
    """The history of one conflict."""
    tree.dump("conflicts", b"policy: report\ntotal: 1\nsuppressed: 0\n", [line])


@pytest.mark.parametrize("cause", CAUSES)
def test_cause(cli, tree, cause):
    """Shown instead of a holder; both sentences are the kernel's, word by word."""
    put(tree, conflict(b"cause=%s " % cause.encode()))
    text = cli("conflicts", root=tree).stdout.decode()
    assert re.search(rf"^  cause     {cause}\n  extent    .* asked for, all of it downgraded\n  means     because\n"
                     r"  advice    do that$", text, re.M), text
    assert "held " not in text
    [one] = json.loads(cli("conflicts", "--json", root=tree).stdout)["conflicts"]
    assert (one["cause"], one["held"], one["why"]) == (cause, None, "because")
    assert one["advice"] == "do that" and one["downgrade"]


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
        assert json.loads(cli(command, "-j", root=clean_tree).stdout)["coverage"]["impossible"] == []
    lines = clean_tree.lines("coverage")
    clean_tree.dump("coverage", b"arch: x86\n", [
        *lines, b"impossible want=write-combining got=uncached-minus why=PAT\\040is\\040off"])
    for command in ("status", "features"):
        text = cli(command, root=clean_tree).stdout.decode()
        assert re.search(r"^Not possible write-combining cannot be had on this boot, "
                         r"uncached-minus is mapped: PAT is off$", text, re.M), text
        assert json.loads(cli(command, "-j", root=clean_tree).stdout)["coverage"]["impossible"] == [
            {"want": "write-combining", "got": "uncached-minus", "why": "PAT is off"}]
    clean_tree.replace(f"{DUMPS}/coverage", b"impossible want", b"impossible wan")
    expect(cli, 4, "no key 'want'", "status", root=clean_tree)
