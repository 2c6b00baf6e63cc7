#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Every architecture: built, booted, and its registry put to the test.

usage: matrix.py [ROW ...]       ROW: see ROWS; all of them by default

One line a row, and all of it in build/matrix.json. Where an architecture has
no handy device, physical memory hidden by mem= is real memory that no one owns:
that is mapped, by tests/qemu/pair. Exit 0 only if all rows of the eight
architectures are green; of those asked for, if some were named.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import ktap
import lab
import programs
import registry

PAIR = Path(__file__).resolve().parent / "pair"
# A multiple of every page size.
LENGTH = 0x40000
MIB = 1 << 20
COLUMNS = ("builds", "boots", "kunit", "decode", "records", "conflict", "refused", "legal",
           "colours", "audit")
# What of KUnit says that what is written into a page table entry is read out again.
DECODE = ("decodes_own_helpers", "helpers_agree_with_tables", "round_trip")
SILENT = ("same", "legal", "maintenance")


@dataclass(frozen=True)
class Row:
    """One machine: a kernel and how it is booted."""

    kernel: str
    cmdline: str = ""
    # Another processor than usual.
    cpu: str = ""
    # Compiled only, and why.
    no_boot: str = ""
    # Whether booting by itself maps anything through page tables, or why not.
    no_records: str = ""
    # Whether the architecture can say more than one attribute here, or why not.
    no_attributes: str = ""
    # What ioremap() maps instead of the memory, and why.
    cut_off: tuple[int, str] | None = None
    # Whether the data cache shows colours to the kernel.
    colours: bool = False
    # The memory is a "no-map" carve-out, which the kernel knows to be RAM. What mem=
    # hides is I/O to it, which RISC-V's PMA have uncached.
    no_map: bool = False


NO_MACHINE = "nobody has set up a QEMU machine for it yet"
ROWS = {
    "x86_64": Row("x86_64"),
    "i386-pae": Row("i386", cut_off=(0x40000000, "6.12's __ioremap_caller() cuts addresses off at "
                                                 "4 GiB with PAE: phys_addr &= PAGE_MASK")),
    "arm64": Row("arm64"),
    "arm64-64k": Row("arm64_64k"),
    "riscv64": Row("riscv64", no_map=True),
    "riscv64-pma": Row("riscv64", cpu="rv64,svpbmt=false",
                       no_attributes="without Svpbmt the machine alone says what is cached"),
    "ppc64le-radix": Row("ppc64le"),
    "ppc64le-hash": Row("ppc64le", "disable_radix"),
    "s390x": Row("s390x", no_records="ioremap() maps nothing without PCI MIO",
                 no_attributes="page tables have attributes only with PCI MIO, which QEMU lacks"),
    "arm-lpae": Row("arm"),
    "arm-classic": Row("arm_classic"),
    "mips64el": Row("mips64el", no_records="ioremap() is a window without page tables"),
    "parisc": Row("parisc", colours=True),
    "sparc64": Row("sparc64", no_boot=NO_MACHINE),
    "loongarch64": Row("loongarch64", no_boot=f"{NO_MACHINE}, and Debian 12 has no C library "
                                              "for it; by clang, its gcc does not know it"),
}
# Debian's compilers could make these, but there is no configuration for them yet.
MISSING = {
    "arm-v5": "not compiled: page tables without TEX remap; the rules are data, tested by make unit",
    "ppc32": "not compiled: the rules are data, tested by make unit",
}
# What of those that are not booted is compiled: our files, and what they are hooked into.
FOLDERS = ("mm/", "arch/generic/pat/", "drivers/pci/", "drivers/base/")


class SlimGuest(lab.Guest):
    """A guest without a shell: its files are read and written by tool."""

    def read(self, path: str) -> str:
        """The content of a file in the guest, without the last newline."""
        return self.run(f"tool cat {path}").ok().removesuffix("\n")

    def write(self, path: str, text: str) -> lab.Result:
        """Write to a file in the guest, in one write()."""
        return self.run(f"tool put {path} {text}")


