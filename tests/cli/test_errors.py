# SPDX-License-Identifier: GPL-2.0-only
"""Bad input: one line on stderr (an object with --json), the right exit code."""
import json
import os
import random
import re
import shutil
import signal
import subprocess

import pytest

from conftest import DUMPS, SYSFS, in_namespace

COMMANDS = [["status"], ["list"], ["conflicts"], ["aliases"], ["export"], ["explain", "0x1000"], ["audit"], ["leaks"]]


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
    (["status", "more"], "takes no 'more'"),
    (["list", "more"], "unknown filter 'more'"),
    (["list", "knd=ioremap"], r"unknown filter 'knd' \(did you mean 'kind'\?\)"),
    (["list", "kind=ioremapp"], r"unknown kind 'ioremapp' \(did you mean 'ioremap'\?\)"),
    (["list", "attr=uncashed"], r"unknown attribute 'uncashed' \(did you mean 'uncached'\?\)"),
    (["list", "kind"], "'kind' has no value"),
    (["list", "kind="], "'kind=' has no value"),
    (["list", "=kind"], "unknown filter ''"),
    (["list", "pid=-1"], "'-1' is no process id"),
    (["list", "pid=4294967296"], "is no process id"),
    (["list", "range=5-1"], "range '5-1' is empty"),
    (["list", "range=5+0"], "range '5[+]0' is empty"),
    (["list", "range=0xffffffffffffffff+2"], "ends beyond 64 bits"),
    (["list", "range=x"], "no address of 64 bits"),
    (["list", "range=1-"], "'' is no address of 64 bits"),
    (["list", *["pid=1"] * 33], "takes no 'pid=1'"),
    (["explain", "pid="], "'pid=' has no value"),
    (["explain", "pid=x"], "'x' is no process id"),
    (["help", "list", "more"], "takes no 'more'"),
    (["explain"], "needs ADDRESS"),
    (["explain", "1", "2"], "takes no '2'"),
    (["--frobnicate", "list"], "unknown option --frobnicate"),
    (["list", "-y"], "unknown option -y"),
    (["list", "-o"], "no value after -o"),
    (["list", "--output"], "no value after --output"),
    (["list", "--raw=yes"], "unknown option --raw=yes"),
    (["list", "--raw=yes"], "did you mean --raw?"),
    (["list", "--jsn"], "did you mean --json?"),
    (["list", "-J"], "did you mean --json?"),
    (["--vresion"], "did you mean --version?"),
    # --count is only for watch.
    (["watch", "--cuont", "1"], "did you mean --count?"),
    (["list", "--cuont", "1"], "unknown option --cuont; see"),
    (["status", "--raw"], "not for 'status'"),
    (["explain", "-o", "PID", "1"], "not for 'explain'"),
    (["list", "-o", "RANGE,SIZ"], "no column 'SIZ'; did you mean 'SIZE'"),
    (["list", "-o", ""], "no column ''"),
    (["list", "-o", "HELD.PID"], "no column"),
    (["conflicts", "-o", "HELD.ID"], "no column"),
    (["audit", "-o", "SITE"], "no column 'SITE'"),
    (["audit", "-o", "HELD.COMM"], "no column"),
    (["leaks", "-o", "GONNE"], "did you mean 'GONE'"),
    (["leak"], "did you mean 'leaks'"),
    (["policy", "enforced"], r"unknown policy 'enforced' \(did you mean 'enforce'\?\); it is one of"),
    (["policy", "default"], "say --kind KIND"),
    (["policy", "--kind", "ioremapp"], r"unknown kind 'ioremapp' \(did you mean 'ioremap'\?\)"),
    (["policy", "--kind", "ioremap", "never"], "it is one of off, report, enforce, strict, default"),
    (["policy", "--kind", "", "off"], "unknown kind ''"),
    (["policy", "off", "now"], "takes no 'now'"),
    (["policy", "-k"], "no value after -k"),
    (["policy", "--raw"], "not for 'policy'"),
    (["list", "--kind", "ioremap"], "option --kind is not for 'list'"),
    (["snapshot"], "needs DIR"),
    (["--root", "x86_64", "snapshot", ""], "name of the directory is empty"),
    (["--root", "x86_64", "policy", "off"], "policy of a snapshot cannot be set"),
    (["audit", "now"], "takes no 'now'"),
    (["list", "-o", ",".join(["PID"] * 99)], "more than"),
    (["--root", "/nonexistent", "list"], "is no directory"),
    (["--root", "", "list"], "empty directory for --root"),
    (["--source", "kernl", "list"], r"unknown source 'kernl' \(did you mean 'kernel'\?\)"),
    (["watch", "--source", "proc"], "'watch' has no source 'proc'; it is kernel or bpf"),
    (["list", "--source", "bpf"], "unknown source 'bpf'"),
    (["watch", "--event", "map,unmapp"], "unknown event 'unmapp'; did you mean 'unmap'"),
    (["watch", "--event", ""], "unknown event ''"),
    (["watch", "--kind", "ioremapp"], "unknown kind 'ioremapp'; did you mean 'ioremap'"),
    (["watch", "--count", "0"], "--count takes a number from 1 up, not '0'"),
    (["watch", "--seconds", "x"], "--seconds takes a number"),
    (["watch", "--pid", "-1"], "--pid takes a number"),
    (["watch", "--range", "0x2000-0x1000"], "range '0x2000-0x1000' is empty"),
    (["watch", "--range", "ten"], "is no address"),
    (["watch", "--root", "x86_64"], "a snapshot cannot be watched"),
    (["list", "--count", "1", "-b"], "option --count is not for 'list'"),
    (["--source", "", "list"], "unknown source ''; it is kernel or proc"),
    (["list", "-s"], "no value after -s"),
    (["alias"], "did you mean 'aliases'"),
    (["exprot"], "did you mean 'export'"),
    (["aliases", "0x1000:"], "unknown filter|no address"),
    (["export", "a", "b"], "takes no 'b'"),
    (["--root", "x86_64", "export", ""], "name of the file is empty"),
    (["aliases", "-o", "OVERLAPS"], "did you mean 'OVERLAP'"),
    (["aliases", "-o", "HELD.VERDICT"], "no column"),
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
    "bytes": ("conflicts", set_key(b"bytes", b"0x10"), 4, "bytes '0x10'"),
    "bytes many": ("conflicts", set_key(b"bytes", b"1048577"), 4, "more than its range, or none: 'bytes'"),
    "bytes none": ("conflicts", set_key(b"bytes", b"0"), 4, "more than its range, or none: 'bytes'"),
    "asked": ("conflicts", set_key(b"asked.range", b"-"), 4, "asked.range '-'"),
    "asked less": ("conflicts", set_key(b"asked.range", b"0x380000000000-0x380000000fff"), 4,
                   "not all of it was asked for: 'range'"),
    "asked elsewhere": ("conflicts", set_key(b"asked.range", b"0x380000001000-0x3800000fffff"), 4,
                        "not all of it was asked for: 'range'"),
    "asked missing": ("conflicts", lambda data: data.replace(b" asked.range=", b" asked_range=", 1), 4,
                      "no key 'asked.range'"),
    "held bytes": ("conflicts", set_key(b"held.bytes", b"-1"), 4, "held.bytes '-1'"),
    "held bytes many": ("conflicts", set_key(b"held.bytes", b"1048577"), 4,
                        "more than was asked for: 'held.bytes'"),
    "further": ("conflicts", set_key(b"held.further", b"-"), 4, "held.further '-'"),
    "exact": ("conflicts", set_key(b"exact", b"true"), 4, "exact 'true'"),
    "exact twice": ("conflicts", lambda data: data.replace(b" exact=", b" exact=yes exact=", 1), 4,
                    "twice the key 'exact'"),
    "downgrade": ("conflicts", set_key(b"downgrade", b""), 4, "downgrade ''"),
    "advice": ("conflicts", set_key(b"advice", b"a\\9"), 4, "advice"),
    "advice missing": ("conflicts", lambda data: data.replace(b" advice=", b" tip=", 1), 4,
                       "no key 'advice'"),
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


