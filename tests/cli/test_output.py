# SPDX-License-Identifier: GPL-2.0-only
"""Output that is safe to show, and output that cannot be written."""
import json
import os
import re
import subprocess
from collections import Counter

import pytest

from conftest import DUMPS, on_terminal

# Name of a process as the kernel escapes it -> in JSON, in a table, in raw cells.
HOSTILE = {
    r"\033[31mred": ("\x1b[31mred", r"\x1b[31mred", r"\x1b[31mred"),
    r"a\040b": ("a b", "a b", r"a\x20b"),
    r"a\012record": ("a\nrecord", r"a\x0arecord", r"a\x0arecord"),
    r"a\134x1b\075": ("a\\x1b=", r"a\x5cx1b=", r"a\x5cx1b="),
    r"\377\376": ("\ufffd\ufffd", r"\xff\xfe", r"\xff\xfe"),
    r"\303\244": ("\u00e4", r"\xc3\xa4", r"\xc3\xa4"),
    r"\303": ("\ufffd", r"\xc3", r"\xc3"),
    r"\300\200": ("\ufffd\ufffd", r"\xc0\x80", r"\xc0\x80"),
    r"\355\240\200": ("\ufffd" * 3, r"\xed\xa0\x80", r"\xed\xa0\x80"),
    r"\360\237\220\247": ("\U0001f427", r"\xf0\x9f\x90\xa7", r"\xf0\x9f\x90\xa7"),
    r"\364\220\200\200": ("\ufffd" * 4, r"\xf4\x90\x80\x80", r"\xf4\x90\x80\x80"),
    r"\342\200\256txt": ("\u202etxt", r"\xe2\x80\xaetxt", r"\xe2\x80\xaetxt"),
    r"\302\233m": ("\x9bm", r"\xc2\x9bm", r"\xc2\x9bm"),
    r"\177": ("\x7f", r"\x7f", r"\x7f"),
    r'"</script>': ('"</script>', '"</script>', '"</script>'),
    r"%s%n": ("%s%n", "%s%n", "%s%n"),
    r"\055": ("-", "-", "-"),
    # A kernel that forgot to escape must not get through, either.
    "\x1b]0;x\x07": ("\x1b]0;x\x07", r"\x1b]0;x\x07", r"\x1b]0;x\x07"),
}


@pytest.mark.parametrize("comm", HOSTILE)
def test_hostile_comm(cli, tree, comm):
    as_json, safe, raw = HOSTILE[comm]
    for name in ("records", "conflicts"):
        tree.edit(f"{DUMPS}/{name}", lambda data: re.sub(
            rb"comm=[^- ]\S*", lambda m: b"comm=" + comm.encode("latin-1"), data))

    records = json.loads(cli("list", "--json", root=tree).stdout.decode("utf-8"))["records"]
    assert {r["comm"] for r in records} == {as_json}
    conflict = json.loads(cli("conflicts", "--json", root=tree).stdout)["conflicts"][0]
    assert conflict["new"]["comm"] == conflict["held"]["comm"] == as_json

    for args in (["list"], ["conflicts"], ["conflicts", "-o", "COMM"], ["list", "--raw"],
                 ["explain", "0x380000000000"]):
        out = cli(*args, root=tree).stdout
        assert re.fullmatch(rb"[\n\x20-\x7e]*", out)
        expected = raw if "--raw" in args else safe
        assert expected in out.decode()
    # One word per cell, whatever is in it.
    for line in cli("list", "--raw", root=tree).stdout.splitlines():
        assert line.count(b" ") == 6


def test_hostile_words(cli, tree):
    """Every text of a dump passes the same door, not only names."""
    for name, keys in (("records", "space kind want got site module dev driver"),
                       ("conflicts", "verdict result policy why source kind site held.site")):
        for key in keys.split():
            tree.edit(f"{DUMPS}/{name}", lambda data, k=key: re.sub(
                rb" %s=\S+" % k.encode(), rb" %s=\\033%%n\\377" % k.encode(), data))
    for args in (["list"], ["conflicts"], ["status"], ["explain", "0x380000000000"]):
        assert re.fullmatch(rb"[\n\x20-\x7e]*", cli(*args, root=tree).stdout)
        json.loads(cli(*args, "--json", root=tree).stdout.decode("utf-8"))


