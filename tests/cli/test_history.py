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