def head_of(name):
    """Take a line from the head; the rest stays as it is."""
    return lambda data: re.sub(rb"(?m)^%s: .*\n" % name, b"", data, count=1)


BAD_AUDITS = {
    "empty": ("audit", lambda data: b"", "truncated"),
    "no end": ("audit", cut_last_line, "truncated"),
    "a finding lost": ("audit", lambda data: re.sub(rb"stale .*\n", b"", data, count=1), "truncated"),
    "another word": ("audit", lambda data: data.replace(b"stale ", b"lost ", 1),
                     "unexpected word 'lost'"),
    "a word alone": ("audit", lambda data: re.sub(rb"stale .*\n", b"stale\n", data, count=1),
                     "no key 'space'"),
    "no key": ("audit", lambda data: data.replace(b" found=", b" fund=", 1), "no key 'found'"),
    "range": ("audit", set_key(b"range", b"-"), "range '-'"),
    "pid": ("audit", set_key(b"pid", b"x"), "pid 'x'"),
    "sign": ("audit", lambda data: data.replace(b"user_pages: ", b"user_pages: -"),
             "user_pages '-24'"),
    "uncounted": ("audit", lambda data: data.replace(b"findings: 4", b"findings: 3"),
                  "lists more findings than it counts"),
    "leak word": ("leaks", lambda data: data.replace(b"leak ", b"leek ", 1), "unexpected word"),
    "leak key": ("leaks", lambda data: data.replace(b" gone.name=", b" name=", 1),
                 "no key 'gone.name'"),
    "leak id": ("leaks", set_key(b"id", b"0x1"), "id '0x1'"),
    "leak time": ("leaks", set_key(b"held.time", b"1."), "held.time '1.'"),
    "leak total": ("leaks", lambda data: data.replace(b"total: 2", b"total: two"), "total 'two'"),
    "no leak total": ("leaks", head_of(b"total"), "lacks its total"),
    **{f"no {name.decode()}": ("audit", head_of(name), "lacks a part of its head")
       for name in (b"policy", b"kernel_pages", b"records", b"uncovered", b"findings")},
}


