# SPDX-License-Identifier: GPL-2.0-only
"""The memory of source bpf, shadow.c and treap.c, against models: see shadow.c beside this."""
import os
import subprocess

import pytest
from conftest import REPO, SOURCE

PAT = REPO / "arch" / "generic" / "pat"
FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-O1", "-g", "-Wall", "-Wextra", "-Werror",
         "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-DPAT_READER",
         f"-I{SOURCE}", f"-I{REPO / 'include' / 'uapi'}", f"-I{REPO / 'include'}"]
STEPS = 40000
# The same each time, as a test that fails must fail again; PFNTRACK_SEED is one more.
SEEDS = ["1", "2", "3", os.environ.get("PFNTRACK_SEED") or "4"]


@pytest.fixture(name="shadow", scope="module")
def _shadow(tmp_path_factory):
    """The program, with sanitizers."""
    target = tmp_path_factory.mktemp("shadow") / "shadow"
    subprocess.run(["gcc", *FLAGS, "-o", target, REPO / "tests" / "cli" / "shadow.c",
                    SOURCE / "shadow.c", SOURCE / "shadow_records.c", SOURCE / "treap.c",
                    PAT / "pat.c", PAT / "x86.c"],
                   check=True)
    return target


@pytest.mark.parametrize("number", range(len(SEEDS)))
def test_shadow(shadow, number):
    """Whatever is mapped, unmapped, moved and inherited is told as the models tell it."""
    done = subprocess.run([shadow, SEEDS[number], str(STEPS)], capture_output=True, text=True,
                          check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, ""), f"seed {SEEDS[number]}: {done.stderr}"


def test_shadow_usage(shadow):
    """A seed that failed can be given again."""
    done = subprocess.run([shadow], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "usage: shadow SEED STEPS\n")
