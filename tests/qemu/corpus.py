# SPDX-License-Identifier: GPL-2.0-only
"""What drivers do wrong, what only looks like it, and what the registry says of each.

One line a case. The driver's side is in samples/pfn_track/misuse, the process's
side is in the steps:

    do, undo                    the driver does the case, or its next step
    A map FILE PAGE PAGES       process A maps a part of the case's window through FILE:
                                the driver's own "mmap", or sysfs resource2 or resource2_wc
    A leave, A kill             its end
    A COMMAND                   anything else that pfnhold does
    policy WORD                 the registry's policy

An outcome is words, under the policy "report":

    silent                      nobody is told of anything
    VERDICT/RESULT              a conflict, as in debugfs; "*2" if there are two of them
    ENOMEM, EINVAL, ...         a step that fails, and how
    misuse                      a line in the log about a mistake with a claim
    leak                        something that outlived its owner, as in debugfs

"why" explains what is not obvious; a mistake that is silent says there whether
it is none on that architecture ("right here") or is missed ("MISSED"), and a
right one that is not says "FALSE ALARM" or what is lost all the same.
"""

from __future__ import annotations

from dataclasses import dataclass

MISTAKE, RIGHT = "mistake", "right"
SILENT = "silent"
X86, ARM = "x86_64", "arm64"
BOTH = (X86, ARM)
# Absent: the call returns NULL on this architecture, and a driver must live with it.
ABSENT = "silent ENOMEM"
NO_SET = "silent ENOTSUP"
NO_SET_WHY = "arm64 has no set_memory_wc(); ENOTSUP is EOPNOTSUPP"
CLEANED_WHY = ("x86: the other side is the linear map; arm64: MISSED: its linear map cannot be "
               "changed, so drivers clean the caches instead, which is not seen")
ORDERING = "ordering/mapped"
INCOHERENT = "incoherent/mapped"
ARCH_SAYS_NO = "incoherent/refused-by-arch ENOMEM"


@dataclass(frozen=True)
class Case:
    """One line of the table."""

    name: str
    kind: str
    x86_64: str
    arm64: str
    steps: tuple[str, ...] = ("do",)
    why: str = ""
    # Where there is no other party: what is lost, is lost to the architecture.
    alone: tuple[str, ...] = ()

    def outcome(self, arch: str) -> list[str]:
        """The words for one architecture, each as often as it is to be seen."""
        words = []
        for word in (self.x86_64 if arch == X86 else self.arm64).split():
            text, _, count = word.partition("*")
            words += [text] * int(count or 1)
        return words


def mistake(name: str, x86: str, arm: str, *steps: str, why: str = "",
            alone: tuple[str, ...] = ()) -> Case:
    """A line about a mistake."""
    return Case(name, MISTAKE, x86, arm, steps or ("do",), why, alone)


def right(name: str, *steps: str, x86: str = SILENT, arm: str = SILENT, why: str = "",
          alone: tuple[str, ...] = ()) -> Case:
    """A line about what only looks like one."""
    return Case(name, RIGHT, x86, arm, steps or ("do",), why, alone)


