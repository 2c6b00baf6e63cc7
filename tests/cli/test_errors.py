# SPDX-License-Identifier: GPL-2.0-only
"""Bad input: one line on stderr (an object with --json), the right exit code."""
import json
import os
import re
import shutil
import subprocess

import pytest

from conftest import DUMPS, SYSFS

COMMANDS = [["status"], ["list"], ["conflicts"], ["explain", "0x1000"]]


def expect(cli, rc, message, *args, **kwargs):
    """Check a failure in both of its shapes."""
    text = cli(*args, **kwargs)
    assert text.returncode == rc, text
    assert text.stdout == b""
    line = text.stderr.decode("ascii")
    assert line.startswith("pfntrack: ") and line.count("\n") == 1 and line.endswith("\n")
    assert re.search(message, line), line

    for flag in ("--json", "--pretty"):
        as_json = cli(flag, *args, **kwargs)
        assert as_json.returncode == rc
        assert as_json.stdout == b""
        error = json.loads(as_json.stderr)
        assert list(error) == ["error"] and list(error["error"]) == ["code", "message"]
        assert error["error"]["code"] == rc
        assert re.search(message, error["error"]["message"])


@pytest.mark.parametrize("args,message", [
    ([], "no command"),
    (["lst"], "did you mean 'list'"),
    (["conflict"], "did you mean 'conflicts'"),
    (["STATUS"], "did you mean 'status'"),
    (["xyzzy"], "'pfntrack help' lists them"),
    (["x" * 500], "unknown command"),
    (["help", "stauts"], "did you mean 'status'"),
    (["list", "more"], "takes no 'more'"),
    (["help", "list", "more"], "takes no 'more'"),
    (["explain"], "needs ADDRESS"),
    (["explain", "1", "2"], "takes no '2'"),
    (["--frobnicate", "list"], "unknown option --frobnicate"),
    (["list", "-x"], "unknown option -x"),
    (["list", "-o"], "no value after -o"),
    (["list", "--output"], "no value after --output"),
    (["list", "--raw=yes"], "unknown option --raw=yes"),
    (["status", "--raw"], "not for 'status'"),
    (["explain", "-o", "PID", "1"], "not for 'explain'"),
    (["list", "-o", "RANGE,SIZ"], "no column 'SIZ'; did you mean 'SIZE'"),
    (["list", "-o", ""], "no column ''"),
    (["list", "-o", "HELD.PID"], "no column"),
    (["conflicts", "-o", "HELD.ID"], "no column"),
    (["list", "-o", ",".join(["PID"] * 99)], "more than"),
    (["--root", "/nonexistent", "list"], "is no directory"),
    (["--root", "", "list"], "empty directory for --root"),
    (["bad\x1b[31m\ncommand"], r"bad"),
])
def test_usage(cli, args, message):
    expect(cli, 2, message, *args)


@pytest.mark.parametrize("address", ["", "zz", "0x", "0xg", "+1", " 1", "1 ", "1KK", "K", "0x10K",
                                     "1.5", "18446744073709551616", "0x10000000000000000",
                                     "16777216T", "99999999999999999999999G"])
def test_no_address(cli, address):
    expect(cli, 2, "no address of 64 bits", "explain", address, root="x86_64")


def test_address_of_iomem(cli):
    expect(cli, 2, "begin with 0x", "explain", "febc0000", root="x86_64")


@pytest.mark.parametrize("root,address", [("x86_64", "0x400000000000"),
                                          ("arm64", "0x100000000000000"),
                                          ("arm64", "0xffffffffffffffff")])
def test_address_above_the_machine(cli, root, address):
    expect(cli, 2, "above this machine's physical addresses", "explain", address, root=root)


def cut_last_line(data):
    return data[:data.rindex(b"end:")]


def set_key(key, value):
    pair = b" %s=%s" % (key, value)
    return lambda data: re.sub(rb" %s=\S+" % key, lambda _: pair, data, count=1)


