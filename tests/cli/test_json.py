# SPDX-License-Identifier: GPL-2.0-only
"""The shape of the JSON: keys, types, and what an unknown value becomes."""
import json
import re

import pytest

from conftest import DUMPS, REPO, SNAPSHOTS, SYSFS


@pytest.fixture
def clean_tree(clean_tree):
    """No mapping is downgraded now, either."""
    clean_tree.replace(f"{DUMPS}/records", b"want=write-combining got=uncached-minus",
                       b"want=uncached-minus got=uncached-minus")
    return clean_tree

WORDS = (REPO / "include/uapi/linux/pfn_track.h").read_text()


def words(name):
    """The spellings of one of the vocabulary's enums."""
    return re.findall(rf'\[PFN_{name}_\w+\] = "([^"]+)"', WORDS)


def optional(shape):
    return lambda value, at: value is None or check(value, shape, at)


def one_of(name):
    def shape(value, at):
        assert value in words(name), f"{at}: {value!r}"
    return shape


def address(value, at):
    assert isinstance(value, str) and re.fullmatch("0x(0|[1-9a-f][0-9a-f]*)", value), \
        f"{at}: {value!r}"


def check(value, shape, at="$"):
    """Exact keys, exact types; bool is no int here."""
    if isinstance(shape, dict):
        assert isinstance(value, dict) and list(value) == list(shape), \
            f"{at}: {list(value)} instead of {list(shape)}"
        for key, inner in shape.items():
            check(value[key], inner, f"{at}.{key}")
    elif isinstance(shape, list):
        assert isinstance(value, list), at
        for i, item in enumerate(value):
            check(item, shape[0], f"{at}[{i}]")
    elif isinstance(shape, type):
        assert type(value) is shape, f"{at}: {value!r} is no {shape.__name__}"
    else:
        shape(value, at)


def nothing(value, at):
    assert value is None, f"{at}: {value!r}"


def labels(value, at):
    assert isinstance(value, dict) and all(type(v) is str for v in value.values()), at


SPAN = {"start": address, "end": address, "size": int}
HOLDER = {"kind": one_of("KIND"), "space": one_of("SPACE"), "want": one_of("ATTR"),
          "got": one_of("ATTR"), "pid": optional(int), "comm": optional(str),
          "site": optional(str), "module": optional(str), "dev": optional(str),
          "driver": optional(str), "file": optional(str)}
RECORD = {"range": SPAN, "va": optional(SPAN), **HOLDER,
          "time": optional(float)}
CONFLICT = {"id": int, "count": int, "time": optional(float), "verdict": one_of("VERDICT"),
            "result": one_of("RESULT"), "policy": one_of("POLICY"), "range": SPAN,
            "cause": optional(str), "bytes": int, "asked": SPAN, "held_bytes": int, "further": int, "exact": bool,
            "downgrade": bool, "why": optional(str),
            "source": optional(str), "advice": str, "new": RECORD,
            "held": optional(RECORD),
            "resource": optional(str), "pci": optional(str)}
DOCUMENT = {"version": int, "source": str}
TOP = {**DOCUMENT, "view": str, "unseen": [str]}
ALIASES = {"total": int, **{v: int for v in words("VERDICT")}, "downgraded": int}
ALIAS = {"verdict": one_of("VERDICT"), "range": SPAN, "holders": int, "downgrade": bool, "why": str,
         "source": optional(str), "one": RECORD, "other": RECORD}
ANSWER = {"healthy": optional(bool), "summary": optional(str)}
COUNTERS = ["records", "maps", "unmaps", "conflicts", "refused", "downgrades", "suppressed",
            "incomplete"]
IMPOSSIBLE = [{"want": one_of("ATTR"), "got": one_of("ATTR"), "why": str}]
ROADS = optional([{"name": str, "state": str, "why": optional(str)}])
COVERAGE = {"hooks": [{"kind": one_of("KIND"), "state": str}], "roads": ROADS,
            "impossible": IMPOSSIBLE}
