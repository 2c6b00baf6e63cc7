# SPDX-License-Identifier: GPL-2.0-only
"""Hunks land in the function that they state, or nowhere; on a toy kernel and on the real one."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import common
import hunks
import pytest
import tree
from test_tree import MAKEFILE, MEMORY, PATCH, Toy

# Two functions that release a lock and return: two lines of context say nothing.
TWINS = """\
static int zap(int a)
{
	lock();
	%s
	unlock();
	return 0;
}

static int keep(int a)
{
	lock();
	keep_it();
	unlock();
	return 0;
}
"""
INTO_ZAP = """\
--- a/mm/twins.c
+++ b/mm/twins.c
@@ -5,2 +5,3 @@ zap
 	unlock();
+	record();
 	return 0;
"""


def twins(toy: Toy, first: str, patch: str = INTO_ZAP) -> str:
    """Lay a patch over the twins, the first of which does @first; what came of the file."""
    toy.put(toy.pristine / "mm/twins.c", first)
    toy.put(toy.integration / "0001-toy.patch", patch)
    toy.lay()
    return (toy.work / "mm/twins.c").read_text()


@pytest.fixture(name="toy")
def fixture_toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toy:
    """The toy kernel, with a cache of its own."""
    monkeypatch.setenv("PFNTRACK_CACHE", str(tmp_path / "cache"))
    return Toy(tmp_path)


def plain_patch(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    """What patch(1) makes of it."""
    return subprocess.run(["patch", "-p1", "-F0", "-f"], input=text, cwd=folder, text=True,
                          capture_output=True, check=False)


def test_wrong_function_is_refused(toy: Toy) -> None:
    """The lines are gone from zap(): patch reports success in keep(), the tool refuses."""
    changed = (TWINS % "zap_it();").replace("unlock();\n\treturn 0;", "return unlock();", 1)
    with pytest.raises(common.Error, match=r"0001-toy\.patch: hunk 1 of mm/twins\.c belongs to "
                                           r"zap, but its lines are found in keep \(line 12\)"):
        twins(toy, changed)
    assert not toy.work.exists()
    done = plain_patch(toy.pristine, INTO_ZAP)
    assert done.returncode == 0 and "FAILED" not in done.stdout
    assert "record();" in (toy.pristine / "mm/twins.c").read_text().split("keep(int a)")[1]


def test_shifted_function_is_found(toy: Toy) -> None:
    """zap() has moved so far that keep() is nearer: the hunk goes to zap() all the same."""
    after = twins(toy, TWINS % "zap_it();\n" + "\n" * 30)
    assert "record();" in after.split("keep(int a)")[0]
    below = "".join(reversed(re.split(r"(?=static int keep)", TWINS % "zap_it();")))
    after = twins(toy, below)
    assert "record();" in after.split("zap(int a)")[1]
    (toy.pristine / "mm/twins.c").write_text(below)
    assert plain_patch(toy.pristine, INTO_ZAP).returncode == 0
    assert "record();" in (toy.pristine / "mm/twins.c").read_text().split("zap(int a)")[0]


def test_twice_in_one_function_is_refused(toy: Toy) -> None:
    """Which of two places in one function is meant, nothing says."""
    with pytest.raises(common.Error, match="fits 2 times in zap, at the lines 5, 8"):
        twins(toy, TWINS % "x();\n\tunlock();\n\treturn 0;\n\ty();")


def test_heading_is_required(toy: Toy) -> None:
    """A hunk that states nothing is refused before anything is made, with its number."""
    toy.put(toy.integration / "0001-toy.patch", PATCH.replace(" struct pair", ""))
    with pytest.raises(common.Error, match=r"0001-toy\.patch: hunk 2 of mm/memory\.c does not "
                                           "state the function"):
        toy.lay()
    assert not toy.work.exists()


def test_landing_is_checked_by_itself() -> None:
    """A result that has the lines elsewhere is refused, whatever placed them there."""
    _, [one] = hunks.parse(INTO_ZAP)
    lines = (TWINS % "zap_it();").splitlines()
    one.hunks[0].old = one.hunks[0].new = 12
    result = hunks.spliced(one, lines)
    assert "record();" in "\n".join(result).split("keep(int a)")[1]
    with pytest.raises(common.Error, match="belongs to zap, but landed in keep"):
        hunks.landed("0001-toy.patch", one, result)
    with pytest.raises(common.Error, match="is not at line 12 of the result"):
        hunks.landed("0001-toy.patch", one, lines)


def test_too_old_a_release(toy: Toy) -> None:
    """The series says which release it needs; older ones are refused before anything is made."""
    toy.put(toy.integration / "series", "Needs: 6.12.4\nPatch: 0001-toy.patch 2\n\nWhy.\n")
    with pytest.raises(common.Error, match=r"is Linux 6\.12\.3, the integration needs 6\.12\.4"):
        toy.lay()
    assert not toy.work.exists()
    toy.put(toy.pristine / "Makefile", MAKEFILE.replace("SUBLEVEL = 3", "SUBLEVEL = 4"))
    toy.lay()
    for wrong in ("Needs: 6.13.4", "Needs: new", "Needs: 6.12.4\nNeeds: 6.12.5"):
        toy.put(toy.integration / "series", f"{wrong}\nPatch: 0001-toy.patch 2\n\nWhy.\n")
        with pytest.raises(common.Error, match="one line 'Needs: 6.12.NUMBER'"):
            toy.lay()


def test_annotate(toy: Toy) -> None:
    """Headings, line numbers and counts are made from the tree; a second time changes nothing."""
    bare = re.sub(r"^@@.*", "@@ -1,9 +1,9 @@", PATCH, flags=re.MULTILINE)
    toy.put(toy.integration / "0001-toy.patch", bare)
    toy.put(toy.integration / "series", "Patch: 0001-toy.patch 7\n\nWhy.\n")
    assert hunks.annotate(toy.integration, toy.pristine) == 2
    assert (toy.integration / "0001-toy.patch").read_text() == PATCH
    assert "0001-toy.patch 2\n" in (toy.integration / "series").read_text()
    assert hunks.annotate(toy.integration, toy.pristine) == 0
    toy.lay()


def test_annotate_gives_context(toy: Toy) -> None:
    """A hunk that fits twice in its function gets as much context as tells them apart."""
    twice = TWINS % "x();\n\tunlock();\n\treturn 0;\n\ty();"
    toy.put(toy.pristine / "mm/twins.c", twice)
    toy.put(toy.integration / "0001-toy.patch", INTO_ZAP)
    hunks.annotate(toy.integration, toy.pristine)
    assert "@@ -4,4 +4,5 @@ zap\n \tx();\n \tunlock();\n+" in \
        (toy.integration / "0001-toy.patch").read_text()
    toy.lay()


SHAPES = r"""
#include <linux/mm.h>
#define LIMIT 7

