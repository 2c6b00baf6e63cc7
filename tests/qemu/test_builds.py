# SPDX-License-Identifier: GPL-2.0-only
"""Configurations that nothing boots: what is ours compiles in them."""

from __future__ import annotations

from pathlib import Path

import build
import common
import config
import pytest
import tree


def objects(arch: str, flavour: str, *folders: str) -> Path:
    """Compile the objects of these folders; the build folder."""
    return build.objects(common.arch_of(arch), flavour, list(folders))


@pytest.mark.only("x86_64")
def test_without_modules(arch: str) -> None:
    """CONFIG_MODULES=n has no struct module to look into."""
    out = objects(arch, "nomodules", "mm/", "arch/generic/pat/")
    symbols = config.parse((out / ".config").read_text())
    assert symbols["CONFIG_PFN_TRACK"] == "y" and symbols.get("CONFIG_MODULES", "n") == "n"
    for name in tree.plan_of().overlay:
        if name.startswith("mm/pfn_track") and name.endswith(".c"):
            assert (out / name).with_suffix(".o").exists(), name
