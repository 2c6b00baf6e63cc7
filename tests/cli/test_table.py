# SPDX-License-Identifier: GPL-2.0-only
"""Tables: their order, their columns, and what fits into a terminal."""
import json
import re
from collections import Counter

import pytest

from conftest import DUMPS, on_terminal
from test_errors import expect


def rows(cli, root, *args):
    result = cli(*args, "--raw", "--noheadings", root=root)
    assert result.stderr == b""
    return [line.split(" ") for line in result.stdout.decode().splitlines()]


def addresses(cli, root, *args):
    records = json.loads(cli("list", "--json", *args, root=root).stdout)["records"]
    return [int(one["range"]["start"], 16) for one in records]


def test_list_is_by_address(cli, tree):
    """The kernel writes one space after the other."""
    lines = tree.lines("records")
    for order in (lines, lines[::-1], lines[3:] + lines[:3]):
        tree.dump("records", b"policy: report\nincomplete: 0\nlate: 0\n", order)
        found = addresses(cli, tree)
        assert found == sorted(found) and len(found) == len(lines)
        assert [int(row[0].split("-")[0], 16) for row in rows(cli, tree, "list", "-o", "RANGE")] == found
    for root in ("x86_64-stock", "arm64-stock", "arm64-patched", "x86_64-broken"):
        found = addresses(cli, root)
        assert found == sorted(found) and len(found) > 3


def number(text):
    return int(text) if text != "-" else None


@pytest.mark.parametrize("column", ["SIZE", "PID"])
def test_sort_by_number(cli, column):
    for root in ("x86_64-patched", "x86_64-stock"):
        for sign in ("", "-"):
            found = [number(row[0]) for row in rows(cli, root, "list", "-b", "-o", column, "--sort", sign + column)]
            known = [n for n in found if n is not None]
            # What is not known comes last.
            assert found == sorted(known, reverse=bool(sign)) + [None] * (len(found) - len(known))
            assert len(set(known)) > 1
    # The unit does not matter.
    assert rows(cli, "x86_64", "list", "-o", "RANGE", "-x", "SIZE") == \
        rows(cli, "x86_64", "list", "-b", "-o", "RANGE", "-x", "size")


def test_sort_by_several(cli):
    found = rows(cli, "x86_64-patched", "list", "-b", "-o", "KIND,SIZE,RANGE", "-x", "-KIND,SIZE,-RANGE")
    assert found == sorted(sorted(sorted(found, key=lambda r: int(r[2].split("-")[0], 16), reverse=True),
                                  key=lambda r: int(r[1])), key=lambda r: r[0], reverse=True)
    # As JSON, the same.
    records = json.loads(cli("list", "-j", "-x", "-KIND,SIZE,-RANGE", root="x86_64-patched").stdout)["records"]
    assert [one["kind"] for one in records] == [row[0] for row in found]


def test_sort_conflicts(cli):
    ids = [row[0] for row in rows(cli, "arm64", "conflicts", "-o", "ID,VERDICT")]
    assert rows(cli, "arm64", "conflicts", "-o", "ID", "-x", "-ID") == [[i] for i in ids[::-1]]
    # By harm, and not by the alphabet: ordering is less than incoherent.
    assert [row[0] for row in rows(cli, "arm64", "conflicts", "-o", "VERDICT", "-x", "VERDICT")] == \
        ["ordering", "incoherent"]
    text = cli("conflicts", "--sort", "-ID", root="arm64").stdout.decode()
    assert re.findall(r"^Conflict (\d+):", text, re.M) == ids[::-1]
    for command in ("aliases", "audit", "leaks"):
        assert cli(command, "-x", "-RANGE", root="x86_64-broken").returncode == 1
    assert rows(cli, "x86_64", "conflicts", "-o", "ID", "-x", "HELD.PID")[0] == ["1"]


def test_columns(cli):
    usual = cli("list", root="x86_64").stdout.splitlines()[0].decode().split()
    assert rows(cli, "x86_64", "list", "-o", "+time,PCI") == \
        rows(cli, "x86_64", "list", "-o", ",".join([*usual, "TIME", "PCI"]))
    known = {c["name"]: c["columns"] for c in json.loads(cli("help", "-j").stdout)["commands"]}
    for command, root in (("list", "x86_64"), ("conflicts", "x86_64"), ("aliases", "x86_64"), ("audit", "x86_64-broken"),
                          ("leaks", "x86_64-broken")):
        heading = cli(command, "--output-all", "--raw", root=root).stdout.splitlines()[0].decode().split(" ")
        assert heading[:len(known[command])] == known[command]
        held = [name for name in heading if name.startswith("HELD.")]
        assert bool(held) == (command in ("conflicts", "aliases")) and set(heading) == {*known[command], *held}
        assert cli(command, "-O", root=root).stdout.split()[:3] == [name.encode() for name in heading[:3]]


