# SPDX-License-Identifier: GPL-2.0-only
"""The series that "make patch" writes, applied to Debian's pristine source."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import common
import mkpatch
import pytest
import tree


@pytest.fixture(scope="module")
def pristine() -> Path:
    """The unpacked source."""
    with common.locked("tree"):
        return tree.pristine_tree()[0]


@pytest.fixture(scope="module")
def plan() -> tree.Plan:
    """What is laid."""
    return tree.plan_of()


@pytest.fixture(scope="module")
def series(pristine: Path, plan: tree.Plan, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The patch files."""
    steps = mkpatch.parse((common.INTEGRATION / "series").read_text())
    return mkpatch.write_series(pristine, plan, steps, tmp_path_factory.mktemp("series") / "out")


@pytest.fixture
def small(pristine: Path, plan: tree.Plan, tmp_path: Path) -> Path:
    """Just the files of the kernel that the patches touch."""
    for patch in plan.patches:
        for name in tree.touched(patch):
            if (pristine / name).exists():
                tree.replace(tmp_path / "linux" / name, pristine / name)
    return tmp_path / "linux"


def patched(folder: Path, patch: Path) -> subprocess.CompletedProcess[str]:
    """patch -p1 -F0"""
    return subprocess.run(["patch", "-p1", "-F0", "-f", "--no-backup-if-mismatch", "-r", "-",
                           "-i", patch], cwd=folder, capture_output=True, text=True, check=False)


def wanted(pristine: Path, plan: tree.Plan, folder: Path) -> dict[str, bytes]:
    """What the overlay makes of the touched files."""
    folder.mkdir()
    tree.stage(pristine, plan, folder)
    return mkpatch.contents(folder)


def test_applies_without_fuzz(series: list[Path], small: Path, pristine: Path, plan: tree.Plan,
                              tmp_path: Path) -> None:
    """With patch(1), and makes the overlaid tree."""
    for patch in series:
        done = patched(small, patch)
        assert done.returncode == 0, f"{patch.name}: {done.stdout}{done.stderr}"
        assert "fuzz" not in done.stdout
    assert mkpatch.contents(small) == wanted(pristine, plan, tmp_path / "wanted")


def test_git_am(series: list[Path], small: Path, pristine: Path, plan: tree.Plan,
                tmp_path: Path) -> None:
    """With git am, and makes the overlaid tree, one commit a patch."""
    mkpatch.git(small, "init", "-q")
    mkpatch.git(small, "add", "-A", "-f")
    mkpatch.git(small, "commit", "-q", "-m", "pristine")
    mkpatch.git(small, "am", "-q", *map(str, series))
    assert mkpatch.contents(small) == wanted(pristine, plan, tmp_path / "wanted")
    count = subprocess.run(["git", "-C", small, "rev-list", "--count", "HEAD"], check=True,
                           capture_output=True, text=True).stdout
    assert int(count) == len(series) + 1


def test_twice_is_refused(series: list[Path], small: Path) -> None:
    """No patch can be laid over itself."""
    for patch in series:
        assert patched(small, patch).returncode == 0
    for patch in series:
        done = subprocess.run(["patch", "-p1", "-F0", "-f", "--dry-run", "-i", patch], cwd=small,
                              capture_output=True, text=True, check=False)
        assert done.returncode != 0, patch.name


def test_the_whole_tree_takes_it(series: list[Path], pristine: Path) -> None:
    """No new file collides with one of the kernel; the first patch of all fits."""
    for patch in series:
        for name in re.findall(r"^--- /dev/null\n\+\+\+ b/(\S+)", patch.read_text(), re.MULTILINE):
            assert not (pristine / name).exists(), name


def test_headers(series: list[Path]) -> None:
    """Numbered, signed off, with a body that says why."""
    width = len(str(len(series)))
    for number, patch in enumerate(series, 1):
        head, _, body = patch.read_text().partition("\n\n")
        assert f"[PATCH {number:0{width}}/{len(series)}] " in re.sub(r"\n ", " ", head)
        assert head.startswith("From 000000")
        message = body.split("\n---\n")[0]
        assert "Signed-off-by: " in message
        assert len(message.splitlines()) > 3, f"{patch.name} does not say why"


def test_nothing_of_the_machine(series: list[Path]) -> None:
    """The series does not tell where it was made."""
    for patch in series:
        assert os.path.expanduser("~") + "/" not in patch.read_text()


def test_every_file_has_its_step(plan: tree.Plan) -> None:
    """A file that no step has, or two have, would be lost or doubled."""
    steps = mkpatch.parse((common.INTEGRATION / "series").read_text())
    chosen = [name for names in mkpatch.assign(steps, plan) for name in names]
    assert sorted(chosen) == sorted(plan.overlay)


def test_for_a_tree_of_ones_own(small: Path, pristine: Path, plan: tree.Plan,
                                tmp_path: Path) -> None:
    """make patch SOURCE=: for another release, from the lines that it has."""
    text = (small / "mm/rmap.c").read_text().replace(
        "#include <linux/mm.h>\n", "/*\n * Of another release\n */\n#include <linux/mm.h>\n")
    (small / "mm/rmap.c").write_text(text)
    tree.replace(small / "Makefile", pristine / "Makefile")
    whole = wanted(small, plan, tmp_path / "wanted")
    mkpatch.run([str(tmp_path / "out"), "--source", str(small)])
    for patch in sorted((tmp_path / "out").glob("*.patch")):
        done = patched(small, patch)
        assert done.returncode == 0 and "offset" not in done.stdout, done.stdout
    assert (small / "mm/rmap.c").read_bytes() == whole["mm/rmap.c"]


@pytest.mark.parametrize(("text", "error"), [
    ("Subject: x\n\nbody\n", "neither Files nor Patch"),
    ("Subject: x\nFiles: mm/*\n", "needs a subject and a body"),
    ("Files: mm/*\n\nbody\n", "needs a subject and a body"),
    ("Subjekt: x\n\nbody\n", "not Subject, Files or Patch"),
])
def test_bad_series(text: str, error: str) -> None:
    """Typing errors are named."""
    with pytest.raises(common.Error, match=error):
        mkpatch.parse(text)