BAD_DUMPS = {
    "empty": ("records", lambda data: b"", 4, "truncated"),
    "no end": ("records", cut_last_line, 4, "truncated"),
    "half": ("records", lambda data: data[:len(data) // 2], 4, "truncated"),
    "cut in the end line": ("records", lambda data: data[:-1], 4, "truncated"),
    "a line lost": ("records", lambda data: re.sub(rb"record .*\n", b"", data, count=1), 4,
                    "truncated"),
    "end is no number": ("records", lambda data: data.replace(b"end: 6", b"end: x"), 4,
                         "truncated"),
    "goes on": ("records", lambda data: data + b"more\n", 4, "goes on"),
    "newer": ("records", lambda data: data.replace(b"version: 1", b"version: 2"), 3,
              "format version 2, this pfntrack reads 1"),
    "newer conflicts": ("conflicts", lambda data: data.replace(b"version: 1", b"version: 99"), 3,
                        "format version 99"),
    "no version": ("records", lambda data: data[data.index(b"\n") + 1:], 4, "line 1: no version"),
    "version 0": ("records", lambda data: data.replace(b"version: 1", b"version: 0"), 4,
                  "no version"),
    "version word": ("records", lambda data: data.replace(b"version: 1", b"version: one"), 4,
                     "no version"),
    "text": ("records", lambda data: b"hello\n", 4, "no version"),
    "blank line": ("records", lambda data: data.replace(b"late: 0\n", b"late: 0\n\n"), 4,
                   "line 5: unexpected word"),
    "another word": ("records", lambda data: data.replace(b"record ", b"rekord ", 1), 4,
                     "unexpected word 'rekord'"),
    "NUL": ("records", lambda data: data.replace(b"comm=s", b"comm=\0", 1), 4, "NUL"),
    "no pair": ("records", lambda data: data.replace(b" comm=", b" comm", 1), 4,
                "no key=value in 'commswapper/0'"),
    "no key": ("records", lambda data: data.replace(b" site=", b" cite=", 1), 4, "no key 'site'"),
    "twice": ("records", lambda data: data.replace(b" pid=1", b" pid=1 pid=1", 1), 4,
              "twice the key 'pid'"),
    "many keys": ("records", lambda data: data.replace(b" pid=1", b" a=b" * 99 + b" pid=1", 1), 4,
                  "too many keys"),
    "range order": ("records", set_key(b"range", b"0x2-0x1"), 4, "range '0x2-0x1'"),
    "range one end": ("records", set_key(b"range", b"0x2"), 4, "range '0x2'"),
    "range no hex": ("records", set_key(b"range", b"16-32"), 4, "range '16-32'"),
    "range sign": ("records", set_key(b"range", b"0x-1-0x2"), 4, "range"),
    "range dash": ("records", set_key(b"range", b"-"), 4, "range '-'"),
    "range large": ("records", set_key(b"range", b"0x0-0x10000000000000000"), 4, "range"),
    "va": ("records", set_key(b"va", b"0x1-"), 4, "va '0x1-'"),
    "pid": ("records", set_key(b"pid", b"-1"), 4, "pid '-1'"),
    "pid large": ("records", set_key(b"pid", b"4294967296"), 4, "pid"),
    "time": ("records", set_key(b"time", b"1e9"), 4, "time '1e9'"),
    "time nan": ("records", set_key(b"time", b"nan"), 4, "time 'nan'"),
    "time zeros": ("records", set_key(b"time", b"007"), 4, "time '007'"),
    "escape": ("records", set_key(b"comm", rb"a\9"), 4, "comm"),
    "escape cut": ("records", set_key(b"comm", b"a\\04"), 4, "comm"),
    "escape large": ("records", set_key(b"comm", b"a\\777"), 4, "comm"),
    "escape NUL": ("records", set_key(b"comm", b"a\\000"), 4, "comm"),
    "header": ("records", lambda data: data.replace(b"incomplete: 0", b"incomplete: no"), 4,
               "line 3: incomplete 'no'"),
    "conflict id": ("conflicts", set_key(b"id", b"x"), 4, "id 'x'"),
    "held range": ("conflicts", set_key(b"held.range", b"0x1"), 4, "range '0x1'"),
    "held key": ("conflicts", lambda data: data.replace(b" held.comm=", b" held.com=", 1), 4,
                 "no key 'comm'"),
    "total": ("conflicts", lambda data: data.replace(b"total: 2", b"total: -2"), 4, "total '-2'"),
    "hook": ("coverage", set_key(b"state", b"-"), 4, "not known: 'state'"),
    "long": ("records", set_key(b"pid", b"9" * 100000), 4, "pid '9{80}'"),
}


@pytest.mark.parametrize("name", BAD_DUMPS)
def test_bad_dump(cli, tree, name):
    dump, change, rc, message = BAD_DUMPS[name]
    tree.edit(f"{DUMPS}/{dump}", change)
    expect(cli, rc, message, "status", root=tree)
    command = {"records": "list", "conflicts": "conflicts"}.get(dump)
    if command:
        expect(cli, rc, message, command, root=tree)


def test_every_truncation(binaries, tree):
    """Cut anywhere: never a crash, never a shorter list taken for the whole."""
    cli = binaries("sanitized")
    data = (tree.path / DUMPS / "conflicts").read_bytes()
    for size in range(0, len(data), 37):
        tree.write(f"{DUMPS}/conflicts", data[:size])
        result = cli("conflicts", root=tree)
        assert (result.returncode, result.stdout) == (4, b""), size


@pytest.mark.parametrize("name,data,message", [
    ("policy", b"", "is not one word"),
    ("policy", b"two words\n", "is not one word"),
    ("records", b"many\n", "is no number"),
    ("late", b"-1\n", "is no number"),
    ("maps", b"18446744073709551616\n", "is no number"),
])
def test_bad_sysfs(cli, tree, name, data, message):
    tree.write(f"{SYSFS}/{name}", data)
    expect(cli, 4, message, "status", root=tree)


@pytest.mark.parametrize("args", COMMANDS, ids=lambda a: a[0])
class TestUnsupported:
    def test_no_pfn_track(self, cli, tree, args):
        shutil.rmtree(tree.path / SYSFS)
        expect(cli, 3, "has no .*sys/kernel/mm/pfn_track; capture", *args, root=tree)

    def test_no_debugfs(self, cli, tree, args):
        shutil.rmtree(tree.path / DUMPS)
        expect(cli, 3, "has no .*sys/kernel/debug/pfn_track", *args, root=tree)

    def test_file_missing(self, cli, tree, args):
        for name in ("records", "conflicts"):
            (tree.path / DUMPS / name).unlink()
        expect(cli, 3, "is missing", *args, root=tree)

    def test_not_permitted(self, cli, tree, args):
        (tree.path / DUMPS).parent.chmod(0o700)
        (tree.path / DUMPS).chmod(0)
        kwargs = {"user": 65534, "group": 65534, "extra_groups": []} if not os.geteuid() else {}
        expect(cli, 3, "only root may read .*; run this as root", *args, root=tree,
               cwd="/", **kwargs)

    def test_directory_instead_of_a_dump(self, cli, tree, args):
        for name in ("records", "conflicts"):
            (tree.path / DUMPS / name).unlink()
            (tree.path / DUMPS / name).mkdir()
        expect(cli, 4, "Is a directory", *args, root=tree)


def test_this_machine(cli):
    """Whatever kernel runs the tests: an answer, or one line and code 3."""
    if os.path.exists("/sys/kernel/mm/pfn_track"):
        assert cli("status").returncode in (0, 1, 3)
    else:
        expect(cli, 3, "this kernel has no pfn_track .*CONFIG_PFN_TRACK=y", "status")


def in_namespace(command):
    return subprocess.run(["unshare", "--mount", "sh", "-c", command], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_debugfs_not_mounted(cli, tree):
    """The real paths, with the captured tree mounted over /sys/kernel."""
    probe = in_namespace(f"mount --bind {tree}/sys/kernel /sys/kernel")
    if probe.returncode:
        assert os.geteuid(), f"root, and no private mounts: {probe.stderr.decode()}"
        pytest.skip("private mounts are for root")
    command = (f"mount --bind {tree}/sys/kernel /sys/kernel && mount -t tmpfs none "
               f"/sys/kernel/debug && exec {cli.binary} ")
    for args in ("list", "status"):
        result = in_namespace(command + args)
        assert result.returncode == 3
        assert result.stderr == (b"pfntrack: debugfs is not mounted; as root: "
                                 b"mount -t debugfs none /sys/kernel/debug\n")
    result = in_namespace(f"mount --bind {tree}/sys/kernel /sys/kernel && "
                          f"exec {cli.binary} conflicts --json")
    assert result.returncode == 1
    assert json.loads(result.stdout)["source"] == "kernel"
