# SPDX-License-Identifier: GPL-2.0-only
"""The lab itself: boots, answers, and does not hide a failure."""

from __future__ import annotations

import contextlib
import signal

import lab
import pytest


def test_boots_and_answers(stock: lab.Guest) -> None:
    """A command's status and both outputs arrive apart and whole."""
    done = stock.run("echo out; echo err >&2; exit 7")
    assert (done.rc, done.out, done.err) == (7, "out\n", "err\n")
    assert stock.release.startswith("6.12.")
    assert stock.release.endswith("-pristine")


def test_much_output_is_whole(stock: lab.Guest) -> None:
    """Output of many chunks, with no line ends in it."""
    out = stock.run("dd if=/dev/zero bs=1000 count=300 2>/dev/null | tr '\\0' x").ok()
    assert out == "x" * 300_000


def test_two_cpus(stock: lab.Guest) -> None:
    """The second processor was found: races are possible here."""
    assert stock.read("/sys/devices/system/cpu/online") == "0-1"


def test_devices(stock: lab.Guest) -> None:
    """BAR 2 of both devices is there, for both kinds of mapping."""
    for number, device in enumerate(stock.devices):
        start, end = stock.bar(number)
        assert end - start + 1 == device.mib << 20
        for name in ("resource2", "resource2_wc"):
            assert stock.run(f"test -e {stock.device(number)}/{name}").rc == 0


def test_bar_is_above_4g(stock: lab.Guest) -> None:
    """Where no MTRR forbids write-back."""
    for number in range(len(stock.devices)):
        assert stock.bar(number)[0] >= 1 << 32


def test_signal_status(stock: lab.Guest) -> None:
    """A program that a signal ended says which."""
    program = stock.spawn("sleep 1000")
    assert program.pid > 1
    program.kill(signal.SIGTERM)
    assert program.wait().rc == 128 + signal.SIGTERM


def test_timeout_is_an_error(stock: lab.Guest) -> None:
    """A command that does not end is killed and told."""
    with pytest.raises(lab.GuestTimeout):
        stock.run("sleep 1000", timeout=0.5)
    assert stock.run("true").rc == 0


def test_holder_obeys(stock: lab.Guest) -> None:
    """The workload: memory of the device is really mapped, by child and parent."""
    # Device 1: on x86 a partial munmap() leaves its mark, see test_stock.py.
    holder = stock.hold(f"{stock.device(1)}/resource2", 0, 0x4000)
    assert holder.mapped
    assert int(holder.first["pid"]) == holder.pid
    holder.do("write 0x1000 0xfeed")
    other = stock.hold(f"{stock.device(1)}/resource2", 0x1000, 0x1000)
    assert other.do("read 0")["value"] == "0xfeed"
    forked = holder.do("fork")
    answer = holder.do("child read 0x1000")
    assert (answer["value"], answer["pid"]) == ("0xfeed", forked["child"])
    assert holder.do("munmap 0 0x1000")["did"] == "ok unmapped"
    assert holder.do("child exit 5")["status"] == "5"
    assert holder.leave().rc == 0


@pytest.mark.parametrize("how", ["leaves", "killed", "settled"])
def test_children_end_first(stock: lab.Guest, how: str) -> None:
    """A program has ended when its children have: what they mapped is gone with it."""
    left = stock.run("sleep 1000 > /dev/null 2>&1 & echo $!").ok().strip() if how == "settled" else "0"
    for _ in range(10):
        holder = stock.hold(f"{stock.device(1)}/resource2", 0, 0x4000)
        child = holder.do("fork")["child"]
        if how == "leaves":
            holder.leave()
        elif how == "killed":
            holder.kill()
            holder.wait()
        else:
            stock.settle()
        assert [pid for pid in (child, left) if stock.run(f"test -e /proc/{pid}").rc == 0] == []


def test_refused_holder(stock: lab.Guest) -> None:
    """A refusal names the errno: the BAR is not that long."""
    start, end = stock.bar()
    holder = stock.hold(f"{stock.device()}/resource2", 0, 2 * (end - start + 1))
    assert not holder.mapped
    assert holder.refusal() == "EINVAL"
    assert holder.wait().rc == 3


def test_final_status(arch: str) -> None:
    """A guest that is reset behind the lab's back is lost, not passed."""
    one = lab.Guest(lab.kernel_for(arch, "pristine"), devices=()).start()
    with pytest.raises(lab.LostGuest):
        one.run("reboot -f")
    assert not one.alive
    with pytest.raises(lab.LostGuest):
        one.stop()


def test_panic_fails(arch: str) -> None:
    """A kernel that panics fails the run, with its words in the error."""
    one = lab.Guest(lab.kernel_for(arch, "pristine"), devices=()).start()
    try:
        with pytest.raises(lab.KernelSplat, match="sysrq triggered crash"):
            one.run("echo c > /proc/sysrq-trigger; sleep 10")
    finally:
        with contextlib.suppress(lab.LabError):
            one.stop()
