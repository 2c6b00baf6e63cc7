#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Count what the BPF programs of pfntrack watch cost the functions they trace.

usage: bpf.py [debian-6.12|debian-6.1]

On Debian's own kernel, with the module of bench-kernel built against its headers;
6.1 lacks what that needs, and the cases with it are left out.
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
from kernel import module_for  # noqa: E402

# Each case and how often: its events must fit into the ring, for one that is dropped
# costs less, and a fault of a page is an event.
CASES = {"ioremap_page": 15, "ioremap_1mib": 15, "remap_pfn_range_page": 15,
         "remap_pfn_range_1mib": 15, "vmf_insert_pfn_in_order": 3, "vmf_insert_pfn_scattered": 3,
         "munmap_256_in_order": 3, "anonymous_1mib": 15, "fork_exit": 15}
WAYS = {"none": None, "fentry": "", "kprobe": "env PFNTRACK_ATTACH=kprobe "}


def start(guest: lab.Guest, way: str) -> lab.Process:
    """The programs hang, and who reads what they tell is stopped."""
    watch = guest.spawn(f"{way}pfntrack watch --json --pid 999999")
    attach = json.loads(watch.line(300))["attach"]
    if attach != ("kprobe" if way else "fentry"):
        sys.exit(f"bpf.py: the programs hang by {attach}")
    watch.kill(signal.SIGSTOP)
    return watch


def drain(guest: lab.Guest, watch: lab.Process) -> None:
    """Have it read all; under -icount, an idle guest sleeps in no time."""
    watch.kill(signal.SIGCONT)
    guest.run("sleep 5", timeout=300).ok()
    watch.kill(signal.SIGSTOP)


def stop(watch: lab.Process) -> None:
    """Its end; an error if the figures are of something else."""
    watch.kill(signal.SIGCONT)
    watch.kill(signal.SIGINT)
    end = json.loads(watch.wait(120).out.splitlines()[-1])
    if end["dropped"] or not end["received"]:
        sys.exit(f"bpf.py: {end['received']} events received, {end['dropped']} dropped")


def count(flavour: str, way: str | None) -> dict[str, int]:
    """Instructions of each case."""
    kernel = lab.kernel_for("x86_64", flavour)
    modules = () if flavour == "debian-6.1" else (module_for("x86_64", flavour),)
    counts = {}
    with lab.Guest(kernel, "norandmaps", cpus=1, counted=True, modules=modules) as guest:
        for module in modules:
            guest.run(f"insmod /lib/modules/{module.name}").ok()
        watch = start(guest, way) if way is not None else None
        for case, rounds in CASES.items():
            said = guest.run(f"bench {guest.device()}/resource2 {rounds} {case}",
                             timeout=300).ok()
            if said:
                counts[case] = int(said.split()[1])
            if watch:
                drain(guest, watch)
        if watch:
            stop(watch)
    return counts


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
