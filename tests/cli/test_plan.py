# SPDX-License-Identifier: GPL-2.0-only
"""Which BPF programs source bpf loads, by the prototypes that three kernels of Debian have.

prototypes/ has what their BTF says. gcc makes BTF of it again, and plan.c asks the command's
own code what it would load.
"""
import re
import subprocess

import pytest
from conftest import REPO, SOURCE

HERE = REPO / "tests" / "cli"
FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-O1", "-g", "-Wall", "-Wextra", "-Werror",
         "-fsanitize=address,undefined", "-fno-sanitize-recover=all", f"-I{SOURCE}"]
KERNELS = ("6.1", "6.12", "7.3")
BPF = (REPO / "bpf" / "pfntrack.bpf.c").read_text()
USER, INSERT = "mappings of processes", "page frames that faults insert"
IOREMAP, RESERVE = "ioremap()", "memory types that drivers reserve or set"


def programs():
    """Every program of the source, by its names at both ends and for both ways to attach."""
    names = []
    for macro, words in re.findall(r"^(ENTER\w*|EXIT\w*)\(([^\n]*)", BPF, re.MULTILINE):
        words = [word.strip(" )") for word in words.split(",")]
        name = words[1 if macro == "ENTER_AS" else 0]
        names += [f"{way}{'e' if macro.startswith('ENTER') else 'x'}_{name}" for way in "fk"]
    return names


@pytest.fixture(name="plan", scope="module")
def _plan(tmp_path_factory):
    """plan(kernel, changes, edit) gives the targets of fentry programs, and the gaps."""
    folder = tmp_path_factory.mktemp("plan")
    subprocess.run(["gcc", *FLAGS, "-o", folder / "plan", HERE / "plan.c",
                    SOURCE / "source_bpf_plan.c", SOURCE / "source_bpf_proto.c", "-lbpf"], check=True)

    def run(kernel, *changes, edit=lambda text: text):
        source = folder / "kernel.c"
        text = (HERE / "prototypes" / f"{kernel}.c").read_text()
        changed = edit(text)
        assert changed != text or edit("?") == "?", "the edit changes nothing"
        source.write_text(changed)
        subprocess.run(["gcc", "-gbtf", "-O0", "-w", f"-I{HERE / 'prototypes'}", "-c", "-o",
                        folder / "kernel.o", source], check=True)
        done = subprocess.run([folder / "plan", folder / "kernel.o", *changes], check=False,
                              capture_output=True, text=True, input="\n".join(programs()))
        assert (done.returncode, done.stderr) == (0, "")
        lines = [line.partition(" ")[::2] for line in done.stdout.splitlines()]
        assert not [rest for word, rest in lines if word == "stray"]
        chosen = {rest for word, rest in lines if word == "program"}
        # Both ways have the same functions.
        assert {name[1:] for name in chosen if name[0] == "f"} == {
            name[1:] for name in chosen if name[0] == "k"}
        gaps = dict(rest.split(": ", 1) for word, rest in lines if word == "gap")
        return {name[3:] for name in chosen}, gaps

    return run


COMMON = {"remap_pfn_range", "copy_page_range", "vmf_insert_pfn", "vmf_insert_pfn_prot",
          "vmf_insert_mixed", "vmf_insert_mixed_mkwrite", "__ioremap_caller",
          "ioremap_page_range", "iounmap", "memtype_reserve", "memtype_free"}
OLD = {"unmap_page_range", "move_page_tables", "track_pfn_remap", "track_pfn_insert",
       "untrack_pfn"}
CHOSEN = {
    "6.1": COMMON | OLD | {"vmf_insert_mixed_prot", "vmf_insert_pfn_pmd_prot",
                           "vmf_insert_pfn_pud_prot"},
    "6.12": COMMON | OLD | {"vmf_insert_pfn_pmd", "vmf_insert_pfn_pud"},
    "7.3": COMMON | {"remap_pfn_range_track", "__zap_vma_range", "move_page_tables__control",
                     "pfnmap_track", "pfnmap_setup_cachemode", "pfnmap_untrack",
                     "vmf_insert_pfn_pmd", "vmf_insert_pfn_pud"},
}


@pytest.mark.parametrize("kernel", KERNELS)
def test_chosen(plan, kernel):
    """Each kernel gets the programs that read its prototypes, and lacks nothing."""
    assert plan(kernel) == (CHOSEN[kernel], {})


