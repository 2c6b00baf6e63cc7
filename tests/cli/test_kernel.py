# SPDX-License-Identifier: GPL-2.0-only
"""Features, policy and snapshots: what a kernel offers, is told, and leaves behind."""
import json
import os
import re
import shlex
import signal
import stat
import subprocess

import pytest

from conftest import DUMPS, SNAPSHOTS, SYSFS
from test_errors import expect, in_namespace


def states(cli, root, rc=0):
    result = cli("features", "--json", root=root)
    assert (result.returncode, result.stderr) == (rc, b"")
    value = json.loads(result.stdout)
    return {one["name"]: one["state"] for one in value["features"]}, value


class TestFeatures:
    def test_older_kernel(self, cli):
        state, value = states(cli, "x86_64")
        assert state["records"] == "yes" and state["audit"] == state["leaks"] == "no"
        assert {"kind": "ioremap", "state": "live"} in value["coverage"]["hooks"]
        assert "vmap" not in {hook["kind"] for hook in value["coverage"]["hooks"]}
        assert "7 kinds of mappings are not watched" in value["summary"]

    def test_no_pfn_track(self, cli, tree):
        os.rename(tree.path / SYSFS, tree.path / "away")
        state, value = states(cli, tree, rc=3)
        assert state["pfn_track"] == "no" and "CONFIG_PFN_TRACK=y" in value["summary"]
        assert cli("features", root=tree).returncode == 3

    def test_no_debugfs(self, cli, tree):
        os.rename(tree.path / "sys/kernel/debug", tree.path / "away")
        state, value = states(cli, tree, rc=3)
        assert state["debugfs"] == "not mounted" and state["records"] == "no"
        assert state["pfn_track"] == "yes" and value["policy"] == "report"
        assert "counters can be read" in value["summary"]

    def test_not_root(self, cli, tree):
        for name in ("records", "coverage"):
            (tree.path / DUMPS / name).chmod(0)
        kwargs = {"user": 65534, "group": 65534, "extra_groups": []} if not os.geteuid() else {}
        result = cli("features", root=tree, cwd="/", **kwargs)
        assert result.returncode == 3
        assert re.search(rb"^records +for root ", result.stdout, re.M)

    def test_off(self, cli, clean_tree):
        clean_tree.write(f"{SYSFS}/policy", b"off\n")
        _, value = states(cli, clean_tree, rc=3)
        assert "pfntrack policy report" in value["summary"]

    def test_lockdown_and_release(self, cli, tree):
        (tree.path / "sys/kernel/security").mkdir()
        (tree.path / "proc/sys/kernel").mkdir(parents=True)
        tree.write("sys/kernel/security/lockdown", b"none [integrity] confidentiality\n")
        tree.write("proc/sys/kernel/osrelease", b"6.12.1-x\x1b\n")
        _, value = states(cli, tree)
        assert (value["lockdown"], value["release"]) == ("integrity", "6.12.1-x\x1b")
        assert rb"6.12.1-x\x1b" in cli("features", root=tree).stdout
        for odd in (b"", b"none\n", b"[\n", b"\0[x]\n", b"[" + b"a" * 9999):
            tree.write("sys/kernel/security/lockdown", odd)
            states(cli, tree)

    def test_malformed_is_an_error(self, cli, tree):
        tree.edit(f"{DUMPS}/coverage", lambda data: data[:-3])
        expect(cli, 4, "truncated", "features", root=tree)


def only(*roads):
    """A coverage of one live hook and these roads: name, state, why."""
    lines = [b"hook kind=ioremap state=live"]
    lines += [b"road name=%s state=%s why=%s" % road for road in roads]
    return b"version: 1\narch: x86\n" + b"".join(line + b"\n" for line in lines) + \
        b"end: %d\n" % len(lines)