@dataclass
class Verdict:
    """What came of a row; a mark is True, False, or None for "not tried"."""

    name: str
    marks: dict[str, bool | None] = field(default_factory=lambda: dict.fromkeys(COLUMNS))
    notes: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def green(self) -> bool:
        """Nothing failed, nothing was left out, and the guest ended as it should."""
        return all(self.marks.values()) and "error" not in self.facts

    def line(self) -> str:
        """The row, for people."""
        words = {True: "yes", False: "NO", None: "-"}
        marks = " ".join(f"{words[self.marks[name]]:>{len(name)}}" for name in COLUMNS)
        return f"{self.name:14} {marks}  {'; '.join(self.notes)}"


def kunit(guest: lab.Guest, row: Verdict) -> None:
    """Whether the kernel's own tests ran and passed, every one of them."""
    row.marks["kunit"] = row.marks["decode"] = False
    try:
        results = ktap.parse(guest.console())
    except ktap.KtapError as error:
        row.notes.append(f"KUnit: {error}")
        return
    row.facts["kunit"] = results
    wrong = ktap.problems(results)
    row.notes += [f"KUnit: {line}" for line in wrong]
    row.marks["kunit"] = not wrong
    row.marks["decode"] = all(results.get(f"pfn_track_attr.{name}") == "ok" for name in DECODE)


def clean(guest: lab.Guest, row: Verdict, when: str) -> bool:
    """Whether page tables and registry agree."""
    dump = registry.dump(guest, "audit")
    keys = ("kernel_pages", "user_pages", "records", "findings", "uncovered", "unreached")
    row.facts[f"audit {when}"] = {key: dump.head.get(key) for key in keys}
    for line in dump.lines[:4]:
        row.notes.append(f"audit {when}: {' '.join(f'{k}={v}' for k, v in line.items())}")
    return dump.head["findings"] == "0"


def holders(guest: lab.Guest, *names: str) -> list[lab.Holder]:
    """Processes that map the hidden memory, each by a road of its own."""
    return [guest.hold(f"/dev/pfn_pair_{name}", 0, LENGTH) for name in names]


def leave(found: list[lab.Holder]) -> None:
    """End them."""
    for holder in found:
        holder.leave()


@contextlib.contextmanager
def first_side(guest: lab.Guest, how: str) -> Iterator[None]:
    """The side that is held: by the kernel's ioremap(), a claim, or a process."""
    if how == "mmap":
        [holder] = holders(guest, "io")
        yield
        holder.leave()
        return
    guest.write("/dev/pfn_pair_io", how).ok()
    yield
    guest.write("/dev/pfn_pair_io", "drop").ok()


def one_pair(guest: lab.Guest, how: str) -> tuple[list[dict[str, str]], lab.Holder]:
    """Hold one side, map write-back; the conflicts, and what came of the second."""
    before = registry.conflicts(guest)
    with first_side(guest, how):
        [holder] = holders(guest, "wb")
        new = registry.new_conflicts(guest, before)
        leave([holder])
    return new, holder


def conflict(guest: lab.Guest, row: Verdict, how: str) -> bool:
    """Under report: told, and nothing refused. Under its policy: refused."""
    registry.policy(guest, "report")
    new, holder = one_pair(guest, how)
    if not new or not holder.mapped:
        row.marks["conflict"] = False
        row.notes.append(f"{how} and mmap: {len(new)} conflicts, {holder.first['did']}")
        return False
    line = new[0]
    row.facts[f"conflict {how}"] = line
    row.marks["conflict"] = line["verdict"] not in (*SILENT, "unknown")
    row.notes.append(f"{how}+mmap: {line['want']} beside {line['held.got']} is {line['verdict']}")
    policy = "enforce" if line["verdict"] in ("incoherent", "fatal") else "strict"
    registry.policy(guest, policy)
    new, holder = one_pair(guest, how)
    row.facts[f"refused {how}"] = {"policy": policy, "first": holder.first, "conflicts": new}
    refused = not holder.mapped and holder.refusal() == "EBUSY" and \
        any(one["result"] == "refused" for one in new)
    row.marks["refused"] = row.marks["refused"] is not False and refused
    row.notes.append(f"{policy}: {holder.refusal()}")
    registry.policy(guest, "report")
    return bool(row.marks["conflict"] and refused)


