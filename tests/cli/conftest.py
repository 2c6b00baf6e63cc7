# SPDX-License-Identifier: GPL-2.0-only
"""Fixtures for the tests of the pfntrack command.

Every test that asks for `cli` runs with two binaries: the one that was built
(PFNTRACK_BIN, or build/tools/pfntrack), and one with ASan and UBSan.
"""
import fcntl
import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time

import pytest

# A shell that starts us in the background has us ignore it, and our children.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

REPO = pathlib.Path(__file__).resolve().parents[2]
SOURCE = REPO / "tools" / "pfntrack"
SNAPSHOTS = REPO / "tests" / "data" / "snapshots"
DUMPS = "sys/kernel/debug/pfn_track"
SYSFS = "sys/kernel/mm/pfn_track"

BUILDS = {
    "sanitized": ["SAN=1", "CFLAGS=-O1 -g"],
}


class Cli:
    """One binary, and how to call it."""

    def __init__(self, binary, kind):
        self.binary = binary
        self.kind = kind

    def __call__(self, *args, root=None, env=None, cwd=SNAPSHOTS, **kwargs):
        command = [str(self.binary)]
        # On this machine itself it would load BPF programs, which is for guests.
        assert root or "features" not in args or {"help", "--root", "--help"} & set(args), args
        if root is not None:
            command += ["--root", str(root)]
        command += [str(a) for a in args]
        kwargs.setdefault("stdout", subprocess.PIPE)
        result = subprocess.run(command, stderr=subprocess.PIPE, cwd=cwd, timeout=60,
                                env={**os.environ, "LC_ALL": "C", **(env or {})},
                                check=False, **kwargs)
        assert b"Sanitizer" not in result.stderr and b"runtime error" not in result.stderr, \
            result.stderr.decode(errors="replace")
        return result


class Tree:
    """A captured tree that a test may spoil."""

    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return str(self.path)

    def __str__(self):
        return str(self.path)

    def edit(self, name, change):
        """Replace a file's bytes by what change() makes of them."""
        file = self.path / name
        old = file.read_bytes()
        new = change(old)
        assert new != old, f"the edit of {name} changed nothing"
        file.write_bytes(new)

    def replace(self, name, old, new, count=1):
        self.edit(name, lambda data: data.replace(old, new, count))

    def write(self, name, data):
        (self.path / name).write_bytes(data)

    def dump(self, name, head, lines):
        """Write a whole dump."""
        self.write(f"{DUMPS}/{name}", b"version: 1\n" + head +
                   b"".join(line + b"\n" for line in lines) + b"end: %d\n" % len(lines))

    def lines(self, name):
        """The body lines of a dump."""
        data = (self.path / DUMPS / name).read_bytes()
        return [line for line in data.splitlines() if b"=" in line]


@pytest.fixture(scope="session")
def public_dir():
    """A directory that every user may read: some tests give up being root."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="pfntrack-cli-"))
    path.chmod(0o755)
    yield path
    subprocess.run(["chmod", "-R", "u+rwX", str(path)], check=False)
    shutil.rmtree(path, ignore_errors=True)


def run_make(*args):
    """Build with these settings only, not with those of a make that runs the tests."""
    env = {k: v for k, v in os.environ.items()
           if not k.startswith("MAKE") and k not in ("CROSS_COMPILE", "SYSROOT", "STATIC", "O")}
    subprocess.run(["make", "-s", "-C", str(SOURCE), *args], check=True, env=env,
                   stdout=subprocess.DEVNULL)


def build(kind, out):
    run_make(f"O={out}", *BUILDS[kind])
    return out / "pfntrack"


@pytest.fixture(scope="session")
def binaries(public_dir):
    """kind -> Cli, each built once and only when it is asked for."""
    made = {}

    def get(kind):
        if kind not in made:
            if kind == "built":
                given = pathlib.Path(os.environ.get("PFNTRACK_BIN") or
                                     REPO / "build" / "tools" / "pfntrack")
                if not given.exists():
                    pytest.fail(f"{given} is missing: run make, or set PFNTRACK_BIN")
                (public_dir / kind).mkdir()
                binary = pathlib.Path(shutil.copy(given, public_dir / kind))
            else:
                binary = build(kind, public_dir / kind)
            made[kind] = Cli(binary, kind)
        return made[kind]

    return get


@pytest.fixture(params=["built", *BUILDS])
def cli(request, binaries):
    return binaries(request.param)


def in_namespace(command):
    return subprocess.run(["unshare", "--mount", "sh", "-c", command], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def on_terminal(cli, columns, root, env=None, *args):
    """What a terminal of that width is shown."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TERM": "xterm-256color", **(env or {})}
    with subprocess.Popen([cli.binary, "--root", root, *(args or ["map"])], cwd=SNAPSHOTS, env=env, stdout=slave,
                          stderr=slave) as process:
        os.close(slave)
        seen = b""
        while True:
            try:
                data = os.read(master, 65536)
            except OSError:
                break
            seen += data
            if not data:
                break
        process.wait(10)
    os.close(master)
    return seen.replace(b"\r\n", b"\n").decode()


