# SPDX-License-Identifier: GPL-2.0-only
"""--root DIR: a tree that another user made never leads out of the directory."""
import os
import resource
import stat
import subprocess

import pytest

from conftest import DUMPS, SYSFS, copy_of
from test_errors import expect

NO_OPENAT2 = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sys/syscall.h>
long syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	long (*next)(long, ...) = dlsym(RTLD_NEXT, "syscall");

	if (nr == SYS_openat2) {
		errno = ENOSYS;
		return -1;
	}
	return next(nr, a, b, c, d, e, f);
}
"""


@pytest.fixture(scope="module")
def before_5_6(tmp_path_factory):
    """The environment of a kernel without openat2()."""
    path = tmp_path_factory.mktemp("shim") / "shim.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", path, "-x", "c", "-"],
                   input=NO_OPENAT2.encode(), check=True)
    return {"LD_PRELOAD": str(path)}


def move_out(tree, outside, name):
    """Move a file out of the tree, and return where it is now."""
    path = outside / os.path.basename(name)
    os.rename(tree.path / name, path)
    return path


def link(tree, name, target):
    os.symlink(target, tree.path / name)


@pytest.fixture
def outside(public_dir, tree):
    path = tree.path.parent / f"{tree.path.name}-outside"
    path.mkdir(mode=0o755)
    return path


@pytest.mark.parametrize("name", [f"{DUMPS}/records", DUMPS, "sys/kernel/debug", "sys"])
@pytest.mark.parametrize("relative", [False, True])
def test_not_out_of_it(cli, tree, outside, name, relative):
    path = move_out(tree, outside, name)
    link(tree, name, os.path.relpath(path, (tree.path / name).parent) if relative else path)
    assert (tree.path / name).exists()
    expect(cli, 3, "(is missing|has no )", "list", root=tree)


def test_policy_is_not_read_outside(cli, tree, outside):
    link(tree, f"{SYSFS}/policy", move_out(tree, outside, f"{SYSFS}/policy"))
    expect(cli, 3, "is missing", "status", root=tree)


def test_nothing_outside_is_copied(cli, tree, outside, tmp_path):
    (outside / "secret").write_bytes(b"00001000-00001fff : secret\n")
    (tree.path / "proc/iomem").unlink()
    link(tree, "proc/iomem", outside / "secret")
    assert cli("snapshot", tmp_path / "copy", root=tree).returncode == 0
    assert not (tmp_path / "copy/proc/iomem").exists()
    assert b"secret" not in cli("map", "-j", root=tree).stdout


def test_process_outside(cli, public_dir, outside):
    """A directory that stands for a process of this machine."""
    tree = copy_of("x86_64-stock", public_dir)
    (tree.path / "pfntrack.list").unlink()
    (outside / "comm").write_bytes(b"secret\n")
    (outside / "smaps").write_bytes(
        b"7f0000000000-7f0000001000 rw-s fe000000 00:01 1      /dev/mem\n"
        b"KernelPageSize: 4 kB\nVmFlags: rd wr sh pf io \n")
    link(tree, "proc/999", outside)
    assert b"secret" not in cli("list", root=tree).stdout


@pytest.mark.parametrize("target", ["/real", "../../../../../../../../../real", "../../../../real"])
def test_links_inside(cli, tree, target):
    """They lead where they led on the machine that was captured."""
    expected = cli("list", root=tree).stdout
    os.rename(tree.path / DUMPS / "records", tree.path / "real")
    link(tree, f"{DUMPS}/records", target)
    result = cli("list", root=tree)
    assert (result.returncode, result.stdout) == (0, expected)


def test_root_itself_may_be_a_link(cli, tree, tmp_path):
    (tmp_path / "link").symlink_to(tree.path)
    for root in (tmp_path / "link", f"{tree}/", f"{tree}/../{tree.path.name}"):
        assert cli("list", root=root).stdout == cli("list", root=tree).stdout


def test_list_of_a_snapshot(cli, public_dir, outside):
    """Sizes of files elsewhere are no answer either."""
    tree = copy_of("x86_64-stock", public_dir)
    (outside / "other").write_bytes(b"12345")
    name = f"/../{outside.name}/other".encode()
    tree.edit("pfntrack.list", lambda data: data.replace(b"end: ", b"file: 5 " + name + b"\nend: "))
    tree.edit("pfntrack.list", lambda data: data[:data.index(b"end: ")] +
              b"end: %d\n" % data.count(b"file: "))
    expect(cli, 4, "is truncated: no /../", "list", root=tree)


def limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))


def zeros(path):
    if os.geteuid():
        pytest.skip("device nodes are for root")
    try:
        os.mknod(path, stat.S_IFCHR | 0o644, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("no device nodes here")


def fifo(path):
    os.mkfifo(path)


def sparse(path):
    with open(path, "wb") as file:
        file.truncate(3 << 30)


def sparse_text(path):
    with open(path, "wb") as file:
        file.write(b"version: 1\n")
        file.truncate((512 << 20) - 1)


@pytest.mark.parametrize("name", [f"{DUMPS}/records", f"{SYSFS}/policy", "proc/vmallocinfo",
                                  "pfntrack.list"])
@pytest.mark.parametrize("make,message", [
    (zeros, "is not a regular file"), (fifo, "is not a regular file"),
    (sparse, "(is larger than|holds a NUL)"), (sparse_text, "(is larger than|holds a NUL)")])
def test_endless(binaries, public_dir, name, make, message):
    """No file costs more memory than a kernel's own dump, and none is waited for."""
    tree = copy_of("x86_64-stock" if "vmalloc" in name else "x86_64", public_dir)
    (tree.path / "pfntrack.list").unlink(missing_ok=True)
    if (tree.path / name).exists():
        (tree.path / name).unlink()
    make(tree.path / name)
    source = "proc" if "vmalloc" in name else "kernel"
    expect(binaries("built"), 4, f"{name} {message}", "status", "--source", source, root=tree,
           preexec_fn=limit_memory)
    if source == "kernel":
        cli = binaries("built")
        assert cli("features", root=tree, preexec_fn=limit_memory).returncode in (0, 4)


