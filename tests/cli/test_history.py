# SPDX-License-Identifier: GPL-2.0-only
"""Since when conflicts and leaks count: times, what was acknowledged, and the file that keeps it."""
import json
import re
import time

import pytest

from test_codes import live, now  # noqa: F401
from test_errors import expect


@pytest.mark.parametrize("since", ["2099-01-01", "2099-01-01 00:00", "2099-01-01T00:00:00Z"])
def test_since_the_future(cli, since):
    """Nothing has happened since then, which is no comfort."""
    expect(cli, 2, "is in the future; is the clock right?", "status", "--since", since, root="x86_64")
    for command in ("conflicts", "leaks"):
        assert cli(command, "-q", "--since", since, root="x86_64-broken").returncode == 2


def test_since_a_minute_ahead(cli):
    """As after a clock that ran ahead was put back."""
    date = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() + 90))
    expect(cli, 2, "is in the future", "status", "--since", date, root="x86_64")


@pytest.mark.parametrize("since", ["2026-02-30", "2025-02-29", "2026-04-31 12:00"])
def test_since_a_day_that_there_is_not(cli, since):
    expect(cli, 2, "is not a time", "status", "--since", since, root="x86_64")


def test_health_check_becomes_clean_again(live):
    """One that repeats, first seen long ago: acknowledged, it counts no more, until it comes again."""
    start = now()
    check = ("--since", "1h")
    live.conflicts([(1, 2, start - 7200)])
    rc, value = live.status(*check)
    assert rc == 3 and "conflicts --clear" in value["summary"]
    assert live.run("conflicts", "--clear").returncode == 0
    rc, value = live.status(*check)
    assert (rc, value["healthy"]) == (0, True) and "without what was acknowledged" in value["summary"]
    assert live.run("conflicts", *check).returncode == 0
    live.conflicts([(1, 3, start - 7200)])
    assert live.status(*check)[0] == 3
    # Another one, which repeated before it was acknowledged.
    live.conflicts([(1, 3, start - 7200), (2, 1, start - 60)])
    assert live.status(*check)[0] == 1
    assert live.run("conflicts", "-C").returncode == 0 and live.status(*check)[0] == 0
    assert live.status("--since", "boot")[0] == 1


def test_unlisted_conflicts_since_a_time(live):
    """Those that have left the list may be of that time, unless they were refused or acknowledged."""
    start = now()
    live.conflicts([(1, 1, start - 7200)], refused=5)
    assert live.status("--since", "1h")[0] == 0
    live.tree.write("sys/kernel/mm/pfn_track/refused", b"4\n")
    assert live.status("--since", "1h")[0] == 3
    assert live.run("conflicts", "--clear").returncode == 0 and live.status("--since", "1h")[0] == 0
    live.conflicts([(1, 1, start - 7200)], refused=7)
    live.tree.write("sys/kernel/mm/pfn_track/refused", b"6\n")
    assert live.status("--since", "1h")[0] == 0
    live.tree.write("sys/kernel/mm/pfn_track/refused", b"5\n")
    assert live.status("--since", "1h")[0] == 3


def test_acknowledged_leaks_since_a_time(live):
    from conftest import DUMPS, SNAPSHOTS
    data = (SNAPSHOTS / "x86_64-broken" / DUMPS / "leaks").read_bytes()
    lines = [re.sub(rb" time=\S+", b" time=%.6f" % (now() - 60), line)
             for line in data.splitlines() if line.startswith(b"leak ")]
    live.tree.dump("leaks", b"policy: report\ntotal: 2\n", lines)
    live.tree.write("sys/kernel/mm/pfn_track/leaks", b"2\n")
    assert live.status("--since", "1h")[0] == live.run("leaks", "--since", "1h").returncode == 1
    assert live.run("leaks", "--clear").returncode == 0
    assert live.status("--since", "1h")[0] == live.run("leaks", "--since", "1h").returncode == 0


def test_counters_below_what_was_acknowledged(live):
    """A machine that was put back to a snapshot of it, or counters of 32 bits that wrapped."""
    live.conflicts([(1, 3, 100), (2, 1, 101)])
    assert live.run("conflicts", "--clear").returncode == 0 and live.status()[0] == 0
    for fewer in ([(1, 2, 100), (2, 5, 101)], [(1, 3, 100)]):
        live.conflicts(fewer)
        rc, value = live.status()
        assert rc == 1 and value["history"]["since"] == "since boot", fewer
        assert value["history"]["conflicts"] == sum(count for _, count, _ in fewer)
    live.conflicts([(1, 3, 100), (2, 1, 101)])
    assert live.status()[0] == 0
