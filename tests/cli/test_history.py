# SPDX-License-Identifier: GPL-2.0-only
"""Since when conflicts and leaks count: times, what was acknowledged, and the file that keeps it."""
import re
import subprocess
import time

import pytest

from conftest import DUMPS, SNAPSHOTS, SYSFS, in_namespace, now
from test_errors import expect


@pytest.mark.parametrize("since", ["2099-01-01", "2099-01-01 00:00", "2099-01-01T00:00:00Z"])
def test_since_the_future(cli, since):
    """Nothing has happened since then, which is no comfort."""
    expect(cli, 2, "is in the future; is the clock right?", "status", "--since", since, root="x86_64")
    for command in ("conflicts", "leaks"):
        assert cli(command, "-q", "--since", since, root="x86_64-broken").returncode == 2


def test_since_a_minute_ahead(cli):
    """As after a clock that ran ahead was put back."""
    date = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() + 90))
    expect(cli, 2, "is in the future", "status", "--since", date, root="x86_64")


@pytest.mark.parametrize("since", ["2026-02-30", "2025-02-29", "2026-04-31 12:00"])
def test_since_a_day_that_there_is_not(cli, since):
    expect(cli, 2, "is not a time", "status", "--since", since, root="x86_64")


def test_health_check_becomes_clean_again(live):
    """One that repeats, first seen long ago: acknowledged, it counts no more, until it comes again."""
    start = now()
    check = ("--since", "1h")
    live.conflicts([(1, 2, start - 7200)])
    rc, value = live.status(*check)
    assert rc == 3 and "conflicts --clear" in value["summary"]
    assert live.run("conflicts", "--clear").returncode == 0
    rc, value = live.status(*check)
    assert (rc, value["healthy"]) == (0, True) and "without what was acknowledged" in value["summary"]
    assert live.run("conflicts", *check).returncode == 0
    live.conflicts([(1, 3, start - 7200)])
    assert live.status(*check)[0] == 3
    # Another one, which repeated before it was acknowledged.
    live.conflicts([(1, 3, start - 7200), (2, 1, start - 60)])
    assert live.status(*check)[0] == 1
    assert live.run("conflicts", "-C").returncode == 0 and live.status(*check)[0] == 0
    assert live.status("--since", "boot")[0] == 1


def test_unlisted_conflicts_since_a_time(live):
    """Those that have left the list may be of that time, unless they were refused or acknowledged."""
    start = now()
    live.conflicts([(1, 1, start - 7200)], refused=5)
    assert live.status("--since", "1h")[0] == 0
    live.tree.write(f"{SYSFS}/refused", b"4\n")
    assert live.status("--since", "1h")[0] == 3
    assert live.run("conflicts", "--clear").returncode == 0 and live.status("--since", "1h")[0] == 0
    live.conflicts([(1, 1, start - 7200)], refused=7)
    live.tree.write(f"{SYSFS}/refused", b"6\n")
    assert live.status("--since", "1h")[0] == 0
    live.tree.write(f"{SYSFS}/refused", b"5\n")
    assert live.status("--since", "1h")[0] == 3


def test_acknowledged_leaks_since_a_time(live):
    data = (SNAPSHOTS / "x86_64-broken" / DUMPS / "leaks").read_bytes()
    lines = [re.sub(rb" time=\S+", b" time=%.6f" % (now() - 60), line)
             for line in data.splitlines() if line.startswith(b"leak ")]
    live.tree.dump("leaks", b"policy: report\ntotal: 2\n", lines)
    live.tree.write(f"{SYSFS}/leaks", b"2\n")
    assert live.status("--since", "1h")[0] == live.run("leaks", "--since", "1h").returncode == 1
    assert live.run("leaks", "--clear").returncode == 0
    assert live.status("--since", "1h")[0] == live.run("leaks", "--since", "1h").returncode == 0


