# SPDX-License-Identifier: GPL-2.0-only
"""What is not known is never called clean: each thing that keeps the answer from being known."""
import json
import os
import re

import pytest

from conftest import DUMPS, SYSFS, copy_of


@pytest.fixture
def quiet(broken):
    """The kernel has reported nothing; a driver still maps RAM write-combining by vmap()."""
    broken.dump("conflicts", b"policy: report\ntotal: 0\nsuppressed: 0\n", [])
    broken.dump("leaks", b"policy: report\ntotal: 0\n", [])
    for counter in ("conflicts", "refused", "leaks"):
        broken.write(f"{SYSFS}/{counter}", b"0\n")
    (broken.path / SYSFS / "kind").mkdir(exist_ok=True)
    return broken


def policy(tree, kind, word):
    tree.write(f"{SYSFS}/kind/{kind}", word + b"\n")


@pytest.mark.parametrize("kind", ["vmap", "linear"])
def test_silence_of_a_kind_that_is_off(cli, quiet, kind):
    """The kernel reports nothing of it: its silence does not mean that it accepted the mapping."""
    for args in (["status"], ["aliases"], ["map"], ["export"], ["explain", "0xab0000"]):
        assert cli(*args, root=quiet).returncode == 0, args
    policy(quiet, kind, b"off")
    for args in (["status"], ["aliases"], ["map"], ["export"], ["explain", "0xab0000"]):
        assert cli(*args, root=quiet).returncode == 3, args
    assert cli("status", root=quiet).stdout.startswith(b"Not known: ")
    for again in (b"default", b"report", b"strict"):
        policy(quiet, kind, again)
        assert cli("aliases", root=quiet).returncode == 0


def test_kind_that_is_off_is_named(cli, quiet):
    """Without a mapping of that kind the answer is clean, with a caveat."""
    quiet.dump("records", b"policy: report\nincomplete: 0\nlate: 0\n", [])
    assert b"not reported" not in cli("status", root=quiet).stdout
    policy(quiet, "vmap", b"off")
    value = json.loads(cli("status", "-j", root=quiet).stdout)
    assert value["healthy"] is True
    assert "conflicts of vmap are not reported (policy off)" in value["summary"]
    for args in (["list"], ["aliases"], ["conflicts"], ["explain", "0xab0000"]):
        assert "conflicts of vmap (policy off)" in json.loads(cli(*args, "-j", root=quiet).stdout)["unseen"], args


def test_kind_that_is_off_is_recorded(cli, quiet):
    """Others are judged against it, so it is listed; that is what the source sees."""
    shown = cli("list", "kind=vmap", root=quiet)
    policy(quiet, "vmap", b"off")
    result = cli("list", "kind=vmap", root=quiet)
    assert result.returncode == shown.returncode == 0 and b"vmap" in result.stdout
    assert b"Not known" not in result.stdout


def test_all_kinds_are_off(cli, quiet):
    """All is recorded, nothing is reported: neither conflicts nor leaks are known."""
    quiet.dump("records", b"policy: report\nincomplete: 0\nlate: 0\n", [])
    for line in (quiet.path / DUMPS / "coverage").read_bytes().splitlines():
        if line.startswith(b"hook "):
            policy(quiet, line.split()[1].split(b"=")[1].decode(), b"off")
    for args, rc in ((["status"], 3), (["conflicts"], 3), (["leaks"], 3), (["list"], 0), (["aliases"], 0)):
        assert cli(*args, root=quiet).returncode == rc, args
    assert b"the policy of every kind is off" in cli("status", root=quiet).stdout


def test_policy_of_a_kind_while_tracking_is_off(cli, quiet):
    """The global policy decides whether anything is recorded."""
    policy(quiet, "ioremap", b"report")
    quiet.write(f"{SYSFS}/policy", b"off\n")
    quiet.dump("records", b"policy: off\nincomplete: 0\nlate: 0\n", [])
    for args in (["status"], ["list"], ["aliases"], ["conflicts"], ["leaks"], ["list", "kind=ioremap"]):
        assert cli(*args, root=quiet).returncode == 3, args


def no_iomem(tree, how):
    path = tree.path / "proc/iomem"
    if how == "zeros":
        path.write_bytes(b"00000000-00000000 : System RAM\n  00000000-00000000 : Kernel code\n")
        return
    path.unlink()
    if how == "empty":
        path.write_bytes(b"")
    elif how == "fifo":
        os.mkfifo(path)


