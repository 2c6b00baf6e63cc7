# SPDX-License-Identifier: GPL-2.0-only
"""One meaning of the exit codes in all commands, and a health check that becomes clean again."""
import json
import re
import time

import pytest

from conftest import DUMPS, SYSFS, clean_tree_conflict, now
from test_errors import expect

JUDGE = [["status"], ["conflicts"], ["aliases"], ["leaks"], ["explain", "0x200000000"]]
SHOW = [["list"], ["map"], ["export"]]


def off(tree, how):
    if how == "policy":
        tree.write(f"{SYSFS}/policy", b"off\n")
    else:
        tree.edit(f"{DUMPS}/coverage", lambda data: data.replace(b"=live", b"=off"))


def nothing_happened(tree):
    """No conflict, no leak, and no mapping."""
    tree.dump("records", b"policy: report\nincomplete: 0\nlate: 0\n", [])
    tree.dump("conflicts", b"policy: report\ntotal: 0\nsuppressed: 0\n", [])
    tree.dump("leaks", b"policy: report\ntotal: 0\n", [])
    for counter in ("conflicts", "refused", "downgrades", "leaks", "records"):
        tree.write(f"{SYSFS}/{counter}", b"0\n")


@pytest.mark.parametrize("how", ["policy", "hooks"])
@pytest.mark.parametrize("args", JUDGE + SHOW, ids=lambda a: a[0])
def test_off_is_not_known(cli, broken, args, how):
    """Nothing is recorded: no command calls that clean."""
    nothing_happened(broken)
    assert cli(*args, root=broken).returncode == 0
    off(broken, how)
    for more in ([], ["--json"], ["--quiet"]):
        result = cli(*args, *more, root=broken)
        assert (result.returncode, result.stderr) == (3, b""), more


@pytest.mark.parametrize("args", JUDGE, ids=lambda a: a[0])
def test_off_does_not_hide_what_is_known(cli, broken, args):
    """A conflict, an alias, a leak is a problem, also where no more is recorded."""
    if args[0] == "explain":
        args = ["explain", "0x200400000"] if cli("explain", "0x200400000", root=broken).returncode else \
            ["explain", hex(int(json.loads(cli("aliases", "-j", root=broken).stdout)["aliases"][0]["range"]["start"],
                                16))]
    before = cli(*args, root=broken).returncode
    off(broken, "policy")
    assert cli(*args, root=broken).returncode == before == 1


def test_a_list_does_not_judge(cli):
    """What is shown is no problem by itself."""
    for args in SHOW:
        assert cli(*args, root="x86_64-broken").returncode == 0


def test_kinds_that_the_source_does_not_see(cli, clean_tree):
    """An empty list of a kind that nobody watches is no answer."""
    assert cli("list", "kind=ioremap", root=clean_tree).returncode == 0
    clean_tree.replace(f"{DUMPS}/coverage", b"kind=claim state=live", b"kind=claim state=absent")
    result = cli("list", "kind=claim", root=clean_tree)
    assert result.returncode == 3 and b"Not known: this source does not see" in result.stdout
    # Of two kinds the one that is seen is listed, and the answer is still incomplete.
    result = cli("list", "kind=claim", "kind=ioremap", root=clean_tree)
    assert result.returncode == 3 and b" ioremap " in result.stdout
    assert b"Not known: this source does not see mappings of one of these kinds" in result.stdout
    assert cli("list", "kind=remap_pfn", "kind=ioremap", root=clean_tree).returncode == 0
    # A kind whose policy is off is recorded: others are judged against it.
    clean_tree.write(f"{SYSFS}/kind/ioremap", b"off\n")
    assert cli("list", "kind=ioremap", root=clean_tree).returncode == 0
    for kind, rc in (("ioremap", 0), ("remap_pfn", 0), ("vmap", 3), ("claim", 3)):
        assert cli("list", f"kind={kind}", root="x86_64-stock").returncode == rc


def test_attributes_that_the_source_does_not_know(cli):
    """Whether a mapping of unknown attribute is write-combining is not known."""
    assert cli("list", root="arm64-stock").returncode == 0
    value = json.loads(cli("list", "attr=WC", "-j", root="arm64-stock").stdout)
    assert "does not know the attribute" in value["not_known"]
    assert cli("list", "attr=WC", root="arm64-stock").returncode == 3
    assert cli("list", "attr=unknown", root="arm64-stock").returncode == 0
    # Those of which it is not known are not asked about.
    assert cli("list", "attr=WC", "kind=remap_pfn", root="arm64-stock").returncode == 0
    unknown = next(one for one in json.loads(cli("list", "-j", root="arm64-stock").stdout)["records"]
                   if one["got"] is None)
    assert cli("explain", unknown["range"]["start"], root="arm64-stock").returncode == 3


def unknown_alias(tree):
    """Two processes map a page, and nobody knows how."""
    tree.dump("conflicts", b"policy: report\ntotal: 0\nsuppressed: 0\n", [])
    for counter in ("conflicts", "refused", "downgrades"):
        tree.write(f"{SYSFS}/{counter}", b"0\n")
    tree.edit(f"{DUMPS}/records", lambda data: re.sub(
        rb"want=\S+ got=\S+", b"want=- got=-", data))