class TestRoads:
    """What the kernel says of every road to page frames, and where the command repeats it."""

    def roads(self, cli, root, command="features"):
        value = json.loads(cli(command, "--json", root=root).stdout)
        return value["coverage"]["roads"]

    @pytest.mark.parametrize("snapshot", ["x86_64-broken", "arm64-broken"])
    def test_json_has_what_the_kernel_wrote(self, cli, snapshot):
        """Decoded here by other means, in the kernel's order, absent ones among them."""
        expected = []
        for line in (SNAPSHOTS / snapshot / DUMPS / "coverage").read_text().splitlines():
            word, *pairs = line.split(" ")
            if word == "road":
                expected.append({key: re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), value)
                                 for key, value in (pair.split("=") for pair in pairs)})
        assert len(expected) == 22 and {"live", "uncovered", "absent"} == \
            {road["state"] for road in expected}
        for command in ("features", "status", "audit"):
            assert self.roads(cli, snapshot, command) == expected, command
        # Text leaves out the absent ones, and nothing else.
        text = cli("features", root=snapshot).stdout.decode()
        head, *table = text[text.index("\nROAD "):].strip("\n").split("\n\n")[0].splitlines()
        state, why = head.index("STATE"), head.index("WHY")
        assert [[row[:state].strip(), row[state:why].strip(), row[why:]] for row in table] == \
            [list(road.values()) for road in expected if road["state"] != "absent"]

    @pytest.mark.parametrize("snapshot", ["x86_64-broken", "arm64-broken"])
    def test_not_covered(self, cli, snapshot):
        names = [road["name"] for road in self.roads(cli, snapshot)
                 if road["state"] == "uncovered"]
        statement = f"not covered: {', '.join(names)}"
        assert len(names) > 3
        for command in ("status", "audit"):
            assert re.search(rf"^(Coverage    |            ) {statement}\n +\(what comes by them "
                             r"is unknown, not clean\)$",
                             cli(command, root=snapshot).stdout.decode(), re.M), command
        # These kernels are older than the kind "reservation".
        end = f"1 kind of mappings is not watched; {statement}."
        assert cli("features", root=snapshot).stdout.decode().endswith(f"\n\n{end}\n")
        assert json.loads(cli("features", "-j", root=snapshot).stdout)["summary"] == end

    def test_a_kernel_that_names_none(self, cli, broken):
        """As before there were roads: text to the byte but for what is told of them."""
        told = {command: cli(command, root=broken).stdout
                for command in ("status", "audit", "features")}
        broken.edit(f"{DUMPS}/coverage",
                    lambda data: re.sub(rb"road .*\n", b"", data).replace(b"end: 31", b"end: 9"))
        for command in ("status", "audit"):
            without = re.sub(rb"(Coverage    |            ) not covered: .*\n.*not clean\)\n", b"",
                             told[command])
            assert without != told[command]
            assert cli(command, root=broken).stdout == without
            assert self.roads(cli, broken, command) is None
        without = re.sub(rb"\nROAD (.+\n)+", b"", told["features"])
        without = re.sub(rb"not covered: .*", b"other roads are not known.", without)
        assert cli("features", root=broken).stdout == without
        assert self.roads(cli, broken) is None

    @pytest.mark.parametrize("states,text", [
        (["live"], "no road that this kernel names is left out"),
        (["absent", "absent"], "no road that this kernel names is left out"),
        (["live", "uncovered"], "not covered: r1"),
        (["uncovered", "absent", "uncovered"], "not covered: r0, r2"),
        (["off"], "1 road is off"),
        (["off", "live", "uncovered", "off"], "2 roads are off; not covered: r2"),
        (["partly"], "not covered: r0 (in part)"),
        (["uncovered", "partly", "live"], "not covered: r0, r1 (in part)"),
        # A word of a newer kernel is no promise.
        (["live", "half"], "not covered: r1"),
    ])
    def test_states(self, cli, broken, states, text):
        broken.write(f"{DUMPS}/coverage", only(*((b"r%d" % i, state.encode(), b"-")
                                                 for i, state in enumerate(states))))
        value = json.loads(cli("features", "--json", root=broken).stdout)
        assert value["summary"] == f"9 kinds of mappings are not watched; {text}."
        assert [(road["state"], road["why"]) for road in value["coverage"]["roads"]] == \
            [(state, None) for state in states]
        unknown = "not covered" in text
        for command in ("status", "audit"):
            out = cli(command, root=broken).stdout.decode()
            assert re.search(rf"^(Coverage    |            ) {re.escape(text)}$", out, re.M), out
            assert ("(what comes by them is unknown, not clean)" in out) == unknown, out
        out = cli("features", root=broken).stdout.decode()
        assert ("\nROAD " in out) == (set(states) != {"absent"})
        assert " absent" not in out

    def test_the_kernel_while_off(self, cli, broken):
        """Then it writes "off" for live, and the others stay what they are."""
        broken.edit(f"{DUMPS}/coverage", lambda data: data.replace(b"=live", b"=off"))
        broken.write(f"{SYSFS}/policy", b"off\n")
        _, value = states(cli, broken, rc=3)
        assert value["summary"].startswith("Nothing is watched;")
        assert b"Coverage     10 roads are off; not covered: vm_map_ram, early_ioremap," in \
            cli("status", root=broken).stdout

    def test_newer_keys_are_skipped(self, cli, broken):
        """As in every line of a dump: only what is missing is an error."""
        before = cli("features", root=broken).stdout
        broken.edit(f"{DUMPS}/coverage", lambda data: data.replace(b"road ", b"road since=6.13 "))
        assert cli("features", root=broken).stdout == before

    def test_names_are_harmless(self, cli, broken):
        broken.write(f"{DUMPS}/coverage", only((rb"a\033[31m\012b", b"uncovered", rb"c\134\040d")))
        for command in ("features", "status", "audit"):
            out = cli(command, root=broken).stdout
            assert rb"not covered: a\x1b[31m\x0ab" in out and b"\x1b" not in out, command
        [road] = self.roads(cli, broken)
        assert road == {"name": "a\x1b[31m\nb", "state": "uncovered", "why": "c\\ d"}

    def test_many(self, cli, broken):
        broken.write(f"{DUMPS}/coverage",
                     only(*((b"r%d" % i, b"uncovered", b"x") for i in range(1000))))
        assert len(self.roads(cli, broken)) == 1000
        assert b", r998, r999\n" in cli("status", root=broken).stdout