SHAPES = {
    "status": {
        **TOP, "arch": str, "policy": one_of("POLICY"),
        "kinds": {k: {"policy": optional(str), "hook": optional(str), "records": int}
                  for k in words("KIND")},
        "counters": {**{c: int for c in COUNTERS}, "leaks": optional(int)},
        "by_kind": {k: int for k in [*words("KIND"), "other"]},
        "by_attribute": {a: int for a in [*words("ATTR"), "other"]},
        "conflicts": {"total": int, "listed": int, "suppressed": int,
                      "worst": optional(one_of("VERDICT")), "linear": int},
        "history": {"since": str, "conflicts": int, "refused": int, "earlier": int, "leaks_since": str, "leaks": int},
        "aliases": ALIASES, "unplaced": int,
        "coverage": COVERAGE,
        "incomplete": int, "late": bool, "healthy": optional(bool), "summary": str},
    "list": {**TOP, "policy": str, "records": [RECORD], "not_known": optional(str), "incomplete": int, "late": bool},
    "aliases": {**TOP, "policy": str,
                "aliases": [{**ALIAS, "advice": str, "resource": optional(str),
                             "pci": optional(str)}],
                "by_verdict": ALIASES, **ANSWER},
    "export": {**TOP, "metrics": [{"name": str, "type": str, "labels": labels, "value": int}]},
    "conflicts": {**TOP, "policy": str, "conflicts": [CONFLICT], "total": int,
                  "suppressed": int,
                  "history": {"since": str, "conflicts": int, "refused": int, "earlier": int}, **ANSWER},
    "explain": {**TOP, "address": optional(address), "device": optional(str),
                "pid": optional(int), "resource": optional(str),
                "pci": optional(str),
                "bar": optional({"number": int, "driver": optional(str), "range": SPAN}),
                "holders": [RECORD],
                "conflicts": [{**CONFLICT, "consequence": str}],
                "alias": optional(ALIAS), "healthy": optional(bool), "summary": str},
    "features": {**TOP, "release": optional(str), "arch": optional(str),
                 "policy": optional(one_of("POLICY")), "lockdown": optional(str),
                 "features": [{"name": str, "state": str, "what": str}],
                 "coverage": COVERAGE, "summary": str},
    "policy": {**TOP, "policy": one_of("POLICY"),
               "kinds": {k: {"policy": optional(str)} for k in words("KIND")}, "late": bool},
    "audit": {**TOP, "policy": one_of("POLICY"), "missing": int, "stale": int, "different": int,
              "aliased": int, "broken": int,
              "findings": [{"finding": str, "found": optional(one_of("ATTR")), **RECORD,
                            "kind": optional(one_of("KIND")), "want": nothing,
                            "got": optional(one_of("ATTR")),
                            "resource": optional(str), "pci": optional(str)}],
              "total": int,
              "walked": {**{k: int for k in ("kernel_pages", "user_spaces", "user_areas",
                                             "user_pages", "skipped", "records",
                                             "unreached", "uncovered")},
                         "plain_pages": optional(int), "entries": optional(int)},
              "coverage": COVERAGE, "incomplete": int, "late": bool, **ANSWER},
    "leaks": {**TOP, "policy": one_of("POLICY"),
              "leaks": [{"id": int, "time": float,
                         "gone": {"how": one_of("LEAK"), "name": str, "dev": optional(str)},
                         "held": RECORD,
                         "resource": optional(str), "pci": optional(str)}],
              "total": int, "history": {"leaks_since": str, "leaks": int}, **ANSWER},
}


# What is known without pfn_track, and what is not.
MAPPING = {**HOLDER, "kind": optional(one_of("KIND")), "want": optional(one_of("ATTR")),
           "got": optional(one_of("ATTR"))}
SEEN = {"range": optional(SPAN), "va": optional(SPAN), **MAPPING,
        "time": nothing}
STOCK = {
    "status": {**SHAPES["status"], "policy": nothing,
               "counters": {c: nothing for c in [*COUNTERS, "leaks"]}, "conflicts": nothing, "history": nothing,
               "coverage": {**COVERAGE, "roads": nothing}, "incomplete": nothing, "late": nothing},
    "list": {**SHAPES["list"], "policy": nothing, "records": [SEEN], "incomplete": nothing,
             "late": nothing},
    "aliases": {**SHAPES["aliases"], "policy": nothing,
                "aliases": [{**SHAPES["aliases"]["aliases"][0], "one": SEEN, "other": SEEN}]},
    "explain": {**SHAPES["explain"], "holders": [SEEN],
                "alias": optional({**ALIAS, "one": SEEN, "other": SEEN})},
    "features": {**SHAPES["features"], "policy": nothing},
    "export": SHAPES["export"],
}
# Kernels before this have no audit and no leaks.
OLDER = ("x86_64", "arm64")


def load(cli, *args, root, rc=None):
    result = cli(*args, "--json", root=root)
    assert result.stderr == b""
    assert result.stdout.endswith(b"\n") and result.stdout.count(b"\n") == 1
    if rc is not None:
        assert result.returncode == rc
    return json.loads(result.stdout)


