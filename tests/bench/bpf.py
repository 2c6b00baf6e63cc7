#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Count what the BPF programs of pfntrack watch cost the functions they trace.

usage: bpf.py [debian-6.12|debian-6.1]

On Debian's own kernel, which takes no module of ours: only what a process can do.
Under QEMU's -icount a tick is an instruction. Who reads the events is stopped
meanwhile: what it does is its own time, and with more than one CPU not
that of who maps. Prints a table and adds the kernel to build/bench/bpf.json.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

sys.dont_write_bytecode = True
REPO = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPO / "tests" / "qemu"))

import lab  # noqa: E402

# All events of a run must fit into the ring: one that is dropped costs less.
COUNTS = 15
WAYS = {"none": None, "fentry": "", "kprobe": "env PFNTRACK_ATTACH=kprobe "}


def count(flavour: str, way: str | None) -> dict[str, int]:
    """Instructions of each case."""
    kernel = lab.kernel_for("x86_64", flavour)
    with lab.Guest(kernel, "norandmaps", cpus=1, counted=True) as guest:
        watch = None
        if way is not None:
            watch = guest.spawn(f"{way}pfntrack watch --json --pid 999999")
            attach = json.loads(watch.line(300))["attach"]
            if attach != ("kprobe" if way else "fentry"):
                sys.exit(f"bpf.py: the programs hang by {attach}")
            watch.kill(signal.SIGSTOP)
        said = guest.run(f"bench {guest.device()}/resource2 {COUNTS}", timeout=300).ok()
        if watch:
            watch.kill(signal.SIGCONT)
            watch.kill(signal.SIGINT)
            end = json.loads(watch.wait(120).out.splitlines()[-1])
            if end["dropped"] or not end["received"]:
                sys.exit(f"bpf.py: {end['received']} events received, {end['dropped']} dropped")
    return {name: int(value) for name, value in (line.split() for line in said.splitlines())}


def main() -> None:
    """The command."""
    flavour = sys.argv[1] if len(sys.argv) > 1 else "debian-6.12"
    if flavour not in ("debian-6.12", "debian-6.1"):
        sys.exit(f"bpf.py: unknown kernel '{flavour}'")
    counts = {name: count(flavour, way) for name, way in WAYS.items()}
    rows: list[dict[str, object]] = []
    print(f"{flavour:28}{'none':>10}{'fentry':>10}{'kprobe':>10}   instructions, ratios to none")
    for name, base in counts["none"].items():
        row: dict[str, object] = {"name": name}
        text = f"{name:28}"
        for way, values in counts.items():
            row[way] = values[name]
            text += f"{values[name]:10}"
        for way in ("fentry", "kprobe"):
            row[f"{way}_ratio"] = round(counts[way][name] / base, 3)
        print(f"{text}   {row['fentry_ratio']} {row['kprobe_ratio']}", flush=True)
        rows.append(row)
    path = REPO / "build" / "bench" / "bpf.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(path.read_text(encoding="ascii")) if path.exists() else {}
    known[flavour] = rows
    path.write_text(json.dumps(known, indent=1) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