class TestPolicy:
    def live(self, cli, tree, *args, before="true"):
        """On the real path, which is the captured tree."""
        command = " ".join(shlex.quote(str(a)) for a in (cli.binary, *args))
        return in_namespace(f"mount --bind {tree}/sys/kernel /sys/kernel && {before} && "
                            f"exec {command}")

    @pytest.fixture(autouse=True)
    def _root(self):
        if os.geteuid():
            pytest.skip("private mounts are for root")

    def test_set(self, cli, tree):
        result = self.live(cli, tree, "policy", "strict")
        assert (result.returncode, result.stderr) == (0, b"")
        assert re.search(rb"^all +strict$", result.stdout, re.M)
        assert (tree.path / SYSFS / "policy").read_bytes() == b"strict\n"
        assert (tree.path / SYSFS / "kind/ioremap").read_bytes() == b"default\n"

    def test_set_a_kind(self, cli, tree):
        result = self.live(cli, tree, "policy", "--kind", "ioremap", "enforce", "--json")
        assert (result.returncode, result.stderr) == (0, b"")
        value = json.loads(result.stdout)
        assert (value["policy"], value["kinds"]) == ("report", {"ioremap": {"policy": "enforce"}})
        assert (tree.path / SYSFS / "kind/ioremap").read_bytes() == b"enforce\n"

    @pytest.mark.parametrize("args,before,rc,message", [
        (["off"], f"mount -o remount,bind,ro /{SYSFS.split('/')[0]}/kernel", 3, "run this as root"),
        (["--kind", "vmap", "off"], "true", 3, "does not know the kind"),
        (["off"], f"mount --bind /dev/full /{SYSFS}/policy", 4, "policy is not a regular file"),
    ])
    def test_refused(self, cli, tree, args, before, rc, message):
        result = self.live(cli, tree, "policy", *args, before=before)
        assert (result.returncode, result.stdout) == (rc, b"")
        assert result.stderr.count(b"\n") == 1 and re.search(message, result.stderr.decode())
        assert (tree.path / SYSFS / "policy").read_bytes() == b"report\n"

    def test_late_is_told(self, cli, tree):
        tree.write(f"{SYSFS}/late", b"1\n")
        assert b"tracking began after boot" in self.live(cli, tree, "policy").stdout


def contents(path):
    """Path below @path -> bytes, or where a link points to by its last part."""
    found = {}
    for file in sorted(path.rglob("*")):
        name = str(file.relative_to(path))
        if file.is_symlink():
            found[name] = os.readlink(file).rpartition("/")[2]
        elif file.is_file():
            found[name] = file.read_bytes()
    return found