def test_counters_below_what_was_acknowledged(live):
    """A machine that was put back to a snapshot of it, or counters of 32 bits that wrapped."""
    live.conflicts([(1, 3, 100), (2, 1, 101)])
    assert live.run("conflicts", "--clear").returncode == 0 and live.status()[0] == 0
    for fewer in ([(1, 2, 100), (2, 5, 101)], [(1, 3, 100)]):
        live.conflicts(fewer)
        rc, value = live.status()
        assert rc == 1 and value["history"]["since"] == "since boot", fewer
        assert value["history"]["conflicts"] == sum(count for _, count, _ in fewer)
    live.conflicts([(1, 3, 100), (2, 1, 101)])
    assert live.status()[0] == 0


STATE = "/var/lib/pfntrack"


def live_shell(live, script, before=""):
    """A script with the command as $P, where the tree stands for the kernel."""
    return in_namespace(f"mount --bind {live.tree}/sys/kernel /sys/kernel && "
                        f"mount --bind {live.tree}/proc/iomem /proc/iomem && "
                        f"mount --bind {live.state} /var/lib && P={live.cli.binary}; {before} {script}")


@pytest.mark.parametrize("where", [">/dev/full", ">&-", "| true"])
def test_not_shown_is_not_acknowledged(live, where):
    """What could not be printed was seen by no one."""
    live.conflicts([(number, 1, 100) for number in range(1, 65)])
    for command in ("conflicts", "conflicts --json"):
        result = live_shell(live, f"{{ (trap '' PIPE; sleep 0.2; $P {command} --clear; echo rc $? >&2) {where}; }}")
        assert b"rc 4" in result.stderr, result
        assert not (live.state / "pfntrack/acknowledged").exists()
    assert live_shell(live, "$P conflicts -q --clear >/dev/full").returncode == 0
    assert live.status()[0] == 0


def test_two_at_once(live):
    """Each keeps what the other one acknowledged."""
    data = (SNAPSHOTS / "x86_64-broken" / DUMPS / "leaks").read_bytes()
    lines = [line for line in data.splitlines() if line.startswith(b"leak ")]
    live.tree.dump("leaks", b"policy: report\ntotal: 2\n", lines)
    live.tree.write(f"{SYSFS}/leaks", b"2\n")
    live.conflicts([(1, 1, 100)])
    result = live_shell(live, f"""
        for i in $(seq 12); do
            rm -f {STATE}/acknowledged
            $P conflicts --clear -q & $P leaks --clear -q & wait
            grep -q ^conflicts: {STATE}/acknowledged && grep -q ^leaks: {STATE}/acknowledged || echo lost
        done""")
    assert (result.stdout, result.stderr) == (b"", b"")


def test_locked_by_another(live):
    """Not for ever: who may read the directory may lock it."""
    live.conflicts([(1, 1, 100)])
    result = live_shell(live, f"flock {STATE} timeout 60 $P conflicts --clear")
    assert result.returncode == 4 and b"locked; find it with 'lslocks'" in result.stderr
    assert live.run("conflicts", "--clear").returncode == 0


@pytest.mark.parametrize("spoil", ["chown 1000 {}/acknowledged", "chmod 666 {}/acknowledged", "chmod 620 {}/acknowledged",
                                   "chown 1000 {}", "chmod 1777 {}"])
def test_others_could_have_written_it(live, spoil):
    """What a stranger says was acknowledged does not count, and is named."""
    live.conflicts([(1, 1, 100)])
    assert live.run("conflicts", "--clear").returncode == 0
    for command in ("status", "conflicts", "explain 0xfebc0000", "conflicts --clear"):
        result = live_shell(live, f"$P {command}", before=spoil.format(STATE) + "; ")
        assert result.returncode == 4 and b"belongs to another user, or others may write it" in result.stderr, command
        assert result.stderr.count(b"\n") == 1


