# SPDX-License-Identifier: GPL-2.0-only
"""The JSON Schema of the command: all that it prints fits, and nothing else does."""
import copy
import functools
import json
import re
import subprocess

import jsonschema
import pytest

from conftest import REPO, SNAPSHOTS, SOURCE

SCHEMA = json.loads((SOURCE / "pfntrack.schema.json").read_text())
HERE = REPO / "tests/cli"
BRANCHES = [branch["$ref"].removeprefix("#/$defs/") for branch in SCHEMA["oneOf"]]
WHOLE = jsonschema.Draft202012Validator(SCHEMA)

# What to call each command with; "{}" is a directory that does not exist yet.
CALLS = {
    "status": [[], ["--source", "proc"], ["--since", "1h"]],
    "list": [[], ["--source", "proc"], ["kind=ioremap"], ["kind=iommu"]],
    "aliases": [[], ["--source", "proc"], ["pid=1"]],
    "conflicts": [[], ["pid=1"]],
    "explain": [["0"], ["0x200004000"], ["0x8000004000"], ["0x400004000"], ["0x380000000000"],
                ["512G"], ["0000:00:04.0"], ["pid=1"], ["9"]],
    "map": [[], ["--source", "proc"], ["0-4G"]],
    "audit": [[]],
    "leaks": [[]],
    "export": [[], ["--source", "proc"]],
    "arch": [[], ["x86"], ["mips"]],
    "features": [[]],
    "policy": [[], ["--kind", "vmap"]],
    "snapshot": [["{}"]],
    "version": [[]],
    "help": [[], ["list"]],
    # No event without a kernel: see test_watch().
    "watch": [[]],
}


def validator(name):
    """Of one branch or one shape."""
    return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]})


def check(value, name):
    """It fits its branch."""
    error = jsonschema.exceptions.best_match(validator(name).iter_errors(value))
    assert error is None, f"{name}: {error.json_path}: {error.message}"


@functools.lru_cache(maxsize=None)
def check_text(text, name):
    """Check printed bytes; both builds print the same, which is checked once."""
    check(json.loads(text), name)


@pytest.fixture(name="commands", scope="module")
def _commands(binaries):
    """Those that the command says it has."""
    value = json.loads(binaries("built")("help", "--json").stdout)
    return [command["name"] for command in value["commands"]]


def test_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_command_has_a_branch(commands):
    assert sorted(BRANCHES) == sorted([*commands, "error"]) and sorted(CALLS) == sorted(commands)


def test_nothing_is_left_over():
    """Every shape is used, and every reference leads somewhere."""
    used = re.findall(r'"#/\$defs/(\w+)"', json.dumps(SCHEMA))
    assert set(used) == set(SCHEMA["$defs"])


