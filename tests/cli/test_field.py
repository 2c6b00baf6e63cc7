# SPDX-License-Identifier: GPL-2.0-only
"""Inputs from the field, reduced from public reports, with the right answers."""
import json
import shutil

import pytest

from conftest import REPO, Tree
from test_proc import of, process

FIELD = REPO / "tests/data/field"


@pytest.fixture
def field(public_dir, tmp_path_factory, request):
    path = tmp_path_factory.mktemp("field") / "root"
    shutil.copytree(FIELD / request.param, path)
    return Tree(path)


def records(cli, root):
    result = cli("list", "--json", root=root)
    assert (result.returncode, result.stderr) == (0, b"")
    return [(one["range"] and (int(one["range"]["start"], 16), int(one["range"]["end"], 16)),
             one["kind"], one["want"], one["got"], one["pid"]) for one in json.loads(result.stdout)["records"]]


def explain(cli, root, address, rc=0):
    text = cli("explain", hex(address), root=root)
    assert text.returncode == rc
    return text.stdout.decode()


def test_orphan(cli):
    """arch_io_reserve_memtype_wc() without a mapping: the whole aperture is held."""
    root = FIELD / "orphan-stock"
    assert ((0xfe00000000, 0xfeffffffff), "reservation", None, "write-combining", None) in records(cli, root)
    assert [kind for (start, _), kind, *_ in records(cli, root) if start == 0xfed00000] == ["ioremap"]
    assert "held      write-combining, by an unknown reservation" in explain(cli, root, 0xfe12345678)
    assert json.loads(cli("status", "-j", root=root).stdout)["by_kind"]["reservation"] == 1


def test_orphan_in_an_alias(cli, public_dir, tmp_path):
    """A mapping that asks for another type than the reservation has."""
    shutil.copytree(FIELD / "orphan-stock", tmp_path / "root")
    tree = Tree(tmp_path / "root")
    device = tree.path / "sys/bus/pci/devices/0000:01:00.0"
    assert device.exists()
    process(tree, 900, b"7f0000000000-7f0000010000 rw-s fe00000000 00:0c 9 "
                       b"/sys/devices/pci0000:00/0000:01:00.0/resource1")
    tree.edit("sys/kernel/debug/x86/pat_memtype_list", lambda data: data +
              b"PAT: [mem 0x000000fe00000000-0x000000fe00010000] write-combining\n")
    result = cli("aliases", "--json", root=tree)
    [one] = json.loads(result.stdout)["aliases"]
    assert (result.returncode, one["verdict"], one["downgrade"]) == (1, "same", True)
    assert (one["one"]["pid"], one["other"]["kind"]) == (900, "reservation")


@pytest.mark.parametrize("entry,orphans", [
    ((0x1000, 0x3000), []), ((0x1000, 0x5000), [0x1000]), ((0x0, 0x8000), [0x0]), ((0x2000, 0x3000), [0x2000]),
    ((0x1000, 0x2000), [0x1000]), ((0x3000, 0x4000), [0x3000]), (None, [])])
def test_which_entries_are_explained(cli, tmp_path, entry, orphans):
    """A mapping explains its own entry; without one, those that contain it."""
    shutil.copytree(FIELD / "orphan-stock", tmp_path / "root")
    tree = Tree(tmp_path / "root")
    tree.write("proc/vmallocinfo", b"0x0-0x0 12288 site+0x1/0x2 phys=0x1000 ioremap\n")
    line = b"PAT: [mem 0x%x-0x%x] uncached-minus\n"
    tree.write("sys/kernel/debug/x86/pat_memtype_list",
               line % (0x1000, 0x3000) + (line % entry if entry else b""))
    assert [start for (start, _), kind, *_ in records(cli, tree) if kind == "reservation"] == orphans
    # The entry of a mapping that was unmapped in part.
    tree.write("sys/kernel/debug/x86/pat_memtype_list", line % (0x1000, 0x5000) + line % (0, 0x8000))
    assert [kind for _, kind, *_ in records(cli, tree)] == ["ioremap"]


def test_list_of_kernels_before_5_6(cli):
    root = FIELD / "old-memtype-list"
    found = records(cli, root)
    assert ((0x2000000000, 0x20ffffffff), "ioremap", None, "write-combining", None) in found
    assert ((0x7ff70000, 0x7ff76fff), "ioremap", None, "write-back", None) in found
    assert sorted(start for (start, _), kind, *_ in found if kind == "reservation") == \
        [0x7ff76000, 0x80100000, 0x80104000, 0xcdc04000]
    assert "attributes (" not in cli("list", root=root).stdout.decode()
    assert "held      uncached-minus, by an unknown reservation" in explain(cli, root, 0x80100000)
    verdicts = json.loads(cli("aliases", "--json", root=root).stdout)["by_verdict"]
    assert verdicts["unknown"] == 0 and verdicts["same"] == 2


