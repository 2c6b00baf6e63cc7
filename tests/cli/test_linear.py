# SPDX-License-Identifier: GPL-2.0-only
"""RAM that is mapped otherwise than the linear map: found, and never accused by guess."""
import json

import pytest

from conftest import DUMPS, SYSFS, copy_of
from test_aliases import aliases, record, span, write

HOOKS = b"version: 1\narch: %s\nhook kind=vmap state=live\nhook kind=linear state=%s\nend: 2\n"
RAM = 0x200000  # of System RAM in /proc/iomem of the trees below


def vmap(start, end, got, module="-", kind="vmap", space="kernel", va="-"):
    return (f"record range={start:#x}-{end:#x} va={va} space={space} kind={kind} want={got} got={got} "
            f"pid=47 comm=insmod site=probe+0x1/0x2 module={module} dev=- driver=- time=1.0").encode()


def conflict(start, end, got, verdict="incoherent", held="linear", count=1, result="mapped"):
    return (f"conflict id=1 count={count} time=1.1 range={start:#x}-{end:#x} bytes={end + 1 - start} "
            f"asked.range={start:#x}-{end:#x} exact=yes downgrade=no verdict={verdict} result={result} "
            "policy=report cause=held why=w source=s advice=a space=kernel kind=vmap "
            f"want={got} got={got} pid=47 comm=insmod site=probe+0x1/0x2 module=- dev=- driver=- "
            f"held.space=kernel held.kind={held} held.want=write-back held.got=write-back held.pid=- "
            "held.comm=kernel held.site=- held.module=- held.dev=- held.driver=- held.bytes=4096 "
            f"held.further=0 held.range={start:#x}-{end:#x} held.time=0.0").encode()


class Machine:
    """A tree with a kernel that judges the linear map."""

    def __init__(self, tree, arch="x86"):
        self.tree = tree
        tree.write(f"{SYSFS}/arch", arch.encode() + b"\n")
        tree.write("proc/iomem", b"00100000-3fffffff : System RAM\n"
                                 b"40000000-4fffffff : reserved\n")
        self.coverage(arch)
        self.conflicts()

    def coverage(self, arch, state=b"live"):
        self.tree.write(f"{DUMPS}/coverage", HOOKS % (arch.encode(), state))

    def conflicts(self, *lines, total=None):
        total = len(lines) if total is None else total
        self.tree.dump("conflicts", b"policy: report\ntotal: %d\nsuppressed: 0\n" % total, lines)

    def records(self, *lines):
        write(self.tree, lines)


@pytest.fixture
def x86(clean_tree):
    return Machine(clean_tree)


@pytest.fixture
def arm64(clean_tree):
    return Machine(clean_tree, "arm64")


def verdicts(cli, machine, rc=None):
    return [(*span(one), one["verdict"]) for one in aliases(cli, machine.tree, rc)["aliases"]]


def test_reported_by_the_kernel(cli, x86):
    """Write-combining RAM, and the linear map is write-back: both sides, and exit status 1."""
    x86.records(vmap(RAM, RAM + 0x3fff, "write-combining"))
    x86.conflicts(conflict(RAM, RAM + 0x3fff, "write-combining"))
    [one] = aliases(cli, x86.tree, 1)["aliases"]
    assert span(one) == (RAM, RAM + 0x3fff)
    assert (one["verdict"], one["holders"], one["downgrade"]) == ("incoherent", 2, False)
    assert (one["one"]["kind"], one["other"]["kind"]) == ("vmap", "linear")
    assert one["other"]["got"] == "write-back" and one["source"].startswith("Intel SDM")
    assert one["advice"].startswith("allocate the memory with dma_alloc_coherent()")
    explained = cli("explain", "-j", hex(RAM), root=x86.tree)
    assert explained.returncode == 1
    assert json.loads(explained.stdout)["alias"]["other"]["kind"] == "linear"
    # Only what is RAM: nothing more than its own page frames.
    assert cli("explain", hex(RAM + 0x4000), root=x86.tree).returncode == 0