def objects(node):
    """Every part of the schema that describes an object."""
    if isinstance(node, dict):
        if "object" in node.get("type", []):
            yield node
        for inner in node.values():
            yield from objects(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from objects(inner)


def test_keys_are_fixed():
    """No object takes any key, and every key must be there."""
    optional = []
    for node in objects(SCHEMA):
        assert "additionalProperties" in node, node
        assert ("propertyNames" in node) == (node["additionalProperties"] is not False), node
        assert set(node.get("required", [])) <= set(node.get("properties", {})), node
        optional += set(node.get("properties", {})) - set(node.get("required", []))
    # Of a conflict and of an alias.
    assert sorted(optional) == ["advice", "consequence", "pci", "resource"]


def words(name):
    """The spellings of one of the vocabulary's enums."""
    text = (REPO / "include/uapi/linux/pfn_track.h").read_text()
    found = re.findall(rf'\[PFN_{name}_\w+\] = "([^"]+)"', text)
    assert found
    return found


@pytest.mark.parametrize("shape,name,more", [
    ("attribute", "ATTR", []), ("kind", "KIND", []), ("space", "SPACE", []),
    ("verdict", "VERDICT", []), ("result", "RESULT", []), ("policy_word", "POLICY", []),
    ("cause_or_null", "CAUSE", [None]), ("leak_or_null", "LEAK", [None])])
def test_vocabulary(shape, name, more):
    assert SCHEMA["$defs"][shape]["enum"] == words(name) + more


def test_words_of_the_command():
    """The lists that are not in the header of the kernel."""
    def macro(file, name):
        text = (SOURCE / file).read_text().replace("\\\n", " ")
        return re.findall(r"X\((\w+)\)", re.search(rf"#define {name}\(X\)(.*)", text)[1])

    defs = SCHEMA["$defs"]
    metrics = [one["properties"] for one in
               defs["export"]["properties"]["metrics"]["items"]["oneOf"]]
    [what] = [one["labels"]["properties"]["what"] for one in metrics
              if one["name"].get("const") == "pfn_track_unseen"]
    assert what["enum"] == macro("model.h", "UNSEEN_LIST")
    names = [name for one in metrics for name in one["name"].get("enum") or [one["name"]["const"]]]
    assert sorted(names) == sorted(re.findall(r'"(pfn_track_\w+)"',
                                              (SOURCE / "model_metrics.c").read_text()))
    assert defs["status"]["properties"]["counters"]["required"] == [
        name for name in macro("model.h", "COUNTER_LIST") if name != "late"]
    lanes = re.findall(r'\[LANE_\w+\] = "(\w+)"', (SOURCE / "print_map_json.c").read_text())
    assert defs["map"]["properties"]["lanes"]["items"]["properties"]["lane"]["enum"] == lanes
    events = [event for one in defs["watch"]["oneOf"]
              for event in one["properties"]["event"].get("enum") or
              [one["properties"]["event"]["const"]]]
    assert sorted(events) == sorted([*macro("watch.h", "WATCH_LIST"), "start", "dropped",
                                     "forgotten", "end"])
    kernel = (REPO / "mm/pfn_track_files.c").read_text()
    findings = re.findall(r'\[PFT_FINDING_\w+\] = "(\w+)"', kernel)
    found = defs["audit"]["properties"]["findings"]["items"]["properties"]["finding"]
    assert found["enum"] == findings
    roads = defs["coverage"]["properties"]["roads"]["items"]["properties"]["state"]["enum"]
    assert set(roads) == {"off", *re.findall(r'\[PFT_COVER_\w+\] = "(\w+)"', kernel)}
    features = defs["features"]["properties"]["features"]["items"]["properties"]["state"]["enum"]
    page = (SOURCE / "man/features.man").read_text().replace("\n", " ")
    assert features == re.search(r"A feature has name, state \(([^)]*)\)", page)[1].split(", ")


GOLDENS = sorted([*HERE.glob("golden/*/*.json"), *HERE.glob("golden-arch/*.json")])


@pytest.mark.parametrize("file", GOLDENS, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_golden(file):
    value = json.loads(file.read_text())
    check(value, re.match(r"\w+", file.name)[0])
    assert WHOLE.is_valid(value)


@pytest.mark.parametrize("snapshot", sorted(path.name for path in SNAPSHOTS.iterdir()))
def test_live(cli, commands, snapshot, tmp_path):
    """Every command over every snapshot: a document, or an error."""
    documents = set()
    for command in commands:
        for i, args in enumerate(CALLS[command]):
            folder = tmp_path / f"{command}-{i}"
            result = cli(command, *(word.format(folder) for word in args), "--json",
                         root=snapshot)
            if result.stdout:
                assert result.stderr == b"", (command, args)
                check_text(result.stdout, command)
                documents.add(command)
            else:
                error = json.loads(result.stderr)
                check(error, "error")
                assert error["error"]["code"] == result.returncode, (command, args)
    stock = {"conflicts", "audit", "leaks", "policy"} if snapshot.endswith("-stock") else set()
    older = {"audit", "leaks"} if snapshot in ("x86_64", "arm64") else set()
    assert set(commands) - documents == {"watch"} | stock | older


@pytest.mark.parametrize("args", [["lst"], ["list", "--colour"], ["list", "pid=x"], []])
def test_error(cli, args):
    result = cli("--json", *args, root="x86_64")
    assert (result.returncode, result.stdout) == (2, b"")
    check(json.loads(result.stderr), "error")


@pytest.fixture(name="lines", scope="module")
def _lines(tmp_path_factory):
    """Every sort of line that watch can print, by its own code: see watch_lines.c."""
    program = tmp_path_factory.mktemp("watch") / "lines"
    sources = [SOURCE / f"{name}.c" for name in (
        "print_watch", "json", "util", "text", "model", "model_source", "pool")]
    subprocess.run(["gcc", "-std=c11", "-D_GNU_SOURCE", "-O1", "-g", "-Wall", "-Wextra", "-Werror",
                    "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
                    # Without what these files have for others.
                    "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections",
                    f"-I{SOURCE}", f"-I{REPO}/include/uapi", f"-I{REPO}/include", "-o", program,
                    HERE / "watch_lines.c", *sources, "-ljson-c"], check=True)

    def run(*args):
        done = subprocess.run([program, *args], check=True, stdout=subprocess.PIPE)
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


def test_watch(lines):
    known, unknown = lines(), lines("unknown")
    assert [line["event"] for line in known] == [line["event"] for line in unknown] == [
        "start", "map", "unmap", "conflict", "leak", "dropped", "forgotten", "end"]
    for line in known + unknown:
        check(line, "watch")
    assert known[0]["unseen"] == [gap["what"] for gap in known[0]["gaps"]]
    assert known[1]["va"] == {"start": "0x7f0000000000", "end": "0x7f0000003fff", "size": 0x4000}
    assert unknown[1]["va"] is None and unknown[3]["verdict"] is None


# === What does not fit ======================================================

# Strings that may be any text; of all others the words or the form are fixed.
FREE = set("""
    advice arch arg args columns columns_usual column_note comm consequence details dev device
    directory driver example file help leaks_since linear_fixed lockdown message module name
    not_known note pci pfntrack release resource rule site since source summary text unseen what
    when why""".split())


def places(value, path=()):
    """The path of every value within a document, with the first two of a list only."""
    yield path
    items = value.items() if isinstance(value, dict) else \
        enumerate(value[:2]) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def at(value, path):
    for key in path:
        value = value[key]
    return value


def free(path):
    """Whether any text may stand there."""
    key = next(key for key in reversed(path) if isinstance(key, str))
    if path[0] == "metrics":
        return key in ("arch", "version")
    if "option_help" in path:
        return key in ("arg", "text")
    # That of a document is a word, those of statements cite what people wrote.
    return key in FREE and path != ("source",)


def changed(value, path, new):
    """A copy with another value there."""
    value = copy.deepcopy(value)
    at(value, path[:-1])[path[-1]] = new
    return value


def short(value):
    """With lists of two: the rest of them is alike."""
    if isinstance(value, dict):
        return {key: short(inner) for key, inner in value.items()}
    return [short(inner) for inner in value[:2]] if isinstance(value, list) else value


@pytest.fixture(name="example", scope="module")
def _example(binaries, lines):
    """example(branch) gives documents that fit."""
    def get(name):
        if name == "watch":
            return lines()
        if name == "error":
            return [{"error": {"code": 2, "message": "no"}}]
        if name == "snapshot":
            return [{"version": 1, "source": "kernel", "directory": "/x", "files": 1, "bytes": 2,
                     "masked": 0}]
        command = {"arch": ["arch", "x86"], "explain": ["explain", "0x200400000"],
                   "policy": ["policy", "--kind", "vmap"]}.get(name, [name])
        result = binaries("built")(*command, "--json", root="x86_64-broken")
        return [short(json.loads(result.stdout))]

    return get


@pytest.mark.parametrize("name", BRANCHES)
def test_rejects(example, name):
    """Each key missing, each value of another type, an unknown key and an unknown word."""
    fits = validator(name).is_valid
    seen = {"key": 0, "type": 0, "word": 0}
    for value in example(name):
        check(value, name)
        for path in places(value):
            here = at(value, path)
            if isinstance(here, dict):
                odd = {**here, "odd_key": None}
                assert not fits(changed(value, path, odd) if path else odd), (path, "unknown key")
                for key in here:
                    less = {k: v for k, v in here.items() if k != key}
                    assert not fits(changed(value, path, less) if path else less), (*path, key)
                    seen["key"] += 1
            if not path:
                continue
            for new in ([] if isinstance(here, dict) else {},
                        1 if isinstance(here, bool) else True, 0.5):
                if isinstance(new, float) and path[-1] == "time":
                    continue
                assert not fits(changed(value, path, new)), (path, new)
                seen["type"] += 1
            if isinstance(here, str):
                assert fits(changed(value, path, "odd word")) == free(path), (path, here)
                seen["word"] += not free(path)
    assert seen["key"] and seen["type"]
    assert seen["word"] or name == "error"


@pytest.mark.parametrize("name,path,new", [
    ("list", ("records", 0, "got"), "write-behind"), ("list", ("records", 0, "kind"), "remap"),
    ("list", ("records", 0, "space"), "guest"), ("list", ("records", 0, "pid"), -1),
    ("list", ("records", 0, "pid"), "1"), ("list", ("records", 0, "range", "start"), 4096),
    ("list", ("records", 0, "range", "start"), "0X10"),
    ("list", ("records", 0, "range", "end"), "0x010"), ("list", ("version",), 2),
    ("list", ("version",), "1"), ("list", ("unseen",), [None]),
    ("aliases", ("aliases", 0, "verdict"), "bad"), ("conflicts", ("conflicts", 0, "result"), "no"),
    ("conflicts", ("conflicts", 0, "policy"), "default"),
    ("conflicts", ("conflicts", 0, "cause"), "fate"), ("audit", ("findings", 0, "finding"), "gone"),
    ("leaks", ("leaks", 0, "gone", "how"), "lost"), ("status", ("healthy",), "yes"),
    ("status", ("coverage", "hooks", 0, "state"), "on"),
    ("status", ("coverage", "roads", 0, "state"), "half"),
    ("features", ("features", 0, "state"), "maybe"), ("policy", ("kinds", "vmap", "policy"), "on"),
    ("export", ("metrics", 0, "type"), "histogram"),
])
def test_rejects_by_name(example, name, path, new):
    """The words and forms that matter most, one by one."""
    [value] = example(name)
    assert not validator(name).is_valid(changed(value, path, new))
    assert not WHOLE.is_valid(changed(value, path, new))


def test_branches_are_apart(example):
    """No document passes for one of another command."""
    for name in BRANCHES:
        for value in example(name):
            assert [other for other in BRANCHES if validator(other).is_valid(value)] == [name]
