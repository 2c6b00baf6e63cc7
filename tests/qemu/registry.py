# SPDX-License-Identifier: GPL-2.0-only
"""What a guest's registry says, read from its files and not through pfntrack.

The parser is our own on purpose: it must not share a mistake with the command.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import lab

SYSFS = "/sys/kernel/mm/pfn_track"
DEBUGFS = "/sys/kernel/debug/pfn_track"
PAGE = 0x1000
# What sysfs resourceN and resourceN_wc ask for, by architecture.
UNCACHED = {"x86_64": "uncached-minus", "arm64": "device"}
COMBINING = "write-combining"
ATTR = {"resource2": UNCACHED, "resource2_wc": dict.fromkeys(UNCACHED, COMBINING)}


@dataclass(frozen=True)
class Dump:
    """One file of debugfs: the head, and the body as dictionaries."""

    head: dict[str, str]
    lines: list[dict[str, str]]


def unescape(text: str) -> str:
    """Octal escapes back to bytes; what is no UTF-8 stays visible."""
    raw = re.sub(rb"\\([0-7]{3})", lambda m: bytes([int(m[1], 8)]), text.encode())
    return raw.decode(errors="backslashreplace")


def parse(text: str) -> Dump:
    """A whole dump; anything out of order is an assertion."""
    head: dict[str, str] = {}
    lines: list[dict[str, str]] = []
    *rows, last = text.splitlines()
    for row in rows:
        if match := re.fullmatch(r"(\w+): (\S+)", row):
            assert not lines, f"a head line after the body: {row}"
            head[match[1]] = match[2]
            continue
        word, *pairs = row.split(" ")
        line = {"": word}
        for pair in pairs:
            key, value = pair.split("=")
            assert key not in line, f"{key} twice: {row}"
            line[key] = unescape(value)
        lines.append(line)
    assert last == f"end: {len(lines)}", f"{last!r} after {len(lines)} lines"
    assert next(iter(head)) == "version" and head["version"] == "1"
    return Dump(head, lines)


def dump(guest: lab.Guest, name: str) -> Dump:
    """A file of debugfs."""
    return parse(guest.read(f"{DEBUGFS}/{name}"))


def span(text: str) -> tuple[int, int]:
    """First and last byte of "0x..-0x.."."""
    first, last = (int(word, 16) for word in text.split("-"))
    return first, last


def records(guest: lab.Guest, pid: int | str | None = None) -> list[dict[str, str]]:
    """All records, or those of a process."""
    lines = dump(guest, "records").lines
    return [line for line in lines if pid is None or line["pid"] == str(pid)]


def pages(guest: lab.Guest, pid: int | str, base: int) -> list[tuple[int, int]]:
    """What a process maps, as (first, last + 1) page of a range that begins at @base, sorted."""
    spans = [span(line["range"]) for line in records(guest, pid)]
    return sorted(((first - base) // PAGE, (last + 1 - base) // PAGE) for first, last in spans)


def conflicts(guest: lab.Guest) -> list[dict[str, str]]:
    """The history, oldest first."""
    return dump(guest, "conflicts").lines


def counters(guest: lab.Guest) -> dict[str, int]:
    """The numbers in sysfs."""
    text = guest.run(f"cd {SYSFS} && grep -H . records maps unmaps conflicts refused downgrades "
                     "suppressed incomplete late leaks").ok()
    return {name: int(value) for name, value in
            (line.split(":") for line in text.splitlines())}


def log_all(guest: lab.Guest) -> None:
    """Let the kernel log have all reports: who shares a guest shares its budgets."""
    for name in ("total", "user", "process", "site"):
        guest.write(f"{SYSFS}/log_{name}", "10000").ok()


def policy(guest: lab.Guest, word: str) -> None:
    """Set the global policy."""
    guest.write(f"{SYSFS}/policy", word).ok()


def new_conflicts(guest: lab.Guest, before: list[dict[str, str]]) -> list[dict[str, str]]:
    """Those that are not in an earlier answer of conflicts()."""
    known = {line["id"] for line in before}
    return [line for line in conflicts(guest) if line["id"] not in known]


def expect_exact(guest: lab.Guest) -> None:
    """The audit finds nothing missing, stale or different, and nothing was left out."""
    audit = dump(guest, "audit")
    assert audit.lines == [] and audit.head["findings"] == "0", audit
    assert audit.head["incomplete"] == audit.head["late"] == "0"
