"""Judging what everything stands on: the store, the disk, the host, the last backup."""

from __future__ import annotations

from typing import Final

from vcanalytics.health.ages import ago, spoken
from vcanalytics.health.seen import Seen
from vcanalytics.model.health import Status, Verdict, worst
from vcanalytics.model.health_thresholds import (
    BACKUP_OLD_AFTER,
    CPU_CRITICAL_PERCENT,
    DISK_CRITICAL_PERCENT,
    DISK_WARNING_PERCENT,
    HOST_MEAN_LEAST,
    HOST_OLD_AFTER,
    MEMORY_CRITICAL_PERCENT,
)
from vcanalytics.model.measures import VECTORCRAFT
from vcanalytics.model.thresholds import CPU_PERCENT, MEMORY_PERCENT
from vcanalytics.store.facts import BACKUP, CHECKED, DISK, FREE_BYTES_LEAST, HOST, as_time

_CHECK: Final = "Run `python -m vcanalytics check`; --repair puts right what can be"


def store(seen: Seen) -> Verdict:
    """The console's own store: readable, whole, sound when it was last checked."""
    name = "store"
    if seen.unreadable:
        return Verdict(name, Status.CRITICAL, seen.unreadable, _CHECK)
    damaged = [one for one in seen.damage if not one.aside]
    if damaged:
        first, rows = damaged[0], sum(one.rows for one in damaged)
        what = f"{rows:,} rows cannot be read, of {first.stream} ({first.name}: {first.reason})"
        return Verdict(name, Status.CRITICAL, what, _CHECK, seen.now)
    if seen.unanswered:
        return Verdict(name, Status.WARNING, seen.unanswered, _CHECK, seen.now)
    checked = seen.fact(CHECKED)
    if checked.get("findings"):
        what = f"the last check found {checked['findings']:,} things wrong: {checked.get('first')}"
        return Verdict(name, Status.WARNING, what, _CHECK, seen.now)
    if seen.damage:
        rows = sum(one.rows for one in seen.damage)
        what, hint = f"whole but for {rows:,} rows in quarantine", "Restore a backup to have them"
        return Verdict(name, Status.HEALTHY, what, hint, seen.now)
    at = as_time(checked.get("at"))
    age = seen.age(at)
    what = "every file is there" + (f"; found sound {ago(age)}" if age is not None else "")
    return Verdict(name, Status.HEALTHY, what, "", seen.now)


def disk(seen: Seen) -> Verdict:
    """The disk of VC_DATA_DIR, what the console may take of it, and how long that will do."""
    name = "disk"
    if seen.disk is None:
        return Verdict(name, Status.UNKNOWN, "the disk cannot be asked")
    used, total = seen.disk
    percent = 100.0 * used / total if total else 100.0
    room = seen.fact(DISK)
    found = [_by(percent, DISK_WARNING_PERCENT, DISK_CRITICAL_PERCENT)]
    what = f"{percent:.0f} % of the disk are in use"
    hint = "Make room, or let the console keep less"
    if seen.free_bytes is not None and seen.free_bytes < FREE_BYTES_LEAST:
        found.append(Status.CRITICAL)
        what = "the disk is full: nothing more can be kept"
    if room.get("limit_bytes"):
        share = 100.0 * room["bytes"] / room["limit_bytes"]
        # Told by upkeep, which measures: by share, or by the days that are left.
        found.append(Status.WARNING if room.get("what") else Status.HEALTHY)
        if share >= DISK_CRITICAL_PERCENT:
            found.append(Status.CRITICAL)
        if room.get("what") and what.startswith(f"{percent:.0f}"):
            what, hint = str(room["what"]), str(room.get("hint") or hint)
        elif room.get("days_left") is not None:
            what += f"; at this pace it does for {int(room['days_left']):,} days"
    status = worst(found)
    return Verdict(name, status, what, "" if status is Status.HEALTHY else hint, seen.now)


def host(seen: Seen) -> Verdict:
    """The host's CPU and memory, by the means of the last minutes."""
    name = "host"
    own = seen.fact(HOST).get("name")
    mine = [r for r in seen.means if (r["host"] == own if own else r["host"] != VECTORCRAFT)]
    newest = max(mine, key=lambda row: row["happened_at"], default=None)
    if newest is None or (seen.age(newest["happened_at"]) or HOST_OLD_AFTER) >= HOST_OLD_AFTER:
        return Verdict(name, Status.UNKNOWN, "no samples of this host in the last minutes")
    if newest["happened_at"] - newest["first_at"] < HOST_MEAN_LEAST:
        return Verdict(name, Status.UNKNOWN, "sampling has only begun", "", newest["happened_at"])
    means = {row["measure"]: float(row["mean"]) for row in mine if row["host"] == newest["host"]}
    cpu, memory = means.get("cpu_percent"), means.get("memory_percent")
    found = []
    words = []
    if cpu is not None:
        found.append(_by(cpu, CPU_PERCENT, CPU_CRITICAL_PERCENT))
        words.append(f"CPU {cpu:.0f} %")
    if memory is not None:
        found.append(_by(memory, MEMORY_PERCENT, MEMORY_CRITICAL_PERCENT))
        words.append(f"memory {memory:.0f} %")
    status = worst(found)
    hint = "See the System page for what takes it" if status is not Status.HEALTHY else ""
    return Verdict(name, status, ", ".join(words), hint, newest["happened_at"])


def backup(seen: Seen) -> Verdict:
    """The last backup that was taken: unknown while there is none, never critical."""
    name, taken_at = "backup", as_time(seen.fact(BACKUP).get("taken_at"))
    age = seen.age(taken_at)
    hint = "Run `python -m vcanalytics backup DIR`, best every night"
    if age is None:
        return Verdict(name, Status.UNKNOWN, "no backup was taken yet", hint)
    if age > BACKUP_OLD_AFTER:
        what = f"the last backup is {spoken(age)} old"
        return Verdict(name, Status.WARNING, what, hint, taken_at)
    return Verdict(name, Status.HEALTHY, f"taken {ago(age)}", "", taken_at)


def _by(percent: float, warning: float, critical: float) -> Status:
    if percent >= critical:
        return Status.CRITICAL
    return Status.WARNING if percent >= warning else Status.HEALTHY
