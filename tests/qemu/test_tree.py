# SPDX-License-Identifier: GPL-2.0-only
"""Laying our files and patches over a kernel tree, on a toy kernel."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import common
import build
import pytest
import tree

MAKEFILE = "# toy\nVERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 3\n"
PATCH = """\
mm: toy: change two places

Why.

--- a/mm/memory.c
+++ b/mm/memory.c
@@ -5,2 +5,3 @@ first
 \tlock();
+\tinside_first();
 \tunlock();
@@ -17,2 +18,3 @@ struct pair
 \tint one;
+\tint one_and_a_half;
 \tint two;
"""
MEMORY = """\
#include <linux/mm.h>

static int first(int a)
{
\tlock();
\tunlock();
\treturn a;
}

static void
second(int a,
       int b)
{
}

struct pair {
\tint one;
\tint two;
};

SYSCALL_DEFINE1(third, int, a)
{
\tif (a) {
\t\ta++;
\t}
\treturn a;
}
"""


class Toy:
    """A kernel of three files, a repository with one file and one patch."""

    def __init__(self, folder: Path) -> None:
        self.pristine, self.work = folder / "pristine", folder / "work"
        self.repo, self.integration = folder / "repo", folder / "integration"
        self.put(self.pristine / "Makefile", MAKEFILE)
        self.put(self.pristine / "mm/memory.c", MEMORY)
        self.put(self.pristine / "mm/other.c", "other\n")
        self.put(self.repo / "mm/pfn_track.c", "ours\n")
        self.put(self.integration / "0001-toy.patch", PATCH)

    @staticmethod
    def put(path: Path, text: str) -> None:
        """Write a file and its folders."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def lay(self) -> str:
        """Bring the working tree up to date."""
        return tree.lay(self.pristine, tree.plan_of(self.repo, self.integration), self.work, "1")


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toy:
    """The toy, with a cache of its own."""
    monkeypatch.setenv("PFNTRACK_CACHE", str(tmp_path / "cache"))
    return Toy(tmp_path)


def test_lays(toy: Toy) -> None:
    """Files are copied, hunks applied, the rest is linked."""
    toy.lay()
    assert (toy.work / "mm/pfn_track.c").read_text() == "ours\n"
    assert "lock();\n\tinside_first();\n\tunlock" in (toy.work / "mm/memory.c").read_text()
    assert os.path.samefile(toy.work / "mm/other.c", toy.pristine / "mm/other.c")
    # Nothing was written through a link.
    assert (toy.pristine / "mm/memory.c").read_text() == MEMORY
    assert not list(toy.work.rglob("*.orig")) + list(toy.work.rglob("*.rej"))


def test_again_changes_nothing(toy: Toy) -> None:
    """The same inputs: not a time stamp moves."""
    generation = toy.lay()
    before = {path: path.stat().st_mtime_ns for path in toy.work.rglob("*")}
    assert toy.lay() == generation
    assert {path: path.stat().st_mtime_ns for path in toy.work.rglob("*")} == before


def test_only_what_changed_is_rewritten(toy: Toy) -> None:
    """An incremental kernel build stays incremental."""
    generation = toy.lay()
    old = (toy.work / "mm/memory.c").stat().st_mtime_ns
    toy.put(toy.repo / "mm/pfn_track.c", "ours, better\n")
    assert toy.lay() == generation
    assert (toy.work / "mm/memory.c").stat().st_mtime_ns == old
    assert (toy.work / "mm/pfn_track.c").read_text() == "ours, better\n"


def test_what_is_gone_is_taken_back(toy: Toy) -> None:
    """A file or a patch that is dropped leaves the kernel's own, newer than objects."""
    toy.lay()
    (toy.repo / "mm/pfn_track.c").unlink()
    (toy.integration / "0001-toy.patch").unlink()
    toy.put(toy.repo / "mm/pfn_track_b.c", "b\n")
    before = (toy.work / "mm/memory.c").stat().st_mtime_ns
    toy.lay()
    assert not (toy.work / "mm/pfn_track.c").exists()
    assert (toy.work / "mm/memory.c").read_text() == MEMORY
    assert (toy.work / "mm/memory.c").stat().st_mtime_ns > before


