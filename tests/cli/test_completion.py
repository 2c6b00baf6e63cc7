# SPDX-License-Identifier: GPL-2.0-only
"""What bash, zsh and fish offer for a line is what the command says of itself."""
import json
import os
import pty
import re
import subprocess
import time

import pytest

from conftest import REPO, SOURCE, run_make

COMPLETION = SOURCE / "completion"
PACKAGE = "/usr/share/bash-completion/bash_completion"
UAPI = REPO / "include/uapi/linux/pfn_track.h"
FILTERED = ("list", "conflicts", "aliases", "leaks", "map", "watch")


class Interactive:
    """A shell on a terminal, of which a key inserts all that it offers into the line.

    The line is then run with "show" before it, which writes its words to a file."""

    ALL, START = "\x18a", "\x01"

    def __init__(self, command, tmp_path, setup):
        self.out = tmp_path / "words"
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TERM": "vt100", "HOME": str(tmp_path),
               "INPUTRC": "/dev/null", "WORDS": str(self.out),
               "XDG_DATA_DIRS": str(tmp_path / "data")}
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(command, env=env, cwd=tmp_path, stdin=slave, stdout=slave,
                                        stderr=slave, start_new_session=True)
        os.close(slave)
        os.set_blocking(self.master, False)
        self.seen = b""
        script = tmp_path / "setup"
        script.write_text(setup + '\nshow() { printf "%s\\n" "$@" >"$WORDS.new" &&'
                                  ' mv "$WORDS.new" "$WORDS"; }\n')
        self.type(f". {script}; show ready\r")
        assert self.words() == ["ready"]

    def type(self, keys):
        os.write(self.master, keys.encode())

    def words(self):
        end = time.monotonic() + 120
        while not self.out.exists():
            try:
                self.seen += os.read(self.master, 65536)
            except BlockingIOError:
                time.sleep(0.005)
            assert time.monotonic() < end and self.process.poll() is None, self.seen
        found = self.out.read_text().splitlines()
        self.out.unlink()
        return found

    def line(self, keys):
        """The words of a line that is typed so."""
        self.type(f"{keys}{self.START}show \r")
        return self.words()

    def offers(self, line):
        given = line.split()
        typed = given.pop() if not line.endswith(" ") else ""
        found = self.line(line + self.ALL)
        assert found[:len(given)] == given
        found = found[len(given):]
        if found == [typed]:
            return []
        # Bash inserts what stands behind a =, the first time behind what was typed.
        lead = typed[:typed.rfind("=") + 1]
        return [lead + word.removeprefix(lead) for word in found]

    def close(self):
        self.process.kill()
        self.process.wait(10)
        os.close(self.master)


class Bash(Interactive):
    letters = False

    def __init__(self, tmp_path, setup):
        super().__init__(["bash", "--norc", "--noprofile", "-i"], tmp_path,
                         setup + '\nbind \'"\\C-xa": insert-completions\'\n'
                                 "bind 'set enable-bracketed-paste off'")


class Zsh(Interactive):
    letters = True

    def __init__(self, tmp_path):
        super().__init__(["zsh", "-f", "-i"], tmp_path, f"""
            fpath=({COMPLETION} $fpath)
            autoload -Uz compinit && compinit -u -D
            unset zle_bracketed_paste
            setopt no_auto_list no_list_beep
            bindkey -e
            zle -C all-matches complete-word _generic
            bindkey '^Xa' all-matches
            zstyle ':completion:all-matches:*' insert true
            zstyle ':completion:all-matches::::' completer _all_matches _complete
        """)

    def offers(self, line):
        # The = behind an option is inserted, too.
        return [word.removesuffix("=") if word.startswith("-") else word
                for word in super().offers(line)]


