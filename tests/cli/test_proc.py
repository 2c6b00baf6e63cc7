# SPDX-License-Identifier: GPL-2.0-only
"""Source proc: what a stock kernel shows, joined by address, and never guessed."""
import json
import os
import re
import shutil
import signal
import subprocess
from collections import Counter

import pytest

from conftest import DUMPS, SYSFS, copy_of, in_namespace
from test_errors import READ_WAITS, expect

MEMTYPES = "sys/kernel/debug/x86/pat_memtype_list"
RESOURCE = "/sys/devices/pci0000:00/0000:00:04.0/resource2"


@pytest.fixture
def stock(public_dir):
    """A copy of the stock x86-64 machine that a test may spoil: without its list."""
    tree = copy_of("x86_64-stock", public_dir)
    (tree.path / "pfntrack.list").unlink()
    return tree


def records(cli, root, *args, rc=0):
    result = cli("list", "--json", *args, root=root)
    assert (result.returncode, result.stderr) == (rc, b"")
    return json.loads(result.stdout)["records"]


def ioremaps(stock, *lines):
    stock.write("proc/vmallocinfo", b"".join(b"0x0-0x0 " + line + b"\n" for line in lines))


def process(stock, pid, area, flags=b" rd wr sh pf io", comm=b"test\n"):
    folder = stock.path / "proc" / str(pid)
    folder.mkdir(exist_ok=True)
    (folder / "comm").write_bytes(comm)
    (folder / "smaps").write_bytes(area + b"\nKernelPageSize: 4 kB\nVmFlags:" + flags + b" \n")


def of(cli, stock, pid):
    return [one for one in records(cli, stock) if one["pid"] == pid]


@pytest.mark.parametrize("snapshot,hidden", [
    # vmallocinfo has no address of PCI's I/O window, nor of pages that vmap() maps.
    ("x86_64-patched", []), ("arm64-patched", ["ioremap", "vmap"]),
    ("riscv64-patched", ["ioremap"])])
def test_agrees_with_the_kernel(cli, snapshot, hidden):
    """The same machine by both sources: nothing invented, nothing lost but what is named."""
    def key(one):
        whose = one["pid"] if one["space"] == "user" else None
        return one["kind"], one["range"]["start"], one["range"]["end"], whose

    kernel, proc = records(cli, snapshot), records(cli, snapshot, "--source", "proc")
    assert len(proc) >= 10
    assert not Counter(map(key, proc)) - Counter(map(key, kernel))
    lost = Counter(map(key, kernel)) - Counter(map(key, proc))
    assert sorted(kind for kind, *_ in lost) == hidden
    for one in proc:
        [twin] = [other for other in kernel if key(other) == key(one) and
                  (other["va"] == one["va"] or one["space"] == "kernel")][:1]
        for what in ("want", "got"):
            assert one[what] in (None, twin[what])
        if snapshot.startswith("x86"):
            assert one["got"] == twin["got"]
    here = json.loads(cli("aliases", "--json", root=snapshot).stdout)
    there = json.loads(cli("aliases", "--json", "--source", "proc", root=snapshot).stdout)
    judged = {one["range"]["start"]: one["verdict"] for one in there["aliases"]
              if one["verdict"] != "unknown"}
    assert judged == {one["range"]["start"]: one["verdict"] for one in here["aliases"]
                      if one["range"]["start"] in judged}
    assert (here["view"], there["view"]) == ("kernel", "proc")


def test_source_is_named(cli, stock):
    for args, rc in ((["status"], 1), (["list"], 0), (["aliases"], 1), (["explain", "1M"], 0),
                     (["features"], 0), (["export"], 0)):
        value = json.loads(cli(*args, "--json", root=stock).stdout)
        assert value["view"] == "proc" and "what was mapped before" in value["unseen"]
        text = cli(*args, root=stock)
        assert text.returncode == rc
        # The labels of metrics are words that stay.
        unseen = b'unseen{what="history"} 1' if args == ["export"] else b"what was mapped before"
        assert b"proc" in text.stdout and unseen in text.stdout