@pytest.mark.parametrize("snapshot", sorted(p.name for p in SNAPSHOTS.iterdir()))
@pytest.mark.parametrize("command", SHAPES)
def test_shape(cli, snapshot, command):
    addresses = {"x86_64": ["0x380000000000", "0xfea00000", "0"], "arm64": ["512G", "9"],
                 "x86_64-broken": ["0x200400000", "0x200004000"], "arm64-broken": ["512G", "0000:00:04.0", "00:05.0", "pid=1"],
                 **{name: ["0x200004000", "0x8000100000", "0x400004000"]
                    for name in ("x86_64-stock", "x86_64-patched", "arm64-stock", "arm64-patched",
                                 "riscv64-patched")}}
    stock = snapshot.endswith("-stock")
    if stock and command not in STOCK:
        assert cli(command, root=snapshot).returncode == 3
        return
    if command in ("audit", "leaks") and snapshot in OLDER:
        assert cli(command, root=snapshot).returncode == 3
        return
    for operand in addresses.get(snapshot, ["0x200000000"]) if command == "explain" else [None]:
        value = load(cli, command, *([operand] if operand else []), root=snapshot)
        check(value, STOCK[command] if stock else SHAPES[command])
        assert value["version"] == 1 and value["source"] == f"root:{snapshot}"


def test_both_sides_are_named(cli):
    conflict = load(cli, "conflicts", root="arm64", rc=1)["conflicts"][0]
    assert (conflict["new"]["pid"], conflict["held"]["pid"]) == (89, 88)
    assert conflict["new"]["got"] == "write-combining" and conflict["held"]["got"] == "device"
    assert conflict["new"]["site"] and conflict["held"]["site"]
    assert conflict["pci"] == "0000:00:02.0"
    assert conflict["range"] == {"start": "0x8000000000", "end": "0x80000fffff", "size": 1 << 20}


def test_nobody_holds_it(cli):
    assert load(cli, "conflicts", root="x86_64", rc=1)["conflicts"][1]["held"] is None


def test_clean(cli, clean_tree):
    value = load(cli, "status", root=clean_tree, rc=0)
    check(value, SHAPES["status"])
    assert value["healthy"] is True and value["summary"].startswith("Clean:")
    assert load(cli, "conflicts", root=clean_tree, rc=0)["conflicts"] == []
    assert b"No conflict is recorded." in cli("conflicts", root=clean_tree).stdout


def test_clean_with_a_caveat(cli, clean_tree):
    clean_tree.write(f"{SYSFS}/late", b"1\n")
    clean_tree.replace(f"{DUMPS}/coverage", b"kind=claim state=live", b"kind=claim state=absent")
    value = load(cli, "status", root=clean_tree, rc=0)
    assert value["late"] is True
    assert "claim is not watched" in value["summary"] and "after boot" in value["summary"]


@pytest.mark.parametrize("how", ["policy", "hooks"])
def test_off_is_not_clean(cli, clean_tree, how):
    if how == "policy":
        clean_tree.write(f"{SYSFS}/policy", b"off\n")
    else:
        clean_tree.edit(f"{DUMPS}/coverage", lambda data: data.replace(b"live", b"off"))
    value = load(cli, "status", root=clean_tree, rc=3)
    assert value["healthy"] is None and value["summary"].startswith("Not known")
    assert cli("status", root=clean_tree).returncode == 3


def test_silence_under_off_is_explained(cli, clean_tree):
    clean_tree.write(f"{SYSFS}/policy", b"off\n")
    for name in ("records", "conflicts"):
        clean_tree.dump(name, b"policy: off\ntotal: 0\nsuppressed: 0\n", [])
    assert cli("list", root=clean_tree).stdout.startswith(
        b"No mapping is recorded; the policy is off.\n"
        b"Not known: nothing is recorded while tracking is off.\nSource: a kernel with pfn_track; ")
    assert cli("conflicts", root=clean_tree).stdout.startswith(
        b"No conflict is recorded; the policy is off.\n"
        b"Not known: nothing is recorded while tracking is off.\nSource: ")


def test_off_but_one_kind_is_on(cli, clean_tree):
    """The kernel records nothing while the global policy is off, whatever that of a kind."""
    clean_tree.write(f"{SYSFS}/policy", b"off\n")
    clean_tree.write(f"{SYSFS}/kind/ioremap", b"report\n")
    assert load(cli, "status", root=clean_tree, rc=3)["healthy"] is None


