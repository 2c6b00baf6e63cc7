# SPDX-License-Identifier: GPL-2.0-only
"""The first steps of a user: wrong names, odd folders, long builds, refused tools."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import build
import common
import config
import lab
import matrix
import programs
import pytest
import tree

ENV = {name: value for name, value in os.environ.items()
       if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")}
GUESTS = [name for name, arch in lab.ARCHES.items() if not arch.slim]


def make(*words: str, folder: Path = lab.REPO) -> subprocess.CompletedProcess[str]:
    """Run make, as a user would."""
    return subprocess.run(["make", *words], cwd=folder, env=ENV, capture_output=True, text=True,
                          timeout=300, check=False)


# === Names ===================================================================

@pytest.mark.parametrize("goal, name, wrong, known", [
    ("demo", "ARCH", "vax", GUESTS), ("demo", "ARCH", "riscv64", GUESTS),
    ("lab", "ARCH", "vax", GUESTS), ("soak", "ARCH", "vax", GUESTS),
    ("shell", "ARCH", "vax", GUESTS), ("bench-kernel", "ARCH", "vax", GUESTS),
    ("shell", "POLICY", "lax", ["report", "enforce", "strict", "off"]),
    ("kernel", "ARCH", "vax", list(common.ARCHES)),
    ("test", "PFNTRACK_ARCHES", "vax", list(common.ARCHES)),
    ("matrix", "ARCHES", "vax", list(matrix.ROWS))])
def test_make_lists_names(goal: str, name: str, wrong: str, known: list[str]) -> None:
    """One line with the names that there are, before anything is installed or built."""
    lists = (wrong, f"{known[0]} {wrong}", f"{known[0]},{wrong}")
    for given in lists if name.endswith("ES") else (wrong,):
        done = make(goal, f"{name}={given}")
        assert done.returncode == 2
        assert not done.stdout
        [line] = done.stderr.splitlines()
        assert line.endswith(f" {name}={wrong} is not known: one of {' '.join(known)}.  Stop.")


@pytest.mark.parametrize("script, words, known", [
    ("scripts/kernel/build.py", ("vax",), list(common.ARCHES)),
    ("scripts/kernel/build.py", ("x86_64", "sweet"), list(common.FLAVOURS)),
    ("scripts/kernel/config.py", ("arm64", "sweet"), list(common.FLAVOURS)),
    ("scripts/kernel/lint.py", ("vax",), list(common.ARCHES)),
    ("scripts/demo", ("riscv64",), GUESTS),
    ("scripts/shell", ("riscv64",), GUESTS),
    ("tests/bench/kernel.py", ("vax",), GUESTS),
    ("tests/qemu/soak.py", ("vax",), GUESTS),
    ("tests/qemu/matrix.py", ("s390x", "vax"), list(matrix.ROWS))])
def test_script_lists_names(script: str, words: tuple[str, ...], known: list[str]) -> None:
    """The same of the scripts themselves: exit status 2 and no traceback."""
    done = subprocess.run([sys.executable, "-B", lab.REPO / script, *words], env=ENV, text=True,
                          capture_output=True, timeout=120, check=False)
    assert done.returncode == 2, done.stderr
    [line] = done.stderr.splitlines()
    assert line.endswith(f"'{words[-1]}': one of {', '.join(known)}")


def test_every_valid_name_passes() -> None:
    """The lists of the Makefile are those of the scripts."""
    for name in common.ARCHES:
        assert make("-n", "kernel", f"ARCH={name}").returncode == 0
    assert make("-n", "matrix", f"ARCHES={' '.join(matrix.ROWS)}").returncode == 0


def test_arm64_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own architecture is the default, without a cross compiler; others end in one line."""
    (tmp_path / "uname").write_text("#!/bin/sh\necho aarch64\n")
    (tmp_path / "uname").chmod(0o755)
    monkeypatch.setitem(ENV, "PATH", f"{tmp_path}:{ENV['PATH']}")
    monkeypatch.delitem(ENV, "ARCH", raising=False)
    lines = make("-n", "demo").stdout.splitlines()
    assert lines == ["scripts/packages tools kernel lab ", "scripts/demo arm64"]
    monkeypatch.setattr(os, "uname", lambda: types.SimpleNamespace(machine="aarch64"))
    foreign = dataclasses.replace(common.ARCHES["x86_64"], cross="x86_64-linux-gnu-")
    with pytest.raises(common.Error, match="^a kernel for x86_64 is built on x86-64 only, and this "
                                           "is aarch64; "):
        build.have_compiler(foreign, "pfn_track")


