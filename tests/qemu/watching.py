# SPDX-License-Identifier: GPL-2.0-only
"""pfntrack watch --json in a guest, and what it said."""

from __future__ import annotations

import json
import signal

import lab


class Watch:
    """One that runs; its first line is there."""

    def __init__(self, guest: lab.Guest, options: str = "", env: str = "") -> None:
        self.process = guest.spawn(f"{env}pfntrack watch --json {options}")
        self.start = json.loads(self.process.line(120))
        assert self.start["event"] == "start" and self.start["version"] == 1

    def until(self, event: str, pid: str = "", timeout: float = 60) -> list[dict]:
        """Everything up to an event of a process, or of anybody."""
        seen = []
        while True:
            seen.append(json.loads(self.process.line(timeout)))
            who = seen[-1].get("new", seen[-1]).get("pid")
            if seen[-1]["event"] == event and (not pid or str(who) == pid):
                return seen

    def end(self, number: int = signal.SIGINT, timeout: float = 60) -> tuple[int, list[dict]]:
        """Exit status, and every event from the start on."""
        self.process.kill(number)
        done = self.process.wait(timeout)
        assert done.err == ""
        return done.rc, [json.loads(line) for line in done.out.splitlines()]
