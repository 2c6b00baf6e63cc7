# SPDX-License-Identifier: GPL-2.0-only
"""Find, in a kernel's console output, what must never be there."""

from __future__ import annotations

import re
from dataclasses import dataclass

# What, and what it means. The first that matches a line names the splat.
# Not among them: "x86/PAT: ... freeing invalid memtype". Stock kernels say it
# after a partial munmap() of a BAR; it is their deficiency, not a run's.
PATTERNS: tuple[tuple[str, str], ...] = (
    (r"Kernel panic - not syncing", "panic"),
    (r"\bBUG: KASAN|\bKASAN: ", "KASAN report"),
    (r"\bBUG: KFENCE", "KFENCE report"),
    (r"\bBUG: ", "BUG"),
    (r"\bkernel BUG at ", "BUG"),
    (r"\bUBSAN: ", "UBSAN report"),
    (r"\bWARNING: ", "WARNING"),
    (r"possible (circular|recursive) locking|inconsistent lock state|suspicious RCU usage"
     r"|possible irq lock inversion|bad unlock balance|held lock freed|INFO: trying to register",
     "lockdep report"),
    (r"\bINFO: task .* blocked for more than", "hung task"),
    (r"\brcu: INFO: .* (stall|detected)|rcu_\w+ kthread starved", "RCU stall"),
    (r"\bOops\b|Unable to handle kernel|general protection fault|double fault"
     r"|Internal error: |invalid opcode|Unhandled fault|SError Interrupt", "oops"),
    (r"list_(add|del) corruption|refcount_t: |ODEBUG: ", "corruption"),
    (r"kmemleak: \d+ new suspected", "memory leak"),
    (r"Bad page (state|map)|bad_page|VM_BUG_ON", "bad page"),
    (r"Out of memory: |invoked oom-killer", "out of memory"),
    (r"^\S*\s*Call [Tt]race:", "call trace"),
)
_COMPILED = tuple((re.compile(pattern), what) for pattern, what in PATTERNS)
_STAMP = re.compile(r"^(<\d+>)?\[ *\d+\.\d+\](\[ *[TC]\d+\])? ?")


@dataclass(frozen=True)
class Splat:
    """Something wrong in the console, and the lines around it."""

    what: str
    line: str
    excerpt: str

    def __str__(self) -> str:
        return f"{self.what}: {self.line}\n{self.excerpt}"


def scan(console: str, allow: tuple[str, ...] = (), context: int = 40) -> Splat | None:
    """The first splat, with the lines that follow it; None for a clean console.

    @allow: patterns of lines that a test provokes and therefore accepts.
    """
    lines = console.splitlines()
    for number, line in enumerate(lines):
        text = _STAMP.sub("", line)
        if any(re.search(pattern, text) for pattern in allow):
            continue
        for pattern, what in _COMPILED:
            if pattern.search(text):
                return Splat(what, text.strip(), "\n".join(lines[max(0, number - 3):][:context]))
    return None