# === Folders =================================================================

@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What the Makefiles of user space need, in a folder with a space and a comma."""
    folder = tmp_path / "with space, and comma"
    for name in ("tools", "include", "arch", "bpf", "mm", "scripts", "tests/unit", "tests/bench"):
        shutil.copytree(lab.REPO / name, folder / name,
                        ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(lab.REPO / "Makefile", folder)
    return folder


def test_tools_in_a_path_with_a_space(clone: Path) -> None:
    """Sources and objects of the command below such a path."""
    objects = [f"../../build/tools/obj-pfntrack/{name}.o" for name in ("pat-x86", "util", "treap")]
    done = make("-C", "tools/pfntrack", "O=../../build/tools", *objects, folder=clone)
    assert done.returncode == 0, done.stderr
    assert (clone / "build/tools/obj-pfntrack/treap.o").exists()
    done = make("-n", "tools", folder=clone)
    assert done.returncode == 0, done.stderr


def test_install_to_a_path_with_a_space(clone: Path) -> None:
    """The words of install are whole."""
    done = make("-n", "-C", "tools/pfntrack", "install", f"DESTDIR={clone}/root", folder=clone)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if "/root/" in line]
    assert len(lines) == 8 and all(f'"{clone}/root/usr/local/' in line for line in lines)


def test_unit_in_a_path_with_a_space(clone: Path, tmp_path: Path) -> None:
    """The unit tests and the benchmark find their sources."""
    source = tmp_path / "source"
    for name in ("Makefile", "tools/include/linux/rbtree.h", "tools/lib/rbtree.c",
                 "arch/x86/mm/pat/memtype_interval.c"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).touch()
    for room, goal in (("unit", "all"), ("bench", "run")):
        done = make("-n", "-C", f"tests/{room}", f"O=../../build/{room}", f"KSRC={source}", goal,
                    folder=clone)
        assert done.returncode == 0, done.stderr
        assert "mm/pfn_track_store.c" in done.stdout
        assert not [line for line in done.stdout.splitlines()
                    if str(clone) in line and not line.startswith("make")]


def test_unit_with_another_source(tmp_path: Path) -> None:
    """What is made of a source is made again for another one, however old its files are."""
    for name in ("one", "other"):
        (tmp_path / name / "tools/include/linux").mkdir(parents=True)
        for file in ("Makefile", "tools/include/linux/rbtree.h"):
            (tmp_path / name / file).touch()
            os.utime(tmp_path / name / file, (0, 0))
    goal = f"{tmp_path}/out/arch_headers.h"

    def made(name: str) -> str:
        done = make("-C", "tests/unit", f"O={tmp_path}/out", f"KSRC={tmp_path}/{name}", goal)
        return done.stdout + done.stderr

    (tmp_path / "out").mkdir()
    (tmp_path / "out/ksrc").write_text(f"{tmp_path}/one\n")
    (tmp_path / "out/arch_headers.h").touch()
    assert "arch_headers.py" not in made("one")
    assert f"arch_headers.py {tmp_path}/other" in made("other")


def test_cache_with_odd_characters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's make cannot: one line that says what to do."""
    for name, odd in (("a b", " "), ("a:b", ":"), ("a#b", "#"), ("a$b", "$"), ("a,b'%", ",'%")):
        monkeypatch.setenv("PFNTRACK_CACHE", str(tmp_path / name))
        message = f"has '{odd}', which the kernel's make cannot take: set PFNTRACK_CACHE to another"
        with pytest.raises(common.Error, match=re.escape(message)):
            common.cache()
        assert not (tmp_path / name).exists()
        done = subprocess.run([lab.REPO / "scripts/sysroot"], capture_output=True, text=True,
                              timeout=60, check=False)
        assert done.returncode == 1 and message in done.stderr


CACHES = [("/proc/x", "cannot make the folder '/proc/x': No such file or directory"),
          ("/dev/null", "cannot make the folder '/dev/null': File exists"),
          ("/dev/null/x", "cannot make the folder '/dev/null/x': Not a directory")]


