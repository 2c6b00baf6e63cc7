#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Bring a stock Debian kernel for amd64 into the cache; prints the path of its image.

usage: debian.py debian-6.1|debian-6.12|debian-7

The machine is not changed: apt runs with lists and a cache of its own, over the
sources that the machine has, or over others where those have no such kernel, and
the packages are unpacked without being installed. The folder of the image has its
configuration, too, and in modules/ those modules that the lab needs, uncompressed;
modules/boot names the ones that the guest's agent loads before anything else, in
order. headers/ is there once a module has been built for it, see module.py.
"""

from __future__ import annotations

import lzma
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from common import Error, UsageError, cache, info, locked, main, output, packages, scratch

# By flavour: the packages that may name the newest kernel of that version.
META = {
    "debian-6.1": ("linux-image-amd64",),
    "debian-6.12": ("linux-image-6.12-amd64", "linux-image-amd64"),
    "debian-7": ("linux-image-amd64",),
}
# By flavour: where apt looks, if not where the machine does. debian-7 is the newest 7.x.
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
SOURCES = {
    "debian-7": f"deb [signed-by={KEYRING}] http://deb.debian.org/debian trixie-backports main\n",
}
# The port that the agent talks through hangs on these, where they are modules.
BOOT = ("virtio_pci", "virtio_console")
# A BAR in the hands of a process, and a driver that calls ioremap().
MODULES = ("uio_pci_generic", "e1000e")
# Seconds between tries of what needs the network.
PAUSES = (5, 20)
CONF = """APT::Architecture "amd64";
APT::Architectures {{ "amd64"; }};
APT::Get::List-Cleanup "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Dir::State::Lists "{apt}/lists";
Dir::State::status "{apt}/status";
Dir::Cache "{apt}/cache";
"""
OTHER_SOURCES = """Dir::Etc::SourceList "{apt}/sources.list";
Dir::Etc::SourceParts "/dev/null";
"""


def plain(name: str) -> str:
    """A module's name without path and endings, as the kernel spells it."""
    return Path(name).name.partition(".ko")[0].replace("-", "_")


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The first error of apt-get, or what it said last."""
    lines = done.stderr.strip().splitlines() or ["no message"]
    return next((line for line in lines if line.startswith("E: ")), lines[-1])


class Apt:
    """apt, as if on an empty amd64 machine with the sources of this one, or of a flavour."""

    def __init__(self, folder: Path, flavour: str) -> None:
        self._folder = folder
        for name in ("lists/partial", "cache/archives/partial"):
            (folder / name).mkdir(parents=True)
        (folder / "status").write_text("")
        conf = CONF
        if flavour in SOURCES:
            (folder / "sources.list").write_text(SOURCES[flavour])
            conf += OTHER_SOURCES
        (folder / "apt.conf").write_text(conf.format(apt=folder))
        self._env = {**os.environ, "APT_CONFIG": str(folder / "apt.conf"), "LC_ALL": "C"}
        # A source that has nothing for amd64 makes update fail; what counts is
        # whether the package can be had. If not, this may be the reason.
        done = self._retry("apt-get", "update", "-q", "-o", "APT::Update::Error-Mode=any")
        self._reason = f"; apt-get update: {complaint(done)}" if done.returncode else ""

    def _retry(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run what needs the network, which may be away for a moment."""
        for pause in PAUSES:
            done = self._run(*command)
            if not done.returncode:
                return done
            time.sleep(pause)
        return self._run(*command)

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=self._folder, env=self._env, text=True,
                              capture_output=True, check=False)

    def kernel(self, version: str, metas: tuple[str, ...]) -> str:
        """The package of the newest image of that version."""
        for meta in metas:
            said = self._run("apt-cache", "depends", "--important", meta).stdout
            # 6.1 must not find 6.12.
            if found := re.search(rf"Depends: (linux-image-{re.escape(version)}\.\S*)", said):
                return found[1]
        raise Error(f"this machine's sources have no Linux {version} for amd64 "
                    f"({' or '.join(metas)}){self._reason}")

    def parts(self, package: str, release: str) -> list[str]:
        """The packages that hold a kernel: itself, or those that it has been split into."""
        said = self._run("apt-cache", "show", "--no-all-versions", package).stdout
        needed = re.search(r"^Depends: (.*)$", said, re.MULTILINE)
        split = rf"\blinux-(?:binary|modules|base)-{re.escape(release)}(?= |,|$)"
        return [package, *re.findall(split, needed[1] if needed else "")]

    def headers(self, release: str, version: str) -> list[str]:
        """The packages that a module for a kernel is built with, each with its version."""
        package = f"linux-headers-{release}"
        said = self._run("apt-cache", "show", f"{package}={version}").stdout
        needed = re.search(r"^Depends: (.*)$", said, re.MULTILINE)
        if not needed:
            raise Error(f"this machine's sources have no {package} {version}; for a newer kernel "
                        f"with its headers remove {cache() / 'debian'}{self._reason}")
        others = re.findall(r"\blinux-(?:headers-\S+-common|kbuild-[^\s,]+)", needed[1])
        return [f"{name}={version}" for name in (package, *others)]

    def download(self, package: str) -> Path:
        """The file of a package, or of "package=version"."""
        done = self._retry("apt-get", "download", "-q", package)
        found = list(self._folder.glob(f"{package.partition('=')[0]}_*.deb"))
        if done.returncode or len(found) != 1:
            raise Error(f"cannot download {package}: {complaint(done)}{self._reason}")
        return found[0]