ENDLESS = r"""
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
ssize_t read(int fd, void *buf, size_t n)
{
	char link[64], path[4096];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path));
	if (len < 8 || memcmp(path + len - 8, "/records", 8))
		return syscall(SYS_read, fd, buf, n);
	memset(buf, 'x', n);
	return n;
}
"""


def test_endless_text(binaries, tree, tmp_path):
    """A file that does not know its size, as those of debugfs, and has no end."""
    shim = tmp_path / "shim.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", shim, "-x", "c", "-"],
                   input=ENDLESS.encode(), check=True)
    expect(binaries("built"), 4, "records is larger than any such file", "list", root=tree,
           env={"LD_PRELOAD": str(shim)}, preexec_fn=limit_memory)


class TestBefore56:
    def test_the_same(self, binaries, tree, before_5_6):
        cli = binaries("built")
        for args in (["status"], ["list"], ["conflicts"], ["features"], ["explain", "0x380000000000"],
                     ["map"], ["export"], ["aliases"]):
            new, old = cli(*args, root=tree), cli(*args, root=tree, env=before_5_6)
            assert (new.returncode, new.stdout, new.stderr) == (old.returncode, old.stdout, old.stderr)
        for root in ("x86_64-stock", "arm64-broken"):
            assert cli("list", root=root, env=before_5_6).stdout == cli("list", root=root).stdout

    @pytest.mark.parametrize("name", [f"{DUMPS}/records", DUMPS, "sys/kernel", "sys"])
    def test_links_are_refused(self, binaries, tree, outside, name, before_5_6):
        link(tree, name, move_out(tree, outside, name))
        expect(binaries("built"), 3, "symbolic link .* inside --root; use Linux 5.6 or newer",
               "list", "--source", "kernel", root=tree, env=before_5_6)

    def test_list_of_a_snapshot(self, binaries, public_dir, outside, before_5_6):
        tree = copy_of("x86_64-stock", public_dir)
        tree.edit("pfntrack.list", lambda data: data.replace(
            b"end: ", b"file: 5 /../../etc/passwd\nend: "))
        expect(binaries("built"), 4, "is truncated: no /../", "list", root=tree,
               env=before_5_6)