@pytest.mark.parametrize("before,message", [
    (f"rmdir {STATE}; mount -o remount,bind,ro /var/lib;", b"Read-only file system; it keeps what is acknowledged, so /var/lib"),
    ("mount -o remount,bind,ro /var/lib;", b"nothing was changed, mount it writable"),
    (f"mkfifo {STATE}/acknowledged;", b"acknowledged is not a regular file; remove it"),
    (f"mkdir {STATE}/acknowledged;", b"acknowledged is not a regular file; remove it"),
    ("ulimit -f 0;", b"File too large; nothing was changed, raise the limit ('ulimit -f')"),
])
def test_cannot_be_kept(live, before, message):
    live.conflicts([(1, 1, 100)])
    result = live_shell(live, "$P conflicts --clear -q", before=before)
    assert result.returncode in (3, 4) and (message in result.stderr or result.returncode == 3), result
    result = live_shell(live, "$P conflicts --clear | cat; ls -A /var/lib/pfntrack", before=before)
    assert message in result.stderr and b".pfntrack." not in result.stdout


def test_file_size_limit(cli, tmp_path):
    """No command is killed by it, and no part of a file is left."""
    for script in (f"{cli.binary} --root x86_64 export {tmp_path}/x.prom", f"{cli.binary} --root x86_64 snapshot {tmp_path}/new",
                   f"{cli.binary} --root x86_64 list >{tmp_path}/out"):
        result = subprocess.run(["sh", "-c", f"ulimit -f 0; {script}"], cwd=SNAPSHOTS, stderr=subprocess.PIPE, check=False)
        assert result.returncode == 4 and b"File too large" in result.stderr, script
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out"] and not (tmp_path / "out").read_bytes()


def test_snapshot_gives_a_directory_back(cli, tree, tmp_path):
    """One that was there keeps its mode when the capture fails, and is private when it does not."""
    for mode in (0o755, 0o1777):
        path = tmp_path / f"dir{mode:o}"
        path.mkdir()
        path.chmod(mode)
        result = subprocess.run(["sh", "-c", f"ulimit -f 0; {cli.binary} --root {tree} snapshot {path}"], check=False,
                                stderr=subprocess.PIPE)
        assert result.returncode == 4 and result.stderr.count(b"\n") == 1
        assert path.stat().st_mode & 0o7777 == mode and not list(path.iterdir())
        assert cli("snapshot", path, root=tree).returncode == 0
        assert path.stat().st_mode & 0o7777 == 0o700
    full = tmp_path / "full"
    full.mkdir(mode=0o755)
    (full / "x").write_bytes(b"")
    assert cli("snapshot", full, root=tree).returncode == 2 and full.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("option", ["--sort", "--kind", "--clear", "--event", "--bytes"])
def test_option_of_another_command(cli, option):
    """By the name that was given, or at least one that can be read."""
    more = [] if option in ("--clear", "--bytes") else ["x"]
    expect(cli, 2, f"option {option} is not for 'status'", "status", option, *more, root="x86_64")


def test_empty_name_of_the_page(cli):
    expect(cli, 2, "the name of the file is empty", "map", "-o", "", root="x86_64")


def test_help_is_not_quiet(cli):
    assert cli("-q", "--help").stdout == cli("--help").stdout
    assert cli("list", "--help", "--quiet").stdout == cli("list", "--help").stdout
    assert cli("-q", "-V").stdout == cli("-V").stdout


def test_worst_of_downgrades(cli, broken):
    """In the words of 'aliases': a downgrade is not called legal."""
    lines = [re.sub(rb"verdict=\S+", b"verdict=legal", re.sub(rb"downgrade=\w+", b"downgrade=yes", line))
             for line in broken.lines("conflicts")][:1]
    broken.dump("conflicts", b"policy: report\ntotal: 1\nsuppressed: 0\n", lines)
    broken.write(f"{SYSFS}/conflicts", b"1\n")
    assert b"1 conflict since boot, the worst is a downgrade" in cli("status", root=broken).stdout