def cut_off(guest: lab.Guest, row: Verdict, start: int, why: str) -> None:
    """The kernel maps something else than was asked for: that is what is recorded."""
    with first_side(guest, "ioremap"):
        spans = [registry.span(line["range"]) for line in registry.records(guest)]
    row.marks["records"] = bool(row.marks["records"]) and (start, start + LENGTH - 1) in spans
    row.notes.append(why)


def insisted(guest: lab.Guest, row: Verdict) -> None:
    """Of one attribute only: whoever insists on another is told and refused, others are not."""
    registry.policy(guest, "strict")
    before = registry.conflicts(guest)
    with first_side(guest, "claim"):
        [holder] = holders(guest, "wb")
        silent = holder.mapped and not registry.new_conflicts(guest, before)
        guest.write("/dev/pfn_pair_io", "drop").ok()
        did = guest.write("/dev/pfn_pair_io", "insist")
        new = registry.new_conflicts(guest, before)
        leave([holder])
    if new:
        row.facts["conflict insist"] = new[0]
    row.marks["conflict"] = silent and [(one["want"], one["got"], one["held.got"])
                                        for one in new] == \
        [("write-combining", "write-back", "write-back")]
    row.marks["refused"] = did.rc != 0 and all(one["result"] == "refused" for one in new)
    row.notes.append("nothing can conflict; a claim that insists on write-combining is refused")
    registry.policy(guest, "report")


def legal(guest: lab.Guest, row: Verdict) -> bool:
    """The same attribute twice, whichever: granted under strict, and silent."""
    registry.policy(guest, "strict")
    good = True
    for name in ("wb", "io"):
        before = registry.conflicts(guest)
        found = holders(guest, name, name)
        if not all(holder.mapped for holder in found) or registry.new_conflicts(guest, before):
            good = False
            row.notes.append(f"{name} twice: {[holder.first['did'] for holder in found]}, "
                             f"{registry.new_conflicts(guest, before)[:1]}")
        row.marks["audit"] = clean(guest, row, f"while {name} is held twice") and \
            row.marks["audit"] is not False
        leave([holder for holder in found if holder.mapped])
    registry.policy(guest, "report")
    return good


def colours(guest: lab.Guest, machine: Row, row: Verdict) -> bool:
    """Cached twice, at two offsets: told only where caches show the addresses' colours."""
    before = registry.conflicts(guest)
    found = [guest.hold("/dev/pfn_pair_wb", offset, LENGTH) for offset in (0, LENGTH)]
    told = [(line["want"], line["held.got"], line["verdict"])
            for line in registry.new_conflicts(guest, before)]
    leave([holder for holder in found if holder.mapped])
    if told:
        row.facts["colours"] = told
        row.notes.append(f"two colours: {', '.join(sorted({line[2] for line in told}))}")
    wanted = {("write-back", "write-back", "incoherent")} if machine.colours else set()
    return set(told) == wanted and all(holder.mapped for holder in found)


def memory(arch: lab.Arch) -> int:
    """Where the memory that no one owns begins."""
    return arch.hidden or arch.ram + arch.memory * 15 // 16 * MIB


def trial(guest: lab.Guest, machine: Row, row: Verdict) -> None:
    """Everything that is asked of a guest that is up."""
    records = len(registry.records(guest))
    row.facts["records"] = records
    row.marks["records"] = records > 0 or bool(machine.no_records)
    if not records:
        row.notes.append(f"no records at boot: {machine.no_records or 'why?'}")
    row.marks["audit"] = clean(guest, row, "at boot")
    start = memory(guest.kernel.arch)
    guest.run(f"tool insmod /lib/modules/pfn_pair.ko phys={start:#x} bytes={LENGTH:#x}").ok()
    if machine.no_attributes:
        row.notes.append(machine.no_attributes)
        insisted(guest, row)
    else:
        conflict(guest, row, "mmap")
        if machine.cut_off:
            cut_off(guest, row, *machine.cut_off)
        elif not machine.no_records:
            conflict(guest, row, "ioremap")
    row.marks["legal"] = legal(guest, row)
    row.marks["colours"] = colours(guest, machine, row)
    guest.run("tool rmmod pfn_pair").ok()
    row.marks["audit"] = clean(guest, row, "at the end") and row.marks["audit"]
    left = len(registry.records(guest))
    if left != records:
        row.marks["records"] = False
        row.notes.append(f"{records} records at boot, {left} at the end")


