# SPDX-License-Identifier: GPL-2.0-only
"""Help, manual page and completion say the same; the build keeps its promises."""
import json
import re
import subprocess

import pytest

from conftest import SOURCE, run_make

MAN = (SOURCE / "man/pfntrack.8").read_text()
COMPLETION = SOURCE / "completion/pfntrack"
EXIT_CODES = {"0", "1", "2", "3", "4"}


@pytest.fixture
def commands(binaries):
    result = binaries("built")("help", "--json")
    assert result.returncode == 0
    return {c["name"]: c for c in json.loads(result.stdout)["commands"]}


def man_words():
    return MAN.replace("\\-", "-").replace("\\fR", " ").replace("\\fP", " ").replace('"', " ")


def test_help(cli, commands):
    text = cli("help").stdout.decode()
    assert text == cli("--help").stdout.decode() == cli("-h").stdout.decode()
    for name, command in commands.items():
        assert re.search(rf"^  {name}\b.*{re.escape(command['summary'])}$", text, re.M)
        own = cli(name, "--help")
        assert own.returncode == 0 and own.stderr == b""
        assert own.stdout == cli("help", name).stdout
        for word in command["options"] + command["columns"]:
            assert re.search(rf"^\s.*{word}\b", own.stdout.decode(), re.M), word
        for page in (text, own.stdout.decode()):
            assert set(re.findall(r"^  (\d)  ", page, re.M)) == EXIT_CODES
            assert re.search(r"^Examples?:$", page, re.M)
            assert max(len(line) for line in page.splitlines()) <= 100


def test_version(cli):
    text = cli("--version").stdout.decode()
    assert text == cli("version").stdout.decode() == cli("-V").stdout.decode()
    value = json.loads(cli("version", "--json").stdout)
    assert re.match(rf"pfntrack {re.escape(value['pfntrack'])} ", text)
    assert value["version"] == 1 and value["format"] == 1


def test_options_stand_anywhere(cli):
    first = cli("--json", "list", root="x86_64")
    assert first.returncode == 0
    assert first.stdout == cli("list", "-j", root="x86_64").stdout
    assert cli("list", "--root", "x86_64", "-j").stdout == first.stdout
    assert cli("list", "-R", "x86_64", "-o", "pid,Comm").returncode == 0


def test_man_page(commands):
    words = man_words()
    for name, command in commands.items():
        assert re.search(rf"^\.TP\n\.(B|BI) {name}\b", words, re.M), name
        assert not re.search(rf"(?<!\n\.TP)\n\.BI {name}\b", words), name
        for option in command["options"]:
            assert re.search(rf"^\.BR -\w ,  {option}\b|^\.BR -\w\s+,\s+{option}\b", words,
                             re.M), option
        for column in command["columns"]:
            assert re.search(rf"\b{column}\b", words), column
    for section in ("NAME", "SYNOPSIS", "COMMANDS", "OPTIONS", "EXIT STATUS", "FILES", "EXAMPLES"):
        assert f"\n.SH {section}\n" in MAN
    status = MAN[MAN.index(".SH EXIT STATUS"):MAN.index(".SH FILES")]
    assert set(re.findall(r"^\.B (\d)$", status, re.M)) == EXIT_CODES
    # And nothing that is gone.
    options = {o for c in commands.values() for o in c["options"]}
    assert set(re.findall(r"--[a-z]+", words)) <= options


def test_man_page_names_every_json_key(commands, binaries):
    def keys(value):
        if isinstance(value, dict):
            for key, inner in value.items():
                yield key
                yield from keys(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from keys(inner)

    output = MAN[MAN.index(".SH OUTPUT"):MAN.index(".SH EXIT STATUS")]
    cli = binaries("built")
    for args in (["list"], ["aliases"], ["export"], ["conflicts"], ["explain", "0x380000000000"]):
        for key in set(keys(json.loads(cli(*args, "-j", root="x86_64").stdout))):
            assert re.search(rf"\b{key}\b", output), key
    for command in ("audit", "leaks", "features", "policy", "map"):
        for key in set(keys(json.loads(cli(command, "-j", root="x86_64-broken").stdout))):
            assert re.search(rf"\b{key}\b", output), key
    for key in json.loads(cli("status", "-j", root="x86_64").stdout):
        assert re.search(rf"\b{key}\b", output), key


def test_man_page_is_well_formed():
    result = subprocess.run(["groff", "-man", "-Tascii", "-ww", "-z", SOURCE / "man/pfntrack.8"],
                            check=False, stderr=subprocess.PIPE)
    assert (result.returncode, result.stderr) == (0, b"")


def complete(*words):
    """What bash offers for the last of the words."""
    script = """
    compopt() { :; }
    source "$1"; shift
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
    _pfntrack && printf '%s\\n' "${COMPREPLY[@]}"
    """
    result = subprocess.run(["bash", "-c", script, "bash", COMPLETION, "pfntrack", *words],
                            check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert result.stderr == b""
    return result.stdout.decode().split()


def test_completion(commands, binaries):
    assert complete("") == complete("help", "") == list(commands)
    assert complete("con") == ["conflicts"]
    assert complete("--root", "/tmp", "st") == ["status"]
    for name, command in commands.items():
        assert sorted(complete(name, "--")) == sorted(command["options"])
    assert complete("list", "-o", "") == commands["list"]["columns"]
    offered = complete("conflicts", "--output", "")
    held = [f"HELD.{c}" for c in commands["list"]["columns"]]
    assert complete("aliases", "-o", "") == commands["aliases"]["columns"] + held
    assert complete("--source", "") == complete("list", "-s", "") == ["kernel", "proc"]
    assert complete("--source", "proc", "al") == ["aliases"]
    assert offered == commands["conflicts"]["columns"] + held
    assert complete("policy", "re") == ["report"]
    assert complete("policy", "--kind", "re") == ["remap_pfn"]
    kinds = json.loads(binaries("built")("policy", "--json", root="x86_64").stdout)["kinds"]
    assert complete("policy", "--kind", "") == list(kinds)
    assert all(re.search(rf"\b{kind}\b", MAN) for kind in kinds)
    assert complete("policy", "-k", "ioremap", "str") == ["strict"]
    for name in ("audit", "leaks"):
        assert complete(name, "-o", "") == commands[name]["columns"]
    assert complete("conflicts", "-o", "ID,HELD.CO") == ["ID,HELD.COMM"]


def test_install(tmp_path):
    run_make(f"O={tmp_path}/o", f"DESTDIR={tmp_path}/root", "PREFIX=/usr", "install")
    files = {str(p.relative_to(tmp_path / "root/usr"))
             for p in (tmp_path / "root").rglob("*") if p.is_file()}
    assert files == {"sbin/pfntrack", "share/man/man8/pfntrack.8",
                     "share/bash-completion/completions/pfntrack"}


def test_size_of_the_sources():
    """No file grows beyond what one can read in a sitting."""
    for path in [*SOURCE.glob("*.c"), *SOURCE.glob("*.h")]:
        text = path.read_text()
        assert text.count("\n") <= 400, path.name
        assert "SPDX-License-Identifier: GPL-2.0-only" in text.splitlines()[0], path.name