@pytest.mark.parametrize("comm", HOSTILE)
def test_hostile_comm_in_findings(cli, broken, comm):
    as_json, safe, raw = HOSTILE[comm]
    for name in ("audit", "leaks"):
        broken.edit(f"{DUMPS}/{name}", lambda data: re.sub(
            rb"comm=[^- ]\S*", lambda m: b"comm=" + comm.encode("latin-1"), data))
    value = json.loads(cli("audit", "--json", root=broken).stdout.decode("utf-8"))
    assert {f["comm"] for f in value["findings"]} == {as_json}
    value = json.loads(cli("leaks", "--json", root=broken).stdout.decode("utf-8"))
    assert {leak["held"]["comm"] for leak in value["leaks"]} == {as_json}
    for args in (["audit"], ["audit", "--raw"], ["leaks"], ["leaks", "-r", "-o", "COMM"]):
        out = cli(*args, root=broken).stdout
        assert re.fullmatch(rb"[\n\x20-\x7e]*", out)
        assert (raw if "r" in "".join(args[1:]) else safe) in out.decode()


def test_hostile_words_in_findings(cli, broken):
    for name, keys in (("audit", "space kind got found"),
                       ("leaks", "gone gone.name gone.dev held.kind held.want held.site")):
        for key in keys.split():
            broken.edit(f"{DUMPS}/{name}", lambda data, k=key: re.sub(
                rb" %s=\S+" % re.escape(k).encode(), rb" %s=\\033%%n\\377" % k.encode(), data))
        for args in ([name], [name, "--raw"], [name, "-b"]):
            assert re.fullmatch(rb"[\n\x20-\x7e]*", cli(*args, root=broken).stdout)
        json.loads(cli(name, "--json", root=broken).stdout.decode("utf-8"))


def test_hostile_root(cli, tree):
    evil = tree.path.parent / (tree.path.name + "\x1b[2J")
    os.symlink(tree.path, evil)
    assert b"\x1b" not in cli("status", root=evil).stdout
    assert json.loads(cli("status", "--json", root=evil).stdout)["source"] == f"root:{evil}"


@pytest.mark.parametrize("args", [["list"], ["list", "--json"], ["status"], ["conflicts"],
                                  ["help"], ["version"], ["explain", "0", "-j"], ["audit"],
                                  ["leaks", "-j"], ["features"], ["policy", "-j"],
                                  ["map"], ["map", "-o", "-"], ["map", "-j"],
                                  ["aliases"], ["aliases", "-j"], ["export"], ["export", "-j"]],
                         ids=lambda a: "-".join(a))
class TestLostOutput:
    def test_full_disk(self, cli, args):
        with open("/dev/full", "wb") as full:
            result = cli(*args, root="x86_64-broken", stdout=full)
        assert result.returncode == 4
        assert b"cannot write the output: No space left on device" in result.stderr
        assert result.stderr.count(b"\n") == 1

    def test_closed(self, cli, args):
        result = cli(*args, root="x86_64-broken", preexec_fn=lambda: os.close(1))
        assert result.returncode == 4
        assert b"cannot write the output" in result.stderr

    @pytest.mark.parametrize("sigpipe", ["default", "ignored"])
    def test_reader_gone(self, cli, args, sigpipe):
        read, write = os.pipe()
        os.close(read)
        try:
            result = cli(*args, root="x86_64-broken", stdout=write,
                         restore_signals=sigpipe == "default")
        finally:
            os.close(write)
        assert result.returncode in ((-13,) if sigpipe == "default" else (0, 1))
        assert result.stderr == b""