CASES = (
    # === Kernel mappings =====================================================
    mistake("wb-after-uc", ORDERING, INCOHERENT,
            why="PAT gives write-back the type of the first mapping, uncached-minus"),
    mistake("uc-after-wb", ARCH_SAYS_NO, INCOHERENT,
            why="PAT does not turn uncached-minus into write-back"),
    mistake("wc-after-uc", ORDERING, ORDERING),
    mistake("uc-after-wc", ORDERING, ORDERING,
            why="x86: PAT turns even uncached-minus into write-combining"),
    mistake("strong-uc-on-wb", ORDERING, ABSENT,
            why="x86: is_new_memtype_allowed() does not list UC, which becomes WB; arm64 has no "
                "ioremap_uc()"),
    mistake("np-beside-posted", ABSENT, SILENT,
            why="x86 has no ioremap_np(); arm64: right here, both are Device"),
    mistake("wide-over-mixed", "ordering/refused-by-arch ENOMEM", ORDERING,
            why="PAT wants one type in the whole range"),
    mistake("wc-over-registers", ORDERING, ORDERING),
    mistake("one-word-over", ORDERING, ORDERING),
    mistake("wt-beside-wb", ARCH_SAYS_NO, INCOHERENT,
            why="arm64: ioremap_wt() is ioremap()"),
    mistake("vmap-wc", INCOHERENT, SILENT, why=CLEANED_WHY),
    mistake("io-mapping-on-uc", ORDERING, ORDERING,
            why="where HAVE_ATOMIC_IOMAP is not set, as here, it is an ioremap_wc() of all"),

    right("io-mapping-pages"),
    right("twice-uc"),
    right("twice-wb"),
    right("whole-and-part"),
    right("disjoint"),
    right("adjacent"),
    right("subpage"),
    right("in-turn"),
    right("memremap-ram"),
    right("vmap-plain"),
    right("set-vmap-wc", arm=NO_SET, why=NO_SET_WHY),
    right("uc-beside-ucminus", arm=ABSENT,
          why="x86: UC was asked for and UC- given, which goes with it"),
    right("policy-off", "policy off", "do", "policy report"),

    # === Mappings of processes ===============================================
    mistake("user-wc-on-uc", ORDERING, ORDERING, "do", "A map resource2_wc 0 1"),
    mistake("user-wb-forgot", ORDERING, INCOHERENT, "do", "A map mmap 0 2"),
    mistake("wc-partial", ORDERING, SILENT, "A map mmap 0 2", alone=(X86,),
            why="x86: without a reservation a part of an area gets UC-; arm64: right here"),
    mistake("nc-then-wc", SILENT, ORDERING, "do", "A map mmap 0 2",
            why="x86: right here, the bits of UC- and WC are those of UC when both are set, and "
                "uncached is what it gets"),
    mistake("ram-user-wc", ORDERING, SILENT, "do", "A map mmap 0 1", alone=(X86,),
            why="x86: PAT gives RAM as it is, write-back; " + CLEANED_WHY),
    mistake("ram-user-nc", ORDERING, INCOHERENT, "do", "A map mmap 0 1", alone=(X86,),
            why="x86: as ram-user-wc; arm64: Device memory against the linear map"),
    mistake("sysfs-beside-us", ORDERING, ORDERING, "A map mmap 0 8", "B map resource2 1 1"),
    mistake("forgot-the-child", ORDERING, ORDERING, "A map resource2 0 2", "A fork",
            "A munmap 0 0x2000", "do"),
    mistake("forgot-the-move", ORDERING, ORDERING, "A map resource2 0 2", "A move", "do"),
    mistake("mprotect-flip", SILENT, INCOHERENT, "A map resource2 0 2", "B map mmap 0 2",
            "B mprotect 0 0x2000 r",
            why="x86: right here, mprotect() keeps the bits; arm64: it makes the entries "
                "write-back"),
    mistake("wc-page-wb-user", INCOHERENT, "silent ENOTSUP EINVAL", "do", "A map mmap 0 1",
            why="the other side is the linear map; arm64 has no set_memory_wc()"),
    mistake("insert-page-wc", INCOHERENT, SILENT, "do", "A map mmap 0 1",
            why="PAT is not asked by vm_insert_page(); " + CLEANED_WHY),

    right("insert-page", "do", "A map mmap 0 1"),
    right("wc-page-wc-user", "do", "A map mmap 0 1", arm="silent ENOTSUP EINVAL",
          why="arm64 has no set_memory_wc()"),
    right("user-uc", "do", "A map resource2 0 2", "B map resource2 1 1"),
    right("user-wc", "do", "A map resource2_wc 0 2", "B map resource2_wc 1 1"),
    right("user-in-turn", "A map resource2 0 2", "A leave", "do"),
    right("user-killed", "A map resource2 0 2", "A fork", "A kill", "do"),
    right("tail-unmapped", "A map resource2 0 4", "A munmap 0x2000 0x2000",
          "B map resource2_wc 2 2"),
    right("fork-child", "do", "A map resource2 0 4", "A fork", "A child munmap 0 0x2000",
          "A munmap 0x1000 0x1000", "B map resource2 0 4", "A child exit 0"),
    right("mremap-move", "do", "A map resource2 0 2", "A move", "B map resource2 0 2"),
    right("cow-private", "A map resource2_wc 0 2 private", "A write 0 1", "A write 0x1000 1",
          "do", x86=ORDERING, alone=(X86,),
          why="x86: PAT holds the range for as long as the area is there, copied or not, and "
              "gives the driver what nobody has any more"),
    right("wc-then-partial", "do", "A map mmap 0 2",
          why="x86: a part gets what is reserved"),
    right("mprotect-right", "do", "A map mmap 0 2", "A mprotect 0 0x1000 r",
          "A mprotect 0 0x1000 rw", "A madvise 0 0x1000", "B map mmap 0 2",
          x86="silent EINVAL", arm="silent EINVAL", why="EINVAL is madvise()'s"),
    right("vfio-bar", "do", "A map mmap 0 2",
          why="arm64: pgprot_noncached() is stricter than ioremap(), and what VFIO, UIO and "
              "/dev/mem use; both are Device"),
    right("remap-vmalloc", "do", "A map mmap 0 2"),
    right("dma-user", "do", "A map mmap 0 1"),
    right("dma-nokernel", "do", "A map mmap 0 1"),

    # === Faults ==============================================================
    mistake("wc-fault-unreserved", "ordering/mapped*2", SILENT, "A map mmap 0 2", "A read 0",
            "A read 0x1000", "A read 0", alone=(X86,),
            why="x86: what nobody reserved is UC-; arm64: right here"),
    mistake("fault-wc-on-uc", ORDERING, ORDERING, "do", "A map mmap 0 2", "A read 0"),
    mistake("fault-wb-forgot", "ordering/mapped*2", "incoherent/mapped*2", "do",
            "A map mmap 0 2", "A read 0", "A write 0x1000 1"),
    mistake("fault-page-wc", f"{INCOHERENT}*2", SILENT, "do", "A map mmap 0 1", "A read 0",
            "A fork", "A child read 0", "A madvise 0 0x1000",
            why="fork() copies no entry of pages that are counted: the child asks for its own; "
                + CLEANED_WHY),
    mistake("wc-after-faults", ORDERING, ORDERING, "A map mmap 0 2", "A read 0", "do"),

    right("fault-page", "do", "A map mmap 0 1", "A read 0", "A write 0 1"),
    right("fault-uc", "do", "A map mmap 0 2", "A read 0", "A write 0x1000 1"),
    right("reserve-fault", "do", "A map mmap 0 2", "A read 0", "A write 0x1000 1"),
    right("move-bo", "do", "A map mmap 0 2", "A read 0", "do", "A read 0x1000"),

    # === Memory with struct pages ============================================
    mistake("pages-over-uc", ORDERING, INCOHERENT,
            why="PAT gives the linear map, too, what is held: uncached-minus"),
    mistake("uc-over-pages", ARCH_SAYS_NO, INCOHERENT),

    mistake("wc-page-wb-vmap", INCOHERENT, NO_SET, why=NO_SET_WHY),
    mistake("wc-page-uc-vmap", ORDERING, NO_SET, why=NO_SET_WHY),
    mistake("wc-not-restored", "silent leak", NO_SET, why=NO_SET_WHY),

    right("pages-and-wb"),
    right("pages-in-turn"),
    right("wc-restored", arm=NO_SET, why=NO_SET_WHY),
    right("pool-wc", arm=NO_SET, why=NO_SET_WHY),
    right("pool-parted", "do", "do", arm=f"{NO_SET}*2", why=NO_SET_WHY),

    # === Claims ==============================================================
    mistake("claim-then-other", ORDERING, ORDERING,
            why="the claim is made with PFN_CLAIM_SELF, and the next one, too"),
    mistake("claim-wb-map-uc", INCOHERENT, INCOHERENT,
            why="a claim is nothing to PAT"),
    mistake("claim-too-late", "ordering/refused EBUSY", "ordering/refused EBUSY",
            why="an exact claim is refused under any policy but off"),
    mistake("claim-user-uc", ORDERING, ORDERING, "do", "A map resource2 0 1"),
    mistake("claim-twice", "silent EINVAL", "silent EINVAL"),
    mistake("release-twice", "silent ENOENT misuse", "silent ENOENT misuse"),
    mistake("release-copy", "silent EINVAL misuse", "silent EINVAL misuse"),
    mistake("claim-nothing", "silent EINVAL", "silent EINVAL"),

    right("claim-matching"),
    right("claim-exact"),
    right("claim-own-registers",
          why="the driver's own mapping in its own claim, which does not ask for more"),
    right("claim-part"),
    right("claim-resized"),
    right("look-and-map"),
    right("claim-released"),
    right("ask-first"),
)

# Known, and waiting for the hooks that could see them.
LATER = (
    # The linear map.
    ("p2pmem-mmap", MISTAKE, "P2PDMA memory in a process, in the tree"),
    ("shmem-wc", MISTAKE, "drm_gem_shmem map_wc on arm64, in the tree"),
    ("dma-by-hand", MISTAKE, "remap_pfn_range() of dma_alloc_coherent(), device not coherent"),
    ("devmem-mixed", MISTAKE, "/dev/mem with and without O_SYNC"),
    ("shmem-user", RIGHT, "set_pages_array_wc(), faults in the same way"),
    # Leaks.
    ("leak-unbind", MISTAKE, "ioremap() in probe, nothing in remove"),
    ("leak-module", MISTAKE, "memremap() in init, nothing in exit"),
    ("freed-mapped", MISTAKE, "dma_free_coherent() while a process maps it"),
    ("defer-probe", RIGHT, "devm_ioremap(), -EPROBE_DEFER, and again"),
)