@pytest.mark.parametrize("how", ["missing", "zeros", "empty", "fifo"])
def test_no_ram_is_listed(cli, broken, how):
    """RAM cannot be compared with the linear map: what the kernel reported is not clean."""
    at = "0xab0000"
    broken.dump("records", b"policy: report\nincomplete: 0\nlate: 0\n",
                [line for line in broken.lines("records") if b"=0xab0000-" in line])
    assert [cli(*args, root=broken).returncode for args in (["aliases"], ["explain", at])] == [1, 1]
    no_iomem(broken, how)
    assert cli("aliases", root=broken).returncode == 3
    # All that is reported has left the list.
    broken.dump("conflicts", b"policy: report\ntotal: 2\nsuppressed: 0\n", [])
    broken.write(f"{SYSFS}/refused", b"2\n")
    broken.dump("leaks", b"policy: report\ntotal: 0\n", [])
    broken.write(f"{SYSFS}/leaks", b"0\n")
    for args in (["status"], ["aliases"], ["explain", at], ["map"], ["export"], ["aliases", "kind=vmap"]):
        assert cli(*args, root=broken).returncode == 3, args
    for args in (["status"], ["aliases"], ["explain", at]):
        assert b"Not known: /proc/iomem lists no RAM" in cli(*args, root=broken).stdout, args
    assert cli("aliases", "kind=ioremap", root=broken).returncode == 0


def test_no_ram_and_nothing_that_could_disagree(cli, quiet):
    """What maps as the linear map would, and what the kernel was silent about, is no question."""
    no_iomem(quiet, "missing")
    assert cli("aliases", root=quiet).returncode == 0
    policy(quiet, "vmap", b"off")
    assert cli("aliases", root=quiet).returncode == 3


@pytest.mark.parametrize("third", ["maintenance", "legal", "same"])
def test_harmless_pair_does_not_hide_an_unknown_one(cli, public_dir, third):
    """Of three holders one is unknown: whether it harms is not known, whatever the others are."""
    tree = copy_of("arm64-broken", public_dir)
    tree.dump("conflicts", b"policy: report\ntotal: 0\nsuppressed: 0\n", [])
    for counter in ("conflicts", "refused", "downgrades", "leaks"):
        tree.write(f"{SYSFS}/{counter}", b"0\n")
    at = 0x48000000 if third == "maintenance" else 0x50000000
    tree.write("proc/iomem", b"40000000-4fffffff : System RAM\n50000000-5fffffff : reserved\n")

    def holder(pid, attr):
        return (f"record range={at:#x}-{at + 0xfff:#x} va=- space=user kind=remap_pfn want={attr} got={attr} pid={pid} "
                f"comm=c{pid} site=- module=- dev=- driver=- time=-").encode()
    attrs = {"maintenance": ["write-combining"], "legal": ["device", "device-strict"], "same": ["device", "device"]}[third]
    known = [holder(pid, attr) for pid, attr in enumerate(attrs, 1)]
    head = b"policy: report\nincomplete: 0\nlate: 0\n"
    tree.dump("records", head, known)
    assert cli("status", root=tree).returncode == 0
    before = json.loads(cli("aliases", "-j", root=tree).stdout)["by_verdict"]
    assert before["total"] == before["maintenance"] + before["legal"] + before["same"] == 1
    for order in ([*known, holder(9, "-")], [holder(9, "-"), *known]):
        tree.dump("records", head, order)
        for args in (["status"], ["aliases"], ["explain", hex(at)], ["map"], ["export"], ["explain", "pid=1"]):
            assert cli(*args, root=tree).returncode == 3, args
        [one] = json.loads(cli("aliases", "-j", root=tree).stdout)["aliases"]
        assert one["verdict"] == "unknown" and one["holders"] == 2 + len(attrs) - (third != "maintenance")


def answer(cli, *args, root):
    """Exit code and JSON, which agree."""
    result = cli(*args, "-j", root=root)
    assert result.stderr == b""
    value = json.loads(result.stdout)
    assert {True: 0, False: 1, None: 3}[value["healthy"]] == result.returncode
    text = cli(*args, root=root).stdout.decode()
    assert value["healthy"] is not None or value["summary"] in text
    return result.returncode, value["summary"] or ""


def forget(tree, total=500):
    """The list of the kernel is shorter than what it counted."""
    for name in ("conflicts", "leaks"):
        tree.edit(f"{DUMPS}/{name}", lambda data: re.sub(rb"total: \d+", b"total: %d" % total, data))
        tree.write(f"{SYSFS}/{name}", b"%d\n" % total)


@pytest.mark.parametrize("args", [["conflicts", "fd000000-fdffffff"], ["conflicts", "pid=4242"], ["leaks", "driver=nobody"],
                                  ["explain", "0xfd000000"], ["explain", "00:03.0"], ["explain", "pid=4242"]], ids=" ".join)