@pytest.mark.parametrize("columns", [1, 20, 80])
def test_narrow_terminal(cli, columns):
    """Nothing is cut: what does not fit goes on in the next line."""
    for args in (["list"], ["aliases"], ["aliases", "-o", "VERDICT,OVERLAP,WHY"], ["status"]):
        for root in ("x86_64-stock", "x86_64-patched"):
            plain = cli(*args, root=root).stdout.decode()
            shown = on_terminal(cli, columns, root, {"NO_COLOR": "1"}, *args)
            assert Counter(re.sub(r"\s+", "", shown)) == Counter(re.sub(r"\s+", "", plain))


def test_reader_gone_early(cli, tree):
    """The same with more output than buffers hold."""
    line = tree.lines("records")[0]
    tree.dump("records", b"policy: report\nincomplete: 0\nlate: 0\n", [line] * 5000)
    for args in (["list"], ["list", "--json"]):
        with subprocess.Popen([cli.binary, "--root", tree.path, *args], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, restore_signals=False) as process:
            process.stdout.read(10)
            process.stdout.close()
            assert process.stderr.read() == b""
        assert process.returncode == 0
        with open("/dev/full", "wb") as full:
            assert cli(*args, root=tree, stdout=full).returncode == 4


def test_error_without_stderr(cli):
    """Nobody can be told: the exit code still says it."""
    result = subprocess.run([cli.binary, "lst"], stdout=subprocess.PIPE, check=False,
                            preexec_fn=lambda: os.close(2))
    assert (result.returncode, result.stdout) == (2, b"")


SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static long count, first = -1, once;
static int refuse(void)
{
	if (first < 0) {
		const char *s = getenv("FAIL_FROM"), *o = getenv("FAIL_ONCE");
		first = s ? atol(s) : 0;
		once = o && *o == '1';
	}
	count++;
	if (!first || (once ? count != first : count < first))
		return 0;
	errno = ENOMEM;
	return 1;
}
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
void *malloc(size_t n) { return refuse() ? NULL : __libc_malloc(n); }
void *calloc(size_t n, size_t s) { return refuse() ? NULL : __libc_calloc(n, s); }
void *realloc(void *p, size_t n) { return refuse() ? NULL : __libc_realloc(p, n); }
__attribute__((destructor)) static void report(void)
{
	const char *path = getenv("FAIL_COUNT");
	char digits[24];
	int i = sizeof(digits);
	if (!path)
		return;
	do
		digits[--i] = '0' + count % 10;
	while (count /= 10);
	if (write(open(path, O_WRONLY), digits + i, sizeof(digits) - i) < 0)
		_exit(99);
}
"""


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    path = tmp_path_factory.mktemp("shim") / "shim.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", path, "-x", "c", "-"],
                   input=SHIM.encode(), check=True)
    return path


@pytest.mark.parametrize("args", [["status"], ["list"], ["explain", "0x380000000000"],
                                  ["conflicts", "-r"], ["audit"], ["leaks"], ["features"], ["policy"],
                                  ["map"], ["map", "-o", "-"], ["aliases"], ["export"],
                                  ["-Rx86_64-stock", "status"], ["-Rx86_64-stock", "aliases"],
                                  ["-Rx86_64-stock", "list"], ["-Rx86_64-stock", "export"]],
                         ids=lambda a: "-".join(a))
def test_out_of_memory(binaries, shim, tmp_path, args):
    """Refuse an allocation: the whole output, or none and code 4; never a half.

    Text only: json-c 0.16 itself does not survive it.
    """
    cli = binaries("built")
    counted = tmp_path / "count"
    counted.touch()
    good = cli(*args, root="x86_64-broken", env={"LD_PRELOAD": str(shim), "FAIL_COUNT": str(counted)})
    total = int(counted.read_text())
    assert total > 10
    for once in "01":
        for n in range(1, total + 1, max(1, total // 80)):
            result = cli(*args, root="x86_64-broken", env={"LD_PRELOAD": str(shim), "FAIL_ONCE": once,
                                                    "FAIL_FROM": str(n)})
            if (result.returncode, result.stdout) == (good.returncode, good.stdout):
                continue
            assert (result.returncode, result.stdout) == (4, b""), (n, once, result)
            assert result.stderr.count(b"\n") == 1 and b"out of memory" in result.stderr
