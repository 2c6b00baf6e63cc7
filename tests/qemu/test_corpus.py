# SPDX-License-Identifier: GPL-2.0-only
"""Every case of corpus.py, done in a real kernel: what is said, of whom, and what is left."""

from __future__ import annotations

import collections
import contextlib
import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field

import corpus
import lab
import pytest
import registry

MODULE = "pfn_track_misuse"
FOLDER = f"/sys/kernel/debug/{MODULE}"
ERRNO = {os.strerror(number): name for number, name in errno.errorcode.items()}
# A guest of its own: switching the registry off, as a case does, is remembered.
CMDLINE = "pfn_track=report loglevel=7"
# Those that "enforce" refuses on one architecture at least.
ENFORCED = [case for case in corpus.CASES
            if any(corpus.INCOHERENT in case.outcome(arch) for arch in corpus.BOTH)]


@dataclass
class Run:
    """A case in the doing."""

    guest: lab.Guest
    case: corpus.Case
    start: int
    size: int
    processes: dict[str, lab.Holder] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    leaks: int = 0

    def order(self, name: str) -> None:
        """Tell the driver; what it answers is what the case got."""
        result = self.guest.run(f"echo {name} > {FOLDER}/do")
        if result.rc:
            self.refused.append(ERRNO[result.err.strip().rpartition(": ")[2]])

    def map(self, who: str, file: str, page: str, pages: str, kind: str = "shared") -> None:
        """A process maps a part of the window, by the driver or by sysfs."""
        offset, length = int(page) * registry.PAGE, int(pages) * registry.PAGE
        path = f"{FOLDER}/mmap/{self.case.name}"
        if file != "mmap":
            path = f"{self.guest.device()}/{file}"
            offset += self.start - self.guest.bar()[0]
        self.processes[who] = self.guest.hold(path, offset, length, kind)
        if not self.processes[who].mapped:
            self.refused.append(self.processes[who].refusal())

    def tell(self, who: str, command: str) -> None:
        """A process does something; one that dies of it was refused, too."""
        holder = self.processes[who]
        if command == "leave":
            holder.leave()
        elif command == "kill":
            holder.kill()
            holder.wait()
        elif not holder.mapped:
            return
        else:
            try:
                answer = holder.do(command)
            except lab.LabError:
                assert holder.wait().rc == 128 + 7, command
                self.refused.append("SIGBUS")
                return
            if answer["did"].startswith("refused"):
                self.refused.append(answer["errno"].partition("(")[0])
            else:
                assert not answer["did"].startswith("bad"), (command, answer)

    def step(self, text: str) -> None:
        """One step of the table."""
        first, _, rest = text.partition(" ")
        if first == "do":
            self.order(self.case.name)
        elif first == "undo":
            self.order(f"-{self.case.name}")
        elif first == "policy":
            registry.policy(self.guest, rest)
        elif rest.startswith("map "):
            self.map(first, *rest.split()[1:])
        else:
            self.tell(first, rest)

    def undo(self) -> None:
        """Everybody goes."""
        for holder in self.processes.values():
            with contextlib.suppress(lab.LabError):
                holder.leave()
        self.guest.write(f"{FOLDER}/do", f"-{self.case.name}").ok()

    def left(self) -> list[dict[str, str]]:
        """Records of the driver, or of its window."""
        return [line for line in registry.records(self.guest) if line["module"] == MODULE
                or self.start <= registry.span(line["range"])[0] < self.start + self.size]


@pytest.fixture
def driver(guest: Callable[..., lab.Guest], arch: str) -> lab.Guest:
    """A guest with the driver of all the cases."""
    one: lab.Guest = guest(arch, "pfn_track", CMDLINE)
    if one.run(f"test -e {FOLDER}").rc:
        one.run(f"insmod /lib/modules/{MODULE}.ko").ok()
    one.keeps.add(MODULE)
    registry.policy(one, "report")
    return one


def start(guest: lab.Guest, case: corpus.Case) -> Run:
    """Find a case's window, in which nobody must be."""
    for line in guest.read(f"{FOLDER}/cases").splitlines():
        name, first, size = line.split()
        if name == case.name:
            run = Run(guest, case, int(first, 16), int(size, 16))
            assert not run.left()
            return run
    raise AssertionError(f"the driver does not know {case.name}")


