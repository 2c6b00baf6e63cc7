#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Print what the kernel's own headers say of page table bits, as a C header.

usage: arch_headers.py KERNEL_SOURCE

Of each header only the preprocessor's lines (and named enums) are taken and
compiled with the settings of one kernel; so the numbers that test_arch_decode.c
expects are the kernel's, and a change there turns the test red.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

PRELUDE = """
#include <stdio.h>
#define _AT(type, x) ((unsigned long long)(x))
#define __AC(x, y) (x##y)
#define _AC(x, y) __AC(x, y)
#define _ULCAST_ (unsigned long)
#define UL(x) __AC(x, UL)
#define BIT(nr) (1UL << (nr))
#define GENMASK(h, l) ((~0ULL << (l)) & (~0ULL >> (63 - (h))))
#define PAGE_SHIFT 12
#define __KERNEL__ 1
"""


@dataclass(frozen=True)
class Case:
    """One kernel's view: names become PREFIX_NAME."""

    prefix: str
    files: tuple[str, ...]
    names: tuple[str, ...]
    config: tuple[str, ...] = ()


WIMG = ("_PAGE_GUARDED", "_PAGE_COHERENT", "_PAGE_NO_CACHE", "_PAGE_WRITETHRU")
L_PTE = tuple(f"L_PTE_MT_{name}" for name in (
    "UNCACHED", "BUFFERABLE", "WRITETHROUGH", "WRITEBACK", "WRITEALLOC", "DEV_SHARED",
    "DEV_NONSHARED", "DEV_WC", "DEV_CACHED", "MASK"))
CCA = ("_CACHE_CACHABLE_NO_WA", "_CACHE_CACHABLE_WA", "_CACHE_UNCACHED",
       "_CACHE_CACHABLE_NONCOHERENT", "_CACHE_CACHABLE_CE", "_CACHE_CACHABLE_COW",
       "_CACHE_CACHABLE_CUW", "_CACHE_UNCACHED_ACCELERATED", "_CACHE_MASK", "_CACHE_SHIFT")
PPC = "arch/powerpc/include/asm"

CASES = (
    Case("X86", ("arch/x86/include/asm/pgtable_types.h",),
         ("_PAGE_PWT", "_PAGE_PCD", "_PAGE_PAT", "_PAGE_PAT_LARGE", "_PAGE_CACHE_MASK")),
    Case("ARM64", ("arch/arm64/include/asm/memory.h", "arch/arm64/include/asm/pgtable-hwdef.h",
                   "arch/arm64/include/asm/sysreg.h", "arch/arm64/mm/proc.S"),
         ("PTE_ATTRINDX(MT_NORMAL)", "PTE_ATTRINDX(MT_NORMAL_TAGGED)", "PTE_ATTRINDX(MT_NORMAL_NC)",
          "PTE_ATTRINDX(MT_DEVICE_nGnRnE)", "PTE_ATTRINDX(MT_DEVICE_nGnRE)", "PTE_ATTRINDX_MASK",
          "MAIR_EL1_SET", "MAIR_ATTR_NORMAL_TAGGED")),
    Case("ARM", ("arch/arm/include/asm/pgtable-2level.h",),
         (*L_PTE, "L_PTE_MT_MINICACHE", "L_PTE_MT_VECTORS")),
    Case("LPAE", ("arch/arm/include/asm/pgtable-3level.h",), L_PTE),
    Case("RISCV", ("arch/riscv/include/asm/pgtable-64.h",),
         tuple(f"_PAGE_{what}_{who}" for what in ("NOCACHE", "IO", "MTMASK")
               for who in ("SVPBMT", "THEAD")) + ("_PAGE_PMA_THEAD",)),
    Case("PPC64", (f"{PPC}/book3s/64/pgtable.h",),
         ("_PAGE_SAO", "_PAGE_NON_IDEMPOTENT", "_PAGE_TOLERANT", "_PAGE_CACHE_CTL")),
    Case("PPC32", (f"{PPC}/book3s/32/pgtable.h",), WIMG),
    Case("PPC44X", (f"{PPC}/nohash/32/pte-44x.h",), WIMG),
    Case("PPC85XX", (f"{PPC}/nohash/32/pte-85xx.h",), WIMG),
    Case("PPCE500", (f"{PPC}/nohash/pte-e500.h",), WIMG),
    Case("PPC8XX", (f"{PPC}/nohash/32/pte-8xx.h",), ("_PAGE_GUARDED", "_PAGE_NO_CACHE")),
    Case("MIPS64", ("arch/mips/include/asm/pgtable-bits.h",), CCA,
         ("CONFIG_64BIT", "CONFIG_CPU_MIPSR2", "CONFIG_MIPS_HUGE_TLB_SUPPORT",
          "CONFIG_ARCH_HAS_PTE_SPECIAL")),
    Case("MIPS32", ("arch/mips/include/asm/pgtable-bits.h",), CCA, ("CONFIG_ARCH_HAS_PTE_SPECIAL",)),
    Case("R3000", ("arch/mips/include/asm/pgtable-bits.h",),
         ("_CACHE_UNCACHED", "_CACHE_MASK", "_CACHE_UNCACHED_SHIFT"), ("CONFIG_CPU_R3K_TLB",)),
    Case("PARISC", ("arch/parisc/include/asm/pgtable.h", "arch/parisc/include/asm/shmparam.h"),
         ("_PAGE_NO_CACHE", "SHM_COLOUR")),
    Case("LOONGARCH", ("arch/loongarch/include/asm/pgtable-bits.h",),
         ("_CACHE_SUC", "_CACHE_CC", "_CACHE_WUC", "_CACHE_MASK")),
    Case("SPARC64", ("arch/sparc/include/asm/pgtable_64.h",),
         tuple(f"_PAGE_{bit}_{kind}" for bit in ("CP", "CV", "E") for kind in ("4U", "4V"))),
    Case("SPARC32", ("arch/sparc/include/asm/pgtsrmmu.h",), ("SRMMU_CACHE",)),
)