def test_nothing_recorded(cli, tree):
    tree.dump("records", b"policy: report\nincomplete: 0\nlate: 0\n", [])
    assert load(cli, "list", root=tree, rc=0)["records"] == []
    assert cli("list", root=tree).stdout.startswith(b"No mapping is recorded.\nSource: ")
    assert cli("list", "--raw", root=tree).stdout == b""


def test_words_of_a_newer_kernel_are_shown(cli, tree):
    line = tree.lines("records")[0].replace(b"kind=ioremap", b"kind=dma")
    tree.dump("records", b"policy: report\nincomplete: 0\nlate: 0\nnews: yes\n",
              [line + b" colour=3"])
    assert load(cli, "list", root=tree)["records"][0]["kind"] == "dma"
    assert load(cli, "status", root=tree)["by_kind"]["other"] == 1


def test_dashes_and_extremes(cli, tree):
    line = re.sub(rb"(pid|comm|site|time|va)=\S+", rb"\1=-", tree.lines("records")[0])
    line = re.sub(rb"range=\S+", b"range=0x0-0xffffffffffffffff", line)
    tree.dump("records", b"policy: report\nincomplete: 0\nlate: 0\n", [line])
    record = load(cli, "list", root=tree)["records"][0]
    assert [record[k] for k in ("pid", "comm", "site", "time", "va")] == [None] * 5
    assert record["range"] == {"start": "0x0", "end": "0xffffffffffffffff", "size": 2**64 - 1}
    assert b"15.9E" in cli("list", root=tree).stdout


def test_garnish_may_be_missing(cli, tree):
    (tree.path / "proc/iomem").write_bytes(b"00000000-00000000 : x\nnonsense\n")
    (tree.path / "sys/bus/pci/devices/0000:00:04.0/resource").unlink()
    for conflict in load(cli, "conflicts", root=tree, rc=1)["conflicts"]:
        assert conflict["resource"] is None and conflict["pci"] is None


def test_many_records(cli, tree):
    line = tree.lines("records")[0]
    tree.dump("records", b"policy: report\nincomplete: 0\nlate: 0\n", [line] * 5000)
    assert len(load(cli, "list", root=tree)["records"]) == 5000
    assert cli("list", root=tree).stdout.count(b"\n") == 5002


NO_FINDING = b"".join(b"%s: 3\n" % name for name in (
    b"kernel_pages", b"user_spaces", b"user_areas", b"user_pages", b"skipped", b"records",
    b"unreached", b"uncovered"))


def test_audit_of_a_broken_machine(cli):
    """The numbers of pfn_break, as the lab made it break them."""
    value = load(cli, "audit", root="x86_64-broken", rc=1)
    assert (value["missing"], value["stale"], value["different"], value["total"]) == (1, 2, 1, 4)
    assert value["healthy"] is False
    assert value["summary"] == "audit: 1 missing, 2 stale, 1 different"
    [differs] = [f for f in value["findings"] if f["finding"] == "differs"]
    assert (differs["got"], differs["found"]) == ("uncached-minus", "write-combining")
    assert differs["range"]["size"] == 2 * 4096 and differs["pci"] == "0000:00:04.0"
    [missing] = [f for f in value["findings"] if f["finding"] == "missing"]
    assert missing["kind"] is None and missing["got"] is None


def test_clean_audit(cli, broken):
    broken.dump("audit", b"policy: report\n" + NO_FINDING + b"findings: 0\n", [])
    value = load(cli, "audit", root=broken, rc=0)
    check(value, SHAPES["audit"])
    assert value["healthy"] is True and value["findings"] == []
    text = cli("audit", root=broken)
    assert text.returncode == 0
    assert text.stdout.startswith(b"audit: 0 missing, 0 stale, 0 different\n")
    assert b"FINDING" not in text.stdout
    assert cli("audit", "--raw", root=broken).stdout == b""


def test_audit_lists_a_part(cli, broken):
    """The kernel lists the first 256 and counts all."""
    broken.replace(f"{DUMPS}/audit", b"findings: 4\n", b"findings: 300\n")
    value = load(cli, "audit", root=broken, rc=1)
    assert value["total"] == 300 and len(value["findings"]) == 4
    assert value["summary"].endswith(", and 296 more that are not listed")


