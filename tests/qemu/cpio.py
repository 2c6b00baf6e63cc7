# SPDX-License-Identifier: GPL-2.0-only
"""Write an initramfs: the "newc" cpio format, as the kernel reads it."""

from __future__ import annotations

import stat
from pathlib import Path


class Archive:
    """An initramfs in the making. Owner is root, time is 0: same in, same out."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._names: set[str] = set()

    def _add(self, name: str, mode: int, data: bytes = b"") -> None:
        name = name.strip("/")
        if name in self._names:
            return
        parent = name.rpartition("/")[0]
        if parent:
            self.folder(parent)
        self._names.add(name)
        self._entry(name, mode, data, len(self._names))

    def _entry(self, name: str, mode: int, data: bytes, inode: int) -> None:
        fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields)
        head += name.encode() + b"\0"
        self._parts += [head, b"\0" * (-len(head) % 4), data, b"\0" * (-len(data) % 4)]

    def folder(self, name: str) -> None:
        """A folder, and those above it."""
        self._add(name, stat.S_IFDIR | 0o755)

    def link(self, name: str, target: str) -> None:
        """A symbolic link."""
        self._add(name, stat.S_IFLNK | 0o777, target.encode())

    def file(self, name: str, source: Path | bytes, mode: int = 0o755) -> None:
        """A file, from a path or from memory."""
        data = source if isinstance(source, bytes) else source.read_bytes()
        self._add(name, stat.S_IFREG | mode, data)

    def content(self) -> bytes:
        """The whole archive."""
        parts, self._parts = self._parts, []
        self._entry("TRAILER!!!", 0, b"", 0)
        tail, self._parts = self._parts, parts
        return b"".join(parts + tail)
