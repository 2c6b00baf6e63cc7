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
from collections.abc import Callable, Iterator
from pathlib import Path

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
    if "arch" in metafunc.fixturenames:
        only = metafunc.definition.get_closest_marker("only")
        chosen = [name for name in arches()
                  if not lab.ARCHES[name].slim and (not only or name in only.args)]
        metafunc.parametrize("arch", chosen, scope="session")
    if "row" in metafunc.fixturenames:
        chosen = [name for name, row in matrix.ROWS.items()
                  if row.kernel in arches() and lab.ARCHES[row.kernel].slim]
        metafunc.parametrize("row", chosen, scope="session")


# Guests that are kept running: each takes a part of a CPU, also when it is idle.
KEEP = 4


class _Boots:
    """The guests that are up."""

    def __init__(self) -> None:
        # The one that was used last comes last.
        self.guests: dict[tuple[str, str, str], lab.Guest] = {}
        self.in_use: set[tuple[str, str, str]] = set()
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
        """After a test: nothing of it is left, and no kernel has complained."""
        for key in self.in_use:
            if key in self.guests and self.guests[key].alive:
                self.guests[key].settle()
        self.in_use.clear()

    def stop(self) -> None:
        """All down, each with its final status line."""
        for guest in self.guests.values():
            self.end(guest)
        if self.errors:
            raise lab.LabError("\n".join(self.errors))


@pytest.fixture(scope="session")
def _boots() -> Iterator[_Boots]:
    boots = _Boots()
    yield boots
    boots.stop()


@pytest.fixture
def guest(_boots: _Boots) -> Iterator[GuestFactory]:
    """guest(arch, flavour="pfn_track", cmdline="") gives a running guest.

    Guests are shared: whoever loads a module, or changes a policy, changes it
    back. Programs that still run after the test are killed.
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
