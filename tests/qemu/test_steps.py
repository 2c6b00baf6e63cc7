# SPDX-License-Identifier: GPL-2.0-only
"""Every step of the series compiles; only "make lab" asks, as it takes minutes."""

from __future__ import annotations

import common
import pytest
import steps


@pytest.mark.only("x86_64")
def test_every_step(arch: str) -> None:
    """With PFN_TRACK=y, once there is that symbol, and without."""
    assert steps.steps(common.arch_of(arch), 0) > 15
