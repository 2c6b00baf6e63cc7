# SPDX-License-Identifier: GPL-2.0-only
"""Shared guests: what one test leaves behind does not make the next one fail."""

from __future__ import annotations

import os
import re
import subprocess
import textwrap
from pathlib import Path

import lab
import pytest

CONFTEST = f"""
import importlib.util
import sys
from pathlib import Path

spec = importlib.util.spec_from_file_location("lab_conftest", {str(Path(__file__).with_name("conftest.py"))!r})
ours = importlib.util.module_from_spec(spec)
sys.modules["lab_conftest"] = ours
spec.loader.exec_module(ours)
guest, _boots, pytest_runtest_makereport = ours.guest, ours._boots, ours.pytest_runtest_makereport


class Guest:
    alive, number = True, 0

    def __init__(self, *words, **options):
        self.modules, self.keeps = {{"virtio"}}, set()

    def start(self):
        Guest.number += 1
        self.number = Guest.number
        return self

    def run(self, text):
        assert text == "cat /proc/modules"
        lines = "".join(f"{{name}} 4096 0 - Live 0x0\\n" for name in self.modules)
        return ours.lab.Result(0, lines, "")

    def settle(self):
        pass

    check = stop = settle

    def kill(self):
        self.alive = False


ours.lab.Guest, ours.lab.kernel_for = Guest, lambda arch, flavour: None
"""


def run(folder: Path, text: str) -> tuple[str, str]:
    """The outcome of tests with toy guests: a letter for each phase that counts, and all output."""
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_toy.py").write_text("import pytest\n" + textwrap.dedent(text))
    # These guests are none of the flavour that the tests may be run with.
    env = {name: value for name, value in os.environ.items() if name != "PFNTRACK_FLAVOUR"}
    done = subprocess.run(["/usr/bin/python3", "-B", "-m", "pytest", "-p", "no:cacheprovider", "-q",
                           "--rootdir", folder, folder], capture_output=True, text=True,
                          cwd=lab.REPO, env=env, timeout=120, check=False)
    found = re.search(r"^([.FEs]+) +\[100%\]$", done.stdout, re.MULTILINE)
    assert found, done.stdout + done.stderr
    return found[1], done.stdout


BAD = {
    "call": """
        def test_bad(guest):
            assert guest("x86_64").number == 0
        """,
    "setup": """
        @pytest.fixture
        def bad(guest):
            guest("x86_64").modules.add("toy")
            raise OSError

        def test_bad(bad):
            pass
        """,
    "teardown": """
        @pytest.fixture
        def bad(guest):
            yield guest("x86_64")
            raise OSError

        def test_bad(bad):
            pass
        """}


@pytest.mark.parametrize("phase, outcome", [("call", ".F."), ("setup", ".E."), ("teardown", "..E.")])
def test_failed_test_ends_its_guest(phase: str, outcome: str, tmp_path: Path) -> None:
    """In whatever phase it fails, the next test gets a fresh guest; others are shared."""
    said, text = run(tmp_path, """
        def test_first(guest):
            assert guest("x86_64").number == 1
            assert guest("arm64").number == 2
        """ + BAD[phase] + """
        def test_next(guest):
            assert guest("x86_64").number == 3
            assert guest("arm64").number == 2
        """)
    assert said == outcome, text


def test_module_that_is_left(tmp_path: Path) -> None:
    """The test that leaves it fails, with its name, and not the next one."""
    said, text = run(tmp_path, """
        def test_keeps(guest):
            guest("x86_64").keeps.add("kept")
            guest("x86_64").modules.add("kept")

        def test_leaves(guest):
            guest("x86_64").modules.add("toy")

        def test_next(guest):
            assert guest("x86_64").modules == {"virtio"}
        """)
    assert said == "..E.", text
    assert "left modules loaded: {'x86_64 pfn_track ': ['toy']}" in text