@pytest.mark.parametrize("folder, message", CACHES)
def test_cache_that_cannot_be(folder: str, message: str) -> None:
    """One line, which names the folder and the variable."""
    done = subprocess.run([sys.executable, "-B", lab.REPO / "scripts/kernel/tree.py", "--pristine"],
                          env={**ENV, "PFNTRACK_CACHE": folder}, text=True, capture_output=True,
                          timeout=120, check=False)
    assert done.returncode == 1
    assert done.stderr == f"tree: {message}; set PFNTRACK_CACHE to one that you can write\n"


def test_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the system names the file, and what may help."""
    def entry(_argv: list[str]) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/cache/obj/x.o")

    monkeypatch.setattr(sys, "argv", ["scripts/kernel/build.py"])
    with pytest.raises(SystemExit, match="^build: /cache/obj/x.o: No space left on device; set "
                                         "PFNTRACK_CACHE to a folder that you can write"):
        common.main(entry)


@pytest.mark.parametrize("script", ["demo", "shell"])
def test_guest_program_that_does_not_build(script: str, tmp_path: Path) -> None:
    """The compiler's words and no traceback."""
    (tmp_path / "image").write_text("")
    text = f"""
import runpy, sys
sys.argv = ["{script}"]
sys.path.insert(0, "{lab.REPO}/tests/qemu")
import programs
def fail(*words):
    raise programs.BuildError("agent: error: toy")
programs.program = fail
runpy.run_path("{lab.REPO}/scripts/{script}", run_name="__main__")
"""
    done = subprocess.run([sys.executable, "-B", "-c", text], text=True, capture_output=True,
                          env={**ENV, "PFNTRACK_KERNEL_x86_64_pfn_track": str(tmp_path / "image")},
                          stdin=subprocess.DEVNULL, timeout=120, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr and "agent: error: toy" in done.stderr.splitlines()[-1]


# === Builds ==================================================================

class Builds:
    """Builds of a toy kernel: as many objects as asked for."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._out, self._capsys = folder / "x86_64-toy", capsys
        self.note = folder / "x86_64-toy.objects"

    def run(self, objects: int, whole: bool, end: str = "true") -> list[str]:
        """What is said meanwhile."""
        shutil.rmtree(self._out, ignore_errors=True)
        (self._out if whole else self._out / "kernel").mkdir(parents=True)
        lines = "".join(f"  CC      mm/{number}.o\\n" for number in range(objects))
        build.make(["sh", "-c", f"printf '{lines}'; {end}"], self._out / "build.log", "kernel toy",
                   self.note)
        return self._capsys.readouterr().err.splitlines()


@pytest.fixture
def builds(tmp_path: Path, capsys: pytest.CaptureFixture[str],
           monkeypatch: pytest.MonkeyPatch) -> Builds:
    """Builds that tell of every object."""
    monkeypatch.setattr(build, "INTERVAL", 0.0)
    monkeypatch.setenv("PFNTRACK_CACHE", str(tmp_path))
    monkeypatch.delenv("V", raising=False)
    return Builds(tmp_path, capsys)


def test_first_build_is_estimated(builds: Builds) -> None:
    """Objects of about how many, and how long it may take yet."""
    said = builds.run(3, whole=True)
    assert said[0] == f"kernel toy: about {build.OBJECTS} objects, some minutes"
    assert said[2].startswith(f"kernel toy: 2 objects of about {build.OBJECTS}, ")
    assert said[2].endswith(" s left")
    assert said[-1].startswith("kernel toy: done, 3 objects in ")


def test_next_build_is_known(builds: Builds) -> None:
    """The number of the last whole build; a build of a part does not change it."""
    builds.run(4, whole=True)
    assert builds.run(1, whole=False)[0].startswith("kernel toy: 1 objects, of at most 4, ")
    said = builds.run(4, whole=True)
    assert re.fullmatch(r"kernel toy: 4 objects, which took \d+ s the last time", said[0])
    assert said[1].startswith("kernel toy: 1 objects of 4, ")


def test_rest_of_a_first_build(builds: Builds) -> None:
    """What was never counted is said to be a guess."""
    said = builds.run(1, whole=False)
    assert said[0].startswith(f"kernel toy: 1 objects, of at most about {build.OBJECTS}, ")


def test_failed_build_is_not_counted(builds: Builds) -> None:
    """It made less than there is to make."""
    with pytest.raises(common.Error, match="kernel toy failed"):
        builds.run(2, whole=True, end="false")
    assert not builds.note.exists()


def test_more_than_known(builds: Builds) -> None:
    """A kernel that has grown: no number that is wrong, nor a negative time."""
    builds.run(1, whole=True)
    assert builds.run(2, whole=True)[2].startswith("kernel toy: 2 objects, ")
    builds.note.write_text("[]")
    assert builds.run(1, whole=True)[0].startswith("kernel toy: about ")


SETTINGS = ("LLVM", "KCPPFLAGS", "KAFLAGS", "KCFLAGS", "W", "KBUILD_OUTPUT", "MAKEFLAGS", "ARCH",
            "CROSS_COMPILE", "LOCALVERSION", "CPATH", "LD_LIBRARY_PATH")


def test_settings_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a configuration nor a build sees what a user sets for other kernels."""
    (tmp_path / "make").write_text("""#!/bin/sh
env >>"$CCACHE_LOGFILE"
for word; do
	case $word in KCONFIG_CONFIG=*) cp "${O:-$CCACHE_CONFIGPATH}" "${word#*=}" ;; esac
done
""")
    (tmp_path / "make").chmod(0o755)
    for name in SETTINGS:
        monkeypatch.setenv(name, "odd")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("PFNTRACK_CACHE", str(tmp_path / "cache"))
    # The only variables of a user that get through.
    monkeypatch.setenv("CCACHE_LOGFILE", str(tmp_path / "seen"))
    monkeypatch.setenv("CCACHE_CONFIGPATH", str(tmp_path / "wanted"))
    wanted = config.wanted("x86_64", "pristine")
    (tmp_path / "wanted").write_text("".join(f"{key}={value}\n" for key, value in wanted.items()))
    config.configure(common.ARCHES["x86_64"], "pristine", tmp_path, tmp_path / "out")
    build.make(["make"], tmp_path / "out" / "build.log", "toy")
    seen = (tmp_path / "seen").read_text()
    assert seen.count("CCACHE_LOGFILE=") == 3 and "PATH=" in seen and "LC_ALL=C\n" in seen
    assert not [line for line in seen.splitlines() if line.endswith("=odd")]


# A build that takes the lock and runs make.
KILLED = f"""
import sys
sys.path.insert(0, "{lab.REPO}/scripts/kernel")
import pathlib
import build, common
def entry(argv):
    with common.locked("build"), common.scratch(common.cache(), "toy"):
        build.make(["sh", "-c", 'echo $$ >"$0"; sleep 1000 & sleep 1000', str(common.cache() / "pid")],
                   common.cache() / "log", "toy")
common.main(entry)
"""


def killed_build(cache: Path, number: int) -> int:
    """Send a signal to a build that runs; the pid of what it runs."""
    with subprocess.Popen([sys.executable, "-B", "-c", KILLED], stderr=subprocess.DEVNULL,
                          env={**ENV, "PFNTRACK_CACHE": str(cache)}) as process:
        try:
            deadline = time.monotonic() + 60
            while not (cache / "pid").exists() or not (cache / "pid").read_text():
                assert time.monotonic() < deadline and process.poll() is None
                time.sleep(0.05)
            process.send_signal(number)
            assert process.wait(60) == (-number if number == signal.SIGKILL else 128 + number)
        finally:
            process.kill()
    return int((cache / "pid").read_text())


def is_free(cache: Path) -> bool:
    """Whether the lock of builds can be had."""
    return subprocess.run(["flock", "-n", cache / "build.lock", "true"], check=False).returncode == 0


def alive(group: int) -> list[str]:
    """The processes of a group; zombies have ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, number = path.read_text().rpartition(") ")[2].split()[:3]
            if int(number) == group and state != "Z":
                found.append(path.parent.name)
    return found


def wait_for_lock(cache: Path) -> None:
    """Until the last process that has it is gone."""
    deadline = time.monotonic() + 30
    while not is_free(cache):
        assert time.monotonic() < deadline


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_build_that_is_ended(number: int, tmp_path: Path) -> None:
    """What it runs ends with it, and nothing is left."""
    pid = killed_build(tmp_path, number)
    wait_for_lock(tmp_path)
    assert not alive(pid)
    assert not list(tmp_path.glob("toy.*"))


def test_build_that_is_killed(tmp_path: Path) -> None:
    """The lock is held until make has ended; the next run removes what is left."""
    pid = killed_build(tmp_path, signal.SIGKILL)
    try:
        assert not is_free(tmp_path)
    finally:
        os.killpg(pid, signal.SIGKILL)
    wait_for_lock(tmp_path)
    [left] = tmp_path.glob("toy.*")
    with common.scratch(tmp_path, "toy") as mine:
        # It may belong to a run that has just begun.
        assert left.exists()
        for folder in (left, mine):
            os.utime(folder, (0, 0))
        with common.scratch(tmp_path, "toy"):
            assert mine.exists() and not left.exists()
    assert not list(tmp_path.glob("toy.*"))


# === Two runs in one clone ====================================================

def test_program_that_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that has it open keeps what it had; a compiler that fails leaves nothing."""
    monkeypatch.setattr(programs, "BUILD", tmp_path)
    monkeypatch.setattr(programs, "GUEST", tmp_path)
    source, target = tmp_path / "toy.c", tmp_path / "guest" / "x86_64" / "toy"
    target.parent.mkdir(parents=True)
    target.write_text("old")
    os.utime(target, (0, 0))
    source.write_text("int main(void) { return 0; }\n")
    with open(target, encoding="ascii") as reader:
        assert programs.program("toy", "x86_64", "") == target
        assert reader.read() == "old" and target.read_bytes()[:4] == b"\x7fELF"
    source.write_text("this is no C\n")
    os.utime(target, (0, 0))
    with pytest.raises(programs.BuildError):
        programs.program("toy", "x86_64", "")
    assert [path.name for path in target.parent.iterdir()] == ["toy"]


def test_logs_of_a_guest_that_runs(tmp_path: Path) -> None:
    """"make test" leaves the logs of a shell that somebody has open."""
    shutil.copy2(lab.REPO / "Makefile", tmp_path)
    (tmp_path / "Makefile").write_text((tmp_path / "Makefile").read_text() +
                                       "\nlogs:\n\t$(call remove_logs)\n")
    assert not make("logs", folder=tmp_path).returncode
    folder = tmp_path / "build" / "lab"
    folder.mkdir(parents=True)
    with subprocess.Popen(["true"]) as ended:
        pass
    mine = f"x86_64-debian-6.1-{os.getpid()}-1.console"
    for name in (mine, f"x86_64-debian-6.1-{ended.pid}-1.console", f"arm64-pfn_track-{ended.pid}-2.qemu"):
        (folder / name).touch()
    assert not make("logs", folder=tmp_path).returncode
    assert [path.name for path in folder.iterdir()] == [mine]
    for goal in ("test", "lab"):
        assert "rm -rf build/lab" not in make("-n", goal).stdout


@pytest.mark.parametrize("fails", ["", "cli", "qemu"])
def test_run_tests(fails: str, tmp_path: Path) -> None:
    """A test that fails is shown and decides the status, in whichever half it is."""
    (tmp_path / "scripts").mkdir()
    shutil.copy2(lab.REPO / "scripts/run-tests", tmp_path / "scripts")
    for half in ("cli", "qemu"):
        (tmp_path / "tests" / half).mkdir(parents=True)
        (tmp_path / "tests" / half / f"test_{half}.py").write_text(
            f"def test_toy_{half}():\n    assert {half != fails}\n")
    done = subprocess.run([tmp_path / "scripts/run-tests", "-p", "no:cacheprovider", "-ra"], env=ENV,
                          capture_output=True, text=True, timeout=120, check=False)
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    assert (done.returncode == 0) == (not fails), done.stdout + done.stderr
    assert len(failed) == bool(fails) and all(f"test_toy_{fails}" in line for line in failed)
    assert done.stdout.count("1 passed") == (1 if fails else 2)


# === Style ===================================================================

def test_style_shows_the_tools_message(tmp_path: Path) -> None:
    """In a container, unshare is refused: its words are shown."""
    (tmp_path / "unshare").write_text(
        "#!/bin/sh\necho 'unshare: unshare failed: Operation not permitted' >&2\nexit 1\n")
    (tmp_path / "unshare").chmod(0o755)
    done = subprocess.run([lab.REPO / "scripts/btlint", lab.REPO / "bpf/bpftrace/pfnwho.bt"],
                          env={**ENV, "PATH": f"{tmp_path}:{ENV['PATH']}"}, capture_output=True,
                          text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "pfnwho.bt: unshare: unshare failed: Operation not permitted" in done.stderr
    assert "pfnwho.bt: exit status 1" in done.stderr


def test_readme_names_the_oldest_release() -> None:
    """The patches say what they fit; so does the page."""
    oldest = tree.series_oldest(common.INTEGRATION / "series")
    assert f"{common.KERNEL}.{oldest} or newer" in (lab.REPO / "README.md").read_text()
