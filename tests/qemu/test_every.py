# SPDX-License-Identifier: GPL-2.0-only
"""The names of the API: all of them compile and link, with CONFIG_PFN_TRACK and without."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import build
import common
import module
import pytest

EVERY = Path(__file__).resolve().parent / "every"
INCLUDE = common.REPO / "include"
HEADER = (INCLUDE / "linux/pfn_track.h").read_text()
PCI = (INCLUDE / "linux/pfn_track_pci.h").read_text()
SOURCE = (EVERY / "pfn_every.c").read_text()
NAME = r"(?:devm_)?pfn_\w+"


def functions(text: str) -> set[str]:
    """The names of functions that a header declares or defines."""
    code = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return set(re.findall(rf"^(?!\t)[^\n(=#]*?\b({NAME})\(", code, re.M))


def parts() -> dict[str, str]:
    """The header, cut at what it says of its parts."""
    rest, without = HEADER.split("#else /* !CONFIG_PFN_TRACK */")
    before, rest = rest.split("#ifdef CONFIG_PFN_TRACK\n")
    drivers, rest = rest.split("/* === Between arch/generic/pat/ and mm/pfn_track*.c ")
    inner, hooks = rest.split("/* === Hooks, for mm/ and arch/ ")
    return {"always": before, "drivers": drivers, "inner": inner, "hooks": hooks,
            "without": without}


def test_both_configurations_have_the_same_names() -> None:
    """No stub is missing, and none is left of what is gone."""
    names = {part: functions(text) for part, text in parts().items()}
    assert {"pfn_track_check_range", "pfn_verdict_name"} <= names["always"]
    assert {"pfn_track_claim", "pfn_attr_judge", "devm_pfn_track_release"} <= names["drivers"]
    assert {"pfn_track_ioremap", "pfn_track_unbound", "pfn_track_init"} <= names["hooks"]
    assert names["without"] == names["drivers"] | names["hooks"]
    assert "pfn_attr_linear" in names["inner"] and not names["inner"] & names["without"]


def test_every_name_is_used() -> None:
    """A new name has to be added to pfn_every.c."""
    used = set(re.findall(rf"\b({NAME})\(", re.sub(r"/\*.*?\*/", "", SOURCE, flags=re.S)))
    public = functions(HEADER) | functions(PCI)
    assert public - functions(parts()["inner"]) - used == set()
    # Of structures, too, all that is to be read.
    fields = re.search(r"struct pfn_answer {(.*?)}", HEADER, re.S)
    assert fields
    for name in re.findall(r"(\w+);", fields[1]):
        assert name in ("got", "verdict") or f"answer.{name}" in SOURCE, name


def compiled(arch: str, flavour: str, builtin: bool, tmp_path: Path) -> Path:
    """The object, or the module, built against a kernel's own build folder."""
    which = common.arch_of(arch)
    image = build.image(which, flavour)
    with common.locked("build"):
        source, out = build.prepare(which, flavour, f"{arch}-{flavour}")
        make = ["make", "-C", str(source), f"O={out}", f"-j{os.cpu_count()}",
                *which.make_args(), f"LOCALVERSION=-{flavour}"]
        # Its Module.symvers may be that of another image by now.
        build.make([*make, image.name, "modules"], tmp_path / "kernel.log", f"kernel {flavour}")
        for name in ("Module.symvers", "System.map"):
            (tmp_path / name).write_bytes((out / name).read_bytes())
        if builtin:
            return compiled_as(out / "mm/.memory.o.cmd", tmp_path / "pfn_every.o",
                               flavour == "pristine")
        place = module.place_in(out, EVERY, [EVERY / "Makefile", EVERY / "pfn_every.c"])
        words = [f"M={place}", "KCFLAGS=-Werror",
                 *([f"PFN_HEADERS={INCLUDE}"] if flavour == "pristine" else [])]
        build.make([*make, *words], tmp_path / "every.log", f"every {flavour}")
        kept = tmp_path / "pfn_every.ko"
        kept.write_bytes((place / "pfn_every.ko").read_bytes())
    return kept


def compiled_as(command: Path, made: Path, ours: bool) -> Path:
    """The object, compiled as Kbuild compiled one of the kernel's own."""
    line = re.search(r"^(?:saved)?cmd_\S+ := (.*?)(?: ; .*)?$", command.read_text(), re.M)
    assert line
    words = shlex.split(line[1])
    words = [word for word in words[:words.index("-c")]
             if not word.startswith(("-DKBUILD_", "-D__KBUILD_", "-Wp,-MMD"))]
    # In front of the kernel's own, which has none of them.
    options = next(number for number, word in enumerate(words) if word.startswith("-"))
    words[options:options] = [f"-I{INCLUDE}"] if ours else []
    subprocess.run([*words, "-Werror", '-DKBUILD_MODNAME="pfn_every"', '-DKBUILD_BASENAME="pfn_every"',
                    '-DKBUILD_MODFILE="mm/pfn_every"', "-D__KBUILD_MODNAME=kmod_pfn_every", "-c", "-o", made, EVERY / "pfn_every.c"],
                   check=True, cwd=command.parents[1])
    return made


def undefined(arch: str, path: Path) -> set[str]:
    """The symbols that an object wants of others."""
    text = common.output([f"{common.arch_of(arch).cross}nm", "-u", path])
    return {line.split()[-1] for line in text.splitlines()}


@pytest.mark.parametrize("builtin", [False, True], ids=["module", "builtin"])
@pytest.mark.parametrize("flavour", ["pfn_track", "pristine"], ids=["y", "n"])
def test_links(arch: str, flavour: str, builtin: bool, tmp_path: Path) -> None:
    """What a module wants is exported, what the kernel wants is there."""
    wants = undefined(arch, compiled(arch, flavour, builtin, tmp_path))
    if builtin:
        has = {line.split()[2] for line in (tmp_path / "System.map").read_text().splitlines()}
    else:
        has = {line.split("\t")[1]
               for line in (tmp_path / "Module.symvers").read_text().splitlines()}
        has |= {"__this_module", "_GLOBAL_OFFSET_TABLE_"}
    assert wants - has == set()
    ours = {name for name in wants if re.match(r"_*(devm_)?pfn_", name)}
    if flavour == "pristine":
        assert not ours
    else:
        assert {"pfn_track_claim", "devm_pfn_track_release", "pfn_attr_plain"} <= ours
        assert ("__pfn_track_ioremap" in ours) == builtin


def test_a_missing_export_is_found(tmp_path: Path) -> None:
    """The check above, on a symbol that nobody has."""
    source = tmp_path / "x.c"
    source.write_text("int pfn_nobody(void); int f(void) { return pfn_nobody(); }\n")
    subprocess.run(["gcc", "-c", source, "-o", tmp_path / "x.o"], check=True)
    assert undefined("x86_64", tmp_path / "x.o") == {"pfn_nobody"}
