# SPDX-License-Identifier: GPL-2.0-only
"""make shell: a guest that a user types into, through a terminal."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator

import lab
import pytest

SHELL = lab.REPO / "scripts" / "shell"
PROMPT = "pfn_track:/tmp# "
ROWS, COLUMNS = 33, 117


class User:
    """Someone who types into a terminal and reads what comes."""

    def __init__(self, arch: str) -> None:
        self._terminal, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.before = termios.tcgetattr(theirs)
        self._theirs = theirs
        self._text = ""
        env = {**os.environ, "TERM": "dumb"}
        for name in ("LINES", "COLUMNS"):
            env.pop(name, None)
        self.process = subprocess.Popen([SHELL, arch], stdin=theirs, stdout=theirs, stderr=theirs,
                                        env=env, start_new_session=True)

    def type(self, text: str) -> None:
        """Keys."""
        os.write(self._terminal, text.encode())

    def wait(self, pattern: str, timeout: float = 60) -> str:
        """Read until the pattern; what came up to its end."""
        deadline = time.monotonic() + timeout
        while not (found := re.search(pattern, self._text)):
            if time.monotonic() > deadline:
                raise AssertionError(f"no {pattern!r} in {timeout:.0f} s: {self._text[-2000:]!r}")
            if select.select([self._terminal], [], [], 0.5)[0]:
                self._text += os.read(self._terminal, 65536).decode(errors="replace")
        taken, self._text = self._text[:found.end()], self._text[found.end():]
        return taken

    def run(self, command: str) -> str:
        """A command line; what it prints, between two marks that its echo does not have.

        The shell draws the line that is typed anew when it likes, as at a change of size, so
        that nothing is to be found in the echo.
        """
        self.type(f"s=$?; echo =$((6 * 6))=; (exit $s); {command}; echo =$((6 * 7))=\r")
        self.wait("=36=\r\n")
        return "\n" + self.wait("=42=").replace("\r", "").removesuffix("=42=")

    def until(self, command: str, done: Callable[[str], bool]) -> None:
        """Run a command again and again, until its output is as expected."""
        deadline = time.monotonic() + 60
        while not done(said := self.run(command)):
            assert time.monotonic() < deadline, f"{command}: {said[-2000:]!r}"
            time.sleep(0.2)

    def start(self, command: str) -> None:
        """A program that runs in the foreground: it has the terminal when this returns."""
        # The line that is typed is echoed, and does not have the word.
        self.type(f"sh -c \"echo re''ady; exec {command}\"\r")
        self.wait("ready")

    def resize(self, rows: int, columns: int) -> None:
        """Drag a corner of the window."""
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        # It is not the controlling terminal, so that the kernel sends no signal.
        self.process.send_signal(signal.SIGWINCH)

    def settings(self) -> list[object]:
        """Those of the terminal."""
        return list(termios.tcgetattr(self._theirs))

    def close(self) -> None:
        """Whatever state it is in."""
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(60)
        self.process.kill()
        self.process.wait()
        os.close(self._terminal)
        os.close(self._theirs)


@pytest.fixture
def user(arch: str) -> Iterator[User]:
    """A user whose guest is up, and who has read how to leave."""
    lab.kernel_for(arch, "pfn_track")
    one = User(arch)
    try:
        welcome = one.wait(re.escape(PROMPT), 300)
        assert "To leave: exit or Ctrl-D. If it hangs: Ctrl-]" in welcome
        yield one
    finally:
        one.close()


def test_session(user: User) -> None:
    """The command, the devices, the samples, job control; the terminal is as before."""
    status = user.run("pfntrack status")
    assert "report" in status and "not found" not in status, status
    assert user.run("stty size").endswith(f"\n{ROWS} {COLUMNS}\n")
    user.resize(ROWS + 1, COLUMNS)
    user.until("stty size", lambda text: text.endswith(f"\n{ROWS + 1} {COLUMNS}\n"))
    # A mapping that a user makes, as the welcome says, and that the command shows.
    bar = "/sys/bus/pci/devices/0000:00:04.0/resource2"
    user.run(f"hold {bar} 0 0x1000")
    user.until("pfntrack list", lambda text: "pfnhold" in text)
    assert "pfn_track_wb" in user.run("ls /lib/modules")
    user.run("insmod /lib/modules/pfn_track_claim.ko")
    assert "pfn_track_claim" in user.run("lsmod")
    # Ctrl-C ends a program and not the shell; Ctrl-Z stops one.
    user.start("sleep 1000")
    user.type("\x03")
    assert user.run("echo $?").endswith("\n130\n")
    user.start("sleep 1000")
    user.type("\x1a")
    user.wait("Stopped")
    assert re.search(r"Stopped.*sleep 1000", user.run("jobs"))
    # A shell does not leave before it has seen the end of what was stopped.
    user.run("kill -9 %%")
    user.until("jobs", lambda text: "sleep 1000" not in text)
    user.type("exit\r")
    user.wait("the guest has ended")
    assert user.process.wait(60) == 0
    assert user.settings() == user.before


@pytest.mark.only("x86_64")
def test_leaving_a_guest_that_hangs(user: User) -> None:
    """Ctrl-] stops it, whatever runs, and the terminal is as before."""
    user.start("sleep 1000")
    user.type("\x1d")
    user.wait(r"stopped by Ctrl-\]")
    assert user.process.wait(60) == 1
    assert user.settings() == user.before


@pytest.mark.only("x86_64")
def test_script(arch: str) -> None:
    """Standard input that is no terminal: its output, and its exit status."""
    lab.kernel_for(arch, "pfn_track")
    text = "cat /sys/kernel/mm/pfn_track/policy\npfntrack status >/dev/null || exit 9\nexit 7\n"
    done = subprocess.run([SHELL, arch, "strict"], input=text, capture_output=True, text=True,
                          timeout=300, check=False)
    assert done.returncode == 7, done.stderr
    assert done.stdout == "strict\n"