def test_devmem_and_uio_on_arm64(cli):
    """By rule: what is not RAM is Device-nGnRnE through /dev/mem, and uio says where it leads."""
    root = FIELD / "devmem-uio"
    found = records(cli, root)
    strict = ("remap_pfn", "device-strict", "device-strict")
    assert ((0x50000000, 0x7fffffff), *strict, 501) in found
    assert ((0x50100000, 0x501fffff), *strict, 502) in found
    assert ((0xa0000000, 0xa0000fff), *strict, 502) in found
    assert (None, None, None, None, 501) in found  # /dev/hv: only its driver knows
    assert "device-strict, remap_pfn by app (pid 502), file /dev/uio0" in explain(cli, root, 0xa0000000)
    result = cli("aliases", "--json", root=root)
    [one] = json.loads(result.stdout)["aliases"]
    assert (result.returncode, one["verdict"], one["range"]["start"]) == (0, "same", "0x50100000")


@pytest.mark.parametrize("field", ["devmem-uio"], indirect=True)
@pytest.mark.parametrize("area,start,got", [
    (b"0 00:06 9 /dev/uio0", 0xa0000000, "device-strict"),
    # The second of its maps, more than it has, another device, memory of the kernel.
    (b"1000 00:06 9 /dev/uio0", None, "device-strict"),
    (b"0 00:06 9 /dev/uio1", None, "device-strict"),
    (b"0 00:06 9 /dev/uio0x", None, None),
    (b"0 00:06 9 anon_inode:[vfio-device]", None, "device-strict"),
    (b"0 00:06 9 /dev/fb0", None, "write-combining"),
    (b"0 00:06 9 /dev/fb0x", None, None),
    # RAM depends on O_SYNC; a range that touches RAM does, too.
    (b"40000000 00:06 9 /dev/mem", 0x40000000, None),
    (b"4ffff000 00:06 9 /dev/mem", 0x4ffff000, "device-strict"),
])
def test_table_of_files(cli, field, area, start, got):
    if start == 0x4ffff000:
        area, start, got = area, 0x4ffff000, None
        process(field, 900, b"7f0000000000-7f0000002000 rw-s " + area)
    else:
        process(field, 900, b"7f0000000000-7f0000001000 rw-s " + area)
    [one] = of(cli, field, 900)
    assert (one["range"] and int(one["range"]["start"], 16)) == start
    if start is None and b"uio" in area:
        got = None  # what is not RAM is not known without the range
    assert (one["want"], one["got"]) == (got, got)


@pytest.mark.parametrize("field", ["devmem-uio"], indirect=True)
def test_uio_with_a_virtual_address(cli, field, tmp_path):
    """A driver gives memory of the kernel: no range, and no pointer in a snapshot."""
    addr = field.path / "sys/class/uio/uio0/maps/map0/addr"
    assert cli("snapshot", tmp_path / "copy", root=field).returncode == 0
    assert (tmp_path / "copy/sys/class/uio/uio0/maps/map0/addr").read_bytes() == addr.read_bytes()
    assert cli("list", root=tmp_path / "copy").stdout == cli("list", root=field).stdout
    addr.write_bytes(b"0xffff800012345000\n")
    assert [one["range"] for one in of(cli, field, 502) if one["file"] == "/dev/uio0"] == [None]
    assert cli("snapshot", tmp_path / "again", root=field).returncode == 0
    assert not (tmp_path / "again/sys/class/uio/uio0/maps/map0/addr").exists()


@pytest.mark.parametrize("field", ["devmem-uio"], indirect=True)
def test_static_areas_of_arm(cli, field):
    """iotable_init() makes areas before vmalloc() works: they have no guard page."""
    field.write("proc/sys/kernel/arch", b"armv7l\n")
    field.write("proc/vmallocinfo",
                b"0x0-0x0 1048576 iotable_init+0x0/0xb8 phys=0x20000000 ioremap\n"
                b"0x0-0x0    4096 iotable_init+0x0/0xb8 phys=0x30000000 ioremap\n"
                b"0x0-0x0    8192 probe+0x0/0xb8 phys=0x38000000 ioremap\n")
    assert [span for span, _, _, _, pid in records(cli, field) if pid is None] == [
        (0x20000000, 0x200fffff), (0x30000000, 0x30000fff), (0x38000000, 0x38000fff)]
    field.write("proc/sys/kernel/arch", b"aarch64\n")
    assert [span for span, _, _, _, pid in records(cli, field) if pid is None][0] == (0x20000000, 0x200fefff)
