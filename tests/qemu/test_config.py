# SPDX-License-Identifier: GPL-2.0-only
"""Kernel configuration fragments."""

from __future__ import annotations

import common
import config
import lab
import pytest


@pytest.mark.parametrize("flavour", common.FLAVOURS)
@pytest.mark.parametrize("name", common.ARCHES)
def test_fragments_are_sound(name: str, flavour: str) -> None:
    """Every fragment parses; only patched flavours ask for pfn_track."""
    symbols = config.wanted(name, flavour)
    if name in lab.ARCHES:
        # Some only compile.
        assert (symbols["CONFIG_SMP"] == "y") == (lab.ARCHES[name].cpus > 1)
    assert ("CONFIG_PFN_TRACK" in symbols) == (not flavour.startswith("pristine"))


def test_lost_symbols_are_named() -> None:
    """What olddefconfig dropped, switched on, or changed."""
    result = config.parse("CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_D=y\nCONFIG_E=\"x\"\n")
    asked = {"CONFIG_A": "y", "CONFIG_B": "y", "CONFIG_C": "y", "CONFIG_D": "n", "CONFIG_F": "n",
             "CONFIG_E": '"y"'}
    assert config.lost(asked, result) == [
        "CONFIG_B is n, wanted y", "CONFIG_C is n, wanted y", "CONFIG_D is y, wanted n",
        'CONFIG_E is "x", wanted "y"']


def test_strange_line() -> None:
    """A typing error in a fragment is not a comment."""
    with pytest.raises(common.Error, match="CONIFG_A"):
        config.parse("CONIFG_A=y\n")


def test_unknown_names() -> None:
    """Clear errors."""
    with pytest.raises(common.Error, match="one of x86_64, arm64"):
        common.arch_of("vax")
    with pytest.raises(common.Error, match="unknown flavour 'sweet'"):
        config.fragments("arm64", "sweet")
