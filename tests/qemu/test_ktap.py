# SPDX-License-Identifier: GPL-2.0-only
"""The results of KUnit are read strictly."""

from __future__ import annotations

import contextlib
import io
import re

import foreign
import ktap
import lab
import pytest

GOOD = """\
[    0.310000] Freeing unused memory
[    0.320000] KTAP version 1
[    0.320000] 1..2
[    0.320000]     KTAP version 1
[    0.320000]     # Subtest: pfn_track_attr
[    0.320000]     # module: pfn_track_kunit
[    0.320000]     1..2
[    0.330000]     ok 1 decodes_own_helpers
[    0.330000] clk: something else
[    0.330000]     # round_trip: a remark
[    0.330000]     ok 2 round_trip # SKIP earlier samples win here
[    0.330000] # pfn_track_attr: pass:1 fail:0 skip:1 total:2
[    0.330000] # Totals: pass:1 fail:0 skip:1 total:2
[    0.330000] ok 1 pfn_track_attr
[    0.340000]     KTAP version 1
[    0.340000]     # Subtest: pfn_track_registry
[    0.340000]     # module: pfn_track_kunit
[    0.340000]     1..1
[    0.350000]     ok 1 cuts_exactly
[    0.350000] ok 2 pfn_track_registry
[    0.350000] Run /init as init process
"""
MATTERS = re.compile(r"version|Subtest|1\.\.|ok \d")


def test_good() -> None:
    """Each test and each suite."""
    assert ktap.parse(GOOD) == {
        "pfn_track_attr.decodes_own_helpers": "ok", "pfn_track_attr.round_trip": "skip",
        "pfn_track_attr": "ok", "pfn_track_registry.cuts_exactly": "ok",
        "pfn_track_registry": "ok"}


def test_as_the_kernel_reads_it() -> None:
    """Its own parser finds the same in it."""
    parser = foreign.kunit_parser()
    with contextlib.redirect_stdout(io.StringIO()) as out:
        result = parser.parse_run_tests(GOOD.splitlines())
    cases = [outcome for name, outcome in ktap.parse(GOOD).items() if "." in name]
    assert result.ok_status(), out.getvalue()
    assert (result.counts.passed, result.counts.skipped) == \
        (cases.count("ok"), cases.count("skip"))


LINES = GOOD.splitlines()


@pytest.mark.parametrize("number", [n for n, line in enumerate(LINES) if MATTERS.search(line)])
@pytest.mark.parametrize("change", ["lost", "twice", "torn"])
def test_each_line_counts(number: int, change: str) -> None:
    """One that is lost, comes twice, or is broken by another is an error."""
    line = LINES[number]
    middle = (line.index("]") + len(line)) // 2
    instead = {"lost": [], "twice": [line, line],
               "torn": [line[:middle] + "[    0.360000] eth0", line[middle:]]}
    text = "\n".join(LINES[:number] + instead[change] + LINES[number + 1:])
    with pytest.raises(ktap.KtapError):
        ktap.parse(text)


@pytest.mark.parametrize("text", ["", "[    0.3] KTAP version 1\n", GOOD + GOOD])
def test_no_whole_run(text: str) -> None:
    """Nothing, hardly anything, and more than one."""
    with pytest.raises(ktap.KtapError):
        ktap.parse(text)


def test_problems() -> None:
    """A failure, a skip, a test that is missing, and one that nobody expects."""
    results = dict.fromkeys(ktap.expected(), "ok")
    assert ktap.problems(results) == []
    first, second, third, *_ = results
    results[first] = "not ok"
    results[second] = results["pfn_track_attr.new"] = "skip"
    del results[third]
    assert ktap.problems(results) == [
        f"{first}: not ok", f"{second}: skip", "pfn_track_attr.new: skip", f"{third}: not run",
        "pfn_track_attr.new: not in kunit.expected"]
    assert f"{second}: skip" not in ktap.problems(results, (second,))


def test_the_list_is_the_source() -> None:
    """kunit.expected names what mm/tests has."""
    text = (lab.REPO / "mm" / "tests" / "pfn_track_kunit.c").read_text(encoding="ascii")
    suites = dict(re.findall(r'\.name = "(\w+)",\n(?:.*\n)*?\t\.test_cases = (\w+),', text))
    cases = {name: re.findall(r"KUNIT_CASE\((\w+)\)", body) for name, body in
             re.findall(r"struct kunit_case (\w+)\[\] = \{(.*?)\};", text, re.DOTALL)}
    assert ktap.expected() == [f"{suite}.{case}" for suite, name in suites.items()
                               for case in cases[name]]
