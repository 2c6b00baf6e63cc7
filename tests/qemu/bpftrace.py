# SPDX-License-Identifier: GPL-2.0-only
"""Our bpftrace scripts in a guest: started, awaited, stopped, and read."""

from __future__ import annotations

import re
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

import foreign
import lab

SCRIPTS = lab.REPO / "bpf" / "bpftrace"
# LLVM is large, and the initramfs is in memory twice while it is unpacked.
MEMORY = 1024
# epoll_wait() and epoll_pwait(), by the numbers of x86-64 and of arm64.
WAITING = ("232", "281", "22")

PAIRS = 3
LENGTH = 0x10000
ROW = r"^\d\d:\d\d:\d\d "


def files(arch: str) -> dict[str, Path]:
    """What a guest needs, by its place there."""
    if lab.ARCHES[arch].compiler_prefix:
        raise lab.LabError(f"there is no bpftrace for {arch} on this machine")
    found = foreign.with_libraries(Path("/usr/bin/bpftrace"), "")
    for script in sorted(SCRIPTS.glob("*.bt")):
        found[f"bpftrace/{script.name}"] = script
    return found


class Script(lab.Process):
    """A script that runs in a guest."""

    def __init__(self, guest: lab.Guest, name: str, *words: str) -> None:
        command = " ".join((f"bpftrace /bpftrace/{name}", *words))
        super().__init__(guest, guest.spawn(command).number)
        self.name = name

    @property
    def out(self) -> str:
        """What it has printed so far."""
        return self._job.out.decode(errors="replace")

    def waits(self) -> bool:
        """Whether it waits for events."""
        call = self._guest.run(f"cat /proc/{self.pid}/syscall 2>/dev/null").out.split()
        return bool(call) and call[0] in WAITING

    def interrupt(self, timeout: float) -> None:
        """As Ctrl-C does it. bpftrace 0.17 forgets one that does not interrupt its wait."""
        deadline = time.monotonic() + timeout
        while self.running and time.monotonic() < deadline:
            if self.waits():
                self.kill(signal.SIGINT)
            time.sleep(0.5)

    def attach(self, timeout: float = 600) -> None:
        """Wait until all its probes are attached: only then it waits for events."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if not self.running:
                raise lab.LabError(f"{self.name} ended: {self.out}"
                                   f"{self._job.err.decode(errors='replace')}")
            if self.waits():
                return
            time.sleep(0.2)
        raise lab.GuestTimeout(f"{self.name} did not attach in {timeout:.0f} s: {self.out}")

    def expect(self, pattern: str, count: int = 1, timeout: float = 300) -> None:
        """Wait for text. What is under way when a script is stopped is lost."""
        self._guest.pump(lambda: len(re.findall(pattern, self.out, re.MULTILINE)) >= count
                         or not self.running, timeout, f"{count} times {pattern!r}")


def stop(scripts: list[Script], timeout: float = 900) -> dict[str, str]:
    """As Ctrl-C does it; what each has printed. Each probe waits long to be detached: all at once."""
    for script in scripts:
        script.kill(signal.SIGINT)
    out = {}
    for script in scripts:
        script.interrupt(timeout)
        result = script.wait(timeout)
        # It may wait once more when all is printed, and dies of a second Ctrl-C then.
        assert result.rc in (0, 128 + signal.SIGINT) and "ERROR" not in result.err, result
        assert "Lost" not in result.out + result.err, result
        out[script.name] = result.out
    return out


def values(out: str, name: str) -> dict[str, int]:
    """The numbers of a map: key -> value; the key of a scalar is ""."""
    found = re.findall(rf"^@{name}(?:\[([^\]]*)\])?: (-?\d+)$", out, re.MULTILINE)
    return {key: int(number) for key, number in found}


def histogram(out: str, name: str) -> dict[int, int]:
    """A histogram: lower bound of the bucket -> count. @name: with its key, as printed."""
    text = out.partition(f"@{name}:")[2] if f"@{name}:" in out else ""
    found: dict[int, int] = {}
    for line in text.splitlines()[1:]:
        match = re.match(r"[\[(]([\d.]+)([KM]?)(?:, [^)\]]*)?[)\]] +(\d+) ", line)
        if not match:
            break
        scale = {"": 1, "K": 1 << 10, "M": 1 << 20}[match[2]]
        found[int(match[1].partition(".")[0]) * scale] = int(match[3])
    return found


def blocks(out: str) -> list[str]:
    """What was told, event by event, without the time.

    Each CPU has a buffer of its own, and bpftrace empties one after the other: what
    happened on different CPUs may be told in any order.
    """
    return re.split(ROW, out, flags=re.MULTILINE)[1:]


def asked(out: str) -> dict[int, str]:
    """What was told of conflicts, by the process that asked."""
    told = blocks(out)
    found = {int(re.findall(r"asked by \S+ \(pid (\d+)\)", text)[0]): text for text in told}
    assert len(found) == len(told), out
    return found


def rows(out: str) -> list[list[str]]:
    """The words of what was told, where an event is a line; sorted, see blocks()."""
    return sorted(text.partition("\n")[0].split() for text in blocks(out))


@dataclass
class Workload:
    """What was done, and what the scripts said of it."""

    guest: lab.Guest
    out: dict[str, str]
    # The pids of each pair that disagreed, of a mapping outside, and of who asked the time.
    pairs: list[tuple[int, int]] = field(default_factory=list)
    outside: int = 0
    clocks: list[int] = field(default_factory=list)
    # Who faulted pages of a driver in.
    faulted: int = 0
    # How many more areas of ioremap() there were with the driver than without it.
    driver: int = 0


def run_pairs(guest: lab.Guest, work: Workload) -> None:
    """Pairs that map the same otherwise; the last lives for more than a second."""
    outside = guest.hold(f"{guest.device(1)}/resource2", 0, LENGTH)
    work.outside = outside.pid
    for number in range(PAIRS):
        one, two = (guest.hold(f"{guest.device()}/{name}", 0, LENGTH)
                    for name in ("resource2", "resource2_wc"))
        work.pairs.append((one.pid, two.pid))
        if number == PAIRS - 1:
            # By the guest's clock, which may be slow.
            guest.run("sleep 1.2").ok()
        # In this order: the list of PAT would otherwise keep the later one's type.
        two.leave()
        one.leave()
    for _ in range(2):
        assert outside.do("clock")["did"] == "ok clock"
    work.clocks.append(outside.pid)
    outside.leave()
