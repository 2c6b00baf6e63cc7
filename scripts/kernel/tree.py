#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Make the patched kernel tree: Debian's source, our files, our patches.

usage: tree.py                      the tree in the cache; prints its folder
       tree.py --pristine           the same for the untouched source
       tree.py --source A --output B
                                    lay the overlay over a copy of the tree A

The working tree is a hard-linked copy of the pristine one. Nothing is ever
written through a link: every file is made beside the tree, complete and
checked, and renamed into its place. A file whose content does not change keeps
its time stamp, so a kernel build over the tree stays incremental. A stamp in
the tree lists what was laid; it is absent while a change is under way, and a
tree without it is thrown away and made afresh.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hunks
from common import (INTEGRATION, KERNEL, PACKAGE, REPO, Error, cache, info, locked, main,
                    output, packages, scratch, sha)

ROOMS = ("include", "mm", "arch/generic", "samples", "Documentation")
JUNK = re.compile(r"(~|\.orig|\.rej|\.o|\.ko|\.swp|\.cmd)$|(^|/)__pycache__/")
STAMP = ".pfn_track.json"


@dataclass(frozen=True)
class Plan:
    """What is laid over a kernel tree."""

    overlay: dict[str, Path]
    patches: tuple[Path, ...]
    hunks: dict[str, int]
    # The oldest release of the stable series that the patches fit.
    oldest: int = 0

    def key(self, source: str) -> str:
        """A name for the result: the same inputs give the same key."""
        digest = hashlib.sha256(f"1 {source}\n".encode())
        for name, path in sorted(self.overlay.items()):
            digest.update(f"{name} {sha(path)}\n".encode())
        for path in self.patches:
            digest.update(f"{path.name} {sha(path)}\n".encode())
        return digest.hexdigest()


def overlay_files(repo: Path) -> dict[str, Path]:
    """Our files under the rooms whose paths equal the kernel's."""
    try:
        # With sudo, the repository is another user's, which git would refuse.
        names = output(["git", "-c", "safe.directory=*", "-C", repo, "ls-files", "-z", "--cached",
                        "--others", "--exclude-standard", "--", *ROOMS]).split("\0")
    except (Error, OSError):
        # No repository: a source archive.
        names = [str(path.relative_to(repo)) for room in ROOMS
                 for path in (repo / room).rglob("*")]
    return {name: repo / name for name in sorted(names)
            if name and not JUNK.search(name) and (repo / name).is_file()}


def count_hunks(patch: Path) -> int:
    """How many hunks a patch file holds."""
    return len(re.findall(r"^@@ -\d", patch.read_text(), re.MULTILINE))


def series_hunks(series: Path) -> dict[str, int]:
    """The hunk counts that the series file promises, by patch name."""
    if not series.exists():
        return {}
    found = re.findall(r"^Patch: (\S+) (\d+)$", series.read_text(), re.MULTILINE)
    return {name: int(count) for name, count in found}


def series_oldest(series: Path, wanted: str = KERNEL) -> int:
    """The oldest release of the stable series that the series file says it fits."""
    if not series.exists():
        return 0
    needs = re.findall(r"^Needs: (.*)$", series.read_text(), re.MULTILINE)
    oldest = [re.fullmatch(rf"{re.escape(wanted)}\.(\d+)", text.strip()) for text in needs]
    if len(needs) > 1 or not all(oldest):
        raise Error(f"the series file needs one line 'Needs: {wanted}.NUMBER', not {needs}")
    return int(oldest[0][1]) if oldest and oldest[0] else 0


def plan_of(repo: Path = REPO, integration: Path = INTEGRATION) -> Plan:
    """Collect what is to be laid, and check it for itself."""
    promised = series_hunks(integration / "series")
    patches = hunks.patches_of(integration)
    counts = {}
    for patch in patches:
        counts[patch.name] = count_hunks(patch)
        if promised and promised.get(patch.name) != counts[patch.name]:
            raise Error(f"{patch.name} holds {counts[patch.name]} hunks, the series file says "
                        f"{promised.get(patch.name, 'nothing of it')}")
        hunks.check_stated(patch.name, hunks.parse(patch.read_text())[1])
    for name in promised:
        if name not in counts:
            raise Error(f"the series file names {name}, which does not exist")
    return Plan(overlay_files(repo), patches, counts, series_oldest(integration / "series"))