def test_broken_snapshot(cli):
    """Captured in the lab: a driver that maps RAM write-combining by vmap()."""
    for snapshot, start in (("x86_64-broken", 0xab0000), ("arm64-broken", 0x411e4000)):
        result = cli("aliases", "--json", root=snapshot)
        worst = json.loads(result.stdout)["aliases"][0]
        assert (result.returncode, span(worst)[0], worst["verdict"]) == (1, start, "incoherent")
        assert worst["one"]["module"] == "pfn_break" and worst["other"]["kind"] == "linear"


def test_accepted_by_the_kernel(cli, x86):
    """The kernel knew that the caches were cleaned, and was silent: so is the command."""
    x86.records(vmap(RAM, RAM + 0xfff, "write-combining"))
    assert verdicts(cli, x86, 0) == [(RAM, RAM + 0xfff, "maintenance")]
    assert cli("status", root=x86.tree).returncode == 0


@pytest.mark.parametrize("blind", ["evicted", "hook", "policy", "record"])
def test_not_known(cli, x86, blind):
    """Without the kernel's word the verdict is not known: neither accused nor clean."""
    x86.records(vmap(RAM, RAM + 0xfff, "write-combining"))
    if blind == "evicted":
        x86.conflicts(total=70)
    elif blind == "hook":
        x86.coverage("x86", b"off")
    elif blind == "policy":
        (x86.tree.path / SYSFS / "kind").mkdir(exist_ok=True)
        x86.tree.write(f"{SYSFS}/kind/linear", b"off\n")
    else:
        x86.conflicts(conflict(RAM, RAM + 0xfff, "write-combining", held="ioremap"))
    [one] = aliases(cli, x86.tree, 3)["aliases"]
    assert one["verdict"] == "unknown" and "is not known" in one["why"]
    assert b"set_memory_wc()" in cli("aliases", root=x86.tree).stdout


def test_conflict_of_another_mapping(cli, x86):
    """One that went, at other pages, by another call site, or that was refused."""
    x86.records(vmap(RAM, RAM + 0xfff, "write-combining"))
    for other in (conflict(RAM + 0x8000, RAM + 0x8fff, "write-combining"),
                  conflict(RAM, RAM + 0xfff, "uncached"),
                  conflict(RAM, RAM + 0xfff, "write-combining", result="refused"),
                  conflict(RAM, RAM + 0xfff, "write-combining").replace(b"probe+", b"other+")):
        x86.conflicts(other)
        assert verdicts(cli, x86, 0) == [(RAM, RAM + 0xfff, "maintenance")]
    # The kernel merges conflicts of one call site with RAM, wherever it lies.
    x86.conflicts(conflict(RAM + 0x8000, RAM + 0x8fff, "write-combining", count=2), total=2)
    assert verdicts(cli, x86, 1) == [(RAM, RAM + 0xfff, "incoherent")]


def test_changed_linear_map(cli, x86):
    """set_memory_wc() has changed the linear map, of the first page only."""
    x86.records(vmap(RAM, RAM + 0xfff, "write-combining", kind="set_memory"),
                vmap(RAM, RAM + 0x1fff, "write-combining"))
    x86.conflicts(conflict(RAM, RAM + 0x1fff, "write-combining"))
    assert verdicts(cli, x86, 1) == [(RAM + 0x1000, RAM + 0x1fff, "incoherent"),
                                     (RAM, RAM + 0xfff, "same")]
    # By itself it is the linear map, and conflicts with no one.
    x86.records(vmap(RAM, RAM + 0xfff, "write-combining", kind="set_memory"))
    assert verdicts(cli, x86, 0) == []


def test_what_is_not_compared(cli, x86):
    """Write-back RAM, what maps nothing, and what the linear map does not have."""
    x86.records(vmap(RAM, RAM + 0xfff, "write-back"),
                vmap(RAM + 0x1000, RAM + 0x1fff, "write-combining", kind="claim", space="none"),
                vmap(RAM + 0x2000, RAM + 0x2fff, "write-combining", kind="reservation"),
                vmap(0x40000000, 0x40000fff, "write-combining"),
                vmap(0x50000000, 0x50000fff, "write-combining"))
    assert verdicts(cli, x86, 0) == []


