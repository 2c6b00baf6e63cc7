# SPDX-License-Identifier: GPL-2.0-only
"""What the command prints for the captured trees, to the byte."""
import os
import pathlib

import pytest

GOLDEN = pathlib.Path(__file__).parent / "golden"
ACCEPT = "PFNTRACK_ACCEPT=1 /usr/bin/python3 -m pytest tests/cli/test_golden.py"

CASES = {
    "status": (["status"], 1),
    "status.json": (["status", "--pretty"], 1),
    "list": (["list"], 0),
    "list-columns": (["list", "-o", "range,want,got,va,time,module,resource,pci,dev,driver,space",
                      "--bytes"], 0),
    "list-raw": (["list", "--raw", "--noheadings", "-o", "RANGE,SIZE,ATTR,COMM,RESOURCE"], 0),
    "list.json": (["list", "--pretty"], 0),
    "aliases": (["aliases"], 1),
    "aliases-raw": (["aliases", "--raw", "-o", "VERDICT,OVERLAP,HOLDERS,COMM,RANGE,HELD.RANGE,WHY,"
                     "SOURCE"], 1),
    "aliases.json": (["aliases", "--pretty"], 1),
    "export": (["export"], 0),
    "export.json": (["export", "--pretty"], 0),
    "map": (["map"], 0),
    "map.json": (["map", "--pretty"], 0),
    "features": (["features"], 0),
    "features.json": (["features", "--pretty"], 0),
    "conflicts": (["conflicts"], 1),
    "conflicts-table": (["conflicts", "--output", "ID,COUNT,VERDICT,RESULT,POLICY,SIZE,ATTR,"
                         "HELD.ATTR,HELD.RANGE,HELD.TIME,WHY,SOURCE"], 1),
    "conflicts-raw": (["conflicts", "--raw"], 1),
    "conflicts.json": (["conflicts", "--pretty"], 1),
}

# Machines whose page tables were written behind the registry's back, and where a
# driver left something mapped.
BROKEN = {
    "status": (["status"], 1),
    "status.json": (["status", "--pretty"], 1),
    "features": (["features"], 0),
    "features.json": (["features", "--pretty"], 0),
    "policy": (["policy"], 0),
    "policy-kind.json": (["policy", "--kind", "ioremap", "--pretty"], 0),
    "conflicts": (["conflicts"], 1),
    "aliases": (["aliases"], 1),
    "export": (["export"], 0),
    "audit": (["audit"], 1),
    "audit-columns": (["audit", "--bytes", "-o",
                       "finding,kind,got,found,range,size,resource,pci"], 1),
    "audit-raw": (["audit", "--raw", "--noheadings"], 1),
    "audit.json": (["audit", "--pretty"], 1),
    "leaks": (["leaks"], 1),
    "leaks-table": (["leaks", "-o", "id,gone,name,from,since,range,va,want,got,kind,pid,comm,site,"
                     "module,dev,driver,time"], 1),
    "leaks-raw": (["leaks", "--raw"], 1),
    "leaks.json": (["leaks", "--pretty"], 1),
}

# Machines of the lab, taken by tests/qemu/capture.py: every command, in text and JSON.
CAPTURED = {
    "x86_64-stock": {"status": 1, "list": 0, "explain 0000:00:04.0": 1, "explain 00:03.0": 0,
                     "list kind=ioremap range=3G-4G": 0, "map": 0, "aliases": 1, "explain 0x200004000": 1,
                     "explain 0x200103fff": 0, "explain 0x1000": 0, "features": 0, "export": 0},
    "arm64-stock": {"status": 1, "list": 0, "aliases": 1, "explain 0x8000004000": 1,
                    "explain 0x8000100000": 0, "features": 0, "export": 0},
    "x86_64-patched": {"status": 1, "list": 0, "aliases": 1, "conflicts": 1, "audit": 0, "leaks": 0,
                       "explain 0x200004000": 1, "explain 0000:00:04.0": 1, "features": 0, "policy": 0, "export": 0,
                       "status --source proc": 1, "aliases -s proc": 1},
    "arm64-patched": {"status": 1, "list": 0, "aliases": 1, "conflicts": 1, "audit": 0, "leaks": 0,
                      "explain 0x8000004000": 1, "features": 0, "policy": 0, "export": 0,
                      "status --source proc": 1},
    "riscv64-patched": {"status": 0, "list": 0, "aliases": 0, "conflicts": 0, "audit": 0,
                        "leaks": 0, "explain 0x400004000": 0, "features": 0, "policy": 0,
                        "export": 0, "status --source proc": 3, "arch riscv": 0},
}

EXPLAIN = {
    "x86_64": {
        "explain-shared": ("0x380000000000", 1),
        "explain-bar": ("0xfea1ffff", 0),
        "explain-nothing": ("0xfea20000", 0),
        "explain-ram": ("1M", 0),
        "explain-shared.json": ("0x380000000000", 1),
    },
    "arm64": {
        "explain-shared": ("512G", 1),
        "explain-shared.json": ("549755813888", 1),
        "explain-uart": ("0x9000000", 3),
    },
}

# Mappings could not be stored there: a list of them is not whole.
INCOMPLETE = {"arm64": {"list": 3}}


def all_cases():
    for snapshot, commands in CAPTURED.items():
        for command, rc in commands.items():
            name = command.replace(" --source", "").replace(" -s", "").replace(" ", "-")
            yield snapshot, name, command.split(), rc
            yield snapshot, f"{name}.json", [*command.split(), "--pretty"], rc
    for snapshot in ("x86_64-broken", "arm64-broken"):
        for name, (args, rc) in BROKEN.items():
            yield snapshot, name, args, rc
    for snapshot, addresses in EXPLAIN.items():
        for name, (args, rc) in CASES.items():
            yield snapshot, name, args, INCOMPLETE.get(snapshot, {}).get(args[0], rc)
        for name, (address, rc) in addresses.items():
            pretty = ["--pretty"] if name.endswith(".json") else []
            yield snapshot, name, ["explain", address, *pretty], rc


@pytest.mark.parametrize("snapshot,name,args,rc", all_cases(),
                         ids=[f"{s}-{n}" for s, n, _, _ in all_cases()])
def test_golden(cli, snapshot, name, args, rc):
    result = cli(*args, root=snapshot)
    assert result.stderr == b""
    assert result.returncode == rc
    file = GOLDEN / snapshot / name
    if os.environ.get("PFNTRACK_ACCEPT") and cli.kind == "built":
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(result.stdout)
    assert file.exists(), f"no golden file; after reading the output, run: {ACCEPT}"
    expected = file.read_bytes()
    assert result.stdout.decode() == expected.decode(), \
        f"the output changed; if that is right, run: {ACCEPT}"


def test_no_stale_golden_file():
    expected = {f"{snapshot}/{name}" for snapshot, name, _, _ in all_cases()}
    found = {str(p.relative_to(GOLDEN)) for p in GOLDEN.rglob("*") if p.is_file()}
    assert found == expected