def check_version(tree: Path, wanted: str = KERNEL, oldest: int = 0) -> str:
    """The release of a tree; an error if it is not the kernel the patches are for."""
    try:
        head = (tree / "Makefile").read_text()[:500]
    except OSError:
        raise Error(f"{tree} is no kernel tree: it has no Makefile") from None
    found = [re.search(rf"^{word} = (\d+)$", head, re.MULTILINE)
             for word in ("VERSION", "PATCHLEVEL", "SUBLEVEL")]
    version = ".".join(match[1] for match in found[:2] if match) or "unknown"
    if version != wanted:
        raise Error(f"{tree} is Linux {version}, the integration is for {wanted}")
    release = int(found[2][1]) if found[2] else 0
    if release < oldest:
        raise Error(f"{tree} is Linux {wanted}.{release}, the integration needs "
                    f"{wanted}.{oldest} or newer")
    return f"{wanted}.{release}"


def touched(patch: Path) -> list[str]:
    """The files that a patch changes or adds."""
    names = []
    for old, new in re.findall(r"^--- (\S+).*\n\+\+\+ (\S+)", patch.read_text(), re.MULTILINE):
        name = old if new == "/dev/null" else new
        names.append(name.split("/", 1)[1])
    return names


def apply_patch(patch: Path, tree: Path, expected: int) -> None:
    """Apply one patch without fuzz; every hunk must land in the function that it states."""
    preface, files = hunks.parse(patch.read_text())
    hunks.check_stated(patch.name, files)
    changed = [one for one in files if not one.created]
    for one in changed:
        if not (tree / one.name).exists():
            raise Error(f"{patch.name}: the kernel has no {one.name}")
        hunks.fit(patch.name, one, (tree / one.name).read_text().splitlines())
    # Each hunk has its line now: patch(1) has nothing to look for.
    done = subprocess.run(["patch", "-p1", "-F0", "-f", "--verbose", "--no-backup-if-mismatch",
                           "-r", "-"], cwd=tree, capture_output=True, text=True, check=False,
                          input=hunks.text_of(preface, files), env={**os.environ, "LC_ALL": "C"})
    applied = len(re.findall(r"^Hunk #\d+ succeeded at \d+\.$", done.stdout, re.MULTILINE))
    if done.returncode or applied != expected:
        lines = (done.stdout + done.stderr).splitlines()
        bad = [line for line in lines
               if re.search(r"FAILED|can't find|already exists|offset|malformed", line)]
        at = [line for line in lines if line.startswith(("patching file", "checking file"))]
        raise Error(f"{patch.name}: {applied} of {expected} hunks applied"
                    + (f" ({at[-1]}: {bad[0]})" if bad and at else ""))
    for one in changed:
        hunks.landed(patch.name, one, (tree / one.name).read_text().splitlines())


def stage(pristine: Path, plan: Plan, staging: Path) -> dict[str, Path]:
    """Make every changed and added file in a folder of its own."""
    for patch in plan.patches:
        for name in touched(patch):
            source, copy = pristine / name, staging / name
            if source.exists() and not copy.exists():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, copy)
    for patch in plan.patches:
        apply_patch(patch, staging, plan.hunks[patch.name])
    for name, path in plan.overlay.items():
        if (pristine / name).exists() or (staging / name).exists():
            raise Error(f"{name} is a file of the kernel: change it by a patch in integration/")
        copy = staging / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    return {str(path.relative_to(staging)): path
            for path in staging.rglob("*") if path.is_file()}


