# SPDX-License-Identifier: GPL-2.0-only
"""What "make matrix" asks of an architecture, for those that are not asked more."""

from __future__ import annotations

import os
import subprocess

import lab
import matrix
import pytest


@pytest.fixture(scope="session")
def verdict(row: str) -> matrix.Verdict:
    """The whole row; its tests look at one mark each."""
    return matrix.run(row)


@pytest.mark.parametrize("mark", matrix.COLUMNS)
def test_mark(verdict: matrix.Verdict, mark: str) -> None:
    """Each mark of a row."""
    assert verdict.marks[mark], verdict.notes


def test_row(verdict: matrix.Verdict) -> None:
    """Nothing else was wrong, and the guest ended with its final status line."""
    assert verdict.green, verdict.facts.get("error") or verdict.notes


def test_pair_has_two_sides(verdict: matrix.Verdict) -> None:
    """Both holders of the conflict are named, and so is the road they took."""
    line = next(value for key, value in verdict.facts.items() if key.startswith("conflict "))
    assert {line["comm"], line["held.comm"]} <= {"pfnhold", "tool"}, line


def test_green_is_everything() -> None:
    """A row is green only if all marks are, and nothing went wrong after them."""
    row = matrix.Verdict("vax")
    assert not row.green
    row.marks.update(dict.fromkeys(matrix.COLUMNS, True))
    assert row.green
    for mark in matrix.COLUMNS:
        for other in (False, None):
            row.marks[mark] = other
            assert not row.green
        row.marks[mark] = True
    row.facts["error"] = "no final status line"
    assert not row.green


def test_every_kernel_has_a_machine() -> None:
    """What is booted is in the lab; what is not says why."""
    for name, row in matrix.ROWS.items():
        assert row.no_boot or row.kernel in lab.ARCHES, name


def test_make_test_asks_three() -> None:
    """The command that CI runs boots x86-64, arm64 and riscv64."""
    env = {name: value for name, value in os.environ.items()
           if name not in ("PFNTRACK_ARCHES", "MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    for given, want in (("", "x86_64 arm64 riscv64"), ("arm64,riscv64", "arm64 riscv64")):
        done = subprocess.run(["make", "-n", "test", f"PFNTRACK_ARCHES={given}"], cwd=lab.REPO,
                              env=env, capture_output=True, text=True, check=True)
        assert f"\nfor arch in {want}; do" in done.stdout
        assert f'\nPFNTRACK_ARCHES="{want}" ' in done.stdout
