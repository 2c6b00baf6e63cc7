# SPDX-License-Identifier: GPL-2.0-only
"""Debian's own kernels in the lab: what a user has who patched nothing."""

from __future__ import annotations

import re
from collections.abc import Callable

import lab
import pytest

pytestmark = pytest.mark.only("x86_64")


@pytest.fixture(name="debian", params=lab.DEBIAN)
def _debian(guest: Callable[..., lab.Guest], arch: str,
            request: pytest.FixtureRequest) -> lab.Guest:
    """A guest with one of them."""
    return guest(arch, request.param)


def test_release(debian: lab.Guest, request: pytest.FixtureRequest) -> None:
    """It is Debian's, of the version that was asked for."""
    version = request.node.callspec.params["debian"].removeprefix("debian-")
    release = debian.run("uname -r").ok().strip()
    assert re.fullmatch(rf"{re.escape(version)}\.\d\S*-amd64", release), release
    assert "debian-kernel@lists.debian.org" in debian.read("/proc/version")


def test_btf(debian: lab.Guest) -> None:
    """BPF programs can be fitted to it; 0xeb9f is the magic number of BTF."""
    assert debian.run("od -An -tx2 -N2 /sys/kernel/btf/vmlinux").ok().split() == ["eb9f"]


def test_bar(debian: lab.Guest) -> None:
    """A process maps a BAR, uncached and write-combining, and both are one memory."""
    holders = [debian.hold(f"{debian.device()}/{name}", 0, 0x10000)
               for name in ("resource2", "resource2_wc")]
    assert all(holder.mapped for holder in holders)
    holders[0].do("write 0 0x600d")
    assert holders[1].do("read 0")["value"] == "0x600d"


def test_modules(debian: lab.Guest) -> None:
    """Its modules can be loaded: Debian's signature and version fit."""
    for name in ("uio", "uio_pci_generic"):
        debian.run(f"insmod /lib/modules/{name}.ko").ok()
    assert "uio_pci_generic" in debian.read("/proc/modules")
    debian.run("rmmod uio_pci_generic uio").ok()
