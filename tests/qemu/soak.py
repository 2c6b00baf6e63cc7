#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Random work on mappings for as long as you like, and what the audit says of it.

usage: soak.py [ARCH] [SECONDS] [SEED]

Processes and threads map, touch, split, move, fork and die, areas of many page
tables are moved, blocks are mapped twice, a driver's object and its write-combining
RAM move under them, modules come and go. PFNTRACK_FLAVOUR=debug takes a kernel with
KASAN and lockdep. Every few seconds the audit is asked in
the midst of it; at the end everybody stops and holds what there is, and it is
asked again; then everybody goes, and nothing may be left. Ends with
"audit: 0 missing, 0 stale, 0 different", or with what was found and status 1.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections import Counter
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import lab  # noqa: E402
import programs  # noqa: E402
import registry  # noqa: E402

# Seconds between two audits in the midst of it.
EVERY = 5
FAULT = "/dev/pfn_track_fault"
# RAM that is write-combining, by a module that is no sample: half of it is freed each time.
RAM, RAM_PAGES = "/dev/pfn_ram", 256
# Large enough for areas of many page tables.
DEVICES = (lab.Ivshmem(4, 32), lab.Ivshmem(5, 1))
MODULES = ("pfn_track_wb", "pfn_track_claim")


def files(guest: lab.Guest) -> list[str]:
    """What is mapped: both devices both ways, the object that moves, and RAM that does."""
    found = [f"{FAULT},{guest.devices[0].mib * 128},w", f"{RAM},{RAM_PAGES},w"]
    for number, device in enumerate(guest.devices):
        for resource in ("resource2", "resource2_wc"):
            found.append(f"{guest.device(number)}/{resource},{device.mib * 256},p")
    return found


def audit(guest: lab.Guest) -> tuple[Counter[str], registry.Dump]:
    """How often it found what, and all that it said."""
    text = guest.run(f"cat {registry.DEBUGFS}/audit", timeout=300).ok()
    dump = registry.parse(text.removesuffix("\n"))
    return Counter(line[""] for line in dump.lines), dump


def say(text: str) -> None:
    """Progress, at once."""
    print(text, flush=True)


def verdict(found: Counter[str]) -> str:
    """The last line."""
    more = "".join(f", {found[name]} {name}" for name in ("alias", "broken") if found[name])
    return (f"audit: {found['missing']} missing, {found['stale']} stale, "
            f"{found['differs']} different{more}")


def tell(dump: registry.Dump) -> None:
    """What was found, line by line."""
    for line in dump.lines:
        say("  " + " ".join(f"{key}={value}" if key else value for key, value in line.items()))


def churn(guest: lab.Guest) -> lab.Process:
    """Drivers that map in the kernel, come and go."""
    names = " ".join(f"insmod /lib/modules/{name}.ko; rmmod {name};" for name in MODULES)
    return guest.spawn(f"sh -c 'while :; do {names} done 2>/dev/null'")


def work(guest: lab.Guest, seconds: int, seed: int) -> tuple[Counter[str], str]:
    """All findings of all audits, and what soak says it did."""
    found: Counter[str] = Counter()
    for name in (FAULT, RAM):
        guest.run(f"insmod /lib/modules/{Path(name).name}.ko").ok()
    drivers = churn(guest)
    soak = guest.spawn(f"soak {seed} {' '.join(files(guest))}")
    began = time.monotonic()
    while soak.running and time.monotonic() - began < seconds - 1:
        time.sleep(min(EVERY, max(0.1, seconds - (time.monotonic() - began))))
        counts, dump = audit(guest)
        found += counts
        tell(dump)
        say(f"{time.monotonic() - began:6.0f} s: {dump.head['records']} records, "
            f"{dump.head['user_pages']} pages mapped; {verdict(counts)}")
    soak.send("stop\n")
    said = soak.line(timeout=900)
    drivers.kill()
    drivers.wait()
    counts, dump = audit(guest)
    found += counts
    tell(dump)
    say(f"all at rest: {dump.head['records']} records, {dump.head['user_pages']} pages mapped; "
        f"{verdict(counts)}")
    if not any(line["kind"] in ("remap_pfn", "insert") for line in registry.records(guest)):
        raise lab.LabError("nothing was held at the end: this soak says nothing")
    soak.close_input()
    soak.wait(60)
    return found, said


def left(guest: lab.Guest) -> list[dict[str, str]]:
    """Records of address spaces that have gone; those on their way out are waited for."""
    for _ in range(50):
        lines = [line for line in registry.records(guest) if line["space"] == "user"]
        if not lines:
            break
        time.sleep(0.2)
    return lines


def parallel(flavour: str, seconds: int) -> bool:
    """Whether CPUs run at the same time, although QEMU then sometimes ends by "Oops: int3".

    The few seconds of "make test" must not fail at random; a long soak looks for races.
    """
    return flavour in ("debug", "rt") or seconds > 30


def main(arch: str, seconds: int, seed: int) -> int:
    """One soak."""
    flavour = os.environ.get("PFNTRACK_FLAVOUR") or "pfn_track"
    say(f"soak {arch} {flavour}: {seconds} s, seed {seed}")
    kernel = lab.kernel_for(arch, flavour)
    with lab.Guest(kernel, "pfn_track=report", parallel=parallel(flavour, seconds),
                   extra=("soak",), devices=DEVICES, modules=(lab.module_for(arch, flavour, "ram"),)) as guest:
        found, said = work(guest, seconds, seed)
        rest = left(guest)
        guest.run("rmmod pfn_track_fault && rmmod pfn_ram").ok()
        counts, dump = audit(guest)
        found += counts
        tell(dump)
        stats = {name: int(guest.read(f"{registry.SYSFS}/{name}"))
                 for name in ("maps", "unmaps", "conflicts", "incomplete", "late")}
    for line in rest:
        say(f"  left behind: {line}")
    done = {key: int(value) for key, value in lab.parse_pairs(said).items() if key != "did"}
    result = {"arch": arch, "seconds": seconds, "seed": seed, "findings": dict(found),
              "left": len(rest), "done": done, **stats}
    target = programs.BUILD / "soak" / f"{arch}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(result, indent=1) + "\n", encoding="ascii")
    say("done: " + ", ".join(f"{name} {number}" for name, number in done.items() if number))
    say(", ".join(f"{name} {number}" for name, number in stats.items()) +
        f" ({target.relative_to(programs.REPO)})")
    say(verdict(found))
    return 1 if found or rest or stats["incomplete"] or stats["late"] else 0


if __name__ == "__main__":
    words = sys.argv[1:]
    if len(words) > 3 or any(not word.isdigit() for word in words[1:]):
        print((__doc__ or "").strip(), file=sys.stderr)
        sys.exit(2)
    lab.shell_arch(words[0] if words else "x86_64", "soak")
    sys.exit(main(words[0] if words else "x86_64", int(words[1]) if len(words) > 1 else 60,
                  int(words[2]) if len(words) > 2 else random.randrange(1 << 30)))
