# SPDX-License-Identifier: GPL-2.0-only
"""Real drivers, and clients that really map: nothing breaks, nobody is falsely accused.

Only "make lab" runs these: they need the "drivers" kernels. After every test
the audit finds nothing, and each conflict that was told is one of the table
EXPLAINED, which says why it is true.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import re
from collections.abc import Iterator
from pathlib import Path

import foreign
import lab
import pytest
import registry
import test_audit

HUGE = 2 << 20
SCREEN = (800, 600)


@dataclasses.dataclass(frozen=True)
class Explained:
    """A conflict that is true, why, and the test that must provoke it."""

    test: str
    arches: tuple[str, ...]
    verdict: str
    asked: str
    held: str
    why: str

    def matches(self, arch: str, line: dict[str, str]) -> bool:
        """Whether this is that conflict. Parties are told as "KIND WANT>GOT SITE MODULE"."""
        return (arch in self.arches and line["verdict"] == self.verdict
                and bool(re.fullmatch(self.asked, party(line)))
                and bool(re.fullmatch(self.held, party(line, "held."))))


def party(line: dict[str, str], prefix: str = "") -> str:
    """One party of a conflict, in words."""
    get = {key: line.get(prefix + key, "-") for key in ("kind", "want", "got", "site", "module")}
    return f"{get['kind']} {get['want']}>{get['got']} {get['site']} {get['module']}"


# bochs maps the whole of the card's memory for itself.
BOCHS = r"ioremap (uncached-minus>uncached-minus|device>device) bochs_pci_probe\+\S+ bochs"
COMBINING = r"write-combining>(uncached-minus|write-combining)"
BOTH = ("x86_64", "arm64")

P2PMEM = r"insert write-back>write-back p2pmem_alloc_mmap\+\S+ -"
EXPLAINED = (
    Explained(r"test_simplefb\[", ("x86_64",), "ordering",
              r"remap_pfn uncached-minus>write-combining fb_mmap\+\S+ -",
              r"ioremap write-combining>write-combining simplefb_probe\+\S+ -",
              "x86's pgprot_framebuffer() asks for uncached-minus, and counts on PAT to give what "
              "the driver has, which is write-combining"),
    Explained(r"test_card\[\w+-bochs", BOTH, "ordering",
              rf"insert {COMBINING} ttm_bo_vm_fault\+\S+ ttm", BOCHS,
              "bochs maps its memory by ioremap(), uncached, TTM the same for clients as "
              "write-combining: on x86 PAT gives them none, and the frame buffer is slow; on arm64 "
              "there are two attributes at once"),
    Explained(r"test_card\[\w+-bochs", BOTH, "ordering",
              rf"ioremap {COMBINING} bo_driver_move\+\S+ drm_vram_helper", BOCHS,
              "the same, where TTM moves a buffer there"),
    Explained(r"test_card\[\w+-bochs", BOTH, "ordering",
              rf"ioremap {COMBINING} drm_fb_helper_damage_work\+\S+ \S+", BOCHS,
              "the same, where the kernel draws"),
    Explained(r"test_nvme\[", ("x86_64",), "incoherent", P2PMEM,
              r"memremap uncached-minus>uncached-minus nvme_pci_enable\+\S+ nvme",
              "a controller's memory buffer is uncached for the kernel, but p2pmem_alloc_mmap() gives "
              "processes the protection of the area, write-back; what an MTRR makes of that the "
              "registry does not know"),
    Explained(r"test_nvme\[", ("arm64",), "incoherent", P2PMEM,
              r"memremap device-strict>device-strict nvme_pci_enable\+\S+ nvme",
              "the same, and here is no MTRR that would mend it"),
)


@dataclasses.dataclass(frozen=True)
class Card:
    """A graphics card of the lab: its driver, its place on the bus."""

    driver: str
    slot: int
    arches: tuple[str, ...]
    device: str
    # Whether a dumb buffer that is shown lies in the card's own memory.
    vram: bool
    # Whether the driver can go; virtio_gpu hangs in rmmod, with pfn_track=off, too.
    goes: bool = True


CARDS = (
    Card("bochs", 6, ("x86_64", "arm64"), "VGA,vgamem_mb=16", True),
    Card("qxl", 7, ("x86_64",), "qxl", False),
    Card("virtio_gpu", 8, ("x86_64", "arm64"), "virtio-gpu-pci", False, False),
)
NVME, E1000E = 9, 10


def bdf(slot: int) -> str:
    """The address of a device on bus 0."""
    return f"0000:00:{slot:02x}.0"


def hardware(arch: str, disk: Path) -> tuple[str, ...]:
    """What QEMU is told besides what every guest of the lab has."""
    words: list[str] = []
    for card in CARDS:
        if arch in card.arches:
            words += ["-device", f"{card.device},addr={card.slot:#x}"]
    words += ["-drive", f"if=none,id=disk,format=raw,file={disk}",
              "-device", f"nvme,drive=disk,serial=lab,cmb_size_mb=16,addr={NVME:#x}",
              "-netdev", "user,id=net,restrict=on",
              "-device", f"e1000e,netdev=net,romfile=,addr={E1000E:#x}"]
    if arch == "arm64":
        # Of several -M the words are put together.
        words += ["-M", "iommu=smmuv3"]
    return tuple(words)


class Drivers:
    """A guest with all of it, and what has to hold of it."""

    def __init__(self, guest: lab.Guest) -> None:
        self.guest = guest
        self.arch = guest.arch
        self.explained: set[Explained] = set()

    def load(self, module: str) -> None:
        """A module and those it needs; none of them is unloaded before unload()."""
        for name in foreign.load_order(self.guest.kernel.modules, module):
            if not self.loaded(name.removesuffix(".ko")):
                self.guest.run(f"insmod /lib/modules/{name}").ok()

    def loaded(self, module: str) -> bool:
        """Whether it is there."""
        name = module.replace("-", "_")
        return self.guest.run(f"test -e /sys/module/{name}").rc == 0

    def unload(self, module: str) -> None:
        """The module, and whatever only it needed."""
        for name in reversed(foreign.load_order(self.guest.kernel.modules, module)):
            users = self.guest.run(f"cat /sys/module/{name[:-3].replace('-', '_')}/refcnt")
            if users.rc == 0 and users.out.strip() == "0":
                self.guest.run(f"rmmod {name.removesuffix('.ko')}").ok()

    def unexplained(self) -> list[str]:
        """Conflicts that the table does not hold, in words."""
        left = []
        for line in registry.conflicts(self.guest):
            found = [one for one in EXPLAINED if one.matches(self.arch, line)]
            self.explained.update(found)
            if not found:
                left.append(f"{line['verdict']}: {party(line)} | {party(line, 'held.')}")
        return left

    def sound(self) -> registry.Dump:
        """Nothing unexplained, nothing leaked, nothing lost, and the audit is clean."""
        left = self.unexplained()
        assert not left, "\n".join(left)
        assert registry.dump(self.guest, "leaks").lines == []
        assert registry.counters(self.guest)["incomplete"] == 0
        return test_audit.expect_clean(self.guest)

    def client(self, words: str) -> lab.Holder:
        """pfnclient, after its first line."""
        holder = lab.Holder(self.guest, self.guest.spawn(f"pfnclient {words}").number)
        holder.first = lab.parse_pairs(holder.line())
        assert holder.mapped, holder.first
        return holder


def must(holder: lab.Holder, command: str) -> dict[str, str]:
    """Have a client do something that has to succeed."""
    answer = holder.do(command)
    assert answer["did"].startswith("ok"), (command, answer)
    return answer


def extra_files(arch: str) -> dict[str, Path]:
    """Our client and the kernel's selftests."""
    cross = lab.ARCHES[arch].compiler_prefix
    files = {"bin/pfnclient": foreign.client(arch, cross)}
    for test in SELFTESTS:
        files[f"selftests/{test.name}"] = foreign.selftest(test.name, arch, cross)
    return files