@pytest.mark.parametrize("args,message", [
    (["-o", "+"], "no column ''"), (["-o", "+SIZ"], "no column 'SIZ'; did you mean 'SIZE'"),
    (["-x", ""], "no column ''"), (["--sort", "RNGE"], "did you mean 'RANGE'"), (["-x", "--SIZE"], "no column '-SIZE'"),
    (["-x", ",".join(["SIZE"] * 9)], "more than 8 columns")])
def test_columns_that_are_none(cli, args, message):
    expect(cli, 2, message, "list", *args, root="x86_64")


@pytest.mark.parametrize("columns", [80, 100, 132])
def test_tables_fit(cli, columns):
    """Cells are wrapped, and nothing is lost."""
    for args in (["list"], ["aliases", "-o", "VERDICT,OVERLAP,WHY"], ["conflicts", "-o", "ID,VERDICT,WHY,ADVICE"], ["status"],
                 ["features"]):
        for root in ("x86_64-patched", "x86_64-broken"):
            plain = cli(*args, root=root).stdout.decode()
            seen = on_terminal(cli, columns, root, {"NO_COLOR": "1"}, *args)
            assert Counter(re.sub(r"\s+", "", seen)) == Counter(re.sub(r"\s+", "", plain))
            table = re.search(r"(?m)^[A-Z.]+ +[A-Z.]+ [^\0]*?(?=\n\n|\nSource|\nWhat no|\Z)", seen)
            assert max(map(len, table.group().splitlines())) <= columns, (args, root)


def test_map_at_80_columns(cli):
    """At least one lane with mappings, and every mark of a conflict."""
    for root in ("x86_64", "x86_64-patched", "arm64-patched", "x86_64-broken"):
        seen = on_terminal(cli, 80, root, {"NO_COLOR": "1"})
        table = seen[:seen.index("\n\n")].splitlines()
        lanes = [lane for lane in table[0].split()[3:]]
        assert lanes, root
        assert re.search(r"\b(U-|UC|WC|DV|DS|WB)\b", "\n".join(table[1:])), root
        assert max(len(line) for line in table if "not fit" not in line) <= 80
        plain = cli("map", root=root).stdout.decode()
        assert seen.count("!") == plain.count("!") > 2


LINE = (b"record range=0x%x-0x%x va=- space=kernel kind=ioremap want=uncached-minus got=%s pid=%d "
        b"comm=process%d site=some_function+0x10/0x%x module=- dev=- driver=- time=%d.%06d")


PEAK = """import os, sys
quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
print(os.wait4(pid, 0)[2].ru_maxrss)"""


def test_many_records(binaries, tree):
    """Ratios, so that a slow machine is no failure: to a reader of lines that does nothing else."""
    import resource
    import subprocess
    import time

    cli, nr = binaries("built"), 200000
    tree.dump("records", b"policy: report\nincomplete: 0\nlate: 0\n", [
        LINE % (start, start + 4095, (b"uncached-minus", b"write-combining")[i & 1], 100 + i % 500, i % 500, i % 64, i, i)
        for i in range(nr) for start in [0x200000000 + (i * 7919 % nr) * 8192]])
    size = (tree.path / DUMPS / "records").stat().st_size

    def cost(*args):
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        result = subprocess.run(args, stdout=subprocess.PIPE, check=False, cwd=tree.path)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert began
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, result.stdout

    def memory(*args):
        # By a small process: until exec(), a child has all the memory of its parent, and that counts.
        result = subprocess.run(["/usr/bin/python3", "-ISc", PEAK, *args], stdout=subprocess.PIPE, check=True)
        return int(result.stdout) * 1024

    lines = max(min(cost("sed", "-n", "s/ driver=-//p", DUMPS + "/records")[0] for _ in range(3)), 0.01)
    spent = {}
    for command in ("status", "list", "map"):
        spent[command], out = cost(cli.binary, "--root", tree.path, command)
        assert out
    print({name: f"{seconds / lines:.1f}" for name, seconds in spent.items()})
    # Before strings were kept once and rows printed one by one, list took 50 times as long.
    assert spent["status"] < 25 * lines and spent["list"] < 35 * lines and spent["map"] < 35 * lines, (spent, lines)
    assert memory(cli.binary, "--root", tree.path, "list") < 2 * size
    assert memory(cli.binary, "--root", tree.path, "status") < 2 * size
