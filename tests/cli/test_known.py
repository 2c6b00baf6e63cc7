# SPDX-License-Identifier: GPL-2.0-only
"""What is not known is never called clean: each thing that keeps the answer from being known."""
import json
import os

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
    tree = copy_of("arm64", public_dir)
    tree.dump("conflicts", b"policy: report\ntotal: 0\nsuppressed: 0\n", [])
    for counter in ("conflicts", "refused", "downgrades"):
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
    before = json.loads(cli("aliases", "-j", root=tree).stdout)["by_verdict"]
    assert before["total"] == before["maintenance"] + before["legal"] + before["same"] == 1
    for order in ([*known, holder(9, "-")], [holder(9, "-"), *known]):
        tree.dump("records", head, order)
        for args in (["status"], ["aliases"], ["explain", hex(at)], ["map"], ["export"], ["explain", "pid=1"]):
            assert cli(*args, root=tree).returncode == 3, args
        [one] = json.loads(cli("aliases", "-j", root=tree).stdout)["aliases"]
        assert one["verdict"] == "unknown" and one["holders"] == 2 + len(attrs) - (third != "maintenance")