/* a comment with { in it, and an apostrophe's */
static const char *const names[] = {
	"{", '{', };

enum colour {
	RED,
};

typedef struct {
	int a;
} pair_t;

__printf(1, 2) static noinline void __must_check
tell(const char *text, ...)
{
	if (text)
		puts("}");
#ifdef A
	if (a) {
#else
	if (b) {
#endif
		stop();
	}
out:
	return;
}
EXPORT_SYMBOL(tell);

int declared(int a,
	     int b);

void (*pointer)(int a);

static inline void empty(void) { }

COMPAT_SYSCALL_DEFINE2(fstat, int, fd,
		       void *, buffer)
{
	return 0;
}

int late(int (*call)(int))

{
	return call(1);
}
"""


@pytest.mark.parametrize(("line", "place"), [
    ("#include", "#include"), ("a comment", "after LIMIT"), ("'{'", "names"),
    ("RED", "enum colour"),
    ("int a;", "struct"), ("tell(const", "tell"), ("puts", "tell"), ("stop()", "tell"),
    ("return;", "tell"), ("EXPORT", "after tell"), ("static inline void empty", "empty"),
    ("COMPAT", "COMPAT_SYSCALL_DEFINE2(fstat)"),
    ("return 0;", "COMPAT_SYSCALL_DEFINE2(fstat)"), ("return call", "late"),
])
def test_shapes(line: str, place: str) -> None:
    """What encloses a line of C, as the kernel writes it."""
    lines = SHAPES.splitlines()
    number = next(number for number, text in enumerate(lines) if line in text)
    assert hunks.Scopes("x.c", lines).at(number) == place


@pytest.mark.parametrize(("line", "place"), [
    ("#define", "#include"), ("enum colour", "after names"), ("/* a comment", "after LIMIT"),
    ("int late", "after COMPAT_SYSCALL_DEFINE2(fstat)"), ("void (*pointer)", "after declared"),
    ("static inline", "after pointer"), ("if (text)", "tell"),
])
def test_between(line: str, place: str) -> None:
    """Where an insertion before a line of C is."""
    lines = SHAPES.splitlines()
    number = next(number for number, text in enumerate(lines) if line in text)
    assert hunks.Scopes("x.c", lines).between(number) == place


def test_other_files() -> None:
    """In Kconfig the entry, elsewhere the line before."""
    lines = ["menu \"x\"", "config A", "\tbool", "", "config B"]
    assert hunks.Scopes("mm/Kconfig.debug", lines).between(4) == "config A"
    assert hunks.Scopes("mm/Makefile", ["obj-y  += a.o", "", "x"]).between(2) == "obj-y += a.o"
    assert hunks.Scopes("mm/memory.c", MEMORY.splitlines()).between(0) == "#include"
    assert hunks.Scopes("x.h", ["", "int a;"]).between(0) == "top"


@pytest.fixture(name="pristine", scope="module")
def fixture_pristine() -> Path:
    """The unpacked source."""
    with common.locked("tree"):
        return tree.pristine_tree()[0]


def test_exported_functions(pristine: Path) -> None:
    """Against the kernel's own words: what EXPORT_SYMBOL() follows is of that name."""
    seen, wrong = 0, []
    for name in {item for patch in tree.plan_of().patches for item in tree.touched(patch)}:
        lines = (pristine / name).read_text().splitlines() if name.endswith(".c") else []
        scopes = hunks.Scopes(name, lines)
        for number, line in enumerate(lines[1:], 1):
            match = re.match(r"EXPORT_SYMBOL(?:_GPL)?\((\w+)\);", line)
            if match and lines[number - 1] == "}":
                seen += 1
                if scopes.owner[number - 1] != match[1]:
                    wrong.append((name, match[1], scopes.owner[number - 1]))
    assert seen > 200 and not wrong


def test_headings_are_up_to_date(pristine: Path) -> None:
    """Debian's source takes every hunk at the line, and in the place, that it states."""
    for path, text in hunks.walk(tree.plan_of().patches, pristine, learn=False).items():
        assert text == path.read_text(), f"{path.name}: scripts/kernel/hunks.py --annotate"
