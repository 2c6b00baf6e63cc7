# SPDX-License-Identifier: GPL-2.0-only
"""No character that controls a terminal reaches it, wherever it comes from."""
import json
import os
import re
import shutil
import subprocess
import unicodedata

import pytest

from conftest import DUMPS, SYSFS, copy_of, on_terminal

# C0, DEL, a C1 by itself and as UTF-8, and characters that turn text.
EVIL = [b"\x1b[31m", b"\x1b]0;t\x07", b"\r", b"\b", b"\x7f", b"\x9b31m", b"\xc2\x9b31m", b"\xc2\x85",
        b"\xe2\x80\xae", b"\xe2\x81\xa6", b"\xd8\x9c", b"\xe2\x80\xa8"]
LOUD = b"".join(EVIL)
TURNS = {0x61c, 0x200e, 0x200f, *range(0x2028, 0x202f), *range(0x2066, 0x2070)}
LOCALES = ["C", "C.UTF-8"]
TEXT = [["status"], ["list"], ["list", "-r"], ["conflicts"], ["conflicts", "-r"], ["aliases"],
        ["aliases", "-r"], ["audit"], ["audit", "-r"], ["leaks"], ["leaks", "-r"], ["features"],
        ["policy"], ["explain", "0x200004000"], ["map"],
        ["map", "-o", "-"], ["export"]]


def escaped(data):
    """As the kernel writes it into a dump."""
    return b"".join(b"\\%03o" % c if c <= 0x20 or c >= 0x7f or c == 0x5c else bytes([c])
                    for c in data)


def quiet(data):
    text = data.decode("utf-8")
    for c in text:
        assert c == "\n" or unicodedata.category(c) != "Cc" and ord(c) not in TURNS, \
            (hex(ord(c)), text[max(0, text.index(c) - 40):][:80])


@pytest.fixture
def loud(public_dir):
    """A machine on which all names that others chose are hostile, the directory's too."""
    tree = copy_of("x86_64-broken", public_dir)
    for name in ("records", "conflicts", "coverage", "audit", "leaks"):
        def shout(data):
            return re.sub(rb"(?m)( (?:held\.|gone\.)?(?:comm|site|module|dev|driver|file|name|why))=([^\s-]\S*)",
                          lambda m: m[1] + b"=" + m[2] + escaped(LOUD), data)
        data = (tree.path / DUMPS / name).read_bytes()
        tree.write(f"{DUMPS}/{name}", shout(data))
    tree.write(f"{SYSFS}/policy", b"report" + LOUD.replace(b"\n", b"") + b"\n")
    for kind in (tree.path / SYSFS / "kind").iterdir():
        kind.write_bytes(b"off" + LOUD + b"\n")
    tree.edit("proc/iomem", lambda data: re.sub(rb"(?m)$", lambda m: LOUD, data))
    tree.edit("proc/cpuinfo", lambda data: LOUD + data)
    (tree.path / "proc/sys/kernel").mkdir(parents=True, exist_ok=True)
    (tree.path / "sys/kernel/security").mkdir(parents=True, exist_ok=True)
    tree.write("proc/sys/kernel/osrelease", b"6.12" + LOUD + b"\n")
    tree.write("sys/kernel/security/lockdown", b"none [" + LOUD + b"]\n")
    for device in (tree.path / "sys/bus/pci/devices").iterdir():
        driver = device / "driver"
        driver.unlink(missing_ok=True)
        os.symlink(b"../../drivers/evil" + LOUD, driver)
        os.rename(device, os.fsencode(device) + LOUD)
    (tree.path / "pfntrack.list").unlink(missing_ok=True)
    path = os.fsencode(tree.path.parent) + b"/" + tree.path.name.encode() + LOUD
    os.rename(tree.path, path)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def loud_stock(public_dir):
    """The same of a kernel without pfn_track."""
    tree = copy_of("x86_64-stock", public_dir)
    (tree.path / "pfntrack.list").unlink()
    for path in (tree.path / "proc").glob("[0-9]*"):
        (path / "comm").write_bytes(b"evil" + LOUD + b"\n")
        smaps = path / "smaps"
        smaps.write_bytes(re.sub(rb"(?m)(/dev/|/sys/)(\S+)$", rb"\1\2", smaps.read_bytes()).replace(
            b"/dev/mem\n", b"/dev/mem" + LOUD + b"\n"))
    tree.edit("proc/vmallocinfo", lambda data: re.sub(rb"\+0x", lambda m: LOUD + b"+0x", data))
    if (tree.path / "sys/kernel/debug/x86/pat_memtype_list").exists():
        tree.edit("sys/kernel/debug/x86/pat_memtype_list", lambda data: LOUD + b"\n" + data)
    return os.fsencode(tree.path)