@pytest.mark.parametrize("name", BAD_AUDITS)
def test_bad_audit(cli, broken, name):
    """A number that is lost would read as none: as a clean machine."""
    dump, change, message = BAD_AUDITS[name]
    broken.edit(f"{DUMPS}/{dump}", change)
    expect(cli, 4, message, dump, root=broken)


def end_is(lines):
    return lambda data: re.sub(rb"end: \d+", b"end: %d" % lines, data)


BAD_ROADS = {
    "no name": (lambda data: data.replace(b" name=vmap ", b" ", 1), "line 14: no key 'name'"),
    "no state": (lambda data: data.replace(b" state=absent", b"", 1), "line 13: no key 'state'"),
    "no why": (lambda data: re.sub(rb" why=\S+", b"", data, count=1), "line 12: no key 'why'"),
    "unknown key": (lambda data: data.replace(b" name=vmap ", b" nam=vmap ", 1),
                    "line 14: no key 'name'"),
    "name not known": (lambda data: data.replace(b" name=vmap ", b" name=- ", 1),
                       "line 14: not known: 'name'"),
    "state not known": (lambda data: data.replace(b" state=absent", b" state=-", 1),
                        "line 13: not known: 'state'"),
    "name twice": (lambda data: data.replace(b" name=vmap ", b" name=vmap name=vmap ", 1),
                   "line 14: twice the key 'name'"),
    "a word alone": (lambda data: re.sub(rb"road .*\n", b"road\n", data, count=1),
                     "line 12: no key 'name'"),
    "no pair": (lambda data: data.replace(b" name=vmap ", b" vmap ", 1),
                "line 14: no key=value in 'vmap'"),
    "blank not escaped": (lambda data: data.replace(rb"\040", b" ", 1),
                          "line 12: no key=value in"),
    "escape": (lambda data: data.replace(rb"\040", rb"\04x", 1), "line 12: why 'kind"),
    "escape NUL": (lambda data: data.replace(rb"\040", rb"\000", 1), "line 12: why 'kind"),
    "another word": (lambda data: data.replace(b"road ", b"rode ", 1),
                     "line 12: unexpected word 'rode'"),
    "a road lost": (lambda data: re.sub(rb"road .*\n", b"", data, count=1),
                    "another number of lines"),
    "end counts hooks only": (end_is(9), "another number of lines"),
    "cut in a road": (lambda data: data[:data.index(b"vm_map_ram")], "its last line is cut"),
    "cut behind a road": (cut_last_line, "it has no end line"),
}


