# SPDX-License-Identifier: GPL-2.0-only
"""Help, manual pages and README say the same; the build keeps its promises."""
import json
import os
import re
import shutil
import subprocess

import pytest

from conftest import REPO, SOURCE, run_make

MANPAGES = REPO / "scripts/manpages"
EXIT_CODES = {"0", "1", "2", "3", "4"}


@pytest.fixture(scope="module")
def commands(binaries):
    result = binaries("built")("help", "--json")
    assert result.returncode == 0
    return {c["name"]: c for c in json.loads(result.stdout)["commands"]}


@pytest.fixture(scope="module")
def pages(binaries, tmp_path_factory):
    """Name of a manual page -> its source, made as the build makes them."""
    out = tmp_path_factory.mktemp("man")
    subprocess.run([MANPAGES, binaries("built").binary, SOURCE / "man", out], check=True)
    return {path.stem: path.read_text() for path in out.iterdir()}


def section(page, name):
    """One section of a page, as plain words."""
    text = page[page.index(f"\n.SH {name}\n"):].split("\n.SH ")[1]
    return re.sub(r"\\f[A-Z]|\\&", " ", text).replace("\\-", "-").replace('"', " ")


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


def test_man_pages(commands, pages):
    assert set(pages) == {"pfntrack", *(f"pfntrack-{name}" for name in commands)}
    main = pages["pfntrack"]
    for name in ("NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "OPTIONS", "JSON", "EXIT STATUS",
                 "FILES", "EXAMPLES", "AUTHORS", "REPORTING BUGS", "SEE ALSO"):
        assert main.count(f"\n.SH {name}\n") == 1, name
    for name, command in commands.items():
        assert re.search(rf"^\.TP\n\.BI {name}\b", section(main, "COMMANDS"), re.M), name
        assert f".BR pfntrack-{name} (8)" in section(main, "SEE ALSO"), name
        page = pages[f"pfntrack-{name}"]
        assert command["summary"] in " ".join(section(page, "NAME").split())
        for option in command["options"]:
            for text in (main, page):
                assert re.search(rf"^\.BR -\w\s+,\s+{option}\b", section(text, "OPTIONS"), re.M), \
                    (name, option)
        assert ("\n.SH COLUMNS\n" in page) == bool(command["columns"])
        for column in command["columns"]:
            assert re.search(rf"^\.B {column}$", section(page, "COLUMNS"), re.M), (name, column)
        for text in (main, page):
            assert set(re.findall(r"^\.B (\d)$", section(text, "EXIT STATUS"), re.M)) == EXIT_CODES
        # Every command has JSON, so every page has its keys.
        assert section(page, "JSON").strip(), name
    # And nothing that is gone.
    options = {o for c in commands.values() for o in c["options"]}
    for name, page in pages.items():
        assert set(re.findall(r"(?<![\w-])--[a-z]+", page.replace("\\-", "-"))) <= options, name
        for other in re.findall(r"pfntrack-(\w+)", page.replace("\\-", "-")):
            assert other in commands, (name, other)


def test_man_pages_know_their_sources(binaries, tmp_path):
    """A source of no command, or of a section that no page has, is not dropped silently."""
    for name, text, message in (("lst.man", "", b"no command: lst"),
                                ("list.man", ".SH JASON\nx\n", b"no page has a section JASON")):
        (tmp_path / name).write_text(text)
        result = subprocess.run([MANPAGES, binaries("built").binary, tmp_path, tmp_path / "out"],
                                check=False, stderr=subprocess.PIPE)
        assert result.returncode == 1 and message in result.stderr
        (tmp_path / name).unlink()


def test_man_pages_have_dates(binaries, pages, tmp_path):
    """The date of a page is that in its source, and a page without one is not made."""
    for name, page in pages.items():
        source = SOURCE / f"man/{name.removeprefix('pfntrack-')}.man"
        date = re.search(r'^\.\\" Date: (\d{4}-\d\d-\d\d)$', source.read_text(), re.M)[1]
        title = re.escape(name.upper()).replace(r"\-", r"\\-")
        assert re.search(rf'^\.TH {title} 8 {date} "pfn_track" ', page, re.M), name
    shutil.copytree(SOURCE / "man", tmp_path / "man")
    file = tmp_path / "man/list.man"
    file.write_text(re.sub(r"^.*Date:.*\n", "", file.read_text(), flags=re.M))
    command = [MANPAGES, binaries("built").binary, tmp_path / "man", tmp_path / "out"]
    result = subprocess.run(command, check=False, stderr=subprocess.PIPE)
    assert result.returncode == 1 and b'list.man: no line .\\" Date: ' in result.stderr


