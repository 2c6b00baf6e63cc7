# SPDX-License-Identifier: GPL-2.0-only
"""Metrics: what Prometheus' own checker says, and how the file is replaced."""
import json
import os
import re
import shutil
import stat
import subprocess

import pytest

from conftest import DUMPS, SNAPSHOTS, SYSFS
from test_errors import expect

UNSEEN = ("kind", "policy", "path", "path_list", "early", "linear_map", "attribute", "request",
          "history", "process", "target")
METRICS = ("x86_64-stock", "x86_64-patched", "arm64-stock", "riscv64-patched", "x86_64-broken")


def values(text):
    """name{labels} -> value"""
    return {line.rpartition(" ")[0]: int(line.rpartition(" ")[2])
            for line in text.decode().splitlines() if not line.startswith("#")}


@pytest.mark.parametrize("snapshot", sorted(p.name for p in SNAPSHOTS.iterdir()))
def test_promtool(cli, snapshot):
    assert shutil.which("promtool"), "no promtool: scripts/packages metrics"
    text = cli("export", root=snapshot)
    assert text.returncode == 0
    done = subprocess.run(["promtool", "check", "metrics"], input=text.stdout, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_promtool_can_complain():
    done = subprocess.run(["promtool", "check", "metrics"], input=b"a_total{b=c} 1\n", check=False,
                          stderr=subprocess.PIPE, timeout=60)
    assert done.returncode != 0


def test_numbers(cli):
    found = values(cli("export", root="x86_64-broken").stdout)
    assert found["pfn_track_conflicts_total"] == 2 and found["pfn_track_leaks_total"] == 2
    assert found["pfn_track_healthy"] == 0
    assert found['pfn_track_mappings{attribute="uncached-minus"}'] == 6
    assert found['pfn_track_mappings_by_kind{kind="claim"}'] == 1
    stock = values(cli("export", root="x86_64-stock").stdout)
    assert stock["pfn_track_aliases_downgraded"] == 1 and stock["pfn_track_healthy"] == 0
    # What a source does not count is not said to be none.
    assert not [name for name in stock if name.endswith("_total")]
    assert {name: stock[f'pfn_track_unseen{{what="{name}"}}'] for name in UNSEEN} == {
        **dict.fromkeys(UNSEEN, 0), "kind": 3, "path": 4, "attribute": 1, "request": 1,
        "history": 1}
    assert found['pfn_track_unseen{what="path"}'] == 4
    assert found['pfn_track_policy{policy="report"}'] == 1
    # What is not known is not healthy, and no problem either.
    proc = values(cli("export", "--source", "proc", root="riscv64-patched").stdout)
    assert (proc["pfn_track_healthy"], proc["pfn_track_health_known"]) == (0, 0)
    for known in (found, stock):
        assert (known["pfn_track_healthy"], known["pfn_track_health_known"]) == (0, 1)
    clean = values(cli("export", root="riscv64-patched").stdout)
    assert (clean["pfn_track_healthy"], clean["pfn_track_health_known"]) == (1, 1)


def series(text):
    """Of what every source has: the name and the labels, but those of info."""
    return [name for name in values(text)
            if not name.startswith("pfn_track_info{") and not name.endswith("_total")]


def test_series_stay(cli, broken):
    """The same series of every machine, source and state: only their values differ."""
    expected = series(cli("export", root="x86_64-broken").stdout)
    assert {name.split("{")[0] for name in expected} >= {
        "pfn_track_unseen", "pfn_track_policy", "pfn_track_healthy", "pfn_track_health_known"}
    for snapshot in sorted(path.name for path in SNAPSHOTS.iterdir()):
        assert series(cli("export", root=snapshot).stdout) == expected, snapshot
    for text in expected:
        assert re.fullmatch(r'pfn_track_[a-z_]+({[a-z]+="[a-z_-]+"})?', text)
    broken.write(f"{SYSFS}/policy", b"off\n")
    broken.write(f"{SYSFS}/late", b"1\n")
    broken.replace(f"{DUMPS}/coverage", b"kind=vmap state=live", b"kind=vmap state=absent")
    text = cli("export", root=broken).stdout
    assert series(text) == expected
    found = values(text)
    assert found['pfn_track_policy{policy="off"}'] == 1
    assert found['pfn_track_policy{policy="report"}'] == 0
    assert found['pfn_track_unseen{what="kind"}'] == 1
    assert found['pfn_track_unseen{what="early"}'] == 1
    assert (found["pfn_track_healthy"], found["pfn_track_health_known"]) == (0, 1)


def test_unseen_adds_up(cli, broken):
    """Each word of "unseen" counts under one label."""
    def check(root):
        value = json.loads(cli("export", "--json", root=root).stdout)
        counts = {one["labels"]["what"]: one["value"] for one in value["metrics"]
                  if one["name"] == "pfn_track_unseen"}
        assert tuple(counts) == UNSEEN
        assert sum(counts.values()) == sum(
            int(re.search(r"^\d+(?= process)|(?<=^where )\d+|$", text)[0] or 1)
            for text in value["unseen"]), root
        return counts

    for snapshot in sorted(path.name for path in SNAPSHOTS.iterdir()):
        check(snapshot)
    assert check(broken)["linear_map"] == 0
    broken.edit("proc/iomem", lambda data: data.replace(b"System RAM", b"Other"))
    assert check(broken)["linear_map"] == 1


def test_no_address_no_name(cli):
    for snapshot in METRICS:
        text = cli("export", root=snapshot).stdout
        assert not re.search(rb"0x|pfnhold|[0-9a-f]{9}", text)


def test_label_is_escaped(cli, tree):
    tree.write(f"{SYSFS}/arch", b'a"b\\c\xff\n')
    text = cli("export", root=tree).stdout
    assert 'arch="a\\"b\\\\c�"' in text.decode()
    if cli.kind == "built":
        subprocess.run(["promtool", "check", "metrics"], input=text, check=True, timeout=60)


def test_file(cli, tmp_path):
    file = tmp_path / "pfntrack.prom"
    result = cli("export", file, root="x86_64-stock", umask=0)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    assert file.read_bytes() == cli("export", root="x86_64-stock").stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    # The reader's rights stay when the next one replaces it.
    file.chmod(0o640)
    if not os.geteuid():
        os.chown(file, 12, 34)
    old = file.open("rb")
    assert cli("export", file, root="x86_64-broken").returncode == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    if not os.geteuid():
        assert (file.stat().st_uid, file.stat().st_gid) == (12, 34)
    assert b'source="proc"' in old.read() and b'source="kernel"' in file.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_file_and_json(cli, tmp_path):
    result = cli("export", tmp_path / "a.prom", "--json", root="x86_64-stock")
    assert result.returncode == 0 and result.stdout.startswith(b'{"version":1,')
    assert (tmp_path / "a.prom").read_bytes().startswith(b"# HELP ")


def test_bad_places(cli, tmp_path):
    expect(cli, 4, "cannot write .*No such file", "export", tmp_path / "a/b.prom", root="x86_64-stock")
    (tmp_path / "folder").mkdir()
    expect(cli, 2, "is a directory; give a file", "export", tmp_path / "folder", root="x86_64-stock")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_nothing_to_export(cli, tree, tmp_path):
    """What was there before stays."""
    file = tmp_path / "a.prom"
    file.write_bytes(b"old\n")
    tree.edit("sys/kernel/debug/pfn_track/records", lambda data: data[:-5])
    expect(cli, 4, "truncated", "export", file, root=tree)
    assert file.read_bytes() == b"old\n"


def test_full_disk(cli, tmp_path):
    if os.geteuid():
        pytest.skip("private mounts are for root")
    from conftest import in_namespace
    file = tmp_path / "a.prom"
    result = in_namespace(f"mount -t tmpfs -o size=4k none {tmp_path} && echo old > {file} && "
                          f"{cli.binary} --root {SNAPSHOTS}/x86_64-broken export {file}; echo $?; "
                          f"cat {file}; ls {tmp_path}")
    assert result.stdout == b"4\nold\na.prom\n"
    assert b"No space left on device; nothing was changed" in result.stderr