def perform(guest: lab.Guest, case: corpus.Case,
            certain: bool = True) -> tuple[Run, list[dict[str, str]]]:
    """Do all of it, and undo it: the conflicts, each as often as it was counted."""
    run = start(guest, case)
    numbers, before = registry.counters(guest), registry.conflicts(guest)
    try:
        for text in case.steps:
            run.step(text)
        if "leak" in case.outcome(guest.arch):
            await_number(guest, "leaks", numbers["leaks"] + 1, certain)
        # A worker looks for processes that have the pages before it names the linear map.
        expected = sum("/" in word for word in case.outcome(guest.arch))
        await_number(guest, "conflicts", numbers["conflicts"] + expected, certain)
    finally:
        run.undo()
    known = {line["id"]: int(line["count"]) for line in before}
    found: list[dict[str, str]] = []
    # x86's PAT loses track of an area of which a part is unmapped: no mistake of a
    # driver, and counted each time, but listed once for a call site.
    lost = 0
    for line in registry.conflicts(guest):
        if line["cause"] == "not-reserved":
            lost += 1
        else:
            found += [line] * (int(line["count"]) - known.get(line["id"], 0))
    after = registry.counters(guest)
    run.leaks = after["leaks"] - numbers["leaks"]
    counted = after["conflicts"] - numbers["conflicts"]
    assert counted >= len(found) if lost else counted == len(found)
    assert after["incomplete"] == 0
    assert not run.left()
    return run, found


def await_number(guest: lab.Guest, name: str, least: int, certain: bool) -> None:
    """What a worker reports must be counted before it is undone.

    Not certain: a policy may refuse the mapping that would be counted.
    """
    file, rounds = f"{registry.SYSFS}/{name}", 300 if certain else 50
    guest.run(f"for i in $(seq {rounds}); do [ $(cat {file}) -ge {least} ] && break; sleep 0.1; done")
    if certain:
        value = int(guest.read(file))
        assert value >= least, f"{name} is {value} after 30 s, expected {least} or more"


def words(found: list[dict[str, str]], run: Run) -> collections.Counter[str]:
    """What happened, in the words of the table."""
    said = [f"{line['verdict']}/{line['result']}" for line in found] or [corpus.SILENT]
    return collections.Counter(said + run.refused + ["leak"] * run.leaks)


def expect_sides(case: corpus.Case, arch: str, found: list[dict[str, str]]) -> None:
    """Both are named: the driver by its function, a process by the one that mapped for it."""
    function = case.name.replace("-", "_")
    for line in found:
        sides = ["", "held."]
        if arch in case.alone:
            assert line["held.site"] == line["held.pid"] == "-"
            sides.remove("held.")
        elif line["held.kind"] == "linear":
            assert line["held.comm"] == "kernel"
            sides.remove("held.")
        for side in sides:
            assert line[side + "module"] == MODULE \
                or line[side + "site"].startswith("pci_mmap_resource_range+0x"), line
            assert line[side + "pid"] != "-" and line[side + "comm"] in ("sh", "pfnhold"), line
        assert case.kind == corpus.RIGHT or any(
            line[side + "module"] == MODULE and line[side + "site"].startswith(function)
            for side in sides), line


@pytest.mark.parametrize("case", corpus.CASES, ids=lambda case: case.name)
def test_report(driver: lab.Guest, arch: str, case: corpus.Case) -> None:
    """Exactly what the table says, and nothing is left."""
    run, found = perform(driver, case)
    wanted = collections.Counter(case.outcome(arch))
    told = f"misuse: {case.name.replace('-', '_')}+0x" in driver.console()
    assert told == bool(wanted.pop("misuse", 0))
    assert words(found, run) == wanted, found
    expect_sides(case, arch, found)


@pytest.mark.parametrize("case", ENFORCED, ids=lambda case: case.name)
def test_enforce(driver: lab.Guest, arch: str, case: corpus.Case) -> None:
    """What may lose data is refused, and nothing is left of it; the rest is as ever."""
    registry.policy(driver, "enforce")
    areas = driver.run("grep -c ioremap /proc/vmallocinfo").out
    run, found = perform(driver, case, certain=corpus.INCOHERENT not in case.outcome(arch))
    said = words(found, run)
    if corpus.INCOHERENT in case.outcome(arch):
        assert said["incoherent/refused"] and not said[corpus.INCOHERENT]
        assert set(run.refused) & {"EACCES", "EBUSY", "ENOMEM", "SIGBUS"}
    else:
        assert said == collections.Counter(case.outcome(arch))
    assert driver.run("grep -c ioremap /proc/vmallocinfo").out == areas, "a leaked area"
    expect_sides(case, arch, found)


def test_table(driver: lab.Guest) -> None:
    """The table and the driver have the same cases; what is silent or alarms falsely says why."""
    known = [line.split()[0] for line in driver.read(f"{FOLDER}/cases").splitlines()]
    assert sorted(known) == sorted(case.name for case in corpus.CASES)
    assert not set(known) & {name for name, _, _ in corpus.LATER}
    for case in corpus.CASES:
        for arch in corpus.BOTH:
            silent = case.outcome(arch) == [corpus.SILENT]
            assert case.why or silent == (case.kind == corpus.RIGHT), (case.name, arch)


def test_unload(driver: lab.Guest) -> None:
    """The driver goes, and with it all that it held."""
    driver.write(f"{FOLDER}/do", "twice-uc").ok()
    assert [line for line in registry.records(driver) if line["module"] == MODULE]
    driver.run(f"rmmod {MODULE}").ok()
    assert not [line for line in registry.records(driver) if line["module"] == MODULE]