def uncompressed(path: Path) -> bytes:
    """The content of a module."""
    if path.suffix == ".ko":
        return path.read_bytes()
    if path.suffix == ".xz":
        return lzma.decompress(path.read_bytes())
    raise Error(f"{path.name}: a compression that is not known here")


def needs(content: bytes) -> list[str]:
    """The modules that a module names as its own needs."""
    found = re.search(rb"\0depends=([^\0]*)\0", b"\0" + content)
    return [plain(name) for name in found[1].decode().split(",") if name] if found else []


def pick(tree: Path, builtin: set[str], wanted: tuple[str, ...]) -> dict[str, bytes]:
    """The wanted modules and what they need, in the order of loading."""
    known = {plain(path.name): path for path in tree.rglob("*.ko*")}
    picked: dict[str, bytes] = {}

    def add(name: str) -> None:
        if name in picked or name in builtin:
            return
        if name not in known:
            raise Error(f"this kernel has no module {name}")
        content = uncompressed(known[name])
        for other in needs(content):
            add(other)
        picked[name] = content

    for name in wanted:
        add(name)
    return picked


def unpack(found: list[Path], release: str, target: Path, recipe: str) -> None:
    """Image, configuration and modules of packages; complete or not at all."""
    with scratch(target.parent, "unpack") as folder:
        for package in found:
            output(["dpkg-deb", "-x", package, folder / "all"])
        modules = next((path for path in ((folder / "all" / top / "modules" / release)
                                          for top in ("lib", "usr/lib")) if path.exists()), None)
        if not modules:
            raise Error(f"{found[0].name} does not hold a kernel {release}")
        # Since 7.2 all of a kernel lies where its modules are.
        boot_folder = folder / "all" / "boot"
        image, config = boot_folder / f"vmlinuz-{release}", boot_folder / f"config-{release}"
        if not image.exists():
            image, config = modules / "vmlinuz", modules / "config"
        if not image.exists():
            raise Error(f"{found[0].name} does not hold a kernel {release}")
        builtin = {plain(line) for line in (modules / "modules.builtin").read_text().split()}
        boot = pick(modules, builtin, BOOT)
        complete = folder / "new"
        (complete / "modules").mkdir(parents=True)
        complete.chmod(0o755)
        for module, content in (boot | pick(modules, builtin, MODULES)).items():
            (complete / "modules" / f"{module}.ko").write_bytes(content)
        (complete / "modules" / "boot").write_text("".join(f"{module}.ko\n" for module in boot))
        shutil.copyfile(image, complete / "bzImage")
        shutil.copyfile(config, complete / "config")
        (complete / "recipe").write_text(recipe)
        shutil.rmtree(target, ignore_errors=True)
        complete.rename(target)


def image(flavour: str) -> Path:
    """The image; what the cache has is not asked for again."""
    if flavour not in META:
        raise UsageError(f"unknown flavour '{flavour}': one of {', '.join(META)}")
    packages("lab")
    top = cache() / "debian" / flavour
    # Another list of modules needs another look into the package.
    recipe = " ".join(BOOT + MODULES)
    with locked("debian"):
        top.mkdir(parents=True, exist_ok=True)
        for known in sorted(top.glob("*/recipe"), key=lambda path: path.stat().st_mtime)[::-1]:
            if known.read_text() == recipe:
                return known.parent / "bzImage"
        version = flavour.partition("-")[2]
        info(f"debian: fetching Debian's Linux {version} for amd64 (once, about 100 MB)")
        with scratch(top, "apt") as folder:
            apt = Apt(folder, flavour)
            name = apt.kernel(version, META[flavour])
            release = name.removeprefix("linux-image-")
            found = [apt.download(part) for part in apt.parts(name, release)]
            target = top / found[0].name.split("_")[1]
            unpack(found, release, target, recipe)
        return target / "bzImage"


def release_of(path: Path) -> str:
    """What uname -r says under an image; its header has the place of that text."""
    content = path.read_bytes()
    start = 0x200 + int.from_bytes(content[0x20e:0x210], "little")
    return content[start:].partition(b" ")[0].decode("ascii")


def headers(path: Path) -> list[str]:
    """How make builds modules for an image: the first words of the command."""
    release, top = release_of(path), path.parent / "headers"
    with locked("debian"):
        if not top.exists():
            info(f"debian: fetching the headers of Debian's Linux {release} (once, about 15 MB)")
            with scratch(path.parent, "apt") as folder:
                apt, unpacked = Apt(folder, path.parent.parent.name), folder / "all"
                for package in apt.headers(release, path.parent.name):
                    output(["dpkg-deb", "-x", apt.download(package), unpacked])
                # With it there would have to be a pahole: modules need no BTF here.
                for vmlinux in unpacked.glob("usr/src/*/vmlinux"):
                    vmlinux.unlink()
                unpacked.rename(top)
    ours = top / "usr/src" / f"linux-headers-{release}"
    # Its own Makefile has the path of the installed package in it.
    common = re.search(r"/(linux-headers-\S+-common/Makefile)", (ours / "Makefile").read_text())
    if not common:
        raise Error(f"{ours / 'Makefile'} is none that is known here")
    return ["make", "-C", str(ours), "-f", str(ours.parent / common[1])]


def run(argv: list[str]) -> None:
    """The command."""
    if len(argv) != 1:
        raise UsageError(f"usage: debian.py {'|'.join(META)}")
    print(image(argv[0]))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(run)