@pytest.mark.parametrize("args", [["status"], ["aliases"], ["explain", "0x380000000000"], ["map"], ["export"]],
                         ids=lambda a: a[0])
def test_unknown_verdict(cli, tree, args):
    unknown_alias(tree)
    assert cli(*args, root=tree).returncode == 3


@pytest.mark.parametrize("args", JUDGE + SHOW + [["audit"], ["features"], ["policy"]], ids=lambda a: a[0])
def test_quiet(cli, args):
    loud = cli(*args, root="x86_64-broken")
    for option in ("-q", "--quiet"):
        quiet = cli(*args, option, root="x86_64-broken")
        assert (quiet.returncode, quiet.stdout, quiet.stderr) == (loud.returncode, b"", b"")
    # Not known is an answer; a wrong word, or a spoilt file, is none.
    missing = cli("conflicts", "-q", root="x86_64-stock")
    assert (missing.returncode, missing.stdout, missing.stderr) == (3, b"", b"")
    assert b"unknown filter" in cli("list", "-q", "odd", root="x86_64-stock").stderr
    with open("/dev/full", "wb") as full:
        assert cli(*args, "-q", root="x86_64-broken", stdout=full).returncode == loud.returncode


def test_the_answer_stands_first(cli, tree, clean_tree):
    for root in (clean_tree, "x86_64", "x86_64-broken", "x86_64-stock"):
        summary = json.loads(cli("status", "-j", root=root).stdout)["summary"]
        assert cli("status", root=root).stdout.decode().splitlines()[0] == summary
    off(tree, "policy")
    assert not cli("status", root=tree).stdout.startswith(b"Not known")


def test_refused_is_history(cli, clean_tree):
    """Nothing wrong is mapped by a mapping that was refused."""
    line = re.sub(rb"result=\S+", b"result=refused", clean_tree_conflict(clean_tree))
    clean_tree.replace(f"{DUMPS}/records", b"want=write-combining got=uncached-minus",
                       b"want=uncached-minus got=uncached-minus")
    clean_tree.dump("conflicts", b"policy: strict\ntotal: 1\nsuppressed: 0\n", [line])
    clean_tree.write(f"{SYSFS}/conflicts", b"1\n")
    clean_tree.write(f"{SYSFS}/refused", b"1\n")
    value = json.loads(cli("status", "-j", root=clean_tree).stdout)
    assert (value["healthy"], value["history"]["conflicts"], value["history"]["refused"]) == (True, 0, 1)
    assert "1 conflicting mapping was refused since boot" in value["summary"]
    for args in (["status"], ["conflicts"], ["explain", "0x380000000000"]):
        assert cli(*args, root=clean_tree).returncode == 0, args
    assert cli("conflicts", root=clean_tree).stdout.startswith(b"Conflict ")
    # One that the list has forgotten, and that was not refused.
    clean_tree.replace(f"{DUMPS}/conflicts", b"total: 1", b"total: 2")
    for args in (["status"], ["conflicts"]):
        assert cli(*args, root=clean_tree).returncode == 1, args


def test_acknowledged(live):
    """What was acknowledged counts no more; the same again does, and so does another."""
    assert live.status()[0] == 0
    live.conflicts([(1, 3, 100), (2, 1, 101)])
    assert live.status()[0] == live.run("conflicts").returncode == 1
    before = (live.tree.path / DUMPS / "conflicts").read_bytes()
    shown = live.run("conflicts", "--clear")
    assert (shown.returncode, shown.stderr) == (0, b"") and shown.stdout.count(b"Conflict ") == 2
    assert (live.tree.path / DUMPS / "conflicts").read_bytes() == before
    state = live.state / "pfntrack" / "acknowledged"
    assert state.stat().st_mode & 0o777 == 0o600
    rc, value = live.status()
    assert rc == 0 and value["healthy"] is True and value["history"]["conflicts"] == 0
    assert "since acknowledged" in value["summary"]
    result = live.run("conflicts")
    assert result.returncode == 0 and b"2 earlier ones are not shown" in result.stdout
    assert live.run("explain", "0x380000000000").returncode == 0
    # All of this boot, on request.
    assert live.run("conflicts", "--since", "boot").returncode == live.status("--since", "boot")[0] == 1
    # The first one again.
    live.conflicts([(1, 4, 100), (2, 1, 101)])
    rc, value = live.status()
    assert rc == 1 and value["history"]["conflicts"] == 1
    assert json.loads(live.run("conflicts", "-j").stdout)["conflicts"][0]["id"] == 1
    assert live.run("conflicts", "-C").returncode == 0 and live.status()[0] == 0
    # Another one, which the list of the kernel has no room for.
    live.tree.replace(f"{DUMPS}/conflicts", b"total: 5", b"total: 6")
    assert live.status()[0] == 1
    # One that was refused.
    live.tree.write(f"{SYSFS}/refused", b"1\n")
    rc, value = live.status()
    assert rc == 0 and value["history"]["refused"] == 1