def empty_disk(folder: Path) -> Path:
    """A file for a guest of its own: QEMU locks it."""
    path = folder / "disk.raw"
    with path.open("wb") as handle:
        handle.truncate(64 << 20)
    return path


@pytest.fixture(name="shared", scope="module")
def _shared(arch: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drivers]:
    """One boot for all of this file that can share it."""
    # 0x143 is 800x600 with 32 bits a pixel; vga= adds 0x200.
    disk = empty_disk(tmp_path_factory.mktemp("disk"))
    mode = "vga=0x343 " if arch == "x86_64" else ""
    # Neither an IOMMU on x86, without ACPI, nor an ITS that would remap interrupts on arm64.
    unsafe = "vfio.enable_unsafe_noiommu_mode=1 vfio_iommu_type1.allow_unsafe_interrupts=1"
    with lab.Guest(lab.kernel_for(arch, "drivers"), f"{mode}{unsafe} pfn_track=report", memory=768,
                   hardware=hardware(arch, disk), files=extra_files(arch)) as guest:
        guest.write("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "advise").ok()
        yield Drivers(guest)


@pytest.fixture(name="drivers")
def _drivers(shared: Drivers, request: pytest.FixtureRequest) -> Iterator[Drivers]:
    """The guest; sound after the test, and the table explains nothing that does not happen."""
    yield shared
    shared.guest.settle()
    shared.sound()
    assert {one for one in EXPLAINED if shared.arch in one.arches
            and re.match(one.test, request.node.name)} <= shared.explained


# === Graphics ================================================================


def card_node(guest: lab.Guest, slot: int) -> str:
    """/dev/dri/cardN of a device."""
    name = guest.run(f"ls /sys/bus/pci/devices/{bdf(slot)}/drm | grep card; "
                     f"ls /sys/bus/pci/devices/{bdf(slot)}/virtio*/drm 2>/dev/null | grep card").out
    return f"/dev/dri/{name.split()[0]}"


def test_fresh_boot(drivers: Drivers) -> None:
    """Before any driver module: nothing was told."""
    assert registry.conflicts(drivers.guest) == []


@pytest.mark.only("x86_64")
def test_simplefb(drivers: Drivers, arch: str) -> None:
    """The frame buffer of the firmware, mapped through fbdev over its life."""
    guest = drivers.guest
    assert "simple" in guest.read("/proc/fb")
    holder = guest.hold("/dev/fb0", 0, 0x100000)
    assert holder.mapped, holder.first
    assert holder.do("write 0 0x12345678")["did"].startswith("ok")
    assert holder.do("read 0")["value"] == "0x12345678"
    [mine] = registry.records(guest, holder.pid)
    assert mine["kind"] == "remap_pfn" and mine["got"] == "write-combining", mine
    # No partial munmap(), nor fork(): PAT keeps its reservation after the former, and whoever
    # maps that memory later, be it bochs, gets write-combining because of nobody.
    assert holder.do("move")["did"] == "ok moved"
    drivers.sound()


def dumb_buffer(drivers: Drivers, card: Card) -> None:
    """A dumb buffer over its life: in system memory, shown, hidden, cut, forked, destroyed."""
    guest = drivers.guest
    client = drivers.client(f"drm {card_node(guest, card.slot)} {SCREEN[0]} {SCREEN[1]}")
    must(client, "fill")
    drivers.sound()
    must(client, "show")
    # Not read first: where a mode is set, QEMU's VGA clears its memory.
    must(client, "fill")
    must(client, "check")
    if card.vram:
        in_card(guest, card, client)
    drivers.sound()
    must(client, "fork")
    drivers.sound()
    must(client, "munmap 0x10000 0x8000")
    if drivers.arch != "arm64" or not card.vram:
        # arm64's mprotect() makes TTM's write-combining pages write-back, as pte_modify() takes
        # the attribute of vm_page_prot: a true conflict, see the corpus, case mprotect-flip.
        must(client, "mprotect 0 0x10000 r")
        must(client, "mprotect 0 0x10000 rw")
    must(client, "check")
    drivers.sound()
    must(client, "hide")
    must(client, "check")
    must(client, "destroy")
    must(client, "check")
    must(client, "reap")
    drivers.sound()
    assert client.leave().rc == 0


def in_card(guest: lab.Guest, card: Card, client: lab.Holder) -> None:
    """All of a client's mapping is on record, and lies in the card's memory."""
    bars = [bar(guest, card.slot, number) for number in range(6)]
    held = [line for line in registry.records(guest, client.pid) if line["space"] == "user"]
    assert {(line["kind"], line["want"]) for line in held} == {("insert", "write-combining")}
    spans = [registry.span(line["range"]) for line in held]
    assert all(any(start <= first and last <= end for start, end in bars) for first, last in spans)
    assert sum(last + 1 - first for first, last in spans) == int(client.first["len"], 16)


def fbdev_of_drm(drivers: Drivers, card: Card) -> None:
    """The frame buffer device that DRM makes up."""
    guest = drivers.guest
    folder = guest.run(f"ls -d /sys/bus/pci/devices/{bdf(card.slot)}/graphics/fb* "
                       f"/sys/bus/pci/devices/{bdf(card.slot)}/virtio*/graphics/fb*").out.split()
    holder = guest.hold(f"/dev/{Path(folder[0]).name}", 0, 0x40000)
    assert holder.mapped, holder.first
    for offset in range(0, 0x40000, 0x1000):
        assert holder.do(f"write {offset} {offset + 7}")["did"].startswith("ok")
    assert holder.do("read 0x3f000")["value"] == "0x3f007"
    drivers.sound()
    assert holder.leave().rc == 0


def life_of(drivers: Drivers, card: Card) -> None:
    """Load, use, unload; nothing is left of it."""
    drivers.load(card.driver)
    dumb_buffer(drivers, card)
    fbdev_of_drm(drivers, card)
    drivers.sound()
    if not card.goes:
        return
    start, end = bar(drivers.guest, card.slot, 0)
    drivers.unload(card.driver)
    assert not drivers.loaded(card.driver)
    assert not [line for line in registry.records(drivers.guest)
                if start <= registry.span(line["range"])[0] <= end]


@pytest.mark.parametrize("card", [card for card in CARDS if "arm64" in card.arches],
                         ids=lambda card: card.driver)
def test_card(drivers: Drivers, card: Card) -> None:
    """Cards that both machines have."""
    life_of(drivers, card)


@pytest.mark.only("x86_64")
def test_qxl(drivers: Drivers, arch: str) -> None:
    """QEMU for arm64 has no qxl. Its dumb buffers are in system memory, its surfaces are not."""
    [card] = [card for card in CARDS if card.driver == "qxl"]
    drivers.load(card.driver)
    client = drivers.client(f"qxl {card_node(drivers.guest, card.slot)} 512 512")
    must(client, "fill")
    must(client, "check")
    in_card(drivers.guest, card, client)
    drivers.sound()
    must(client, "fork")
    must(client, "munmap 0x10000 0x8000")
    drivers.sound()
    must(client, "destroy")
    must(client, "check")
    assert client.leave().rc == 0
    life_of(drivers, card)


# === A BAR in the hands of a process =========================================


def bar(guest: lab.Guest, slot: int, number: int) -> tuple[int, int]:
    """First and last byte of a BAR."""
    line = guest.read(f"/sys/bus/pci/devices/{bdf(slot)}/resource").splitlines()[number]
    start, end, _ = (int(word, 16) for word in line.split())
    return start, end


@contextlib.contextmanager
def bound(guest: lab.Guest, slot: int, driver: str) -> Iterator[str]:
    """A device in the hands of another driver; gives its sysfs folder."""
    device = f"/sys/bus/pci/devices/{bdf(slot)}"
    guest.write(f"{device}/driver_override", driver).ok()
    guest.write("/sys/bus/pci/drivers_probe", bdf(slot)).ok()
    assert guest.run(f"readlink {device}/driver").ok().strip().endswith(f"/{driver}")
    try:
        yield device
    finally:
        # A device that is open cannot be taken away.
        guest.settle()
        guest.write(f"{device}/driver/unbind", bdf(slot)).ok()
        guest.write(f"{device}/driver_override", "\n").ok()


def vfio_node(guest: lab.Guest, device: str) -> str:
    """/dev/vfio/GROUP of a device, with an IOMMU or without."""
    group = Path(guest.run(f"readlink {device}/iommu_group").ok().strip()).name
    return f"/dev/vfio/{'noiommu-' if guest.arch == 'x86_64' else ''}{group}"


def huge_records(guest: lab.Guest, pid: int) -> list[tuple[int, int]]:
    """What a process maps, as bytes from .. to; VFIO itself maps the BAR in its name, too."""
    return sorted(registry.span(line["range"]) for line in registry.records(guest, pid)
                  if line["space"] == "user")


def test_vfio(drivers: Drivers, arch: str) -> None:
    """A BAR through VFIO: huge entries, split by partial munmap, fork, and zapped by the driver."""
    guest = drivers.guest
    drivers.load("vfio_pci")
    slot = guest.devices[0].slot
    with bound(guest, slot, "vfio-pci") as device:
        start, end = bar(guest, slot, 2)
        client = drivers.client(f"vfio {vfio_node(guest, device)} {bdf(slot)} 2")
        # One fault, one huge entry.
        must(client, f"peek {HUGE + 0x5000:#x}")
        assert huge_records(guest, client.pid) == [(start + HUGE, start + 2 * HUGE - 1)]
        drivers.sound()
        must(client, "fill")
        must(client, "check")
        assert huge_records(guest, client.pid) == [(start, end)]
        pages = int(drivers.sound().head["user_pages"])
        must(client, "fork")
        # The child's first huge entry went with its first page.
        assert int(drivers.sound().head["user_pages"]) - pages <= (end + 1 - start) >> 12
        must(client, f"munmap {HUGE + 0x10000:#x} 0x20000")
        drivers.sound()
        must(client, "check")
        drivers.sound()
        must(client, "mprotect 0x3000 0x5000 r")
        drivers.sound()
        must(client, "mprotect 0x3000 0x5000 rw")
        must(client, "check")
        drivers.sound()
        # The driver takes them away from both processes.
        must(client, "off")
        assert huge_records(guest, client.pid) == []
        drivers.sound()
        must(client, "on")
        must(client, "check")
        must(client, "reap")
        drivers.sound()
        assert client.leave().rc == 0
        drivers.sound()
    drivers.unload("vfio_pci")


@pytest.mark.only("x86_64")
def test_vfio_pud(drivers: Drivers, arch: str) -> None:
    """A BAR of 4 GiB: page table entries of 1 GiB."""
    guest = drivers.guest
    drivers.load("vfio_pci")
    giant = 1 << 30
    with bound(guest, 0x1e, "vfio-pci") as device:
        start, end = bar(guest, 0x1e, 2)
        assert end + 1 - start == 4 * giant
        client = drivers.client(f"vfio {vfio_node(guest, device)} {bdf(0x1e)} 2")
        must(client, f"peek {giant + 0x5000:#x}")
        assert huge_records(guest, client.pid) == [(start + giant, start + 2 * giant - 1)]
        drivers.sound()
        # Not less than 2 MiB: vma_adjust_trans_huge() of 6.12 takes a page table entry of
        # 1 GiB for a table of PMDs and follows it (an oops, with pfn_track=off, too).
        must(client, f"munmap {giant + HUGE:#x} {HUGE:#x}")
        drivers.sound()
        must(client, f"peek {giant:#x}")
        must(client, f"peek {3 * giant:#x}")
        drivers.sound()
        must(client, "off")
        assert huge_records(guest, client.pid) == []
        must(client, "on")
        drivers.sound()
        assert client.leave().rc == 0
    drivers.unload("vfio_pci")


def test_uio(drivers: Drivers, arch: str) -> None:
    """uio_pci_generic hands out the device's registers, a page of them; sysfs the same page."""
    guest = drivers.guest
    drivers.load("uio_pci_generic")
    slot = guest.devices[1].slot
    with bound(guest, slot, "uio_pci_generic") as device:
        # A BAR of 256 bytes: arm64 does not begin a page for each.
        page, offset = divmod(bar(guest, slot, 0)[0], registry.PAGE)
        page *= registry.PAGE
        holder = guest.hold("/dev/uio0", 0, registry.PAGE)
        other = guest.hold(f"{device}/resource0", 0, registry.PAGE)
        assert holder.mapped and other.mapped
        # ivshmem's mask of interrupts
        holder.do(f"write {offset} 0x42")
        assert other.do(f"read {offset}")["value"] == "0x42"
        sites = [line["site"].partition("+")[0] for one in (holder, other)
                 for line in registry.records(guest, one.pid)
                 if registry.span(line["range"]) == (page, page + registry.PAGE - 1)]
        assert sites == ["uio_mmap", "pci_mmap_resource_range"]
        drivers.sound()
        holder.do("fork")
        holder.do("munmap 0 0x1000")
        other.do("move")
        drivers.sound()
        holder.leave()
        other.leave()
    drivers.unload("uio_pci_generic")


# === A disk and a network card ===============================================


def test_nvme(drivers: Drivers, arch: str) -> None:
    """Data goes to the disk and back; its own memory is mapped by sysfs and as pages."""
    guest = drivers.guest
    drivers.load("nvme")
    guest.run("for i in 1 2 3 4 5 6 7 8 9 10; do test -b /dev/nvme0n1 && break; sleep 0.3; done; "
              "test -b /dev/nvme0n1").ok()
    guest.run("dd if=/dev/urandom of=/tmp/data bs=64k count=64 && "
              "dd if=/tmp/data of=/dev/nvme0n1 bs=64k conv=fsync && "
              "echo 3 > /proc/sys/vm/drop_caches && "
              "dd if=/dev/nvme0n1 of=/tmp/back bs=64k count=64 && cmp /tmp/data /tmp/back").ok()
    drivers.sound()
    use_p2pmem(guest)
    drivers.sound()
    drivers.unload("nvme")
    assert not drivers.loaded("nvme")


def use_p2pmem(guest: lab.Guest) -> None:
    """A process has pages of the controller's memory."""
    device = f"/sys/bus/pci/devices/{bdf(NVME)}"
    assert int(guest.read(f"{device}/p2pmem/size")) > 0
    pages = guest.hold(f"{device}/p2pmem/allocate", 0, 0x10000)
    assert pages.mapped, pages.first
    pages.do("write 0x1000 0x77")
    assert pages.do("read 0x1000")["value"] == "0x77"
    pages.leave()


@pytest.mark.only("x86_64")
def test_p2pdma(drivers: Drivers, arch: str) -> None:
    """Firmware makes the holes for devices uncached by MTRRs: then write-back pages are, too."""
    guest = drivers.guest
    before = registry.conflicts(guest)
    spans = [bar(guest, NVME, number) for number in range(6)]
    start, end = next(span for span in spans if span[1] - span[0] + 1 == 16 << 20)
    guest.run(f"echo 'base={start:#x} size={end - start + 1:#x} type=uncachable' > /proc/mtrr").ok()
    found = re.findall(r"reg(\d+): base=(0x[0-9a-f]+) ", guest.read("/proc/mtrr"))
    register, = (int(number) for number, base in found if int(base, 16) == start)
    registry.policy(guest, "enforce")
    try:
        drivers.load("nvme")
        use_p2pmem(guest)
    finally:
        drivers.unload("nvme")
        registry.policy(guest, "report")
        guest.run(f"echo disable={register} > /proc/mtrr").ok()
    assert registry.conflicts(guest) == before


def test_e1000e(drivers: Drivers, arch: str) -> None:
    """The card is up while a process maps its registers."""
    guest = drivers.guest
    drivers.load("e1000e")
    device = f"/sys/bus/pci/devices/{bdf(E1000E)}"
    name = guest.run(f"ls {device}/net").ok().strip()
    guest.run(f"ip link set {name} up").ok()
    guest.run(f"for i in 1 2 3 4 5 6 7 8 9 10; do grep -q 1 {device}/net/{name}/carrier && break; "
              f"sleep 0.5; done; grep 1 {device}/net/{name}/carrier").ok()
    holder = guest.hold(f"{device}/resource0", 0, 0x20000)
    assert holder.mapped, holder.first
    assert holder.do("read 8")["did"].startswith("ok")
    drivers.sound()
    guest.run(f"ip link set {name} down").ok()
    holder.leave()
    drivers.unload("e1000e")
    assert not drivers.loaded("e1000e")


@pytest.mark.parametrize("words", ["udmabuf 0x40000", "heap system 0x40000"])
def test_dma_buf(drivers: Drivers, words: str, arch: str) -> None:
    """Buffers that devices share, mapped by a process: nothing is wrong with them."""
    before = drivers.guest.run("cat /sys/kernel/mm/pfn_track/conflicts").out
    registry.policy(drivers.guest, "enforce")
    try:
        client = drivers.client(words)
        for command in ("fill", "check", "fork", "reap", "munmap 0x4000 0x1000", "check"):
            must(client, command)
        client.leave()
    finally:
        registry.policy(drivers.guest, "report")
    assert drivers.guest.run("cat /sys/kernel/mm/pfn_track/conflicts").out == before


# === Tests of others =========================================================


@dataclasses.dataclass(frozen=True)
class Selftest:
    """A program of tools/testing/selftests/mm that fits into the lab."""

    name: str
    words: str = ""
    before: str = "true"


SELFTESTS = (
    # 2 GiB of addresses, of which it touches 4 MiB.
    Selftest("mremap_test", before="echo 1 > /proc/sys/vm/overcommit_memory"),
    Selftest("mremap_dontunmap"),
    Selftest("map_fixed_noreplace"),
    Selftest("map_populate"),
    Selftest("madv_populate"),
    Selftest("mkdirty"),
    Selftest("mlock2-tests"),
    Selftest("mrelease_test"),
    Selftest("mseal_test"),
    Selftest("on-fault-limit"),
    Selftest("droppable"),
    Selftest("transhuge-stress", "-d 3"),
)


@pytest.mark.parametrize("test", SELFTESTS, ids=lambda test: test.name)
def test_selftest(drivers: Drivers, test: Selftest, arch: str) -> None:
    """The kernel's own tests say what they always say.

    Without random addresses: mremap_test fails where something lies in its preamble.
    """
    drivers.guest.write("/proc/sys/kernel/randomize_va_space", "0").ok()
    done = drivers.guest.run(f"{test.before} && cd /tmp && /selftests/{test.name} {test.words}",
                             timeout=300)
    assert done.rc == 0, done.out + done.err
    assert "not ok" not in done.out


KUNIT = ("ttm_device_test", "ttm_pool_test", "ttm_resource_test", "ttm_tt_test", "ttm_bo_test",
         "ttm_bo_validate_test")


def test_ttm_kunit(arch: str) -> None:
    """TTM's own suite, by the kernel's own parser. It provokes warnings: a guest of its own."""
    parser = foreign.kunit_parser()
    kernel = lab.kernel_for(arch, "drivers")
    cases = 0
    with lab.Guest(kernel, "pfn_track=report panic_on_warn=0",
                   allow=(r"WARNING: CPU: \d+ .* ttm_\w+", r"Call [Tt]race:")) as guest:
        drivers = Drivers(guest)
        for module in KUNIT:
            said = len(guest.console())
            drivers.load(module)
            with contextlib.redirect_stdout(io.StringIO()) as out:
                result = parser.parse_run_tests(guest.console()[said:].splitlines())
            assert result.ok_status() and result.counts.passed, out.getvalue()
            cases += result.counts.passed
            drivers.sound()
    assert cases > 50


@pytest.mark.only("x86_64")
def test_stress_ng(arch: str, tmp_path: Path) -> None:
    """stress-ng among all those devices."""
    tool = foreign.with_libraries(Path("/usr/bin/stress-ng"), "")
    with lab.Guest(lab.kernel_for(arch, "drivers"), "vga=0x343 pfn_track=report", memory=1024,
                   hardware=hardware(arch, empty_disk(tmp_path)), files=tool,
                   allow=(r"Out of memory: |invoked oom-killer",)) as guest:
        drivers = Drivers(guest)
        for module in [card.driver for card in CARDS] + ["nvme", "e1000e"]:
            drivers.load(module)
        for words in ("--mmap 1 --mremap 1 --fork 1", "--dev 2"):
            done = guest.run(f"cd /tmp && stress-ng {words} --mmap-bytes 32m --mremap-bytes 16m "
                             "--timeout 20 --metrics-brief", timeout=240)
            assert done.rc == 0, done.out + done.err
            drivers.sound()
