# SPDX-License-Identifier: GPL-2.0-only
"""What the kernel's own tests (KUnit) said on the console while it booted.

Strict: the plan, the number of each result and the names must be as they
should, so that a line that is missing is an error and not a test less.
"""

from __future__ import annotations

import re
from pathlib import Path

# suite.case, one a line, in the order in which they run.
EXPECTED = Path(__file__).resolve().parent / "kunit.expected"
_STAMP = re.compile(r"^(?:<\d+>)?\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? (.*)$")
_RESULT = re.compile(r"(ok|not ok) (\d+) ([\w.-]+)((?: # SKIP.*)?)")
_DEEPER = "    "


class KtapError(Exception):
    """Something is missing, or out of order."""


def expected() -> list[str]:
    """The names of all tests, in order."""
    lines = EXPECTED.read_text(encoding="ascii").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def lines_of(console: str) -> list[str]:
    """The lines of a console that belong to KTAP; others may stand between them."""
    found = []
    for line in console.splitlines():
        if match := _STAMP.match(line.rstrip()):
            text = match[1].lstrip(" ")
            if text == "KTAP version 1" or text.startswith("# Subtest: ") or \
                    re.fullmatch(r"1\.\.\d+", text) or _RESULT.fullmatch(text):
                found.append(match[1])
    return found


class _Reader:
    """Line by line."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._next = 0

    def take(self, depth: int, pattern: str, what: str) -> re.Match[str]:
        """The next line, which must be that."""
        if self._next == len(self._lines):
            raise KtapError(f"the console ended before {what}")
        line = self._lines[self._next]
        match = re.fullmatch(_DEEPER * depth + pattern, line)
        if not match:
            raise KtapError(f"{line.strip()!r} instead of {what}")
        self._next += 1
        return match

    def result(self, depth: int, number: int) -> tuple[str, str]:
        """Name and outcome of the next result: "ok", "not ok" or "skip"."""
        match = self.take(depth, _RESULT.pattern, f"result {number}")
        if int(match[2]) != number:
            raise KtapError(f"result {match[2]} of {match[3]} instead of result {number}")
        return match[3], "skip" if match[4] else match[1]

    def end(self) -> None:
        """Nothing may follow."""
        if self._next != len(self._lines):
            raise KtapError(f"{self._lines[self._next].strip()!r} after the last result")


def parse(console: str) -> dict[str, str]:
    """What became of each test, by suite.case; of each suite, by its name."""
    reader = _Reader(lines_of(console))
    results: dict[str, str] = {}
    reader.take(0, "KTAP version 1", "the version")
    suites = int(reader.take(0, r"1\.\.(\d+)", "the number of suites")[1])
    for number in range(1, suites + 1):
        reader.take(1, "KTAP version 1", f"the version of suite {number}")
        suite = reader.take(1, r"# Subtest: (\w+)", f"the name of suite {number}")[1]
        cases = int(reader.take(1, r"1\.\.(\d+)", f"the number of tests in {suite}")[1])
        for case in range(1, cases + 1):
            name, outcome = reader.result(1, case)
            results[f"{suite}.{name}"] = outcome
        name, outcome = reader.result(0, number)
        if name != suite:
            raise KtapError(f"a result of {name} where {suite} ended")
        results[suite] = outcome
    reader.end()
    return results


def problems(results: dict[str, str], may_skip: tuple[str, ...] = ()) -> list[str]:
    """Tests that failed, were skipped, or are not the expected ones."""
    names = [name for name in results if "." in name]
    wrong = [f"{name}: {outcome}" for name, outcome in results.items()
             if outcome == "not ok" or (outcome == "skip" and name not in may_skip)]
    wrong += [f"{name}: not run" for name in expected() if name not in names]
    wrong += [f"{name}: not in {EXPECTED.name}" for name in names if name not in expected()]
    return wrong