@pytest.mark.parametrize("name", BAD_ROADS)
def test_bad_road(cli, broken, name):
    """A road that gets lost would read as one that hides nothing."""
    change, message = BAD_ROADS[name]
    broken.edit(f"{DUMPS}/coverage", change)
    for command in ("features", "status", "audit"):
        expect(cli, 4, message, command, root=broken)


@pytest.mark.parametrize("name", ["coverage", "conflicts", "audit", "leaks"])
def test_every_truncation(binaries, broken, name):
    """Cut anywhere: never a crash, never a shorter list taken for the whole."""
    cli = binaries("sanitized")
    data = (broken.path / DUMPS / name).read_bytes()
    for size in range(0, len(data), 37):
        broken.write(f"{DUMPS}/{name}", data[:size])
        result = cli({"coverage": "features"}.get(name, name), root=broken)
        assert (result.returncode, result.stdout) == (4, b""), size


@pytest.mark.parametrize("name", ["coverage", "audit", "leaks"])
def test_corrupted(binaries, broken, name):
    """Bytes that flip: an answer or one line, and never a crash."""
    cli = binaries("sanitized")
    data = (broken.path / DUMPS / name).read_bytes()
    dice = random.Random(name)
    for _ in range(40):
        spoilt = bytearray(data)
        for _ in range(dice.randint(1, 3)):
            spoilt[dice.randrange(len(data))] = dice.choice(b"\0\n \\=-:09x\x7f\xff")
        broken.write(f"{DUMPS}/{name}", spoilt)
        for args in ([["features"], ["features", "--json"]] if name == "coverage" else
                     [[name], [name, "--json"], [name, "--raw"]]):
            result = cli(*args, root=broken)
            assert result.returncode in (0, 1, 3, 4), (spoilt, result)
            failed = result.returncode >= 3
            assert result.stderr.count(b"\n") == failed, (spoilt, result)
            assert not (failed and result.stdout), (spoilt, result)


@pytest.mark.parametrize("name", ["audit", "leaks"])
def test_kernel_before_this_file(cli, tree, name):
    """It has the other files: that is no reason to call it clean."""
    expect(cli, 3, f"{name} is missing; capture it from a kernel that offers it", name, root=tree)


READ_WAITS = r"""
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
ssize_t read(int fd, void *buf, size_t n)
{
	char link[64], path[4096];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path));
	if (len > 6 && !memcmp(path + len - 6, "/audit", 6)) {
		syscall(SYS_write, 2, "waits", 5);
		pause();
	}
	return syscall(SYS_read, fd, buf, n);
}
"""