def test_man_pages_say_where_bugs_go(pages):
    """As MAINTAINERS says, without an address that is not there."""
    text = (REPO / "MAINTAINERS.pfn_track").read_text()
    entry = text.splitlines()[0]
    known = re.findall(r"^[ML]:\t(.*)$", text, re.M)
    for name, page in pages.items():
        authors, bugs = (" ".join(section(page, part).split())
                         for part in ("AUTHORS", "REPORTING BUGS"))
        assert authors == f"AUTHORS {known[0]}.", name
        assert re.search(rf"\b{entry} in the file .*MAINTAINERS\b", bugs), name
        assert not set(re.findall(r"\S+@\S+|\w+://\S+", bugs)) - set(known), name
        assert all(one in bugs for one in known[1:]), name


def test_man_pages_name_every_json_key(commands, pages, binaries):
    def keys(value):
        if isinstance(value, dict):
            for key, inner in value.items():
                yield key
                yield from keys(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from keys(inner)

    cli = binaries("built")
    common = section(pages["pfntrack"], "JSON")
    # What holds records has their keys, by reference.
    refer = {"conflicts": ["list"], "explain": ["list", "conflicts", "aliases"],
             "aliases": ["list"], "leaks": ["list"], "status": ["features"], "audit": ["features", "list"],
             "map": ["list"]}
    runs = {"explain": [["explain", "0x380000000000"]], "policy": [["policy"]],
            "arch": [["arch", "x86"], ["arch", "mips"]]}
    for name in commands:
        if name in ("snapshot", "watch"):
            continue
        known = common + section(pages[f"pfntrack-{name}"], "JSON")
        for other in refer.get(name, []):
            assert f"pfntrack-{other} (8)" in known, (name, other)
            known += section(pages[f"pfntrack-{other}"], "JSON")
        # Kinds are named where one is given.
        known += section(pages["pfntrack-policy"], "DESCRIPTION")
        for args in runs.get(name, [[name]]):
            values = [json.loads(result.stdout) for result in (
                cli(*args, "-j", root=root) for root in ("x86_64", "x86_64-broken"))
                      if result.returncode < 2]
            assert values, name
            for found in values:
                if name == "status":  # words of the vocabulary
                    found.pop("by_attribute"), found.pop("by_kind"), found.pop("counters")
                for key in set(keys(found)):
                    assert re.search(rf"\b{key}\b", known), (name, key)


def test_man_pages_are_well_formed(pages, tmp_path):
    for name, page in pages.items():
        file = tmp_path / f"{name}.8"
        file.write_text(page)
        for command in (["groff", "-man", "-Tascii", "-ww", "-z", file],
                        ["mandoc", "-Tlint", file],
                        ["man", "--warnings=w", "--local-file", file]):
            result = subprocess.run(command, check=False, stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, env={**os.environ, "LC_ALL": "C"})
            said = result.stderr + (result.stdout if command[0] == "mandoc" else b"")
            assert (result.returncode, said) == (0, b""), (name, command[0])
        # What apropos and whatis know.
        found = subprocess.run(["lexgrog", file], check=True, stdout=subprocess.PIPE).stdout
        assert f'"{name} - '.encode() in found, name
        assert "\n\n" not in page, name
        assert not re.search(r"@[A-Z]+@", page), f"{name}: something is still to be filled in"


def test_readme_names_every_command(commands):
    readme = (REPO / "README.md").read_text()
    for name in commands:
        assert re.search(rf"`{name}\b", readme), name
    # And none that there is not.
    words = set(re.findall(r"pfntrack (?:--root \S+ )?([a-z]+)", readme))
    assert words <= set(commands) | {"explains", "command"}, words - set(commands)


def test_install(tmp_path, pages):
    run_make(f"O={tmp_path}/o", f"DESTDIR={tmp_path}/root", "PREFIX=/usr", "install")
    files = {str(p.relative_to(tmp_path / "root/usr"))
             for p in (tmp_path / "root").rglob("*") if p.is_file()}
    assert files == {"sbin/pfntrack", "share/bash-completion/completions/pfntrack",
                     "share/fish/vendor_completions.d/pfntrack.fish",
                     "share/zsh/site-functions/_pfntrack",
                     "share/pfntrack/pfntrack.schema.json",
                     *(f"share/man/man8/{name}.8" for name in pages),
                     *(f"share/pfntrack/bpftrace/{path.name}"
                       for path in (REPO / "bpf/bpftrace").glob("*.bt"))}


def test_size_of_the_sources():
    """No file grows beyond what one can read in a sitting."""
    for path in [*SOURCE.glob("*.c"), *SOURCE.glob("*.h")]:
        text = path.read_text()
        assert text.count("\n") <= 400, path.name
        assert "SPDX-License-Identifier: GPL-2.0-only" in text.splitlines()[0], path.name