def test_forced(cli, stock):
    expect(cli, 3, "no .*pfn_track; capture a kernel", "list", "--source", "kernel", root=stock)
    assert json.loads(cli("list", "-j", "-s", "proc", root="x86_64-patched").stdout)["view"] == "proc"
    for command in ("conflicts", "audit", "leaks", "policy"):
        expect(cli, 3, "source proc knows of no such thing", command, "-s", "proc",
               root="x86_64-patched")
        expect(cli, 3, "has no .*pfn_track; capture a kernel that has pfn_track", command, root=stock)


def test_attribute_of_a_list_entry(cli, stock):
    """Exact, inside, across two, and where entries disagree, which they must not."""
    ioremaps(stock, *(b"%d site+1/2 phys=%x ioremap" % (4096 * (pages + 1), start) for start, pages in (
        (0x10000, 1), (0x21000, 2), (0x30000, 4), (0x50000, 1), (0x60000, 1), (0x70000, 1))))
    stock.write(MEMTYPES, b"PAT memtype list:\n" + b"".join(
        b"PAT: [mem 0x%016x-0x%016x] %s\n" % line for line in (
            (0x10000, 0x11000, b"write-combining"), (0x20000, 0x28000, b"write-through"),
            (0x22000, 0x23000, b"write-through"),
            (0x30000, 0x32000, b"uncached"), (0x32000, 0x34000, b"uncached"),
            (0x50000, 0x51000, b"uncached"), (0x50000, 0x51000, b"write-back"),
            (0x60000, 0x61000, b"broken"))) + b"nonsense\nPAT: [mem 0x2-0x1] uncached\n")
    got = {one["range"]["start"]: one["got"] for one in records(cli, stock) if one["kind"] == "ioremap"}
    assert got == {"0x10000": "write-combining", "0x21000": "write-through", "0x30000": None,
                   "0x50000": None, "0x60000": None, "0x70000": None}


def test_without_the_list(cli, stock):
    (stock.path / MEMTYPES).unlink()
    assert {one["got"] for one in records(cli, stock)} == {None}
    # PAT decides what page tables hold: what was asked for accuses no one.
    value = json.loads(cli("aliases", "--json", root=stock).stdout)
    assert value["by_verdict"]["ordering"] == 0 and value["by_verdict"]["unknown"] == 2
    result = cli("aliases", root=stock)
    assert (result.returncode, b"ordering" in result.stdout) == (3, False)
    status = cli("status", root=stock)
    assert status.returncode == 3 and b"Not known: 2 ranges have more than one holder" in status.stdout


BAD_IOREMAPS = [b"", b"8192", b"8192 ", b"8192 site", b"8192 site phys=0x1000", b"8192 site ioremap",
                b"4096 site phys=0x1000 ioremap", b"x site phys=0x1000 ioremap",
                b"8192 site phys=zz ioremap", b"8192 site phys=0xfffffffffffff000 ioremap",
                b"16384 n_tty_open+0x14/0xa0 pages=3 vmalloc",
                b"99999999999999999999 site phys=0x1000 ioremap"]


@pytest.mark.parametrize("line", BAD_IOREMAPS)
def test_lines_that_make_no_sense(cli, stock, line):
    """Another kernel may write other lines: they are left out, not misread."""
    ioremaps(stock, line, b"12288 probe+0x1/0x2 [driver] phys=0x7000 N0=1 ioremap")
    [one] = [one for one in records(cli, stock) if one["space"] == "kernel"]
    assert one["range"] == {"start": "0x7000", "end": "0x8fff", "size": 8192}
    assert (one["site"], one["module"], one["kind"]) == ("probe+0x1/0x2", "driver", "ioremap")
    assert one["va"] is None