def test_half_applied_is_made_afresh(toy: Toy) -> None:
    """A tree without its stamp is not trusted, and its objects neither."""
    generation = toy.lay()
    (toy.work / tree.STAMP).unlink()
    (toy.work / "mm/memory.c").write_text("half\n")
    assert toy.lay() != generation
    assert "inside_first" in (toy.work / "mm/memory.c").read_text()


def test_damaged_is_mended(toy: Toy) -> None:
    """A laid file that somebody edited in the tree is put right."""
    toy.lay()
    tree.replace(toy.work / "mm/pfn_track.c", toy.pristine / "mm/other.c")
    toy.lay()
    assert (toy.work / "mm/pfn_track.c").read_text() == "ours\n"


def test_wrong_version(toy: Toy) -> None:
    """Refused, with both versions, before anything is made."""
    toy.put(toy.pristine / "Makefile", MAKEFILE.replace("12", "13"))
    with pytest.raises(common.Error, match=r"Linux 6\.13.* for 6\.12"):
        toy.lay()
    assert not toy.work.exists()


def test_no_kernel(toy: Toy) -> None:
    """So is a folder that is no kernel."""
    (toy.pristine / "Makefile").unlink()
    with pytest.raises(common.Error, match="no kernel tree"):
        toy.lay()


def test_hunk_that_does_not_fit(toy: Toy) -> None:
    """No fuzz: the patch and the file are named, the tree stays as it was."""
    toy.lay()
    before = (toy.work / "mm/memory.c").read_text()
    toy.put(toy.integration / "0002-more.patch",
            "--- a/mm/other.c\n+++ b/mm/other.c\n@@ -1 +1,2 @@ top\n-another\n+new\n+newer\n")
    with pytest.raises(common.Error, match=r"0002-more.patch: hunk 1 of mm/other\.c, for top"):
        toy.lay()
    assert (toy.work / "mm/memory.c").read_text() == before
    assert json.loads((toy.work / tree.STAMP).read_text())


def test_hunk_count_is_promised(toy: Toy) -> None:
    """A patch that lost a hunk, or came without a line in the series, is seen."""
    toy.put(toy.integration / "series", "Patch: 0001-toy.patch 3\n\nWhy.\n")
    with pytest.raises(common.Error, match="holds 2 hunks, the series file says 3"):
        toy.lay()
    toy.put(toy.integration / "series", "Patch: 0001-toy.patch 2\n----\nPatch: 0009-no.patch 1\n")
    with pytest.raises(common.Error, match="0009-no.patch, which does not exist"):
        toy.lay()


def test_overlay_must_not_shadow(toy: Toy) -> None:
    """A file of the kernel is changed by patch, never replaced."""
    toy.put(toy.repo / "mm/other.c", "mine\n")
    with pytest.raises(common.Error, match="is a file of the kernel"):
        toy.lay()


def test_offsets_are_fine(toy: Toy) -> None:
    """A point release may move lines."""
    toy.put(toy.pristine / "mm/memory.c", "zero\n" * 20 + MEMORY)
    toy.lay()
    assert "inside_first" in (toy.work / "mm/memory.c").read_text()


def test_repository_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With sudo, what git ignores is no file of ours either."""
    (tmp_path / "mm").mkdir()
    for name in ("pfn_track.c", "notes.txt"):
        (tmp_path / "mm" / name).touch()
    (tmp_path / ".gitignore").write_text("*.txt\n")
    subprocess.run(["git", "-C", tmp_path, "init", "-q"], check=True)
    # How git's own tests do it.
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert list(tree.overlay_files(tmp_path)) == ["mm/pfn_track.c"]


def test_tree_of_another_clone(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """An image is kept only if the tree still is that of our plan."""
    mine = tree.plan_of(toy.repo, toy.integration)
    monkeypatch.setattr(tree, "plan_of", lambda: mine)
    monkeypatch.setattr(tree, "source_version", lambda: "1")
    assert not build.is_of_plan("pfn_track", toy.work)
    tree.lay(toy.pristine, mine, toy.work, "1")
    assert build.is_of_plan("pfn_track", toy.work)
    toy.put(toy.repo / "mm/pfn_track.c", "theirs\n")
    tree.lay(toy.pristine, mine, toy.work, "1")
    toy.put(toy.repo / "mm/pfn_track.c", "ours\n")
    assert not build.is_of_plan("pfn_track", toy.work)
    assert build.is_of_plan("pristine", toy.pristine)
