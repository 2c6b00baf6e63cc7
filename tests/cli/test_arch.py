# SPDX-License-Identifier: GPL-2.0-only
"""pfntrack arch: the tables of arch/generic/pat, and the page made of them.

PFNTRACK_ACCEPT=1 rewrites the golden files and the page.
"""
import json
import os
import re
import subprocess

import pytest

from conftest import REPO

GOLDEN = REPO / "tests/cli/golden-arch"
PAGE = REPO / "Documentation/mm/pfn_track-arch.rst"
SOURCES = REPO / "arch/generic/pat"
ACCEPT = "PFNTRACK_ACCEPT=1 pytest tests/cli/test_arch.py"
CASES = {
    "arch": ["arch"],
    "arch-x86": ["arch", "x86"],
    "arch-parisc.json": ["arch", "parisc", "--pretty"],
}


def accepted(path, data):
    if os.environ.get("PFNTRACK_ACCEPT"):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    assert path.exists(), f"missing; after reading the output, run: {ACCEPT}"
    return path.read_bytes()


@pytest.mark.parametrize("name", CASES)
def test_golden(cli, name):
    result = cli(*CASES[name])
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.decode() == accepted(GOLDEN / name, result.stdout).decode(), \
        f"the output changed; if that is right, run: {ACCEPT}"


def test_no_stale_golden_file():
    assert {p.name for p in GOLDEN.iterdir()} == set(CASES)


def test_every_file_of_the_kernel_is_shown(cli):
    shown = {a["name"] for a in json.loads(cli("arch", "-j").stdout)["architectures"]}
    files = {p.stem for p in SOURCES.glob("*.c")
             if "const struct pat_arch pat_" in p.read_text()}
    assert shown == files and len(shown) >= 11
    for name in shown:
        result = cli("arch", name)
        assert result.returncode == 0 and f"Architecture {name}\n" in result.stdout.decode()
        assert json.loads(cli("arch", name, "-j").stdout)["architectures"][0]["name"] == name


def test_json_says_what_the_text_says(cli):
    for arch in json.loads(cli("arch", "-j").stdout)["architectures"]:
        text = cli("arch", arch["name"]).stdout.decode()
        for pair in arch["pairs"] + arch["cleaned"] + [p for e in arch["errata"]
                                                       for p in e["pairs"]]:
            assert f"  {pair['a']} beside {pair['b']}: {pair['verdict']}\n" in text
            assert pair["why"] in text and pair["source"] in text
        for item in arch["formats"]:
            assert f"Format {item['name']}: {item['when']}\n" in text
            for change in item["changes"]:
                assert f"asked for {change['want']}, gets {change['got']}: " in text
        assert ("Cache colours" in text) == (arch["colour"] is not None)
        assert ("Linear map" in text) == (arch["linear_fixed"] is not None)
        assert ("Effective attribute" in text) == (arch["machine"] is not None)
        machine = arch["machine"] or {"name": "", "effective": []}
        for item in machine["effective"]:
            line = (f"  {machine['name']} {item['machine']}, page table {item['attr']}: "
                    f"{item['got']}\n")
            assert (line in text) == (item["got"] != item["attr"])


def test_every_effective_type_of_x86_is_known(cli):
    """Five types of an MTRR, six of PAT: the manual defines them all."""
    [arch] = json.loads(cli("arch", "x86", "-j").stdout)["architectures"]
    table = arch["machine"]["effective"]
    assert len(table) == 30
    assert not [row for row in table if row["got"] in ("unknown", "none")]


def test_sources_in_the_kernel_exist(cli):
    """A source that names a file of the kernel names one that is there."""
    done = subprocess.run(["/usr/bin/python3", "-B", REPO / "scripts/kernel/tree.py", "--pristine"],
                          stdout=subprocess.PIPE, text=True, check=True)
    kernel = REPO / done.stdout.strip()
    named = re.findall(r'\b((?:arch|include|kernel|Documentation)/[\w./-]+\.(?:c|h|rst|S))\b',
                       cli("arch", "-j").stdout.decode())
    assert len(named) > 30
    assert not [name for name in set(named) if not (kernel / name).exists()]


def test_unknown(cli):
    result = cli("arch", "amr64")
    assert (result.returncode, result.stdout) == (2, b"")
    assert b"unknown architecture 'amr64'; did you mean 'arm64'?" in result.stderr
    assert b"'pfntrack arch' lists them" in cli("arch", "vax").stderr
    assert cli("arch", "x86", "arm64").returncode == 2


def test_page(binaries):
    """The page of the kernel's documentation is what the generator makes."""
    made = subprocess.run(["/usr/bin/python3", "-B", REPO / "scripts/archdoc",
                           binaries("built").binary], check=True, stdout=subprocess.PIPE)
    assert made.stdout.decode() == accepted(PAGE, made.stdout).decode(), \
        f"run scripts/archdoc, or: {ACCEPT}"