def replace(target: Path, source: Path) -> None:
    """Put a copy of a file in place by rename: a hard link is never followed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.new")
    beside.unlink(missing_ok=True)
    shutil.copyfile(source, beside)
    if source.stat().st_mode & 0o111:
        beside.chmod(0o755)
    beside.rename(target)


def read_stamp(tree: Path) -> dict[str, Any]:
    """What a tree says was laid over it; nothing if it says nothing sound."""
    try:
        stamp = json.loads((tree / STAMP).read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) and "files" in stamp else {}


def intact(tree: Path, stamp: dict[str, Any]) -> bool:
    """Whether every laid file still is what it was made as."""
    return all((tree / name).is_file() and sha(tree / name) == digest
               for name, digest in stamp["files"].items())


def fresh_copy(pristine: Path, tree: Path) -> None:
    """A hard-linked copy of the pristine tree, complete or not there at all."""
    if tree.exists():
        info(f"tree: {tree} is half-applied, making it afresh")
        shutil.rmtree(tree)
    beside = tree.with_name(f"{tree.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    beside.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["cp", "-al", pristine, beside], capture_output=True, check=False)
    if done.returncode:
        # Another file system: links are not possible, a copy is.
        shutil.rmtree(beside, ignore_errors=True)
        output(["cp", "-a", pristine, beside])
    beside.rename(tree)


def lay(pristine: Path, plan: Plan, tree: Path, source: str) -> str:
    """Bring a working tree up to date; the answer names its generation.

    The generation changes when the tree was made afresh: files may then be
    older than the objects that were built from their predecessors.
    """
    check_version(pristine, oldest=plan.oldest)
    key = plan.key(source)
    stamp = read_stamp(tree)
    if stamp.get("key") == key and intact(tree, stamp):
        return str(stamp["generation"])
    with scratch(cache(), "stage") as folder:
        staged = stage(pristine, plan, folder)
        if not stamp or stamp.get("source") != source:
            fresh_copy(pristine, tree)
            stamp = {"files": {}, "generation": uuid.uuid4().hex}
        (tree / STAMP).unlink(missing_ok=True)
        changed = 0
        for name in stamp["files"]:
            if name in staged:
                continue
            changed += 1
            if (pristine / name).exists():
                replace(tree / name, pristine / name)
            else:
                (tree / name).unlink(missing_ok=True)
        for name, path in staged.items():
            if not (tree / name).exists() or sha(tree / name) != sha(path):
                replace(tree / name, path)
                changed += 1
        files = {name: sha(path) for name, path in staged.items()}
    for name in files:
        if (pristine / name).exists() and os.path.samefile(pristine / name, tree / name):
            raise Error(f"{name} was written through a hard link; remove {pristine} and {tree}")
    beside = tree / f"{STAMP}.new"
    beside.write_text(json.dumps({"key": key, "source": source, "files": files,
                                  "generation": stamp["generation"]}, indent=1))
    beside.rename(tree / STAMP)
    info(f"tree: {len(plan.overlay)} files laid, {sum(plan.hunks.values())} hunks of "
         f"{len(plan.patches)} patches applied, {changed} files changed in {tree}")
    return str(stamp["generation"])


def source_version() -> str:
    """The version of the installed source package."""
    packages("kernel")
    return output(["dpkg-query", "-W", "-f", "${Version}", PACKAGE]).strip()


def pristine_tree() -> tuple[Path, str]:
    """Debian's source, unpacked once per version of the package."""
    version = source_version()
    target = cache() / "src" / version.replace(":", "_")
    if not target.exists():
        archive = Path(f"/usr/src/{PACKAGE}.tar.xz")
        if not archive.exists():
            raise Error(f"package {PACKAGE} {version} lacks {archive}")
        info(f"tree: unpacking {PACKAGE} {version} (once, about half a minute)")
        target.parent.mkdir(exist_ok=True)
        with scratch(target.parent, "unpack") as folder:
            output(["tar", "-xJf", archive, "-C", folder, "--no-same-owner"])
            check_version(folder / PACKAGE)
            (folder / PACKAGE).rename(target)
    check_version(target)
    return target, version


def work_tree() -> tuple[Path, str]:
    """The patched tree in the cache, and its generation."""
    with locked("tree"):
        pristine, version = pristine_tree()
        tree = cache() / "tree" / KERNEL
        return tree, lay(pristine, plan_of(), tree, version)


def run(argv: list[str]) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="make the patched kernel tree")
    parser.add_argument("--pristine", action="store_true", help="only Debian's source, untouched")
    parser.add_argument("--source", type=Path, help="a pristine tree of yours")
    parser.add_argument("--output", type=Path, help="where its patched copy goes")
    options = parser.parse_args(argv)
    if bool(options.source) != bool(options.output):
        parser.error("--source and --output go together")
    if options.source:
        source = options.source.resolve()
        lay(source, plan_of(), options.output.absolute(), str(source))
        print(options.output)
    elif options.pristine:
        with locked("tree"):
            print(pristine_tree()[0])
    else:
        print(work_tree()[0])


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(run)