def test_interrupted(binaries, broken, tmp_path):
    """Ctrl-C in the middle of an audit: gone at once, by the signal, without half an answer.

    A handler would keep the kernel from ending its walk.
    """
    shim = tmp_path / "shim.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", shim, "-x", "c", "-"],
                   input=READ_WAITS.encode(), check=True)
    with subprocess.Popen([binaries("built").binary, "--root", broken.path, "audit"],
                          env={**os.environ, "LD_PRELOAD": str(shim)}, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        assert process.stderr.read(5) == b"waits"
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == -signal.SIGINT
        assert process.stdout.read() == process.stderr.read() == b""


def test_progress_is_for_terminals(cli, broken):
    """Who waits is told why; a log file is not, nor is a snapshot walked."""
    probe = in_namespace(f"mount --bind {broken}/sys/kernel /sys/kernel")
    if probe.returncode:
        assert os.geteuid(), f"root, and no private mounts: {probe.stderr.decode()}"
        pytest.skip("private mounts are for root")
    live = f"mount --bind {broken}/sys/kernel /sys/kernel && exec {cli.binary} audit"
    assert in_namespace(live).stderr == b""
    for command, told in ((["unshare", "--mount", "sh", "-c", live], True),
                          ([cli.binary, "--root", broken.path, "audit"], False)):
        master, slave = os.openpty()
        result = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=slave)
        os.close(slave)
        try:
            seen = os.read(master, 4096)
        except OSError:
            seen = b""
        os.close(master)
        assert result.returncode == 1 and result.stdout.startswith(b"audit: 1 missing")
        assert (b"walks its page tables" in seen) == told, seen


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
    def test_no_pfn_track(self, cli, broken, args):
        shutil.rmtree(broken.path / SYSFS)
        expect(cli, 3, "has no .*sys/kernel/mm/pfn_track; capture", *args, root=broken)

    def test_no_debugfs(self, cli, broken, args):
        shutil.rmtree(broken.path / DUMPS)
        expect(cli, 3, "has no .*sys/kernel/debug/pfn_track", *args, root=broken)

    def test_file_missing(self, cli, broken, args):
        for name in ("records", "conflicts", "audit", "leaks"):
            (broken.path / DUMPS / name).unlink()
        expect(cli, 3, "is missing", *args, root=broken)

    def test_not_permitted(self, cli, broken, args):
        (broken.path / DUMPS).parent.chmod(0o700)
        (broken.path / DUMPS).chmod(0)
        kwargs = {"user": 65534, "group": 65534, "extra_groups": []} if not os.geteuid() else {}
        expect(cli, 3, "only root may read .*; run this as root", *args, root=broken,
               cwd="/", **kwargs)

    def test_directory_instead_of_a_dump(self, cli, broken, args):
        for name in ("records", "conflicts", "audit", "leaks"):
            (broken.path / DUMPS / name).unlink()
            (broken.path / DUMPS / name).mkdir()
        expect(cli, 4, "Is a directory", *args, root=broken)


def test_this_machine(cli):
    """Whatever kernel runs the tests: an answer, or one line and code 3."""
    if os.path.exists("/sys/kernel/mm/pfn_track"):
        assert cli("status").returncode in (0, 1, 3)
    else:
        assert cli("status").returncode in (0, 1, 3)
        expect(cli, 3, "this kernel has no pfn_track .*CONFIG_PFN_TRACK=y", "conflicts")
        expect(cli, 3, "this kernel has no pfn_track", "list", "--source", "kernel")


def test_debugfs_not_mounted(cli, tree):
    """The real paths, with the captured tree mounted over /sys/kernel."""
    probe = in_namespace(f"mount --bind {tree}/sys/kernel /sys/kernel")
    if probe.returncode:
        assert os.geteuid(), f"root, and no private mounts: {probe.stderr.decode()}"
        pytest.skip("private mounts are for root")
    command = (f"mount --bind {tree}/sys/kernel /sys/kernel && mount -t tmpfs none "
               f"/sys/kernel/debug && exec {cli.binary} ")
    for args in ("list", "status", "audit", "leaks", "snapshot /nowhere"):
        result = in_namespace(command + args)
        assert result.returncode == 3
        assert result.stderr == (b"pfntrack: debugfs is not mounted; as root: "
                                 b"mount -t debugfs none /sys/kernel/debug\n")
    result = in_namespace(f"mount --bind {tree}/sys/kernel /sys/kernel && "
                          f"exec {cli.binary} conflicts --json")
    assert result.returncode == 1
    assert json.loads(result.stdout)["source"] == "kernel"
