# SPDX-License-Identifier: GPL-2.0-only
"""The lab's protocol and archive, without a guest."""

from __future__ import annotations

import base64
import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import cpio
import lab
import pytest
import soak


def fake() -> lab.Guest:
    """A guest that was never started."""
    kernel = lab.Kernel(lab.ARCHES["x86_64"], "pristine", Path("/nowhere/bzImage"))
    return lab.Guest(kernel)


@pytest.mark.parametrize(("machine", "console", "boots"), [
    ("riscv64", b"", 2),
    ("riscv64", b"OpenSBI v1.1", 1),
    ("x86_64", b"", 1),
])
def test_firmware_stands_still(machine: str, console: bytes, boots: int, tmp_path: Path,
                               monkeypatch: pytest.MonkeyPatch) -> None:
    """Only where no kernel has run at all is a guest started again, and once."""
    guest = lab.Guest(lab.Kernel(lab.ARCHES[machine], "pristine", Path("/nowhere/Image")), devices=())
    calls = []

    def boot(self: lab.Guest, timeout: float) -> lab.Guest:
        self.console_path = tmp_path / "console"
        self.console_path.write_bytes(console)
        calls.append(timeout)
        raise lab.GuestTimeout("no hello")

    monkeypatch.setattr(lab.Guest, "_boot", boot)
    with pytest.raises(lab.GuestTimeout):
        guest.start(1)
    assert calls == [1] * boots


@pytest.mark.parametrize(("line", "parts"), [
    ("hello 6.12.0", ("hello", 0, "6.12.0")),
    ("final ok", ("final", 0, "ok")),
    ("bad too many jobs", ("bad", 0, "too many jobs")),
    ("out 3 aGk=", ("out", 3, "aGk=")),
    ("rc 3 0", ("rc", 3, "0")),
])
def test_answers(line: str, parts: tuple[str, int, str]) -> None:
    """Every kind of line."""
    assert lab.parse_answer(line) == parts


@pytest.mark.parametrize("line", ["", "out", "out x aGk=", "rc -1 0", "[ 0.1] BUG: x", "Final ok"])
def test_strange_answers(line: str) -> None:
    """What the agent never says is an error, not ignored."""
    with pytest.raises(lab.LabError):
        lab.parse_answer(line)


def test_take() -> None:
    """Output is put together from chunks; the status ends a program."""
    guest = fake()
    guest.jobs[1] = lab._Job()  # pylint: disable=protected-access
    for chunk in (b"one\ntw", b"o\n"):
        guest._take(f"out 1 {base64.b64encode(chunk).decode()}")
    guest._take("pid 1 33")
    guest._take("rc 1 137")
    job = guest.jobs[1]
    assert (bytes(job.out), job.pid, job.rc) == (b"one\ntwo\n", 33, 137)
    process = lab.Process(guest, 1)
    assert [process.line(), process.line()] == ["one", "two"]
    with pytest.raises(lab.LabError, match="137"):
        process.line()


def test_bad_is_an_error() -> None:
    """The agent's complaints reach the test."""
    with pytest.raises(lab.LabError, match="too many"):
        fake()._take("bad too many jobs")


def test_pairs() -> None:
    """The workload's lines."""
    assert lab.parse_pairs("mapped va=0x1000 len=0x10 pid=7") == {
        "did": "mapped", "va": "0x1000", "len": "0x10", "pid": "7"}
    assert lab.parse_pairs("refused errno=EBUSY(16) pid=7")["errno"] == "EBUSY(16)"


def test_not_started_is_lost() -> None:
    """Talking to no guest is an error."""
    with pytest.raises(lab.LostGuest):
        fake().order("bye")


def test_archive(tmp_path: Path) -> None:
    """cpio(1) reads what we write."""
    archive = cpio.Archive()
    archive.file("bin/tool", b"#!/bin/sh\n")
    archive.link("bin/other", "tool")
    archive.file("odd", b"12345", 0o644)
    archive.folder("proc")
    done = subprocess.run(["cpio", "-id", "--quiet"], cwd=tmp_path, input=archive.content(),
                          check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "bin/tool").read_bytes() == b"#!/bin/sh\n"
    assert (tmp_path / "bin/tool").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "bin/other").readlink() == Path("tool")
    assert (tmp_path / "odd").read_bytes() == b"12345"
    assert (tmp_path / "proc").is_dir()


def test_archive_is_the_same_again() -> None:
    """No time stamps: images and initramfs can be compared."""
    def make() -> bytes:
        archive = cpio.Archive()
        archive.file("a/b", b"x")
        return archive.content()

    assert make() == make()


@pytest.mark.parametrize(("flavour", "seconds", "parallel"), [
    ("pfn_track", 5, False), ("pfn_track", 60, True), ("debug", 5, True), ("rt", 5, True)])
def test_short_soak_is_serial(flavour: str, seconds: int, parallel: bool) -> None:
    """The soak of "make test" runs in the mode in which QEMU executes no stale breakpoint."""
    assert soak.parallel(flavour, seconds) == parallel


def test_line_in_two_parts(tmp_path: Path) -> None:
    """A complaint whose line is being written while the console is read is found all the same."""
    guest = fake()
    guest.console_path = tmp_path / "console"
    guest.console_path.write_text("[ 1.0] all is well\n[ 1.1] WARN")
    guest.check()
    guest.console_path.write_text("[ 1.0] all is well\n[ 1.1] WARNING: CPU: 0 PID: 1 at mm/x.c:1\n")
    with pytest.raises(lab.KernelSplat, match="WARNING"):
        guest.check()
    guest.check()


def test_console_of_a_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On PREEMPT_RT a thread prints: what it still prints belongs to the console's text."""
    guest = lab.Guest(lab.Kernel(lab.ARCHES["x86_64"], "rt", Path("/nowhere/bzImage")))
    guest.console_path = tmp_path / "console"
    guest.console_path.write_text("")
    lines = ["one\n", "two\n"]

    def sleep(seconds: float) -> None:
        if lines:
            guest.console_path.write_text(guest.console_path.read_text() + lines.pop(0))

    monkeypatch.setattr("time.sleep", sleep)
    assert guest.console() == "one\ntwo\n"


@pytest.mark.parametrize(("length", "short"), [(10, True), (100, False)])
def test_long_folder_for_temporary_files(length: int, short: bool, tmp_path: Path,
                                         monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket can be bound in the folder that is chosen; the user's, if it is short enough."""
    folder = tmp_path / ("x" * length) if not short else Path(tempfile.mkdtemp(dir="/tmp"))
    folder.mkdir(exist_ok=True)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    chosen = Path(tempfile.mkdtemp(prefix="pfnshell.", dir=lab.short_folder()))
    try:
        assert (chosen.parent == folder) == short
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(str(chosen / "lab.sock"))
    finally:
        shutil.rmtree(chosen)
        shutil.rmtree(folder)


def test_comma_in_a_path() -> None:
    """QEMU takes it for the end of an option, unless it is doubled."""
    assert lab.option(Path("/tmp/a,b/user")) == "/tmp/a,,b/user"
    assert not re.search(r"path=\{(?!lab\.option)", (lab.REPO / "scripts/shell").read_text())
