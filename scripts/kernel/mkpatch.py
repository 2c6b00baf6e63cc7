#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Write the change to the kernel as a series for "git am" or "patch -p1".

usage: mkpatch.py [FOLDER]                  FOLDER: build/patches
       mkpatch.py FOLDER --source TREE      for the kernel in TREE instead of Debian's

The steps come from integration/KERNEL/series, whose head explains its format.
The series is checked before it is written: all steps together make exactly the
tree that tree.py makes, and every file belongs to exactly one step.
"""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import tree
from common import INTEGRATION, REPO, Error, UsageError, cache, info, locked, main, scratch

DATE = "2026-01-01T00:00:00+0000"
NOBODY = ("pfn_track developers", "pfn_track@localhost")


@dataclass
class Step:
    """One patch of the series."""

    subject: str = ""
    body: str = ""
    globs: list[str] = field(default_factory=list)
    patches: list[str] = field(default_factory=list)


def header_of(patch: Path) -> tuple[str, str]:
    """Subject and body of a patch file: what stands before its first diff."""
    head = re.split(r"^(?:--- |diff )", patch.read_text(), maxsplit=1, flags=re.MULTILINE)[0]
    subject, _, body = head.strip().partition("\n")
    return subject, body.strip()


def parse(text: str, integration: Path = INTEGRATION) -> list[Step]:
    """The steps of a series file."""
    steps = []
    text = re.sub(r"^(#|Needs: ).*\n", "", text, flags=re.MULTILINE)
    for part in re.split(r"^-{4,}\n", text, flags=re.MULTILINE):
        if not part.strip():
            continue
        head, _, body = part.strip().partition("\n\n")
        step = Step(body=body.strip())
        for line in head.splitlines():
            key, _, value = line.partition(": ")
            if key == "Subject":
                step.subject = value.strip()
            elif key == "Files":
                step.globs += value.split()
            elif key == "Patch":
                step.patches.append(value.split()[0])
            else:
                raise Error(f"series: not Subject, Files or Patch: {line}")
        if not step.globs and not step.patches:
            raise Error(f"series: step '{step.subject}' has neither Files nor Patch")
        if not step.subject and step.patches:
            step.subject, step.body = header_of(integration / step.patches[0])
        if not step.subject or not step.body:
            raise Error(f"series: step '{step.subject or step.globs}' needs a subject and a body")
        steps.append(step)
    return steps


def assign(steps: list[Step], plan: tree.Plan) -> list[list[str]]:
    """The overlay files of each step; each in exactly one step."""
    left = dict(plan.overlay)
    chosen = []
    for step in steps:
        names = [name for name in left if any(fnmatch.fnmatch(name, glob) for glob in step.globs)]
        if step.globs and not names:
            raise Error(f"series: no file for step '{step.subject}'")
        for name in names:
            del left[name]
        chosen.append(names)
    if left:
        raise Error(f"series: no step has {', '.join(sorted(left))}")
    order = [name for step in steps for name in step.patches]
    if order != [patch.name for patch in plan.patches]:
        raise Error("series: its patches are not those of the folder, each of them once")
    return chosen


def identity() -> tuple[str, str]:
    """Who sends the series."""
    said = []
    for key, fallback in zip(("user.name", "user.email"), NOBODY, strict=True):
        done = subprocess.run(["git", "-c", "safe.directory=*", "-C", REPO, "config", key],
                              capture_output=True, text=True, check=False)
        said.append(done.stdout.strip() or fallback)
    return said[0], said[1]


def git(folder: Path, *arguments: str, stdin: str | None = None) -> None:
    """A git command that sees none of the user's settings or hooks."""
    name, address = identity()
    env = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1",
           "GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": address, "GIT_AUTHOR_DATE": DATE,
           "GIT_COMMITTER_NAME": name, "GIT_COMMITTER_EMAIL": address, "GIT_COMMITTER_DATE": DATE}
    for variable in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        env.pop(variable, None)
    done = subprocess.run(["git", "-C", folder, *arguments], input=stdin, env=env, check=False,
                          capture_output=True, text=True)
    if done.returncode:
        raise Error(f"git {arguments[0]}: {(done.stderr or done.stdout).strip().splitlines()[-1:]}")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, git's own aside."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*")
            if path.is_file() and ".git" not in path.relative_to(folder).parts}


def write_series(pristine: Path, plan: tree.Plan, steps: list[Step], folder: Path) -> list[Path]:
    """Commit step by step in a small repository, and format it as patches."""
    chosen = assign(steps, plan)
    name, address = identity()
    with scratch(cache(), "mkpatch") as place:
        work, whole = place / "work", place / "whole"
        work.mkdir()
        whole.mkdir()
        for path in {item for patch in plan.patches for item in tree.touched(patch)}:
            if (pristine / path).exists():
                tree.replace(work / path, pristine / path)
        git(work, "init", "-q", "-b", "series")
        git(work, "add", "-A", "-f")
        git(work, "commit", "-q", "--allow-empty", "-m", "pristine")
        git(work, "tag", "pristine")
        by_name = {patch.name: patch for patch in plan.patches}
        for step, names in zip(steps, chosen, strict=True):
            for path in names:
                tree.replace(work / path, plan.overlay[path])
            for patch in step.patches:
                tree.apply_patch(by_name[patch], work, plan.hunks[patch])
            git(work, "add", "-A", "-f")
            git(work, "commit", "-q", "--cleanup=whitespace", "-F", "-",
                stdin=f"{step.subject}\n\n{step.body}\n\nSigned-off-by: {name} <{address}>\n")
        tree.stage(pristine, plan, whole)
        if contents(work) != contents(whole):
            raise Error("the series does not make the tree that the overlay makes")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        git(work, "format-patch", "-q", "--zero-commit", "--no-signature", "--no-renames",
            "-o", str(folder.absolute()), "pristine")
    return sorted(folder.glob("*.patch"))


def run(argv: list[str]) -> None:
    """The command."""
    source = Path(argv[2]) if len(argv) == 3 and argv[1] == "--source" else None
    if len(argv) > 1 and not source:
        raise UsageError("usage: mkpatch.py [FOLDER [--source TREE]]")
    folder = Path(argv[0]) if argv else REPO / "build" / "patches"
    series = INTEGRATION / "series"
    if not series.exists():
        raise Error(f"{series} is missing")
    plan = tree.plan_of()
    if source:
        pristine, version = source, tree.check_version(source, oldest=plan.oldest)
    else:
        with locked("tree"):
            pristine, version = tree.pristine_tree()
    paths = write_series(pristine, plan, parse(series.read_text()), folder)
    for path in paths:
        print(path)
    info(f"mkpatch: {len(paths)} patches for Linux {version} in {folder}; "
         f"apply with: git am {folder}/*.patch")


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(run)