def directives(text: str) -> str:
    """Lines of the preprocessor, with what they continue on, and named enums."""
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m[0].count("\n"), text, flags=re.S)
    kept, inside, goes_on = [], False, False
    for line in text.splitlines():
        inside = inside or bool(re.match(r"enum pgtable_bits \{", line))
        if goes_on or inside or re.match(r"\s*#\s*(define|undef|if|ifdef|ifndef|elif|else|endif)\b",
                                         line):
            kept.append(line)
            goes_on = line.endswith("\\")
            inside = inside and not re.match(r"\};", line)
    return "\n".join(kept)


def run_c(source: str) -> str:
    """Compile and run."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "a.out"
        subprocess.run(["gcc", "-w", "-x", "c", "-o", program, "-"], input=source, text=True,
                       check=True)
        return subprocess.run([program], check=True, capture_output=True, text=True).stdout


def values(kernel: Path, case: Case) -> str:
    """The numbers of one case, as #defines."""
    parts = [PRELUDE, *(f"#define {name} 1" for name in case.config),
             *(directives((kernel / name).read_text()) for name in case.files), "int main(void) {"]
    for name in case.names:
        word = re.sub(r"\W+", "_", name.split("(")[-1].rstrip(")")).strip("_")
        parts.append(f'printf("#define {case.prefix}_{word} 0x%llxULL\\n", '
                     f"(unsigned long long)({name}));")
    return run_c("\n".join([*parts, "return 0; }"]))


def pat_values(kernel: Path) -> str:
    """The values of the PAT MSR that pat_bp_init() knows: without, lower half, whole."""
    text = (kernel / "arch/x86/mm/pat/memtype.c").read_text()
    found = re.findall(r"pat_msr_val = (PAT_VALUE\([^)]*\));", text)
    if len(found) != 3:
        raise SystemExit(f"memtype.c: {len(found)} values of the PAT MSR, not 3")
    header = directives((kernel / "arch/x86/include/asm/msr-index.h").read_text())
    lines = [f'printf("#define X86_PAT_{name} 0x%llxULL\\n", {value});'
             for name, value in zip(("NONE", "LOWER", "FULL"), found)]
    return run_c("\n".join([PRELUDE, header, "int main(void) {", *lines, "return 0; }"]))


def main() -> None:
    """The command."""
    if len(sys.argv) != 2:
        raise SystemExit("usage: arch_headers.py KERNEL_SOURCE")
    kernel = Path(sys.argv[1])
    print("/* Made by arch_headers.py: do not edit, do not commit. */")
    for case in CASES:
        print(values(kernel, case), end="")
    print(pat_values(kernel), end="")


if __name__ == "__main__":
    main()