@pytest.mark.parametrize("area,start,want", [
    (b"200000000 00:0c 9 %s" % RESOURCE.encode(), "0x200000000", "uncached-minus"),
    (b"200001000 00:0c 9 %s_wc" % RESOURCE.encode(), "0x200001000", "write-combining"),
    (b"1000 00:05 2 /dev/mem", "0x1000", None),
    (b"200002000 00:05 2 /proc/bus/pci/00/04.0", "0x200002000", None),
    # Not what it seems: another BAR, outside of it, another file.
    (b"0 00:0c 9 %s" % RESOURCE.encode(), None, None),
    (b"200900000 00:0c 9 %s" % RESOURCE.encode(), None, None),
    (b"200000000 00:0c 9 %s3" % RESOURCE.encode()[:-1], None, None),
    (b"200000000 00:0c 9 %s_w" % RESOURCE.encode(), None, None),
    (b"200000000 00:0c 9 %s0" % RESOURCE.encode(), None, None),
    (b"200000000 00:0c 9 /tmp%s" % RESOURCE.encode(), None, None),
    (b"1000 00:05 2 /dev/memory", None, None),
    (b"0 00:05 2 /dev/dri/card0", None, None),
    (b"0 00:0f 2 anon_inode:[vfio-device]", None, "uncached-minus"),
    (b"ffffffffffffe000 00:05 2 /dev/mem", None, None),
])
def test_where_an_area_leads(cli, stock, area, start, want):
    process(stock, 900, b"7f0000000000-7f0000003000 rw-s " + area)
    [one] = of(cli, stock, 900)
    assert (one["range"] and one["range"]["start"], one["want"]) == (start, want)
    assert one["kind"] == ("remap_pfn" if start else None)
    assert one["va"] == {"start": "0x7f0000000000", "end": "0x7f0000002fff", "size": 0x3000}
    unseen = json.loads(cli("list", "-j", root=stock).stdout)["unseen"]
    assert ("where 1 mapping of page frames leads" in unseen) == (start is None)
    assert json.loads(cli("status", "-j", root=stock).stdout)["unplaced"] == (start is None)
    assert cli("list", root=stock).returncode == cli("list", "-r", root=stock).returncode == 0


def test_areas_that_are_none(cli, stock):
    for pid, (area, flags) in enumerate([
            (b"7f00-7f01 r--p 00000000 00:00 0    [vvar]", b" rd pf io"),
            (b"7f00-7f01 r--p 00000000 00:00 0", b" rd pf io"),
            (b"7f00-7f01 rw-s 00000000 00:05 2 /dev/mem", b" rd wr sh"),
            (b"7f01-7f00 rw-s 00000000 00:05 2 /dev/mem", b" rd pf"),
            (b"nonsense", b" rd pf"), (b"", b" pf")], start=900):
        process(stock, pid, area, flags)
        assert of(cli, stock, pid) == []


@pytest.mark.parametrize("comm,shown", [(b"\xff\x1b[2J\n", "�\x1b[2J"), (b"a\nb\n", "a\nb"),
                                        (b"\n", ""), (b"", ""), (b"plain", "plain")])
def test_hostile_names(cli, stock, comm, shown):
    process(stock, 900, b"7f00000000-7f00001000 rw-s 1000 00:05 2 /dev/x\x1b[1m\xfe", comm=comm)
    [one] = of(cli, stock, 900)
    assert (one["comm"], one["file"]) == (shown, "/dev/x\x1b[1m�")
    for args in (["list", "-o", "COMM,FILE"], ["list", "-r", "-o", "COMM,FILE"], ["aliases"],
                 ["explain", "0x1000"], ["status"]):
        assert re.fullmatch(rb"[\n\x20-\x7e]*", cli(*args, root=stock).stdout)


def test_no_page_size(cli, public_dir):
    """On arm64 there are three: then the guard page behind each area cannot be left out."""
    tree = copy_of("arm64-stock", public_dir)
    tree.replace("pfntrack.list", b"page: 4096\n", b"")
    expect(cli, 4, "does not say how large a page is", "list", root=tree)
    tree.replace("pfntrack.list", b"end:", b"page: 65536\nend:")
    assert all(one["range"]["size"] > 0 for one in records(cli, tree))