def test_same_name(plan):
    """move_page_tables(pmc) is not read as move_page_tables(vma, ...), nor the other way round."""
    for kernel in KERNELS:
        chosen, _ = plan(kernel)
        assert ("move_page_tables" in chosen) == (kernel != "7.3")
        assert ("move_page_tables__control" in chosen) == (kernel == "7.3")


@pytest.mark.parametrize("old,new", [
    # An argument before the others, after them, of another size, and another result.
    ("remap_pfn_range, struct", "remap_pfn_range, int flags, struct"),
    ("remap_pfn_range, struct vm_area_struct *vma, unsigned long addr, unsigned long pfn, "
     "unsigned long size, pgprot_t prot", "remap_pfn_range, struct vm_area_struct *vma, "
     "unsigned long addr, unsigned long pfn, unsigned long size, pgprot_t prot, bool set_vma"),
    ("remap_pfn_range, struct vm_area_struct *vma, unsigned long addr",
     "remap_pfn_range, struct vm_area_struct *vma, unsigned int addr"),
    ("remap_pfn_range, struct vm_area_struct *vma", "remap_pfn_range, struct vm_fault *vmf"),
    ("FUNCTION(int, remap_pfn_range,", "FUNCTION(void, remap_pfn_range,"),
])
@pytest.mark.parametrize("kernel", KERNELS)
def test_other_prototype(plan, kernel, old, new):
    """A prototype that is not known is named, and no program is put on it."""
    chosen, gaps = plan(kernel, edit=lambda text: text.replace(old, new))
    assert chosen == {"__ioremap_caller", "ioremap_page_range", "iounmap"}
    assert set(gaps) == {USER, INSERT, RESERVE}
    assert gaps[USER].startswith("remap_pfn_range() has a prototype that is not known here, ")


@pytest.mark.parametrize("kernel,function", [
    ("6.1", "unmap_page_range"), ("7.3", "__zap_vma_range"), ("6.12", "copy_page_range"),
    ("7.3", "move_page_tables"), ("6.12", "remap_pfn_range"), ("6.1", "track_pfn_remap")])
def test_absent(plan, kernel, function):
    """Without the end of mappings, their moves, forks or what PAT made of them: none at all."""
    chosen, gaps = plan(kernel, f"-{function}")
    assert chosen == {"__ioremap_caller", "ioremap_page_range", "iounmap"}
    assert "this kernel has neither" in gaps[USER] and "what takes its place" in gaps[USER]


def test_cloned(plan):
    """What the compiler has renamed cannot be traced by its name, and is not just left out."""
    chosen, gaps = plan("7.3", "~remap_pfn_range_track")
    assert "remap_pfn_range" not in chosen
    assert gaps[USER] == "remap_pfn_range_track() was changed by the compiler and cannot be traced"


def test_mmap_prepare(plan):
    """Mappings by mmap_prepare() do not come by remap_pfn_range(): named, if nothing else helps."""
    _, gaps = plan("7.3", "-remap_pfn_range_track")
    assert gaps[USER] == "no program follows remap_pfn_range_complete()"


@pytest.mark.parametrize("function,gone,left", [
    ("vmf_insert_mixed", {INSERT}, {IOREMAP, RESERVE, USER}),
    ("iounmap", {IOREMAP, RESERVE}, {INSERT, USER}),
    ("__ioremap_caller", {IOREMAP, RESERVE}, {INSERT, USER}),
    ("memtype_free", {RESERVE}, {INSERT, IOREMAP, USER}),
    ("untrack_pfn", {RESERVE}, {INSERT, IOREMAP, USER}),
])
def test_family(plan, function, gone, left):
    """A family with a gap is left out as a whole, with those that need it; the others stay."""
    member = {USER: "remap_pfn_range", INSERT: "vmf_insert_pfn", IOREMAP: "ioremap_page_range",
              RESERVE: "memtype_reserve"}
    chosen, gaps = plan("6.12", f"-{function}" if function != "vmf_insert_mixed" else
                        f"~{function}")
    assert set(gaps) == gone
    assert {family for family, name in member.items() if name in chosen} == left


def test_no_pat(plan):
    """A machine without PAT lacks its functions, and nothing is missing."""
    pat = ("memtype_reserve", "memtype_free", "track_pfn_remap", "track_pfn_insert",
           "untrack_pfn", "__ioremap_caller")
    chosen, gaps = plan("6.12", *(f"-{name}" for name in pat))
    assert not gaps and chosen == CHOSEN["6.12"] - set(pat)