def test_acknowledged_on_another_boot(live):
    live.conflicts([(1, 1, 100)])
    assert live.run("conflicts", "--clear").returncode == 0 and live.status()[0] == 0
    state = live.state / "pfntrack" / "acknowledged"
    text = state.read_text()
    state.write_text(re.sub(r"boot: .*", "boot: 01234567-89ab-cdef-0123-456789abcdef", text))
    assert live.status()[0] == 1
    # A spoilt file is said, and replaced.
    for bad in ("", text[:-2], "version: 2\n", text.replace("seen:", "been:"), text.replace("conflicts: ", "conflicts: x"),
                "\0" * 100):
        state.write_text(bad)
        result = live.run("status")
        assert result.returncode == 4 and b"is malformed" in result.stderr, bad
        assert live.run("conflicts", "--clear").returncode == 0 and live.status()[0] == 0
    state.unlink()
    state.symlink_to("/etc/passwd")
    assert live.run("status").returncode == 4
    assert live.run("conflicts", "--clear").returncode in (2, 4)
    assert state.is_symlink()


def test_acknowledged_leaks(live):
    from conftest import SNAPSHOTS
    data = (SNAPSHOTS / "x86_64-broken" / DUMPS / "leaks").read_bytes()
    lines = [line for line in data.splitlines() if line.startswith(b"leak ")]
    live.tree.dump("leaks", b"policy: report\ntotal: 2\n", lines)
    live.tree.write(f"{SYSFS}/leaks", b"2\n")
    assert live.status()[0] == live.run("leaks").returncode == 1
    assert live.run("leaks", "--clear").returncode == 0
    rc, value = live.status()
    assert rc == 0 and value["history"]["leaks"] == 0
    result = live.run("leaks")
    assert result.returncode == 0 and result.stdout.count(b"Leak ") == 0
    # Each is acknowledged by itself.
    live.conflicts([(1, 1, 100)])
    assert live.status()[0] == 1
    assert live.run("conflicts", "--clear").returncode == 0 and live.status()[0] == 0
    live.tree.dump("leaks", b"policy: report\ntotal: 3\n",
                   [*lines, re.sub(rb" id=\d+", b" id=3", lines[0])])
    live.tree.write(f"{SYSFS}/leaks", b"3\n")
    assert live.status()[0] == 1
    assert json.loads(live.run("leaks", "-j").stdout)["leaks"][0]["id"] == 3


def test_since_a_time(live):
    start = now()
    live.conflicts([(1, 1, start - 7200), (2, 1, start - 60)])
    for since, rc, count in (("10min", 1, 1), ("3h", 1, 2), ("30", 0, 0), ("1h30min", 1, 1), ("2 hours", 2, 0),
                             ("boot", 1, 2), ("ack", 1, 2), ("1d", 1, 2)):
        if rc == 2:
            continue
        got, value = live.status("--since", since)
        assert (got, value["history"]["conflicts"]) == (rc, count), since
        result = live.run("conflicts", "--since", since, "--json")
        assert result.returncode == rc and len(json.loads(result.stdout)["conflicts"]) == count
    for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"):
        date = time.strftime(form, time.localtime(time.time() - 600))
        assert live.status("-S", date)[1]["history"]["conflicts"] == 1, date
    date = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 10))
    assert live.status("--since", date)[0] == 0
    # An old one that repeats may have done so since then.
    live.conflicts([(1, 5, start - 7200)])
    rc, value = live.status("--since", "10min")
    assert rc == 3 and value["healthy"] is None and "conflicts --clear" in value["summary"]


@pytest.mark.parametrize("since", ["", "x", "10 min", "10mi", "min", "-5", "1e3", "2026-13-01", "2026-11-30x", "10min5x"])
def test_since_what(cli, since):
    expect(cli, 2, "is not a time; write it like 10min", "status", "--since", since, root="x86_64")


def test_since_of_a_snapshot(cli):
    assert cli("status", "--since", "boot", root="x86_64").returncode == 1
    expect(cli, 2, "a snapshot does not say how long ago", "status", "--since", "10min", root="x86_64")
    expect(cli, 2, "a snapshot cannot be acknowledged", "conflicts", "--clear", root="x86_64")
    expect(cli, 2, "a snapshot cannot be acknowledged", "leaks", "-C", root="x86_64")
    expect(cli, 2, "not for 'list'", "list", "--since", "boot", root="x86_64")
    expect(cli, 2, "not for 'status'", "status", "--clear", root="x86_64")


def test_clear_means_all(cli, live):
    live.conflicts([(1, 1, 100)])
    for args in (["kind=ioremap"], ["--since", "boot"]):
        result = live.run("conflicts", "--clear", *args)
        assert result.returncode == 2 and b"all of them are acknowledged at once" in result.stderr
    assert not (live.state / "pfntrack" / "acknowledged").exists()