def run(cli, root, *args, locale="C"):
    result = subprocess.run([cli.binary, "--root", root, *args], check=False, timeout=60,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env={**os.environ, "LC_ALL": locale})
    assert b"Sanitizer" not in result.stderr and b"runtime error" not in result.stderr
    return result


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("args", TEXT, ids="-".join)
def test_text(cli, loud, args, locale):
    result = run(cli, loud, *args, locale=locale)
    assert result.returncode in (0, 1), result
    # They were there, and are shown by their numbers.
    # Metrics have fixed labels, and a range of nothing but numbers no names.
    assert re.search(rb"\\x1b", result.stdout) or args in (["aliases", "-r"], ["export"])
    quiet(result.stdout)
    quiet(result.stderr)


@pytest.mark.parametrize("args", [args for args in TEXT if "-r" not in args and "-o" not in args],
                         ids="-".join)
def test_json(cli, loud, args):
    for flag in ("--json", "--pretty"):
        result = run(cli, loud, *args, flag)
        assert result.returncode in (0, 1) and result.stdout, result
        quiet(result.stdout)
        value = json.loads(result.stdout)
        # Escaped, not lost.
        assert value["source"].endswith(LOUD.decode(errors="replace"))


@pytest.mark.parametrize("args", [["status"], ["list"], ["list", "-r"], ["aliases"], ["map"],
                                  ["features"], ["export"], ["list", "-j"], ["map", "-o", "-"]],
                         ids="-".join)
def test_stock(cli, loud_stock, args):
    for locale in LOCALES:
        result = run(cli, loud_stock, *args, locale=locale)
        assert result.returncode in (0, 1, 3) and result.stdout
        quiet(result.stdout)


@pytest.mark.parametrize("evil", EVIL, ids=repr)
def test_errors_and_names(cli, public_dir, evil):
    """What the user typed, or a file chooser handed over."""
    # One folder for both binaries.
    name = os.fsencode(f"{public_dir}/{cli.binary.parent.name}-") + evil
    for args in ([evil], [b"list", evil], [b"explain", evil], [b"--root", evil, b"list"],
                 [b"--root", b"x86_64", b"export", name + b"/x"], [b"list", b"-o", evil],
                 [b"--" + evil], [b"--source", evil, b"list"]):
        for flags in ([], [b"--json"]):
            result = subprocess.run([cli.binary, *flags, *args], check=False, stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, cwd="/", timeout=60)
            assert result.returncode >= 2
            quiet(result.stdout + result.stderr)
    from conftest import SNAPSHOTS
    for args in ([b"snapshot", name + b"-dir"], [b"map", b"-o", name + b"-map"]):
        result = run(cli, SNAPSHOTS / "x86_64", *args)
        assert result.returncode == 0
        quiet(result.stdout + result.stderr)


def test_colour_is_our_own(cli, loud):
    """A terminal that is wide enough gets colours, and no other control."""
    seen = on_terminal(cli, 250, loud)
    assert "\x1b[48;5;" in seen
    quiet(re.sub(r"\x1b\[(?:48;5;\d+;38;5;\d+|0)m", "", seen).encode())