def test_linear_map_that_drivers_cannot_change(cli, arm64):
    """arm64: write-combining RAM is maintenance and silent; Device is incoherent if reported."""
    arm64.records(vmap(RAM, RAM + 0xfff, "write-combining"), vmap(RAM + 0x1000, RAM + 0x1fff, "device"))
    assert verdicts(cli, arm64, 0) == [(RAM, RAM + 0xfff, "maintenance")]
    arm64.conflicts(total=70)
    assert verdicts(cli, arm64, 3) == [(RAM + 0x1000, RAM + 0x1fff, "unknown"), (RAM, RAM + 0xfff, "maintenance")]
    arm64.conflicts(conflict(RAM + 0x1000, RAM + 0x1fff, "device"))
    assert verdicts(cli, arm64, 1) == [(RAM + 0x1000, RAM + 0x1fff, "incoherent"),
                                       (RAM, RAM + 0xfff, "maintenance")]


def test_beyond_the_end_of_ram(cli, x86):
    x86.records(vmap(0x3ffff000, 0x40000fff, "write-combining"))
    assert verdicts(cli, x86, 0) == [(0x3ffff000, 0x3fffffff, "maintenance")]


def test_no_iomem(cli, x86):
    """Without RAM in /proc/iomem nothing is compared, and that is said."""
    x86.tree.write("proc/iomem", b"00000000-00000000 : System RAM\n")
    x86.records(vmap(RAM, RAM + 0xfff, "write-combining"))
    value = aliases(cli, x86.tree, 0)
    assert value["aliases"] == [] and "the linear map (/proc/iomem lists no RAM)" in value["unseen"]


def test_claim_of_the_same_driver(cli, x86):
    """A driver may map a part of its claim with another attribute; another driver may not."""
    for owner, found in (("mine", 0), ("other", 1), ("-", 1)):
        x86.records(vmap(0x50000000, 0x50000fff, "write-combining", "mine", "claim", "none"),
                    vmap(0x50000000, 0x50000fff, "uncached-minus", owner, "ioremap"))
        assert len(aliases(cli, x86.tree, found)["aliases"]) == found


def test_status_and_metrics(cli, x86):
    """A live alias is a problem of now, although the list of conflicts is empty."""
    x86.records(record(0x50000000, 0x50000fff, "uncached", "uncached", 1),
                record(0x50000000, 0x50000fff, "write-back", "write-back", 2))
    status = cli("status", "-j", root=x86.tree)
    value = json.loads(status.stdout)
    assert (status.returncode, value["healthy"]) == (1, False)
    assert value["summary"].startswith("1 range is mapped in ways that disagree, the worst is incoherent")
    x86.tree.write(f"{SYSFS}/leaks", b"1\n")
    assert b"see 'pfntrack aliases'. 1 leak since boot: " in cli("status", root=x86.tree).stdout
    export = cli("export", root=x86.tree).stdout
    assert b"\npfn_track_healthy 0\n" in export
    assert b'\npfn_track_aliases{verdict="incoherent"} 1\n' in export


def test_status_not_known(cli, x86):
    x86.records(vmap(RAM, RAM + 0xfff, "write-combining"))
    x86.coverage("x86", b"off")
    status = cli("status", root=x86.tree)
    assert status.returncode == 3
    assert status.stdout.splitlines()[0].startswith(b"Not known: 1 range has more than one holder")
    export = cli("export", root=x86.tree).stdout
    assert b"\npfn_track_healthy 0\n" in export and b"\npfn_track_health_known 0\n" in export


def test_same_machine_by_proc(cli, public_dir):
    """On a stock arm64 kernel RAM that /dev/mem maps is judged, too."""
    tree = copy_of("arm64-stock", public_dir)
    (tree.path / "pfntrack.list").write_bytes(b"version: 1\npfntrack: 0\npage: 4096\nend: 0\n")
    (tree.path / "proc/900").mkdir()
    (tree.path / "proc/900/comm").write_bytes(b"x\n")
    [start] = [line.split(b"-")[0] for line in (tree.path / "proc/iomem").read_bytes().splitlines()
               if line.endswith(b" : System RAM")][:1]
    (tree.path / "proc/900/smaps").write_bytes(
        b"7f0000000000-7f0000001000 rw-s %s 00:05 2 /dev/mem\nKernelPageSize: 4 kB\nVmFlags: rd wr sh pf io \n" % start)
    found = [one for one in aliases(cli, tree)["aliases"] if one["one"]["pid"] == 900]
    assert [(one["verdict"], one["other"]["kind"]) for one in found] == [("unknown", "linear")]