def copy_of(snapshot, public_dir):
    path = pathlib.Path(tempfile.mkdtemp(prefix="tree-", dir=public_dir))
    path.chmod(0o755)
    shutil.copytree(SNAPSHOTS / snapshot, path, symlinks=True, dirs_exist_ok=True)
    return Tree(path)


@pytest.fixture
def tree(public_dir):
    """A copy of the x86_64 snapshot."""
    return copy_of("x86_64", public_dir)


@pytest.fixture
def broken(public_dir):
    """A copy of the one whose audit has findings, and where a driver leaked."""
    return copy_of("x86_64-broken", public_dir)


@pytest.fixture
def clean_tree(tree):
    """The same machine without a conflict."""
    tree.dump("conflicts", b"policy: report\ntotal: 0\nsuppressed: 0\n", [])
    for counter in ("conflicts", "refused", "downgrades"):
        tree.write(f"{SYSFS}/{counter}", b"0\n")
    return tree


def clean_tree_conflict(tree):
    data = (SNAPSHOTS / "x86_64" / DUMPS / "conflicts").read_bytes()
    return next(line for line in data.splitlines() if line.startswith(b"conflict "))


class Live:
    """The tree in the place of /sys/kernel, with a /var/lib of its own."""

    def __init__(self, cli, tree, path):
        self.cli, self.tree, self.state = cli, tree, path
        (path / "pfntrack").mkdir(parents=True)

    def run(self, *args):
        words = " ".join(f"'{a}'" for a in args)
        return in_namespace(f"mount --bind {self.tree}/sys/kernel /sys/kernel && "
                            f"mount --bind {self.tree}/proc/iomem /proc/iomem && "
                            f"mount --bind {self.state} /var/lib && exec {self.cli.binary} {words}")

    def status(self, *args):
        result = self.run("status", "--json", *args)
        assert result.stderr == b"", result
        return result.returncode, json.loads(result.stdout)

    def conflicts(self, entries, refused=0):
        """entries: (id, count, seconds since boot)"""
        line = clean_tree_conflict(self.tree)
        lines = []
        for number, count, at in entries:
            one = re.sub(rb" id=\d+", b" id=%d" % number, line)
            one = re.sub(rb" count=\d+", b" count=%d" % count, one)
            lines.append(re.sub(rb" time=\S+", b" time=%.6f" % at, one))
        total = sum(count for _, count, _ in entries) + refused
        self.tree.dump("conflicts", b"policy: report\ntotal: %d\nsuppressed: 0\n" % total, lines)
        self.tree.write(f"{SYSFS}/conflicts", b"%d\n" % total)
        self.tree.write(f"{SYSFS}/refused", b"%d\n" % refused)


@pytest.fixture
def live(cli, clean_tree, public_dir, tmp_path):
    probe = in_namespace(f"mount --bind {clean_tree}/sys/kernel /sys/kernel")
    if probe.returncode:
        pytest.skip("private mounts are for root")
    clean_tree.replace(f"{DUMPS}/records", b"want=write-combining got=uncached-minus",
                       b"want=uncached-minus got=uncached-minus")
    return Live(cli, clean_tree, tmp_path / "lib")


def now():
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    # Here, for most tests need no browser.
    from browser import start
    one = start(tmp_path_factory.mktemp("chromium"))
    yield one
    one.driver.quit()


@pytest.fixture
def draw(binaries, tmp_path):
    """Draw a tree, with the sanitized binary, and return the file."""
    def get(root, name="map.html"):
        file = tmp_path / name
        result = binaries("sanitized")("map", "-o", file, root=root)
        assert (result.returncode, result.stderr) == (0, b"")
        return file
    return get