def kernels(machine: Row, row: Verdict) -> tuple[lab.Kernel, Path] | None:
    """The image and the module, built if need be."""
    began = time.monotonic()
    script = programs.REPO / "scripts" / "kernel" / "module.py"
    try:
        kernel = lab.kernel_for(machine.kernel, "pfn_track")
        done = subprocess.run(["/usr/bin/python3", "-B", script, machine.kernel, "pfn_track", PAIR],
                              stdout=subprocess.PIPE, text=True, check=False)
    except lab.LabError as error:
        row.marks["builds"] = False
        row.notes.append(str(error).splitlines()[0])
        return None
    row.marks["builds"] = done.returncode == 0
    row.facts["build_seconds"] = round(time.monotonic() - began)
    return (kernel, Path(done.stdout.strip())) if row.marks["builds"] else None


def compiles(machine: Row, row: Verdict) -> bool:
    """Whether its objects can be made."""
    script = programs.REPO / "scripts" / "kernel" / "build.py"
    done = subprocess.run(["/usr/bin/python3", "-B", script, machine.kernel, "pfn_track", *FOLDERS],
                          stdout=subprocess.DEVNULL, check=False)
    row.notes.append(f"{' '.join(FOLDERS)} compiled, not linked nor booted: {machine.no_boot}")
    return done.returncode == 0


def run(name: str) -> Verdict:
    """One row."""
    machine, row = ROWS[name], Verdict(name)
    if machine.no_boot:
        row.marks["builds"] = compiles(machine, row)
        return row
    built = kernels(machine, row)
    if not built:
        return row
    kernel, module = built
    if machine.cpu:
        options = (*kernel.arch.machine, "-cpu", machine.cpu)
        kernel = replace(kernel, arch=replace(kernel.arch, machine=options))
    row.marks["boots"] = False
    leave = kernel.arch.shown or kernel.arch.memory * 7 // 8
    shown = f"pfn_track=report {'' if machine.no_map else f'mem={leave}M'} {machine.cmdline}"
    tree = lab.no_map(memory(kernel.arch), MIB) if machine.no_map else ()
    try:
        with SlimGuest(kernel, shown.strip(), devices=(), modules=(module,),
                       extra=("tool",), device_tree=tree) as guest:
            row.marks["boots"] = True
            row.facts.update(release=guest.release, boot_seconds=round(guest.boot_seconds, 1),
                             arch=guest.read(f"{registry.SYSFS}/arch"))
            kunit(guest, row)
            trial(guest, machine, row)
    except (lab.LabError, AssertionError) as error:
        row.notes.append(str(error).splitlines()[0])
        row.facts["error"] = str(error)
        row.marks.update({mark: False for mark in COLUMNS if row.marks[mark] is None})
    return row


def main(names: list[str]) -> int:
    """All rows, one after the other."""
    print(f"{'':14} {' '.join(COLUMNS)}", flush=True)
    rows = []
    for name in names:
        rows.append(run(name))
        print(rows[-1].line(), flush=True)
    target = programs.BUILD / "matrix.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(
        [{"name": row.name, "green": row.green, **row.marks, "notes": row.notes,
          "facts": row.facts} for row in rows] +
        [{"name": name, "green": False, "notes": [why]} for name, why in MISSING.items()],
        indent=1) + "\n", encoding="utf-8")
    asked = [row for row in rows if not ROWS[row.name].no_boot]
    green = [row for row in asked if row.green]
    for name, why in MISSING.items():
        print(f"{name:14} {why}")
    print(f"matrix: {len(green)} of {len(asked)} rows green ({target.relative_to(programs.REPO)})")
    built = all(row.marks["builds"] for row in rows)
    return 0 if built and len(green) == len(asked) else 1


if __name__ == "__main__":
    if unknown := [word for word in sys.argv[1:] if word not in ROWS]:
        print(f"matrix: unknown row '{unknown[0]}': one of {', '.join(ROWS)}", file=sys.stderr)
        sys.exit(2)
    sys.exit(main(sys.argv[1:] or list(ROWS)))
