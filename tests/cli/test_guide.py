# SPDX-License-Identifier: GPL-2.0-only
"""The administrator's guide: well-formed, and what it shows was really printed."""
import re

import pytest

from conftest import REPO, SNAPSHOTS

DOCS = REPO / "Documentation"
GUIDE = DOCS / "admin-guide/mm/pfn_track.rst"
LOGS = REPO / "tests/data/logs"
GAP = "..."


def blocks():
    """(kind, name, lines) of each literal block that has a comment in front."""
    for kind, name, text in re.findall(r"^\.\. (snapshot|log): (\S+)\n\n::\n\n((?:  .*\n|\n)+)",
                                       GUIDE.read_text(), re.M):
        yield kind, name, [line[2:] for line in text.rstrip("\n").split("\n")]


def matches(shown, real):
    """All of what is shown, in order; between two lines something may be left out by "..."."""
    at, free = 0, False
    for line in shown:
        if line.strip() == GAP:
            free = True
            continue
        if free:
            while at < len(real) and real[at] != line:
                at += 1
        if at >= len(real) or real[at] != line:
            return line
        at, free = at + 1, False
    return None if free or at == len(real) else f"more than is shown: {real[at]}"


def test_matcher():
    """The judge itself."""
    real = ["a", "b", "c", "d"]
    for good in (real, ["a", GAP], [GAP, "d"], ["a", GAP, "d"], [GAP, "b", "c", GAP]):
        assert matches(good, real) is None, good
    for bad in (["a", "c", GAP], [GAP, "x", GAP], ["a", "b"], ["b", GAP], [GAP, "c", "b", GAP]):
        assert matches(bad, real) is not None, bad


def test_outputs_are_real(cli):
    seen = []
    for kind, name, lines in blocks():
        seen.append(kind)
        if kind == "log":
            real = (LOGS / name).read_text().splitlines()
        else:
            assert (SNAPSHOTS / name).is_dir(), name
            program, *args = lines.pop(0).removeprefix("# ").split()
            assert program == "pfntrack"
            real = cli(*args, root=name).stdout.decode().splitlines()
        assert matches(lines, real) is None, (name, matches(lines, real))
    assert seen.count("snapshot") >= 8 and seen.count("log") >= 1


def cause_texts():
    """The kernel's advice where the other side is not the reason."""
    table = (REPO / "mm/pfn_track_report.c").read_text().partition("pft_causes[PFN_CAUSE_COUNT] = {")[2]
    return re.findall(r'\[PFN_CAUSE_\w+\] = \{\s*"[^"]+",\s*"([^"]+)",', table)


def advice_texts():
    """The sentences of enum pfn_advice."""
    words = (REPO / "include/uapi/linux/pfn_track.h").read_text()
    return re.findall(r'\[PFN_ADVICE_\w+\] =\s*(?:\\\s*)?"([^"]+)"', words)


def test_one_advice(cli):
    """The log, the command and the guide say the same of the same conflict."""
    texts = advice_texts()
    assert len(texts) == len(set(texts)) == 7 and len(cause_texts()) == 9
    log = (LOGS / "arm64-enforced").read_text()
    [logged] = re.findall(r"advice:  (.+)", log)
    shown = re.findall(r"^  advice    (.+)$", cli("conflicts", root="arm64-enforced").stdout.decode(), re.M)
    assert shown == [logged] and logged in texts
    given = re.findall(r"^ +(?:pfn_track: +)?advice:? +(.+)$", GUIDE.read_text(), re.M)
    leaks = [text for text in given if "remove()" in text]
    assert len(given) >= 6 and len(leaks) == 1
    assert set(given) - set(leaks) <= set(texts)
    for root in ("x86_64", "arm64", "x86_64-patched", "arm64-patched", "x86_64-broken"):
        for command in (["conflicts"], ["aliases"]):
            for text in re.findall(r"^  advice    (.+)$", cli(*command, root=root).stdout.decode(), re.M):
                assert text in texts + cause_texts(), (root, command)


def test_no_other_outputs():
    """A block that shows a command without its output is marked as such by having nothing else."""
    text = re.sub(r"^\.\. (snapshot|log): \S+\n\n::\n\n(?:  .*\n|\n)+", "", GUIDE.read_text(), flags=re.M)
    for block in re.findall(r"::\n\n((?:  .*\n|\n)+)", text):
        assert all(line.startswith("  # ") for line in block.splitlines() if line), block


def test_commands_exist(binaries):
    """Every command and option that is recommended is one."""
    import json
    known = {c["name"]: c for c in json.loads(binaries("built")("help", "-j").stdout)["commands"]}
    text = GUIDE.read_text()
    used = re.findall(r"pfntrack (?:--root \S+ )?([a-z]+)((?: --?[a-z]+)*)", text)
    assert len(used) > 20
    for name, options in used:
        assert name in known, name
        for option in options.split():
            if option.startswith("--"):
                assert option in known[name]["options"], (name, option)


@pytest.mark.parametrize("path", [GUIDE, *sorted((DOCS / "mm").glob("*.rst"))], ids=lambda p: p.name)
def test_rst(path):
    """Docutils has nothing against it; what only Sphinx knows is let pass."""
    import docutils.core
    import docutils.parsers.rst.directives
    import docutils.utils

    class Nothing(docutils.parsers.rst.Directive):
        """A directive of the kernel's own documentation tools."""
        has_content, optional_arguments, final_argument_whitespace = True, 1, True
        option_spec = {"internal": lambda v: v, "export": lambda v: v}

        def run(self):
            return []

    docutils.parsers.rst.directives.register_directive("kernel-doc", Nothing)
    docutils.core.publish_string(path.read_text(), writer_name="html5", settings_overrides={
        "report_level": 1, "halt_level": 2, "input_encoding": "unicode"})
    for other in re.findall(r"Documentation/[\w./-]*pfn_track[\w./-]*\.rst", path.read_text()):
        assert (REPO / other).exists(), other