COUNTED = b"plain_pages: 5000\nentries: 9000\n"
LOST = ("broken space=user pid=59 comm=pfnhold range=0x200010000-0x200013fff "
        "va=0x7f0000000000-0x7f0000003fff kind=- got=- found=write-back file={} module={}")
ALIAS = ("alias space=user pid=60 comm=gem range=0x1000000-0x1000fff va=0x7f0000004000-0x7f0000004fff "
         "kind=- got=write-combining found=write-back file=- module=-")


def types(**numbers):
    """The head lines that count findings by type."""
    return b"".join(b"%s: %d\n" % (name.encode(), numbers.get(name, 0))
                    for name in ("missing", "stale", "differs", "alias", "broken"))


def test_audit_names_a_driver(cli, broken):
    """An area whose flags were lost, and RAM that others hold otherwise."""
    broken.dump("audit", b"policy: report\n" + NO_FINDING + COUNTED + types(alias=1, broken=1) +
                b"findings: 2\n", [LOST.format("/dev/a\\040b", "drv").encode(), ALIAS.encode()])
    value = load(cli, "audit", root=broken, rc=1)
    check(value, SHAPES["audit"])
    assert (value["aliased"], value["broken"], value["total"], value["missing"]) == (1, 1, 2, 0)
    assert value["walked"]["plain_pages"] == 5000 and value["walked"]["entries"] == 9000
    lost, alias = value["findings"]
    assert (lost["file"], lost["module"], lost["found"]) == ("/dev/a b", "drv", "write-back")
    assert (alias["file"], alias["got"], alias["found"]) == (None, "write-combining", "write-back")
    assert value["summary"] == "audit: 0 missing, 0 stale, 0 different, 1 aliased, 1 broken"
    text = cli("audit", root=broken).stdout.decode()
    assert "5000 pages of write-back RAM" in text
    assert "drv    /dev/a b" in text and "munmap() will print" in text


def test_audit_counts_by_type(cli, broken):
    """What is not listed is counted all the same, each type by itself."""
    broken.dump("audit", b"policy: report\n" + NO_FINDING + COUNTED +
                types(missing=300, broken=7) + b"findings: 307\n", [LOST.format("-", "-").encode()])
    value = load(cli, "audit", root=broken, rc=1)
    assert (value["missing"], value["broken"], value["total"]) == (300, 7, 307)
    assert value["summary"] == ("audit: 300 missing, 0 stale, 0 different, 7 broken, "
                                "and 306 of these are not listed")


def test_audit_while_off(cli, broken):
    broken.dump("audit", b"policy: off\n" + NO_FINDING.replace(b"3", b"0") + b"findings: 0\n", [])
    assert load(cli, "audit", root=broken, rc=3)["healthy"] is None
    text = cli("audit", root=broken)
    assert text.returncode == 3 and text.stdout.startswith(b"audit: not known")


def test_audit_says_what_it_does_not_cover(cli, broken):
    broken.replace(f"{DUMPS}/coverage", b"kind=vmap state=live", b"kind=vmap state=absent")
    broken.replace(f"{DUMPS}/audit", b"late: 0", b"late: 1")
    broken.replace(f"{DUMPS}/audit", b"incomplete: 0", b"incomplete: 7")
    out = cli("audit", root=broken).stdout
    assert b"Not watched  vmap\n" in out
    assert b"began after boot" in out and b"7 mappings could not be stored" in out


def test_leaks_that_were_forgotten(cli, broken):
    broken.dump("leaks", b"policy: report\ntotal: 70\n", broken.lines("leaks"))
    assert load(cli, "leaks", root=broken, rc=1)["total"] == 70
    assert b"70 leaks, 2 of them listed." in cli("leaks", root=broken).stdout
    broken.dump("leaks", b"policy: report\ntotal: 70\n", [])
    assert load(cli, "leaks", root=broken, rc=1)["leaks"] == []


def test_no_leaks(cli, broken):
    broken.dump("leaks", b"policy: report\ntotal: 0\n", [])
    assert load(cli, "leaks", root=broken, rc=0)["leaks"] == []
    assert cli("leaks", root=broken).stdout == b"No leak is recorded.\n"
    broken.dump("leaks", b"policy: off\ntotal: 0\n", [])
    broken.write(f"{SYSFS}/policy", b"off\n")
    assert cli("leaks", root=broken).stdout == (
        b"No leak is recorded; the policy is off.\nNot known: nothing is recorded while tracking is off.\n")


