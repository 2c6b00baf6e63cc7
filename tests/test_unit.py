# SPDX-License-Identifier: GPL-2.0-only
"""The user-space ring, tests/unit, as cases of the one test run."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]
UNIT = REPO / "tests" / "unit"
VARIANTS = re.search(r"^VARIANTS \?= (.*)$", (UNIT / "Makefile").read_text(),
                     re.MULTILINE)[1].split()  # type: ignore[index]


@cache
def source() -> str:
    """The kernel source, of which only tools/ is used."""
    done = subprocess.run(["/usr/bin/python3", "-B", REPO / "scripts/kernel/tree.py", "--pristine"],
                          stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("variant", VARIANTS)
def test_unit(variant: str) -> None:
    """Every test of one word size and architecture, under sanitizers."""
    done = subprocess.run(["make", "-s", "-C", UNIT, "O=../../build/unit",
                           f"KSRC={source()}", f"VARIANTS={variant}", "check"],
                          capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr


def test_bench_builds(tmp_path: Path) -> None:
    """The benchmark is not run here, timing gates nothing, but it must not rot."""
    done = subprocess.run(["make", "-s", "-C", REPO / "tests" / "bench", f"O={tmp_path}",
                           f"KSRC={source()}", f"{tmp_path}/store"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
