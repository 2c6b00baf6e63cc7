# SPDX-License-Identifier: GPL-2.0-only
"""Under report and off nobody gets another answer than from the pristine kernel."""

from __future__ import annotations

import re

import lab
import pytest

# Each is a list of steps: a new process that maps, or an order to an old one.
SCENES: dict[str, list[str]] = {
    "uncached, then combining": ["hold 0/resource2 0 0x4000", "hold 0/resource2_wc 0 0x4000",
                                 "0 write 0 7", "1 read 0"],
    "combining, then uncached": ["hold 0/resource2_wc 0 0x4000", "hold 0/resource2 0 0x4000",
                                 "1 write 4 9", "0 read 4"],
    "overlap in part": ["hold 0/resource2 0 0x4000", "hold 0/resource2_wc 0x2000 0x4000"],
    "private": ["hold 0/resource2 0 0x4000 private", "0 write 0 5", "0 fork", "0 child read 0"],
    "beyond the end": ["hold 1/resource2 0x100000 0x1000", "hold 1/resource2 0xff000 0x2000",
                       "hold 1/resource2 0xff000 0x1000"],
    "odd length": ["hold 0/resource2 0 0x1234", "0 munmap 0 0x1000", "0 munmap 1 0x1000"],
    "mprotect": ["hold 0/resource2_wc 0 0x4000", "0 mprotect 0x1000 0x1000 r",
                 "0 mprotect 0x1000 0x1000 rw", "0 write 0x1000 3", "0 read 0x1000"],
    "madvise": ["hold 0/resource2 0 0x4000", "0 madvise 0 0x1000"],
    "mremap": ["hold 0/resource2 0 0x4000", "0 write 0 1", "0 move", "0 resize 0x2000", "0 resize 0x8000",
               "0 read 0"],
    "fork": ["hold 0/resource2 0 0x4000", "0 write 0 2", "0 fork", "0 child munmap 0 0x1000", "0 child move",
             "0 child exit 3", "0 read 0"],
    "/dev/mem": ["hold /dev/mem 0xf0000 0x1000", "hold /dev/mem 0xf0000 0x1000 private",
                 "0 fork", "0 child read 0"],
    "many": ["hold 0/resource2 0 0x1000"] + [f"0 map DEV0/resource2_wc {n * 0x1000:#x} 0x1000"
                                             for n in range(40)],
}


def play(guest: lab.Guest, scene: list[str]) -> list[str]:
    """The answers, without what differs from run to run."""
    holders: list[lab.Holder] = []
    answers = []
    for step in scene:
        who, _, rest = step.partition(" ")
        if who == "hold":
            path, offset, length, *kind = rest.split()
            if path[0].isdigit():
                path = f"{guest.device(int(path[0]))}/{path[2:]}"
            holders.append(guest.hold(path, int(offset, 0), int(length, 0), *kind))
            answer = holders[-1].first
        else:
            answer = holders[int(who)].do(rest.replace("DEV0", guest.device(0)))
        answers.append(" ".join(f"{key}={value}" for key, value in answer.items()
                                if key not in ("va", "pid", "child")))
    for holder in holders:
        answers.append(str(holder.leave().rc))
    return answers


@pytest.mark.parametrize("scene", SCENES)
def test_processes(guest, arch: str, scene: str) -> None:  # type: ignore[no-untyped-def]
    """Every answer to every system call of a process."""
    stock = play(guest(arch, "pristine"), SCENES[scene])
    assert any("mapped" in answer for answer in stock)
    assert play(guest(arch, "pfn_track", "pfn_track=report"), SCENES[scene]) == stock
    assert play(guest(arch, "pfn_track", "pfn_track=off"), SCENES[scene]) == stock


def test_driver(guest, arch: str) -> None:  # type: ignore[no-untyped-def]
    """A driver's write-back mapping beside an uncached one: report answers like off."""
    answers = []
    for policy in ("off", "report"):
        one = guest(arch, "pfn_track", f"pfn_track={policy}")
        holder = one.hold(f"{one.device()}/resource2", 0, 0x1000)
        one.run("insmod /lib/modules/pfn_track_wb.ko").ok()
        bound = one.run(f"test -e {one.device()}/driver").rc
        one.run("rmmod pfn_track_wb").ok()
        answers.append((holder.first["did"], bound))
        holder.leave()
    assert answers[0] == answers[1] == ("mapped", 0)


def test_boot_messages(guest, arch: str) -> None:  # type: ignore[no-untyped-def]
    """Booting with report says nothing of conflicts."""
    said = guest(arch, "pfn_track", "pfn_track=report").console()
    boot = said[:said.index("Run /init as init process")]
    assert not re.search(r"pfn_track: (conflict|no memory)", boot)
