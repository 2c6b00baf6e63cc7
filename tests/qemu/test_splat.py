# SPDX-License-Identifier: GPL-2.0-only
"""The scanner of kernel consoles, without a kernel."""

from __future__ import annotations

import pytest
import splat

SPLATS = {
    "[    1.2] BUG: kernel NULL pointer dereference, address: 0000000000000008": "BUG",
    "[    1.2] WARNING: CPU: 1 PID: 33 at mm/pfn_track.c:100 pfn_track_map+0x1/0x2": "WARNING",
    "[    1.2] WARNING: possible circular locking dependency detected": "WARNING",
    "[    1.2] Unable to handle kernel paging request at virtual address ffff": "oops",
    "[    1.2] Internal error: Oops: 0000000096000006 [#1] SMP": "oops",
    "[    1.2] general protection fault, probably for non-canonical address": "oops",
    "[    1.2] Kernel panic - not syncing: Attempted to kill init!": "panic",
    "[    1.2] BUG: KASAN: slab-use-after-free in pfn_track_unmap+0x10": "KASAN report",
    "[    1.2] INFO: task pfnhold:33 blocked for more than 120 seconds.": "hung task",
    "[    1.2] rcu: INFO: rcu_sched self-detected stall on CPU": "RCU stall",
    "[    1.2] UBSAN: shift-out-of-bounds in mm/pfn_track.c:3:4": "UBSAN report",
    "[    1.2] list_add corruption. next->prev should be prev": "corruption",
    "[    1.2] refcount_t: underflow; use-after-free.": "corruption",
    "[    1.2] Call Trace:": "call trace",
    "[    1.2][   T33] Call trace:": "call trace",
    "[    1.2] BUG: Bad page map in process pfnhold  pte:8000": "BUG",
    "[    1.2] WARNING: suspicious RCU usage": "WARNING",
    "[    1.2] kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)":
        "memory leak",
}

CLEAN = """\
[    0.000000] Linux version 6.12.117-pfn_track (pfn_track@lab)
[    0.003000] Memory: 480000K/523760K available (7168K kernel code, 1000K rwdata)
[    0.900000] pfn_track: conflict: incoherent: pfnhold[31] wants write-back
[    0.900000] x86/PAT: pfnhold:32 map pfn RAM range req uncached-minus for [mem 0x0-0xfff], got w
[    0.950000] pfn_track_wb 0000:00:04.0: write-back mapping of BAR 2 refused
[    0.960000] clocksource: tsc: mask: 0xffffffffffffffff max_cycles: 0x2a
[    0.970000] Debug: sleeping is fine, warning: lower case is not ours
"""


@pytest.mark.parametrize("line", SPLATS)
def test_found(line: str) -> None:
    """Every kind is seen amid clean lines, and named."""
    found = splat.scan(CLEAN + line + "\nnext line\n")
    assert found and found.what == SPLATS[line]
    assert "next line" in found.excerpt


def test_clean() -> None:
    """Nothing is seen where nothing is."""
    assert splat.scan(CLEAN) is None
    assert splat.scan("") is None


def test_allowed() -> None:
    """A line that a test provokes is passed over, the next one is not."""
    text = "[ 1.0] WARNING: expected\n[ 1.1] BUG: not expected\n"
    found = splat.scan(text, allow=(r"WARNING: expected",))
    assert found and found.line == "BUG: not expected"
