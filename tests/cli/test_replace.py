# SPDX-License-Identifier: GPL-2.0-only
"""Files that a user names, where others may write too: export FILE and map -o FILE."""
import os
import signal
import stat
import subprocess

import pytest

from conftest import SNAPSHOTS
from test_errors import expect

WRITERS = [["export"], ["map", "-o"]]

# A signal comes at the worst time: the temporary file is complete, and not yet renamed.
SIGNAL = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
static void come(void)
{
	raise(atoi(getenv("COMES")));
}
int fsync(int fd)
{
	come();
	return fdatasync(fd);
}
int rename(const char *from, const char *to)
{
	int (*next)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");

	come();
	return next(from, to);
}
"""


@pytest.fixture(params=WRITERS, ids=lambda a: a[0])
def writer(request):
    return request.param


@pytest.fixture(scope="module")
def comes(tmp_path_factory):
    path = tmp_path_factory.mktemp("shim") / "shim.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", path, "-x", "c", "-"],
                   input=SIGNAL.encode(), check=True)
    return path


def stranger(public_dir, name):
    """A directory of another user, if this is root."""
    path = public_dir / name
    path.mkdir()
    if not os.geteuid():
        os.chown(path, 12, 34)
    return path


def test_fifo(cli, writer, public_dir):
    """Its reader gets nothing, and it stays."""
    folder = stranger(public_dir, f"fifo-{cli.kind}-{writer[0]}")
    os.mkfifo(folder / "file")
    reader = os.open(folder / "file", os.O_RDONLY | os.O_NONBLOCK)
    expect(cli, 2, "is not a regular file; .* - for standard output", *writer, folder / "file",
           root="x86_64")
    assert os.read(reader, 1) == b""
    os.close(reader)
    assert os.listdir(folder) == ["file"] and stat.S_ISFIFO((folder / "file").stat().st_mode)


@pytest.mark.parametrize("target", ["/dev/full", "/dev/stdout"])
def test_device(cli, writer, target):
    before = os.lstat(target)
    expect(cli, 2, "is not a regular file|is a symbolic link", *writer, target, root="x86_64")
    assert os.lstat(target).st_ino == before.st_ino


@pytest.mark.parametrize("there", [True, False])
def test_link(cli, writer, public_dir, there):
    folder = stranger(public_dir, f"link-{cli.kind}-{writer[0]}-{there}")
    precious = folder.parent / f"{folder.name}-precious"
    if there:
        precious.write_bytes(b"mine")
        precious.chmod(0o640)
    (folder / "file").symlink_to(precious)
    expect(cli, 2, "is a symbolic link; give the file itself", *writer, folder / "file", root="x86_64")
    assert os.readlink(folder / "file") == str(precious) and os.listdir(folder) == ["file"]
    assert not there or precious.read_bytes() == b"mine"
    assert not there or stat.S_IMODE(precious.stat().st_mode) == 0o640


def test_standard_output(cli, writer, tmp_path):
    result = cli(*writer, "-", root=SNAPSHOTS / "x86_64", cwd=tmp_path)
    assert result.returncode == 0 and len(result.stdout) > 1000 and os.listdir(tmp_path) == []


def test_long_name(cli, writer, tmp_path):
    """The temporary file's name does not depend on it."""
    name = "a" * 255
    assert cli(*writer, tmp_path / name, root="x86_64").returncode == 0
    assert os.listdir(tmp_path) == [name]


def test_relative_name(cli, writer, tmp_path):
    root = SNAPSHOTS / "x86_64"
    assert cli(*writer, "file", root=root, cwd=tmp_path).returncode == 0
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("name", ["INT", "TERM", "HUP"])
@pytest.mark.parametrize("ignored", [False, True])
def test_signal(binaries, comes, writer, tmp_path, name, ignored):
    """The old file or the new one, and nothing else; then the signal does its work."""
    number = getattr(signal, f"SIG{name}")
    (tmp_path / "file").write_bytes(b"old\n")
    result = subprocess.run([binaries("built").binary, "--root", SNAPSHOTS / "x86_64", *writer,
                             tmp_path / "file"], check=False, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE,
                            env={**os.environ, "LD_PRELOAD": str(comes), "COMES": str(int(number))},
                            preexec_fn=lambda: signal.signal(number, signal.SIG_IGN if ignored
                                                             else signal.SIG_DFL))
    assert result.returncode == (0 if ignored else -number) and result.stderr == b""
    assert os.listdir(tmp_path) == ["file"]
    found = (tmp_path / "file").read_bytes()
    assert found != b"old\n" if ignored else found == b"old\n"


def test_full_disk(cli, writer, tmp_path):
    """Not even the temporary file stays."""
    if os.geteuid():
        pytest.skip("private mounts are for root")
    from conftest import in_namespace
    result = in_namespace(f"mount -t tmpfs -o size=4k none {tmp_path} && cd {tmp_path} && "
                          f"echo old > file && {cli.binary} --root {SNAPSHOTS}/x86_64-broken "
                          f"{' '.join(writer)} file; echo $?; cat file; ls -A")
    assert result.stdout == b"4\nold\nfile\n"
    assert b"cannot write file: No space left on device; nothing was changed" in result.stderr
