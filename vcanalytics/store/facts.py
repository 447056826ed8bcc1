"""Facts: small values that collectors leave in the catalogue for whoever shows them.

``source`` {problem, hint, since} and ``swapped`` {what, hint, since, stream} stand there while
something is wrong, ``demo`` {done, total, what, since, problem, hint} while the demo shop is being
made, ``daemons`` {name: state} and ``supervisor`` {pid, started_at, beat_at, stopped} always.
``watchman_daemons`` and ``watchman`` are the same of the process that watches, ``host`` {name} is
what this host's samples are kept under.
``forgotten`` {times} counts how often kept rows were rewritten: who holds decoded ones reads them
anew. ``let_go`` {stream: day} says before which day sealed rows of a stream may be gone for good,
``upkeep`` {what, done, total, since} what takes long, while it does, ``disk`` {bytes, limit_bytes,
budget, days_left, what, hint, since} how much room there is (``store.upkeep.room``), ``backup``
{taken_at} when the last backup was taken, ``checked`` {at, findings, first} what the last check
found.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

PROBLEM: Final = "source"
SWAPPED: Final = "swapped"
DEMO: Final = "demo"
DAEMONS: Final = "daemons"
SUPERVISOR: Final = "supervisor"
WATCHMAN_DAEMONS: Final = "watchman_daemons"
WATCHMAN: Final = "watchman"
FORGOTTEN: Final = "forgotten"
LET_GO: Final = "let_go"
UPKEEP: Final = "upkeep"
HOST: Final = "host"
DISK: Final = "disk"
#: Word from a page to the collectors: read what was kept aside once more. true.
RETRY_ASIDE: Final = "retry_aside"
BACKUP: Final = "backup"
CHECKED: Final = "checked"

#: Heartbeats are written every five seconds: this long without one, nobody collects.
SILENT_AFTER: Final = timedelta(seconds=30)
#: With less room than this the store cannot be written, nor its own troubles be told.
FREE_BYTES_LEAST: Final = 16_000_000


@dataclass(frozen=True, slots=True)
class Trouble:
    """What keeps the figures from being new. ``stands`` is true where they wait for a person."""

    what: str
    hint: str
    since: datetime | None
    stands: bool = False


def trouble(
    facts: Mapping[str, Any], folder: Path, *, now: datetime, watched_since: datetime
) -> tuple[Trouble, ...]:
    """Everything that is wrong now, the most basic first.

    Collectors that are gone, or have no room to write in, tell nothing: both are seen from here.
    ``watched_since`` is when one began to look: nobody is called silent sooner.
    """
    found = [_no_room(folder), _silence(facts, now, watched_since)]
    source, swapped = _fact(facts, PROBLEM), _fact(facts, SWAPPED)
    if source.get("problem"):
        found.append(
            Trouble(
                str(source["problem"]), str(source.get("hint") or ""), as_time(source.get("since"))
            )
        )
    if swapped.get("what"):
        hint, since = str(swapped.get("hint") or ""), as_time(swapped.get("since"))
        found.append(Trouble(str(swapped["what"]), hint, since, stands=True))
    return tuple(one for one in found if one is not None)


def as_time(value: object) -> datetime | None:
    """A time as facts keep it, or None."""
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _fact(facts: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    fact = facts.get(name)
    return fact if isinstance(fact, dict) else {}


def _no_room(folder: Path) -> Trouble | None:
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return None
    if free >= FREE_BYTES_LEAST:
        return None
    return Trouble(
        "the disk of VC_DATA_DIR is full: nothing more can be kept",
        "Make room; the collectors go on by themselves, and nothing is lost meanwhile",
        None,
    )


def _silence(facts: Mapping[str, Any], now: datetime, watched_since: datetime) -> Trouble | None:
    beat_at = as_time(_fact(facts, SUPERVISOR).get("beat_at"))
    # A clock that was set back makes a beat of the future: that is no silence.
    if now - max(beat_at or watched_since, watched_since) <= SILENT_AFTER:
        return None
    return Trouble(
        "no collectors are at work: nothing new is read",
        "Start them with `python -m collectors`, or let the console: VC_COLLECTORS=embedded",
        beat_at,
    )