def test_what_is_no_longer_listed_may_be_like_that(cli, broken, args):
    assert answer(cli, *args, root=broken)[0] == 0
    forget(broken)
    rc, text = answer(cli, *args, root=broken)
    assert rc == 3 and re.search(r"more (conflicts|leaks) are no longer listed; some may be like that", text)
    assert cli(*args, "-q", root=broken).returncode == 3


def test_what_is_no_longer_listed_hides_no_problem(cli, broken):
    forget(broken)
    for args in (["conflicts"], ["leaks"], ["conflicts", "kind=vmap"], ["explain", "0xab0000"]):
        assert answer(cli, *args, root=broken)[0] == 1, args
    # Nothing wrong is mapped by those that were refused.
    broken.dump("conflicts", b"policy: report\ntotal: 500\nsuppressed: 0\n", [])
    assert answer(cli, "conflicts", "pid=4242", root=broken)[0] == 3
    broken.write(f"{SYSFS}/refused", b"500\n")
    assert answer(cli, "conflicts", "pid=4242", root=broken)[0] == 0


@pytest.mark.parametrize("kind", ["claim", "vmap", "insert", "set_memory"])
def test_kind_that_a_stock_kernel_does_not_show(cli, kind):
    for command in ("list", "aliases", "map"):
        result = cli(command, f"kind={kind}", root="x86_64-stock")
        assert result.returncode == 3, command
        assert b"Not known: this source does not see mappings of this kind" in result.stdout, command
        assert cli(command, "kind=ioremap", root="x86_64-stock").returncode in (0, 1)
    assert cli("list", f"kind={kind}", "attr=unknown", root="x86_64-stock").returncode == 3


def test_kind_without_a_hook(cli, quiet):
    commands = ("list", "aliases", "map", "conflicts", "leaks")
    for command in commands:
        assert cli(command, "kind=claim", root=quiet).returncode == 0, command
    quiet.edit(f"{DUMPS}/coverage", lambda data: re.sub(rb"kind=claim state=\w+", b"kind=claim state=absent", data))
    for command in commands:
        result = cli(command, "kind=claim", root=quiet)
        assert result.returncode == 3 and b"does not see mappings of this kind" in result.stdout, command
        assert cli(command, "kind=ioremap", root=quiet).returncode == 0, command


def test_kind_that_is_off_and_what_is_reported(cli, quiet):
    policy(quiet, "claim", b"off")
    for command, rc in (("list", 0), ("aliases", 0), ("conflicts", 3), ("leaks", 3)):
        assert cli(command, "kind=claim", root=quiet).returncode == rc, command
    assert answer(cli, "conflicts", "kind=claim", root=quiet)[1].startswith("Not known: the policy of this kind is off")


def test_attribute_of_an_alias_that_is_not_known(cli):
    """One side maps it in a way that the source does not know: it may be the one that is asked for."""
    assert cli("aliases", "attr=WC", root="arm64-stock").returncode in (1, 3)


def test_filter_is_met_by_any_holder(cli, clean_tree):
    """Only the worst two of three are shown; the third is the one that is asked for."""
    def holder(pid, attr):
        return (f"record range=0x50000000-0x50000fff va=- space=user kind=remap_pfn want={attr} got={attr} pid={pid} "
                f"comm=c{pid} site=- module=- dev=- driver=- time={pid}.0").encode()
    clean_tree.dump("records", b"policy: report\nincomplete: 0\nlate: 0\n",
                    [holder(1, "uncached"), holder(2, "write-back"), holder(3, "write-back")])
    for pid in (1, 2, 3):
        assert cli("aliases", f"pid={pid}", root=clean_tree).returncode == 1, pid
        assert cli("aliases", f"comm=c{pid}", "range=0x50000800", root=clean_tree).returncode == 1, pid
        assert cli("aliases", f"pid={pid}", "range=0x60000000", root=clean_tree).returncode == 0
    assert cli("aliases", "pid=4", root=clean_tree).returncode == 0


@pytest.mark.parametrize("args", [["status"], ["aliases"], ["conflicts"], ["leaks"], ["list"], ["map"], ["export"],
                                  ["explain", "0x12340000"]], ids=lambda args: args[0])
def test_records_that_were_lost(cli, quiet, args):
    """A mapping that could not be stored may disagree with any other."""
    assert cli(*args, root=quiet).returncode == 0
    quiet.write(f"{SYSFS}/incomplete", b"7\n")
    result = cli(*args, root=quiet)
    assert result.returncode == 3
    if args[0] != "export":
        assert b"7 mappings could not be stored" in result.stdout