def test_not_root(cli, stock):
    (stock.path / "proc/vmallocinfo").chmod(0)
    kwargs = {"user": 65534, "group": 65534, "extra_groups": []} if not os.geteuid() else {}
    for path in stock.path.rglob("*"):
        if path.is_dir():
            path.chmod(0o755)
    expect(cli, 3, "only root may read .*vmallocinfo; run this as root", "status", root=stock,
           cwd="/", **kwargs)


def test_process_that_may_not_be_looked_at(cli, stock):
    if os.geteuid():
        pytest.skip("only root can make it unreadable for others")
    (stock.path / "proc/900").mkdir()
    (stock.path / "proc/900/smaps").touch(0)
    value = json.loads(cli("list", "-j", root=stock, user=65534, group=65534, extra_groups=[],
                           cwd="/").stdout)
    assert "1 process that may not be looked at" in value["unseen"]


SPOILT = {
    "newer": (lambda tree: tree.replace("pfntrack.list", b"version: 1", b"version: 2"), 3,
              "has version 2, this pfntrack reads 1"),
    "no version": (lambda tree: tree.replace("pfntrack.list", b"version", b"virsion"), 4,
                   "no version in its list"),
    "empty list": (lambda tree: tree.write("pfntrack.list", b""), 4, "no version"),
    "half a list": (lambda tree: tree.edit("pfntrack.list", lambda data: data[:len(data) // 2]), 4,
                    "is truncated"),
    "no end": (lambda tree: tree.edit("pfntrack.list", lambda data: data[:data.index(b"end:")]), 4,
               "its list has no end"),
    "cut end": (lambda tree: tree.edit("pfntrack.list", lambda data: data[:-1]), 4,
                "its list has no end"),
    "a line lost": (lambda tree: tree.edit("pfntrack.list", lambda data: re.sub(
        rb"file: .*\n", b"", data, count=1)), 4, "its list has no end"),
    "no path": (lambda tree: tree.edit("pfntrack.list", lambda data: re.sub(
        rb"file: (\d+) .*\n", rb"file: \1\n", data, count=1)), 4, "no path in"),
    "file lost": (lambda tree: (tree.path / "proc/vmallocinfo").unlink(), 4,
                  "no /proc/vmallocinfo; take it again"),
    "file cut": (lambda tree: tree.edit(MEMTYPES, lambda data: data[:100]), 4,
                 "another size of /sys/kernel/debug/x86/pat_memtype_list"),
    "file grown": (lambda tree: tree.edit("proc/iomem", lambda data: data + b"\n"), 4,
                   "another size of /proc/iomem"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_spoilt_snapshot(cli, public_dir, name):
    """Half a snapshot would look like a quieter machine."""
    spoil, rc, message = SPOILT[name]
    tree = copy_of("x86_64-stock", public_dir)
    assert cli("status", root=tree).returncode == 1
    spoil(tree)
    for command in (["status"], ["list"], ["explain", "0x1000"], ["export"]):
        expect(cli, rc, message, *command, root=tree)


def test_snapshot_hides_addresses(cli, stock, tmp_path):
    """With kptr_restrict=1 root is shown where the kernel maps: nobody else is."""
    stock.edit("proc/vmallocinfo", lambda data: data.replace(
        b"0x0000000000000000-0x0000000000000000", b"0xffffc90000001000-0xffffc90000003000"))
    (stock.path / "proc/1").mkdir()
    (stock.path / "proc/1/smaps").write_bytes(
        b"00400000-00401000 r--p 00000000 00:02 13   /home/somebody/secret\nVmFlags: rd mr\n"
        b"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\nVmFlags: ex\n")
    assert cli("snapshot", tmp_path / "copy", root=stock).returncode == 0
    kept = b"".join(path.read_bytes() for path in (tmp_path / "copy").rglob("*") if path.is_file())
    assert b"ffffc9" not in kept and b"secret" not in kept and b"vsyscall" not in kept
    for args in (["list"], ["list", "-j"], ["list", "-o", "VA"], ["export"]):
        assert b"ffffc9" not in cli(*args, root=stock).stdout
    there, here = (cli("list", root=root).stdout for root in (tmp_path / "copy", stock))
    assert there == here


def test_live(cli, stock):
    """The real paths: this machine's processes, the stock machine's files."""
    probe = in_namespace("true")
    if probe.returncode:
        assert os.geteuid(), f"root, and no private mounts: {probe.stderr.decode()}"
        pytest.skip("private mounts are for root")
    result = in_namespace(f"mount --bind {stock}/proc/vmallocinfo /proc/vmallocinfo && "
                          f"{cli.binary} list --json --source proc")
    assert (result.returncode, result.stderr) == (0, b"")
    value = json.loads(result.stdout)
    assert value["source"] == value["view"] == "proc"
    assert len([one for one in value["records"] if one["kind"] == "ioremap"]) == 5


def test_many(cli, stock):
    """As many as a large machine has, half of them on one page."""
    ioremaps(stock, *(b"8192 site phys=0x%x ioremap" % (0x100000000 + (i % 10000) * 4096)
                      for i in range(20000)))
    stock.write(MEMTYPES, b"".join(b"PAT: [mem 0x%x-0x%x] uncached-minus\n" % (
        0x100000000 + i * 4096, 0x100001000 + i * 4096) for i in range(10000)))
    assert {one["got"] for one in records(cli, stock) if not one["pid"]} == {"uncached-minus"}
    assert json.loads(cli("aliases", "-j", root=stock).stdout)["by_verdict"]["same"] >= 10000


def test_prefers_the_kernel(cli, public_dir):
    """A kernel with pfn_track is asked first, and proc only where there is none."""
    tree = copy_of("x86_64-patched", public_dir)
    (tree.path / "pfntrack.list").unlink()
    assert json.loads(cli("list", "-j", root=tree).stdout)["view"] == "kernel"
    shutil.rmtree(tree.path / SYSFS)
    assert json.loads(cli("list", "-j", root=tree).stdout)["view"] == "proc"
    assert (tree.path / DUMPS).exists()


def test_interrupted(binaries, stock, tmp_path):
    """SIGINT while it reads: gone by the signal, without half an answer."""
    shim = tmp_path / "shim.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", shim, "-x", "c", "-"],
                   input=READ_WAITS.replace("/audit", "/smaps").encode(), check=True)
    with subprocess.Popen([binaries("built").binary, "--root", stock.path, "list"],
                          env={**os.environ, "LD_PRELOAD": str(shim)}, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        assert process.stderr.read(5) == b"waits"
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == -signal.SIGINT
        assert process.stdout.read() == process.stderr.read() == b""


AREAS = 65530  # vm.max_map_count


@pytest.mark.parametrize("command", [
    ["status"], ["list"], ["aliases"], ["map"], ["explain", "0xfd000000"],
    ["snapshot"]], ids=lambda words: words[0])
def test_as_many_areas_as_a_process_may_have(binaries, stock, tmp_path, command):
    """All of them are shown, in time that grows with their number and not with its square."""
    cli = binaries("built")
    area = "%x-%x rw-s 00000000 00:14 %d " + RESOURCE + "\nKernelPageSize: 4 kB\nVmFlags: rd wr sh pf io \n"
    (stock.path / "proc/4242").mkdir()
    (stock.path / "proc/4242/comm").write_text("many\n")
    (stock.path / "proc/4242/smaps").write_text("".join(
        area % (start, start + 4096, 1000 + start) for start in range(1 << 40, (1 << 40) + AREAS * 8192, 8192)))
    where = [tmp_path / "shot"] if command == ["snapshot"] else []
    result = cli(*command, *where, root=stock)
    assert result.returncode in (0, 1) and result.stderr == b""
    if command == ["list"]:
        assert result.stdout.count(b"many") == AREAS
    if where:
        text = (where[0] / "proc/4242/smaps").read_text()
        assert text.count("VmFlags") == AREAS