class Fish:
    letters = True

    def __init__(self, tmp_path):
        self.tmp_path = tmp_path

    def offers(self, line):
        return [word for word, _ in self.described(line)]

    def described(self, line):
        result = subprocess.run(
            ["fish", "--no-config", "-c", 'source "$argv[1]"; complete -C "$argv[2]"',
             COMPLETION / "pfntrack.fish", line], cwd=self.tmp_path, check=True, timeout=30,
            env={**os.environ, "LC_ALL": "C", "HOME": str(self.tmp_path)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert result.stderr == b""
        return [tuple((one + "\t").split("\t")[:2]) for one in result.stdout.decode().splitlines()]

    def close(self):
        pass


@pytest.fixture(scope="module", params=["bash", "bash-no-equals", "bash-package", "zsh", "fish"])
def shell(request, tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("shell")
    (tmp_path / "somewhere").mkdir()
    (tmp_path / "something").write_text("")
    plain = f"source {COMPLETION}/pfntrack"
    if request.param == "bash":
        made = Bash(tmp_path, plain)
    elif request.param == "bash-no-equals":
        made = Bash(tmp_path, f"{plain}\nCOMP_WORDBREAKS=${{COMP_WORDBREAKS//=}}")
    elif request.param == "bash-package":
        # It finds the file by the name of the command.
        made = Bash(tmp_path, f"source {PACKAGE}")
        (tmp_path / "data/bash-completion").mkdir(parents=True)
        (tmp_path / "data/bash-completion/completions").symlink_to(COMPLETION)
    else:
        made = {"zsh": Zsh, "fish": Fish}[request.param](tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def commands(binaries):
    known = json.loads(binaries("built")("help", "--json").stdout)
    return {c["name"]: c for c in known["commands"]}


@pytest.fixture
def offers(shell):
    """What the shell offers, sorted: zsh and fish order it themselves."""
    return lambda line: sorted(shell.offers(f"pfntrack {line}"))


def vocabulary(name):
    """The words of an enum, from the header that the command is built with."""
    body = re.search(rf"^#define {name}_TEXT\b(.*?[^\\])\n", UAPI.read_text(), re.M | re.S)[1]
    return re.findall(r'"(.*?)"', body)


def columns_of(command):
    """With those of the other side, where the help says that there are any."""
    found = list(command["columns"])
    if "HELD." in (command["column_note"] or ""):
        found += [f"HELD.{name}" for name in found[found.index("RANGE"):]]
    return found


def test_commands(offers, commands):
    assert offers("") == offers("help ") == sorted(commands)
    assert offers("con") == ["conflicts"]
    for before in ("--root somewhere", "--root=somewhere", "-s proc", "--source=proc", "-q"):
        assert offers(f"{before} al") == ["aliases"], before


def test_options(offers, shell, commands):
    assert offers("--") == sorted(commands["help"]["options"])
    for name, command in commands.items():
        assert offers(f"{name} --") == sorted(command["options"]), name
        if shell.letters:
            letters = [f"-{one['letter']}" for one in command["option_help"]]
            assert offers(f"{name} -") == sorted(command["options"] + letters), name
        # The argument of an option is no command; zsh offers no option twice.
        found = {*offers(f"--root {name} --source=proc --"), "--root", "--source"}
        assert found == set(commands["help"]["options"]), name


def test_columns(offers, commands):
    for name, command in commands.items():
        if not command["columns"]:
            continue
        columns = columns_of(command)
        for option in ("-o ", "-x ", "--output ", "--sort ", "--output=", "--sort="):
            lead = option if option.endswith("=") else ""
            assert offers(f"{name} {option}") == sorted(lead + one for one in columns), option
        for lead in ("--output=+", "--output=+RANGE,GOT,", "--sort=-", "--sort=RANGE,-"):
            assert offers(f"{name} {lead}") == sorted(lead + one for one in columns), (name, lead)
        assert offers(f"{name} -o RANGE,KI") == (["RANGE,KIND"] if "KIND" in columns else [])
    assert offers("conflicts -o ID,HELD.CO") == ["ID,HELD.COMM"]


def test_values_of_options(offers, commands, binaries):
    def text(command, option):
        return next(o["text"] for o in commands[command]["option_help"] if o["name"] == option)

    kinds = json.loads(binaries("built")("policy", "--json", root="x86_64").stdout)["kinds"]
    named = r"\b(kernel|proc|bpf|map|unmap|conflict|leak|boot|ack)\b"
    values = {("list", "source"): re.findall(named, text("list", "--source")),
              ("watch", "source"): re.findall(named, text("watch", "--source")),
              ("watch", "event"): text("watch", "--event").split(": ")[1].split(", "),
              ("watch", "kind"): list(kinds), ("policy", "kind"): list(kinds),
              ("status", "since"): re.findall(named, text("status", "--since"))}
    for (command, option), words in values.items():
        assert len(words) > 1
        assert offers(f"{command} --{option} ") == sorted(words), option
        assert offers(f"{command} --{option}=") == sorted(f"--{option}={w}" for w in words), option
        assert offers(f"{command} --{option}={words[0][:-1]}") == [f"--{option}={words[0]}"]
        letter = next(o["letter"] for o in commands[command]["option_help"]
                      if o["name"] == f"--{option}")
        assert offers(f"{command} -{letter} ") == sorted(words), letter
    assert offers("--source=") == offers("list --source=")
    assert offers("watch --event=map,l") == ["--event=map,leak"]
    for option in ("pid", "range", "count", "seconds"):
        assert not {"attr=", *commands} & set(offers(f"watch --{option} "))


def test_filters(offers, commands):
    text = commands["list"]["details"].replace("\n", " ")
    keys = re.search(r"keys are (.*?)\.", text)[1].split(", ")
    assert len(keys) > 5
    for name, command in commands.items():
        assert ("[FILTER ...]" in command["args"]) == (name in FILTERED)
    for name in FILTERED:
        assert offers(f"{name} ") == sorted(f"{key}=" for key in keys), name
        assert offers(f"{name} ki") == ["kind="], name
        for key in ("attr", "kind"):
            words = vocabulary(f"PFN_{key.upper()}")
            assert offers(f"{name} {key}=") == sorted(f"{key}={word}" for word in words), name
    assert offers("list kind=ioremap attr=write-c") == ["attr=write-combining"]
    assert offers("-j list --source=kernel attr=write-c") == ["attr=write-combining"]
    assert offers("explain ") == ["pid="]


def test_arguments(offers, binaries):
    for line in ("policy ", "policy -k ioremap ", "policy --kind=ioremap "):
        assert offers(line) == sorted([*vocabulary("PFN_POLICY"), "default"]), line
    found = json.loads(binaries("built")("arch", "--json").stdout)["architectures"]
    assert offers("arch ") == sorted(one["name"] for one in found)
    for line in ("version ", "status ", "audit ", "features "):
        assert offers(line) == [], line


def test_files(offers):
    """Directories where only one can be meant."""
    plain = lambda line: [word.rstrip("/") for word in offers(line)]
    for line in ("--root some", "-R some", "snapshot some"):
        assert plain(line) == ["somewhere"], line
    for line in ("map -o some", "map --output some", "export some"):
        assert plain(line) == ["something", "somewhere"], line
    assert plain("--root=some") == ["--root=somewhere"]
    assert plain("map --output=some") == ["--output=something", "--output=somewhere"]


@pytest.mark.parametrize("shell", ["bash", "bash-no-equals", "bash-package", "zsh"], indirect=True)
def test_tab(shell):
    """The key itself: the rest of a word, and a blank only where the word is over."""
    tab = lambda line: shell.line(line)[1:]
    assert tab("pfntrack sta\t-q") == ["status", "-q"]
    assert tab("pfntrack list at\twrite-c\t-j") == ["list", "attr=write-combining", "-j"]
    assert tab("pfntrack list kind=iorem\t-j") == ["list", "kind=ioremap", "-j"]
    assert tab("pfntrack --source=pr\tli\t") == ["--source=proc", "list"]
    assert tab("pfntrack list --output=RANGE,SIZ\t") == ["list", "--output=RANGE,SIZE"]
    assert tab("pfntrack list -o RANGE,SIZ\t") == ["list", "-o", "RANGE,SIZE"]
    # In the middle of a line, and behind other words with a =.
    assert tab("pfntrack  --source=proc  list kind=claim attr=write-b -j\x02\x02\x02\t") == \
        ["--source=proc", "list", "kind=claim", "attr=write-back", "-j"]


def test_descriptions(commands, tmp_path):
    """zsh and fish show the words of the help."""
    fish = Fish(tmp_path)
    assert dict(fish.described("pfntrack ")) == {n: c["summary"] for n, c in commands.items()}
    zsh = (COMPLETION / "_pfntrack").read_text().replace("\\:", ":")
    for name, command in commands.items():
        shown = {one["name"]: one["text"] for one in command["option_help"]}
        assert dict(fish.described(f"pfntrack {name} --")) == shown, name
        assert f"{name}:{command['summary']}" in zsh
        for text in shown.values():
            assert f"[{text}]" in zsh, text


def test_install(tmp_path):
    """All three are found where the shells look, under the names that they look for."""
    root = tmp_path / "root"
    run_make(f"O={tmp_path}/o", f"DESTDIR={root}", "PREFIX=/usr", "install-completion")
    for place, source in (("bash-completion/completions/pfntrack", "pfntrack"),
                          ("zsh/site-functions/_pfntrack", "_pfntrack"),
                          ("fish/vendor_completions.d/pfntrack.fish", "pfntrack.fish")):
        assert (root / "usr/share" / place).read_bytes() == (COMPLETION / source).read_bytes()
    # fish reads it for a command that there is.
    (tmp_path / "pfntrack").symlink_to("/bin/true")
    result = subprocess.run(["fish", "-c", 'complete -C "pfntrack expo"'], check=True, timeout=30,
                            env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path),
                                 "XDG_DATA_DIRS": str(root / "usr/share")}, stdout=subprocess.PIPE)
    assert result.stdout.startswith(b"export\t")
