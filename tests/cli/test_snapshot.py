# SPDX-License-Identifier: GPL-2.0-only
"""A snapshot that root takes where others write: nothing is changed outside its directory."""
import os
import stat
import subprocess
import tempfile
import pathlib

import pytest

from test_errors import expect

OTHER = 12
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="other owners are for root")

# Something comes into the directory as soon as it is private, as if it had been there.
PLANT = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
int openat(int dir, const char *path, int flags, ...)
{
	int (*next)(int, const char *, int, ...) = dlsym(RTLD_NEXT, "openat");
	static int done;

	if ((flags & O_CREAT) && !done++)
		symlink(getenv("TARGET"), getenv("PLANTED"));
	return next(dir, path, flags, 0600);
}
int open(const char *path, int flags, ...)
{
	int (*next)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
	static int done;

	if ((flags & O_CREAT) && !done++)
		symlink(getenv("TARGET"), getenv("PLANTED"));
	return next(path, flags, 0600);
}
"""


@pytest.fixture
def place(public_dir):
    """A directory where others write, and what they wish to be changed."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="place-", dir=public_dir))
    path.chmod(0o777)
    (path / "precious").mkdir(mode=0o755)
    (path / "precious/file").write_bytes(b"mine")
    yield path
    assert (path / "precious/file").read_bytes() == b"mine"
    assert os.listdir(path / "precious") == ["file"]
    assert stat.S_IMODE((path / "precious").stat().st_mode) == 0o755


@root_only
def test_directory_of_another(cli, place):
    (place / "dir").mkdir(mode=0o755)
    os.chown(place / "dir", OTHER, OTHER)
    expect(cli, 2, f"dir belongs to user {OTHER}, .*; give a new directory", "snapshot", place / "dir",
           root="x86_64")
    assert stat.S_IMODE((place / "dir").stat().st_mode) == 0o755 and not os.listdir(place / "dir")


@pytest.mark.parametrize("slash", ["", "/", "//"])
def test_link(cli, place, slash):
    (place / "empty").mkdir(mode=0o755)
    (place / "link").symlink_to("empty")
    expect(cli, 2, "is a symbolic link; give the directory itself", "snapshot",
           f"{place}/link{slash}", root="x86_64")
    assert stat.S_IMODE((place / "empty").stat().st_mode) == 0o755 and not os.listdir(place / "empty")


@pytest.mark.parametrize("name", ["new/", "new//", "./new", "new/../new"])
def test_names(cli, place, name):
    if ".." in name:
        (place / "new").mkdir()
    assert cli("snapshot", f"{place}/{name}", root="x86_64").returncode == 0
    assert cli("list", root=place / "new").stdout == cli("list", root="x86_64").stdout


def test_current_directory(cli, place):
    from conftest import SNAPSHOTS
    (place / "new").mkdir()
    assert cli("snapshot", ".", root=SNAPSHOTS / "x86_64", cwd=place / "new").returncode == 0
    assert (place / "new/pfntrack.list").exists()


def test_others_cannot_write_into_it(cli, place):
    (place / "dir").mkdir()
    (place / "dir").chmod(0o777)
    assert cli("snapshot", place / "dir", root="x86_64").returncode == 0
    assert stat.S_IMODE((place / "dir").stat().st_mode) == 0o700


def test_full_directory_keeps_its_mode(cli, place):
    expect(cli, 2, "is not empty", "snapshot", place / "precious", root="x86_64")


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    path = tmp_path_factory.mktemp("shim") / "shim.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-w", "-o", path, "-x", "c", "-"],
                   input=PLANT.encode(), check=True)
    return path


@pytest.mark.parametrize("where", ["sys", "proc", "pfntrack.list"])
def test_planted_link(binaries, place, plant, where):
    """A link that is there all the same is neither followed nor, on the way back, entered."""
    cli = binaries("built")
    target = place / "precious" / ("file" if "list" in where else "")
    result = cli("snapshot", place / "new", root="x86_64", env={
        "LD_PRELOAD": str(plant), "PLANTED": str(place / "new" / where), "TARGET": str(target)})
    assert result.returncode == 4 and b"cannot write" in result.stderr
    assert result.stderr.count(b"\n") == 1
    assert sorted(os.listdir(place)) == ["precious"]


RENAME = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
ssize_t read(int fd, void *buf, size_t n)
{
	char link[64], path[4096];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path));
	if (len > 6 && !memcmp(path + len - 6, "/iomem", 6) && !rename(getenv("DIR_NOW"), getenv("DIR_THEN")))
		symlink(getenv("TARGET"), getenv("DIR_NOW"));
	return syscall(SYS_read, fd, buf, n);
}
"""


def test_directory_is_exchanged(binaries, place, tmp_path):
    """In its middle: the rest goes where the first part went."""
    shim = tmp_path / "shim.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-w", "-o", shim, "-x", "c", "-"],
                   input=RENAME.encode(), check=True)
    cli = binaries("built")
    result = cli("snapshot", place / "new", root="x86_64", env={
        "LD_PRELOAD": str(shim), "DIR_NOW": str(place / "new"), "DIR_THEN": str(place / "moved"),
        "TARGET": str(place / "precious")})
    assert (place / "new").is_symlink() and result.returncode == 0
    assert cli("list", root=place / "moved").stdout == cli("list", root="x86_64").stdout