def files_of(found):
    return {name: data for name, data in found.items() if isinstance(data, bytes)}


class TestSnapshot:
    @pytest.mark.parametrize("snapshot", sorted(p.name for p in SNAPSHOTS.iterdir()))
    def test_round_trip(self, cli, tmp_path, snapshot):
        """All is there, private, and every command says the same of it."""
        copy = tmp_path / "copy"
        result = cli("snapshot", copy, "--json", root=snapshot)
        assert (result.returncode, result.stderr) == (0, b"")
        expected, found = contents(SNAPSHOTS / snapshot), contents(copy)
        listed = found.pop("pfntrack.list").splitlines()
        expected.pop("pfntrack.list", None)
        assert found == expected
        assert listed[0] == b"version: 1" and listed[-1] == b"end: %d" % len(files_of(expected))
        assert sorted(line for line in listed if line.startswith(b"file: ")) == sorted(
            b"file: %d /%s" % (len(data), name.encode()) for name, data in files_of(expected).items())
        value = json.loads(result.stdout)
        assert value["directory"] == str(copy)
        files = files_of(expected).values()
        assert (value["files"], value["bytes"]) == (len(files), sum(map(len, files)))
        for path in [copy, *copy.rglob("*")]:
            mode = path.lstat().st_mode
            if not stat.S_ISLNK(mode):
                assert stat.S_IMODE(mode) == (0o700 if stat.S_ISDIR(mode) else 0o600), path
        for args in (["list"], ["conflicts"], ["audit"], ["leaks"], ["features"], ["policy"],
                     ["explain", "0x200004000"]):
            there, here = cli(*args, root=copy), cli(*args, root=snapshot)
            assert (there.returncode, there.stdout) == (here.returncode, here.stdout), args

    def test_open_umask(self, cli, tmp_path):
        copy = tmp_path / "copy"
        assert cli("snapshot", copy, root="x86_64", umask=0).returncode == 0
        assert stat.S_IMODE((copy / SYSFS / "policy").stat().st_mode) == 0o600

    def test_empty_directory_is_taken(self, cli, tmp_path):
        tmp_path.chmod(0o755)
        assert cli("snapshot", tmp_path, root="x86_64").returncode == 0
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700

    def test_full_directory_is_not(self, cli, tmp_path):
        (tmp_path / ".mine").write_bytes(b"precious")
        expect(cli, 2, "is not empty; give a new directory", "snapshot", tmp_path, root="x86_64")
        assert contents(tmp_path) == {".mine": b"precious"}

    def test_bad_places(self, cli, tmp_path):
        expect(cli, 2, "No such file", "snapshot", tmp_path / "a/b", root="x86_64")
        (tmp_path / "file").touch()
        expect(cli, 2, "Not a directory", "snapshot", tmp_path / "file", root="x86_64")
        os.symlink("nowhere", tmp_path / "link")
        expect(cli, 2, "is a symbolic link; give the directory itself", "snapshot", tmp_path / "link",
               root="x86_64")

    @pytest.mark.parametrize("text", [b"ffff888012345678", b"0xffffffff81000000", b"c000000001234567",
                                      b"x=FFFFA4D480001234 "])
    def test_no_kernel_address(self, cli, tree, tmp_path, text):
        """The kernel hides them; where it did not, zeros are kept."""
        old = (tree.path / "proc/iomem").read_bytes()
        tree.write("proc/iomem", old + b"00001000-00001fff : a " + text + b" b\n")
        result = cli("snapshot", tmp_path / "copy", root=tree)
        assert result.returncode == 0 and b"\n1 kernel address was replaced by zeros.\n" in result.stdout
        masked = re.sub(rb"[0-9A-Fa-f]{16}", b"0" * 16, text)
        assert (tmp_path / "copy/proc/iomem").read_bytes() == \
            old + b"00001000-00001fff : a " + masked + b" b\n"
        assert cli("list", root=tmp_path / "copy").stdout == cli("list", root=tree).stdout

    def test_addresses_in_a_dump(self, cli, tree, tmp_path):
        """One line must not cost the whole snapshot, and it must stay readable."""
        tree.edit(f"{DUMPS}/records", lambda data: re.sub(
            rb" va=\S+", b" va=0xffff888012345000-0xffff888012345fff", data, count=1))
        tree.edit(f"{DUMPS}/records", lambda data: re.sub(
            rb" site=\S+", b" site=0xffffffff81234567", data, count=1))
        value = json.loads(cli("snapshot", tmp_path / "copy", "-j", root=tree).stdout)
        assert value["masked"] == 3
        result = cli("list", "-j", root=tmp_path / "copy")
        first = json.loads(result.stdout)["records"][0]
        assert first["site"] == "0x0000000000000000" and first["va"]["start"] == "0x0"

    @pytest.mark.parametrize("text", [b"7fffffffffffffff", b"0x0000ffffa4d48000", b"f" * 15, b"f" * 17])
    def test_other_numbers(self, cli, tree, tmp_path, text):
        tree.write("proc/iomem", b"00001000-00001fff : a " + text + b"\n")
        result = cli("snapshot", tmp_path / "copy", root=tree)
        assert result.returncode == 0 and b"replaced" not in result.stdout
        assert text in (tmp_path / "copy/proc/iomem").read_bytes()

    def test_nothing_to_capture(self, cli, tree, tmp_path):
        tree.edit(f"{DUMPS}/records", lambda data: data[:-5])
        expect(cli, 4, "truncated", "snapshot", tmp_path / "copy", root=tree)
        os.rename(tree.path / DUMPS, tree.path / "away")
        expect(cli, 3, "has no .*debug/pfn_track", "snapshot", tmp_path / "copy", root=tree)
        assert not (tmp_path / "copy").exists()

    def test_disk_full(self, cli, tree, tmp_path):
        """Half-written: removed, and a directory that was there stays, empty."""
        if os.geteuid():
            pytest.skip("private mounts are for root")
        line = tree.lines("records")[0]
        tree.dump("records", b"policy: report\nincomplete: 0\nlate: 0\n", [line] * 5000)
        result = in_namespace(f"mount -t tmpfs -o size=64k none {tmp_path} && cd {tmp_path} && "
                              f"{cli.binary} --root {tree} snapshot new; echo $?; mkdir old; "
                              f"{cli.binary} --root {tree} snapshot old; echo $?; find .")
        assert result.stdout == b"4\n4\n.\n./old\n"
        assert result.stderr.count(b"No space left on device; the snapshot is removed\n") == 2

    def interrupted(self, binary, root, copy, number, shim):
        """Send a signal while the audit is read."""
        with subprocess.Popen([binary, "--root", root, "snapshot", copy],
                              env={**os.environ, "LD_PRELOAD": str(shim)}, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            assert process.stderr.read(5) == b"waits"
            process.send_signal(number)
            assert process.wait(10) == -number
            # No process is left that could write.
            assert process.stdout.read() == process.stderr.read() == b""

    @pytest.fixture
    def waits(self, tmp_path):
        from test_errors import READ_WAITS
        shim = tmp_path / "shim.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", shim, "-x", "c", "-"],
                       input=READ_WAITS.encode(), check=True)
        return shim

    @pytest.mark.parametrize("name", ["INT", "TERM", "HUP"])
    def test_interrupted(self, binaries, broken, tmp_path, waits, name):
        """Gone by the signal, at once and without a rest; a directory that was there stays."""
        number = getattr(signal, f"SIG{name}")
        binary = binaries("built").binary
        self.interrupted(binary, broken.path, tmp_path / "copy", number, waits)
        assert not (tmp_path / "copy").exists()
        (tmp_path / "old").mkdir()
        self.interrupted(binary, broken.path, tmp_path / "old", number, waits)
        assert os.listdir(tmp_path / "old") == []

    def test_killed(self, binaries, broken, tmp_path, waits):
        """No time to clean up: then --root refuses what is there."""
        cli, copy = binaries("built"), tmp_path / "copy"
        self.interrupted(cli.binary, broken.path, copy, signal.SIGKILL, waits)
        assert (copy / ".unfinished").exists()
        for command in ("status", "audit", "features"):
            expect(cli, 4, "was interrupted; remove it and take it again", command, root=copy)
        expect(cli, 2, "is not empty", "snapshot", copy, root="x86_64")
