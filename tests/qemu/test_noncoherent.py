# SPDX-License-Identifier: GPL-2.0-only
"""Devices behind an IOMMU that do not snoop caches: coherent memory is a vmap() of pages.

Only "make lab" runs these: they need the "drivers" kernel. Where PCI devices are not
coherent, dma_alloc_coherent() maps its pages once more, write-combining, into an area of
vmalloc whose flags the DMA API compares when the memory is freed, or mapped by a process.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import lab
import pytest
import registry
import test_drivers

# QEMU says that its PCI devices are coherent.
INCOHERENT = ("-d", "/pcie@10000000", "dma-coherent")


@pytest.fixture(name="machine", scope="module")
def fixture_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lab.Guest]:
    """arm64 with an IOMMU, a disk and a network card, neither of them coherent."""
    disk = test_drivers.empty_disk(tmp_path_factory.mktemp("disk"))
    with lab.Guest(lab.kernel_for("arm64", "drivers"), "pfn_track=report", memory=768,
                   hardware=hardware(disk), device_tree=(INCOHERENT,)) as guest:
        yield guest


def hardware(disk: Path) -> tuple[str, ...]:
    """Two devices that allocate coherent memory, behind the IOMMU."""
    return ("-M", "iommu=smmuv3", "-drive", f"if=none,id=disk,format=raw,file={disk}",
            "-device", f"nvme,drive=disk,serial=lab,addr={test_drivers.NVME:#x}",
            "-netdev", "user,id=net,restrict=on",
            "-device", f"e1000e,netdev=net,romfile=,addr={test_drivers.E1000E:#x}")


def areas(guest: lab.Guest, driver: str) -> list[str]:
    """Areas of vmalloc that hold coherent memory of a driver's device."""
    return [line for line in guest.read("/proc/vmallocinfo").splitlines()
            if "dma-coherent" in line and driver in line]


def coherent(guest: lab.Guest) -> list[dict[str, str]]:
    """Records of vmap() that are not write-back."""
    return [line for line in registry.records(guest) if line["kind"] == "vmap"]


@pytest.mark.only("arm64")
@pytest.mark.parametrize("policy", ["report", "strict"])
@pytest.mark.parametrize("driver", ["nvme", "e1000e"])
def test_coherent_memory_comes_and_goes(machine: lab.Guest, arch: str, driver: str,
                                        policy: str) -> None:
    """A driver allocates it, uses it, and frees it: recorded, silent, no warning."""
    registry.policy(machine, policy)
    before = registry.conflicts(machine)
    idle = len(coherent(machine))
    drivers = test_drivers.Drivers(machine)
    drivers.load(driver)
    if driver == "nvme":
        machine.run("dd if=/dev/zero of=/dev/nvme0n1 bs=64k count=16 && sync && "
                  "dd if=/dev/nvme0n1 of=/dev/null bs=64k count=16").ok()
    else:
        machine.run("ip link set eth0 up && sleep 1 && ip link set eth0 down && "
                  "ip link set eth0 up").ok()
    dmesg = machine.run("dmesg").ok()
    assert re.search(r"arm-smmu-v3|iommu: Adding|Adding to iommu group", dmesg)
    assert areas(machine, "dma") or areas(machine, driver), machine.read("/proc/vmallocinfo")
    held = coherent(machine)
    assert len(held) > idle
    assert {line["got"] for line in held} == {registry.COMBINING}
    registry.expect_exact(machine)
    drivers.unload(driver)
    machine.check()
    assert len(coherent(machine)) == idle
    assert not registry.new_conflicts(machine, before)
    registry.expect_exact(machine)
    registry.policy(machine, "report")
