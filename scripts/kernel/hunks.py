#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Hunks that state where they belong, so that they cannot land anywhere else.

usage: hunks.py --annotate [TREE]   rewrite headings, line numbers and counts of
                                    integration/KERNEL from TREE (default: Debian's source)
       hunks.py --check TREE        whether all hunks fit the tree TREE; changes nothing
       hunks.py --scope FILE LINE   print what encloses a line of a file

patch(1) takes the place nearest to the line number where the context matches.
With two lines of context another function may match as well, and patch reports
success. Each hunk therefore states its place behind the second "@@":

    @@ -1688,2 +1692,3 @@ zap_pte_range             inside this function
    @@ -40,2 +41,3 @@ struct vm_struct              inside this structure, enum or initialiser
    @@ -637,2 +642,6 @@ SYSCALL_DEFINE3(mprotect)   inside a function that a macro defines
    @@ -2470,2 +2470,9 @@ after vmf_insert_pfn    between definitions, behind this one
    @@ -62,2 +62,3 @@ #include                     among #include lines
    @@ -1,2 +1,3 @@ top                            before the first definition of the file
    @@ -121,2 +121,4 @@ config PAGE_OWNER          in or behind this entry of a Kconfig file
    @@ -85,2 +85,3 @@ obj-y += mm/                behind this line of a file of another kind

fit() moves each hunk to where its lines occur in the stated place, and refuses a
hunk that fits nowhere there, or twice. landed() checks the patched file.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import common
from common import Error, info, locked, main

HEAD = re.compile(r"^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@(?: (.*))?$")
# May stand before the name of a function, with arguments.
ANNOTATION = re.compile(r"\b(?:__attribute__|__(?:printf|scanf|section|aligned|acquires|releases|"
                        r"must_hold|cond_acquires|alloc_size|assume_aligned))\s*"
                        r"\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)")
MASK = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
# These follow a definition and name it again.
EXPORT = re.compile(r"(EXPORT_\w+|ALLOW_ERROR_INJECTION|NOKPROBE_SYMBOL|MODULE_\w+)$")
INCLUDE = re.compile(r"\s*#\s*include\b")
OUTSIDE = ("top", "#include")


@dataclass
class Hunk:
    """One hunk: where it goes, what it states, and its lines with their marks."""

    old: int
    new: int
    stated: str
    body: list[str] = field(default_factory=list)

    @property
    def before(self) -> list[str]:
        """The lines that must be there."""
        return [line[1:] for line in self.body if line[0] in " -"]

    @property
    def after(self) -> list[str]:
        """The lines that it leaves."""
        return [line[1:] for line in self.body if line[0] in " +"]

    @property
    def context(self) -> tuple[int, int]:
        """How many lines stand before the first change and behind the last."""
        marks = "".join(line[0] for line in self.body)
        return len(marks) - len(marks.lstrip(" ")), len(marks) - len(marks.rstrip(" "))

    def heading(self) -> str:
        """Its first line."""
        sides = [f"{mark}{start}" + (f",{length}" if length != 1 else "")
                 for mark, start, length in (("-", self.old, len(self.before)),
                                             ("+", self.new, len(self.after)))]
        return f"@@ {' '.join(sides)} @@ {self.stated}".rstrip()


@dataclass
class FilePatch:
    """The hunks of one file, in order."""

    lines: list[str]
    name: str
    created: bool
    hunks: list[Hunk] = field(default_factory=list)


def parse(text: str) -> tuple[list[str], list[FilePatch]]:
    """The words before the first file, and the files of a patch.

    The counts in the headings are not read: they are often wrong after an edit.
    """
    lines = text.splitlines()
    preface: list[str] = []
    files: list[FilePatch] = []
    hunk: Hunk | None = None
    pairs = zip(lines, [*lines[1:], ""], strict=True)
    for line, following in pairs:
        if line.startswith("--- ") and following.startswith("+++ "):
            old, new = (part.split()[1] for part in (line, following))
            name = old if new == "/dev/null" else new
            files.append(FilePatch([line, following], name.split("/", 1)[1], old == "/dev/null"))
            hunk = None
            next(pairs)
        elif files and (match := HEAD.match(line)):
            hunk = Hunk(int(match[1]), int(match[2]), (match[3] or "").strip())
            files[-1].hunks.append(hunk)
        elif hunk and (not line or line[0] in " -+\\"):
            hunk.body.append(line)
        elif files:
            raise Error(f"not a line of a patch: {line[:60]!r}")
        else:
            preface.append(line)
    for hunk in (hunk for one in files for hunk in one.hunks):
        while hunk.body and not hunk.body[-1]:
            hunk.body.pop()
        # Editors strip the blank that marks an empty line.
        hunk.body = [line or " " for line in hunk.body]
    return preface, files


def text_of(preface: list[str], files: list[FilePatch]) -> str:
    """The patch again."""
    lines = list(preface)
    for one in files:
        lines += one.lines
        for hunk in one.hunks:
            lines += [hunk.heading(), *hunk.body]
    return "\n".join(lines) + "\n"


# === What encloses a line ======================================================


def masked(text: str) -> list[str]:
    """The lines without comments and strings; "#" for each line of a directive."""
    text = MASK.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    lines = text.split("\n")
    directive = False
    for number, line in enumerate(lines):
        starts = directive or line.lstrip().startswith("#")
        directive = starts and line.rstrip().endswith("\\")
        if starts:
            lines[number] = "#"
    return lines


def name_of(head: str) -> str:
    """What a definition or declaration at file scope is called; "" if nothing is."""
    head = " ".join(ANNOTATION.sub(" ", head).split())
    tag = re.match(r"(?:(?:static|const|typedef|extern) )*(struct|union|enum)\b ?(\w*)"
                   r"(?: __\w+)* ?\{", head)
    if tag:
        return f"{tag[1]} {tag[2]}".strip()
    value = re.split(r"[={;]", head, maxsplit=1)[0]
    if pointer := re.match(r"[^(]*\(\s*\*+\s*(\w+)[^()]*\)", value):
        return pointer[1]
    call = re.search(r"(\w+)\s*\(\s*(\w*)", value)
    # A macro that defines something stands alone; it has no type before it.
    alone = call and not value[:call.start()].replace("static", "").strip()
    if not call:
        value = re.sub(r"\[[^]]*\]|(?<=\w)(?: __\w+)+ ?$", "", value.strip())
        words: list[str] = re.findall(r"\w+", value)
        return words[-1] if words else ""
    if EXPORT.match(call[1]):
        return ""
    return f"{call[1]}({call[2]})" if alone and call[1].isupper() else call[1]


class Scopes:
    """For each line of a file, what encloses it and what was defined before it."""

    def __init__(self, name: str, lines: list[str]) -> None:
        self.lines = lines
        # The definition that the line is a part of, from its first line to its last.
        self.owner = [""] * len(lines)
        # The last definition or declaration that ends, or began, at the line or before it.
        self.last = [""] * len(lines)
        self.c = bool(re.search(r"\.[ch]$", name))
        if self.c:
            self._braces()
        else:
            self._anchors(Path(name).name.startswith("Kconfig"))

    def _anchors(self, kconfig: bool) -> None:
        """Not C: an entry of Kconfig, or the line itself."""
        last = ""
        for number, line in enumerate(self.lines):
            if not kconfig or re.match(r"(menu)?config\b|choice\b|menu\b|source\b", line):
                last = " ".join(line.split()) or last
            self.last[number] = last

    def _braces(self) -> None:
        """C. A function ends at the first } in column 0, whatever #ifdef hides."""
        head: list[str] = []
        ended: list[str] = []
        braces = parens = first = 0
        body = last = ""
        function = False
        for number, line in enumerate(masked("\n".join(self.lines))[:len(self.lines)]):
            if not body and (line == "#" or not line.strip()):
                if define := re.match(r"\s*#\s*define\s+(\w+)", self.lines[number]):
                    last = define[1]
                if not parens:
                    # Some leave a line empty before the brace.
                    head, ended = [], head or ended
            elif not body:
                first = first if head or line.startswith("{") else number
                head = ended if line.startswith("{") and not head else head
                head.append(line)
                ended = []
                parens = max(parens + line.count("(") - line.count(")"), 0)
                text = "\n".join(head)
                if "{" in line and not parens:
                    body, braces = name_of(text) or "{}", 0
                    start = text.split("{", maxsplit=1)[0]
                    function = ")" in start and "=" not in start
                    self.owner[first:number + 1] = [body] * (number + 1 - first)
                elif line.rstrip().endswith(";") and not parens:
                    last, head = name_of(text) or last, []
            if body:
                self.owner[number] = body
                braces += 0 if line == "#" else line.count("{") - line.count("}")
                if line.startswith("}") or (braces <= 0 and (not function or head)):
                    behind = re.match(r"\}\s*([a-z]\w*)\s*;", line)
                    last = f"{body} {behind[1]}" if behind and " " not in body else body
                    body = ""
                head = []
            self.last[number] = last

    def between(self, number: int) -> str:
        """The place of what is inserted before the line @number, counted from 0."""
        above, below = number - 1, number
        if above >= 0 and below < len(self.lines) and self.owner[above] and \
                self.owner[above] == self.owner[below]:
            return self.owner[above]
        for near in (above, below):
            if self.c and 0 <= near < len(self.lines) and INCLUDE.match(self.lines[near]):
                return "#include"
        last = self.last[above] if above >= 0 else ""
        if not last:
            return "top"
        return f"after {last}" if self.c else last

    def at(self, number: int) -> str:
        """The place of the line @number itself."""
        return self.owner[number] or self.between(number)


def changed(scopes: Scopes, start: int, hunk: Hunk, mark: str) -> list[str]:
    """Where the changed lines of a hunk are that begins at the line @start.

    @mark: "-" in the file before the hunk, "+" in the one after it
    """
    found, number = [], start
    for line in hunk.body:
        if line[0] in "-+":
            found.append(scopes.at(number) if line[0] == mark else scopes.between(number))
        number += line[0] in (" ", mark)
    return found


def place(scopes: Scopes, start: int, hunk: Hunk) -> str:
    """What a hunk that goes to the line @start has to state."""
    found = changed(scopes, start, hunk, "-")
    return next((name for name in found if name in scopes.owner), found[0])


# === Placing and checking ======================================================


def matches(lines: list[str], wanted: list[str], begin: int) -> list[int]:
    """Every line from @begin on where these lines are."""
    return [number for number in range(begin, len(lines) - len(wanted) + 1)
            if lines[number:number + len(wanted)] == wanted]


def where_is(patch: str, one: FilePatch, hunk: Hunk) -> str:
    """How a hunk is called in an error."""
    return f"{patch}: hunk {one.hunks.index(hunk) + 1} of {one.name}"


def widen(scopes: Scopes, hunk: Hunk, start: int, begin: int) -> int:
    """Give a hunk that fits twice as little more context as it takes; where it begins then."""
    end, body = start + len(hunk.before), hunk.body
    for more in range(1, 9):
        above = [f" {line}" for line in scopes.lines[max(start - more, begin):start]]
        below = [f" {line}" for line in scopes.lines[end:end + more]]
        hunk.body = above + body + below
        found = [number for number in matches(scopes.lines, hunk.before, begin)
                 if place(scopes, number, hunk) == hunk.stated]
        if len(found) == 1:
            return found[0]
    hunk.body = body
    return start


def fit(patch: str, one: FilePatch, lines: list[str], learn: bool = False) -> None:
    """Move the hunks of a file to where they belong; an error if one fits nowhere.

    @learn: have a hunk that does not fit its place state where its lines are now, and
    give one that fits twice more context
    """
    scopes = Scopes(one.name, lines)
    begin = grown = drift = 0
    for hunk in one.hunks:
        where, stated = where_is(patch, one, hunk), hunk.stated or "nothing"
        found = matches(lines, hunk.before, begin)
        if not found:
            raise Error(f"{where}, for {stated}: its lines are not there"
                        + (", not behind the hunk before it" if begin else ""))
        near = min(found, key=lambda start: abs(start + 1 - hunk.old - drift))
        right = [start for start in found if place(scopes, start, hunk) == hunk.stated]
        if not right and learn:
            hunk.stated = place(scopes, near, hunk)
            many = f", one of {len(found)}: check it" if len(found) > 1 else ""
            info(f"{where}: {stated} -> {hunk.stated}, line {near + 1}{many}")
            right = [start for start in found if place(scopes, start, hunk) == hunk.stated]
        if learn and len(right) > 1:
            near = min(right, key=lambda start: abs(start + 1 - hunk.old - drift))
            near = widen(scopes, hunk, near, begin)
            right = [start for start in matches(lines, hunk.before, begin)
                     if place(scopes, start, hunk) == hunk.stated]
        if not right:
            raise Error(f"{where} belongs to {stated}, but its lines are found in "
                        f"{place(scopes, near, hunk)} (line {near + 1})")
        if len(right) > 1:
            raise Error(f"{where} fits {len(right)} times in {hunk.stated}, at the lines "
                        f"{', '.join(str(start + 1) for start in right)}: give it more context")
        above, below = hunk.context
        if (above < below and right[0]) or (below < above and
                                            right[0] + len(hunk.before) < len(lines)):
            raise Error(f"{where} has {above} lines of context above and {below} below: for "
                        "patch(1) it is at an end of the file")
        drift = right[0] + 1 - hunk.old
        hunk.old, hunk.new = right[0] + 1, right[0] + 1 + grown
        grown += len(hunk.after) - len(hunk.before)
        begin = right[0] + len(hunk.before)


def names_it(hunk: Hunk) -> bool:
    """Whether it takes away the line that names its function."""
    return any(re.match(rf"-\S.*\b{re.escape(hunk.stated)}\s*\(", line) for line in hunk.body)


def landed(patch: str, one: FilePatch, lines: list[str]) -> None:
    """Check the patched file: what each hunk changed is in the place that it states."""
    scopes = Scopes(one.name, lines)
    # A hunk that gives a body another name states the old one, and so do those after it.
    renamed: dict[str, str] = {}
    for hunk in one.hunks:
        where, start = where_is(patch, one, hunk), hunk.new - 1
        if lines[start:start + len(hunk.after)] != hunk.after:
            raise Error(f"{where} is not at line {hunk.new} of the result")
        stated = hunk.stated.removeprefix("after ")
        if not scopes.c or hunk.stated in OUTSIDE or stated != hunk.stated:
            found = [scopes.between(start + hunk.context[0])]
            right = {hunk.stated, f"after {renamed.get(stated)}"}
        else:
            found = changed(scopes, start, hunk, "+")
            if names_it(hunk) and found[-1] in scopes.owner:
                renamed[stated], found = found[-1], found[-1:]
            right = {stated, renamed.get(stated)}
        if wrong := [name for name in found if name not in right]:
            raise Error(f"{where} belongs to {hunk.stated}, but landed in {wrong[0]} "
                        f"(line {hunk.new})")


def spliced(one: FilePatch, lines: list[str]) -> list[str]:
    """The lines of a file with the hunks applied, which fit() has placed."""
    result = list(lines)
    for hunk in reversed(one.hunks):
        result[hunk.old - 1:hunk.old - 1 + len(hunk.before)] = hunk.after
    return result


def check_stated(patch: str, files: list[FilePatch]) -> None:
    """Each hunk must state its place, unless it makes a new file."""
    for one in files:
        for hunk in one.hunks:
            if not hunk.stated and not one.created:
                raise Error(f"{where_is(patch, one, hunk)} does not state the function it "
                            "belongs to: scripts/kernel/hunks.py --annotate")


def walk(patches: Sequence[Path], source: Path, learn: bool) -> dict[Path, str]:
    """Apply the patches in memory, one after the other; their texts as they fit @source."""
    files: dict[str, list[str]] = {}
    texts = {}
    for path in patches:
        preface, parts = parse(path.read_text())
        for one in (part for part in parts if not part.created):
            if one.name not in files:
                if not (source / one.name).exists():
                    raise Error(f"{path.name}: {source} has no {one.name}")
                files[one.name] = (source / one.name).read_text().splitlines()
            fit(path.name, one, files[one.name], learn)
            files[one.name] = spliced(one, files[one.name])
            landed(path.name, one, files[one.name])
        texts[path] = text_of(preface, parts)
    return texts


def patches_of(integration: Path) -> tuple[Path, ...]:
    """The patch files of a folder, in the order of its series file, then of their names."""
    series = integration / "series"
    text = series.read_text() if series.exists() else ""
    order = re.findall(r"^Patch: (\S+)", text, re.MULTILINE)
    return tuple(sorted(integration.glob("[0-9][0-9][0-9][0-9]-*.patch"), key=lambda path: (
        order.index(path.name) if path.name in order else len(order), path.name)))


def annotate(integration: Path, source: Path) -> int:
    """Rewrite what is not as it should be; the number of files."""
    patches = patches_of(integration)
    texts = walk(patches, source, learn=True)
    series = integration / "series"
    if series.exists():
        text = series.read_text()
        for path in patches:
            count = len(re.findall(r"^@@ ", texts[path], re.MULTILINE))
            text = re.sub(rf"^Patch: {re.escape(path.name)}(?: \d+)?$",
                          f"Patch: {path.name} {count}", text, flags=re.MULTILINE)
        texts[series] = text
    written = 0
    for path, text in texts.items():
        if text != path.read_text():
            path.write_text(text)
            written += 1
    return written


def run(argv: list[str]) -> None:
    """The command."""
    # tree.py imports this file.
    import tree  # pylint: disable=import-outside-toplevel

    patches = patches_of(common.INTEGRATION)
    if len(argv) == 3 and argv[0] == "--scope":
        path = Path(argv[1])
        print(Scopes(path.name, path.read_text().splitlines()).at(int(argv[2]) - 1))
    elif len(argv) == 2 and argv[0] == "--check":
        walk(patches, Path(argv[1]), learn=False)
        info(f"hunks: {len(patches)} patches fit {argv[1]}")
    elif argv[:1] == ["--annotate"] and len(argv) <= 2:
        with locked("tree"):
            source = Path(argv[1]) if len(argv) == 2 else tree.pristine_tree()[0]
        info(f"hunks: {annotate(common.INTEGRATION, source)} files rewritten")
    else:
        raise Error((__doc__ or "").split("\n\n")[1])


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(run)