def test_leaks_are_no_clean_machine(cli, clean_tree):
    """No conflict, but a driver that left something: the script that checks for zero is told."""
    clean_tree.write(f"{SYSFS}/leaks", b"1\n")
    value = load(cli, "status", root=clean_tree, rc=1)
    assert value["healthy"] is False and value["counters"]["leaks"] == 1
    assert value["summary"].startswith("1 leak since boot: ")
    assert "pfntrack leaks" in value["summary"]
    clean_tree.write(f"{SYSFS}/leaks", b"0\n")
    assert load(cli, "status", root=clean_tree, rc=0)["healthy"] is True
    (clean_tree.path / SYSFS / "leaks").unlink()
    assert load(cli, "status", root=clean_tree, rc=0)["counters"]["leaks"] is None


def test_linear_map_is_named(cli, broken):
    """Counted as often as it happened, and in words."""
    broken.replace(f"{DUMPS}/conflicts", b" count=1 ", b" count=5 ")
    broken.replace(f"{DUMPS}/conflicts", b"total: 2", b"total: 6")
    value = load(cli, "status", root=broken, rc=1)
    assert value["conflicts"]["linear"] == 6
    assert ", 6 of RAM mapped otherwise than the linear map;" in value["summary"]
    assert b"linear map 6: RAM that somebody maps otherwise" in cli("status", root=broken).stdout
    broken.edit(f"{DUMPS}/conflicts", lambda data: data.replace(b"held.kind=linear",
                                                                b"held.kind=vmap"))
    assert load(cli, "status", root=broken, rc=1)["conflicts"]["linear"] == 0
    assert b"linear map " not in cli("status", root=broken).stdout


def test_conflict_extent(cli, tree):
    """What was asked for, how much of it suffers, and how many hold it; lower bounds say so."""
    def extent():
        text = cli("conflicts", root=tree).stdout.decode()
        [first, _] = re.findall(r"^  extent    (.*)$", text, re.M)
        return text.splitlines()[0], first

    def change(*pairs):
        line = tree.lines("conflicts")[0]
        for key, value in pairs:
            line, n = re.subn(rb"(?<= )%s=\S+" % re.escape(key), key + b"=" + value, line)
            assert n == 1, key
        tree.edit(f"{DUMPS}/conflicts", lambda data: data.replace(tree.lines("conflicts")[0], line))

    whole = "0x380000000000-0x3800000fffff (1M) asked for, "
    headline, text = extent()
    assert headline.startswith("Conflict 1: legal (downgrade), mapped, 0x380000000000-0x3800000fffff (1M), ")
    assert text == whole + "all of it downgraded, all of it held by this mapping"
    change((b"held.bytes", b"16384"), (b"held.further", b"1"))
    assert extent()[1] == whole + "all of it downgraded, 16K of it held by this and 1 more mapping"
    change((b"exact", b"no"), (b"held.further", b"255"))
    assert extent()[1] == whole + "all of it downgraded, at least 16K of it held by this and " \
        "at least 255 more mappings"
    change((b"downgrade", b"no"), (b"range", b"0x380000004000-0x380000007fff"), (b"bytes", b"8192"))
    headline, text = extent()
    assert headline.startswith("Conflict 1: legal, mapped, 0x380000004000-0x380000007fff (16K), ")
    assert text == whole + "at least 8K of it conflicts with this and at least 255 more mappings"
    change((b"exact", b"yes"), (b"held.further", b"0"), (b"result", b"refused"))
    assert extent()[1] == whole + "8K of it conflicts with this mapping"
    change((b"downgrade", b"yes"))
    assert "8K of it to be downgraded" in extent()[1]

    # Both were refused now: nothing wrong is mapped.
    value = load(cli, "conflicts", root=tree, rc=0)["conflicts"][0]
    assert (value["bytes"], value["held_bytes"], value["further"], value["exact"],
            value["downgrade"]) == (8192, 16384, 0, True, True)
    assert value["asked"]["size"] == 1 << 20 and value["range"]["size"] == 16384
    [row] = cli("conflicts", "--raw", "--noheadings", "-o", "ASKED,SUFFERS,FURTHER,DOWNGRADE,ADVICE",
                root=tree).stdout.decode().splitlines()[:1]
    assert row.startswith("0x380000000000-0x3800000fffff 8K 0 yes release")
    # All that suffers is explained, anywhere in it.
    for address, known in ((0x380000003fff, 0), (0x380000004000, 1), (0x380000007fff, 1)):
        shown = json.loads(cli("explain", hex(address), "--json", root=tree).stdout)
        assert len(shown["conflicts"]) == known, hex(address)
