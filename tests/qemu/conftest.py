# SPDX-License-Identifier: GPL-2.0-only
"""Guests for tests: one boot per (architecture, flavour, command line).

PFNTRACK_ARCHES   architectures to test, by default "x86_64,arm64,riscv64"; those without
                  a shell in their guests take part in test_matrix.py only
PFNTRACK_FLAVOUR  what to boot where a test asks for the patched kernel: "debug"
PFNTRACK_DRIVERS  1: also the tests that need kernels of their own, with real drivers or
                  for BPF
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts" / "kernel"))

import lab  # noqa: E402
import matrix  # noqa: E402

collect_ignore = [] if os.environ.get("PFNTRACK_DRIVERS") == "1" else \
    ["test_bpftrace.py", "test_dax.py", "test_drivers.py", "test_noncoherent.py", "test_pages.py",
     "test_steps.py", "test_watch_agree.py"]
# Kernels that find races.
PARALLEL = ("debug", "rt")
GuestFactory = Callable[..., lab.Guest]


def arches() -> list[str]:
    """The architectures of this run."""
    names = os.environ.get("PFNTRACK_ARCHES") or "x86_64,arm64,riscv64"
    # Interned: pytest takes parameters for the same only if they are one object.
    chosen = [sys.intern(name) for name in names.replace(",", " ").split()]
    for name in chosen:
        if name not in lab.ARCHES:
            raise pytest.UsageError(f"PFNTRACK_ARCHES: unknown architecture {name!r}: one of "
                                   f"{', '.join(lab.ARCHES)}")
    return chosen


def pytest_configure(config: pytest.Config) -> None:
    """Our own marker."""
    config.addinivalue_line("markers", "only(arch, ...): a test of these architectures")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes "arch" runs once for each architecture, or those it is "only" about."""
    only = metafunc.definition.get_closest_marker("only")
    if only and "arch" not in metafunc.fixturenames:
        raise pytest.UsageError(f"{metafunc.definition.nodeid}: \"only\" is for tests with \"arch\"")
    if "arch" in metafunc.fixturenames:
        chosen = [name for name in arches()
                  if not lab.ARCHES[name].slim and (not only or name in only.args)]
        metafunc.parametrize("arch", chosen, scope="session")
    if "row" in metafunc.fixturenames:
        chosen = [name for name, row in matrix.ROWS.items()
                  if row.kernel in arches() and lab.ARCHES[row.kernel].slim]
        metafunc.parametrize("row", chosen, scope="session")


# Guests that are kept running: each takes a part of a CPU, also when it is idle.
KEEP = 4


def _modules(guest: lab.Guest) -> set[str]:
    """The names of the modules that a guest has loaded; none if its kernel knows no modules."""
    return {line.split()[0] for line in guest.run("cat /proc/modules").out.splitlines()}


class _Boots:
    """The guests that are up."""

    def __init__(self) -> None:
        # The one that was used last comes last.
        self.guests: dict[tuple[str, str, str], lab.Guest] = {}
        self.in_use: set[tuple[str, str, str]] = set()
        # Those of the test that ran last, and whether it has failed so far.
        self.used: set[tuple[str, str, str]] = set()
        self.failed = False
        # The modules of each guest when it was fresh.
        self.modules: dict[tuple[str, str, str], set[str]] = {}
        self.errors: list[str] = []

    def get(self, arch: str, flavour: str = "pfn_track", cmdline: str = "") -> lab.Guest:
        """A guest, booted now if none is up, or the last one died."""
        flavour = lab.flavour_for(flavour)
        key = (arch, flavour, cmdline)
        self.in_use.add(key)
        guest = self.guests.pop(key, None)
        if guest is None or not guest.alive:
            self.make_room()
            guest = lab.Guest(lab.kernel_for(arch, flavour), cmdline,
                              parallel=flavour in PARALLEL).start()
            self.modules[key] = _modules(guest)
        self.guests[key] = guest
        return guest

    def make_room(self) -> None:
        """Stop those that were not used for longest, and not by this test."""
        for key in [key for key in self.guests if key not in self.in_use]:
            if len(self.guests) < KEEP:
                break
            self.end(self.guests.pop(key))

    def end(self, guest: lab.Guest) -> None:
        """Stop one; what it has to complain of is said when all are down."""
        if not guest.alive:
            return
        try:
            guest.stop()
        except lab.LabError as error:
            self.errors.append(str(error))

    def settle(self) -> None:
        """After a test: nothing of it is left, and no kernel has complained.

        A guest of a test that failed may be in any state: it ends, for the next test to boot
        a fresh one. So does one in which a module is left.
        """
        self.used, self.in_use = self.in_use, set()
        left = {}
        for key in self.used:
            guest = self.guests.get(key)
            if not guest or not guest.alive:
                continue
            if self.failed:
                self.drop(key)
                continue
            guest.settle()
            if names := _modules(guest) - self.modules[key] - guest.keeps:
                left[" ".join(key)] = sorted(names)
                self.drop(key)
        if left:
            raise lab.LabError(f"the test left modules loaded: {left}")

    def drop(self, key: tuple[str, str, str]) -> None:
        """End a guest that no other test can use; an error if its kernel has complained."""
        guest = self.guests.pop(key)
        try:
            guest.check()
        finally:
            guest.kill()

    def after(self, when: str, failed: bool) -> None:
        """A phase of a test has ended: "setup", "call" or "teardown"."""
        self.failed |= failed
        if when != "teardown":
            return
        if self.failed:
            # Another fixture may have failed when it cleaned up.
            for key in self.used | self.in_use:
                if key in self.guests:
                    self.guests.pop(key).kill()
        self.failed = False
        self.used, self.in_use = set(), set()

    def stop(self) -> None:
        """All down, each with its final status line."""
        for guest in self.guests.values():
            self.end(guest)
        if self.errors:
            raise lab.LabError("\n".join(self.errors))


BOOTS = pytest.StashKey[_Boots]()


@pytest.fixture(scope="session")
def _boots(pytestconfig: pytest.Config) -> Iterator[_Boots]:
    boots = pytestconfig.stash[BOOTS] = _Boots()
    yield boots
    boots.stop()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item,
                              call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    """Guests of a test that failed are not given to another one."""
    outcome = yield
    if boots := item.config.stash.get(BOOTS, None):
        boots.after(call.when, outcome.get_result().failed)


@pytest.fixture
def guest(_boots: _Boots) -> Iterator[GuestFactory]:
    """guest(arch, flavour="pfn_track", cmdline="") gives a running guest.

    Guests are shared: a test that loads a module, or changes a policy, changes it
    back. Programs that still run after the test are killed. A test that keeps a module
    for the next one adds its name to guest.keeps.
    """
    yield _boots.get
    _boots.settle()


@pytest.fixture
def stock(guest: GuestFactory, arch: str) -> lab.Guest:
    """The pristine kernel."""
    return guest(arch, "pristine")


@pytest.fixture
def tracked(guest: GuestFactory, arch: str) -> Iterator[lab.Guest]:
    """The patched kernel; its policy is put back after the test."""
    one = guest(arch, "pfn_track", "pfn_track=report")
    yield one
    if one.alive:
        one.write("/sys/kernel/mm/pfn_track/policy", "report").ok()
