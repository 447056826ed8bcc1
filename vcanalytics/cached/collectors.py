"""What the collectors say of the source and of themselves, and what they kept aside.

Facts of the catalogue, small and read anew each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import polars as pl

from vcanalytics import measured
from vcanalytics.cached.console import head, open_console, take_snapshot
from vcanalytics.model.rates import RATES
from vcanalytics.model.streams import STREAMS
from vcanalytics.store.facts import (
    DAEMONS,
    DEMO,
    DISK,
    HOST,
    RETRY_ASIDE,
    SILENT_AFTER,
    SUPERVISOR,
    UPKEEP,
    WATCHMAN_DAEMONS,
    Trouble,
    as_time,
)
from vcanalytics.store.held import Damage

KEPT_ASIDE_MAX: Final = 1_000
_INSTANT: Final = pl.Datetime("us", "UTC")
_SCHEMA: Final = pl.Schema(
    {
        "name": pl.String(),
        "state": pl.String(),
        "since": _INSTANT,
        "beat_at": _INSTANT,
        "restarts": pl.Int64(),
        "last_error": pl.String(),
        "last_error_at": _INSTANT,
    }
)

_ASIDE: Final = pl.Schema(
    {
        "stream": pl.String(),
        "row_key": pl.String(),
        "reason": pl.String(),
        "row": pl.String(),
        "first_seen_at": _INSTANT,
        "last_seen_at": _INSTANT,
    }
)


def daemons(*, now: datetime) -> pl.DataFrame:
    """Each collector that has reported, the watchman's too, a row each, as they are started.

    Columns: ``name``, ``state`` (running, waiting, stopped; silent where no sign came for
    SILENT_AFTER), ``since`` (UTC, of the state), ``beat_at`` (UTC, when a round last ended well),
    ``restarts``, ``last_error``, ``last_error_at``.
    """
    rows = []
    told = head().told(DAEMONS)
    if "watchman" in told:
        told = told | head().told(WATCHMAN_DAEMONS)
    for name, daemon in told.items():
        beat_at = as_time(daemon.get("beat_at"))
        silent = beat_at is None or now - beat_at > SILENT_AFTER
        state = daemon.get("state", "running")
        rows.append(
            (
                name,
                "silent" if silent and state == "running" else state,
                beat_at if silent else as_time(daemon.get("since")),
                beat_at,
                daemon.get("restarts", 0),
                daemon.get("last_error"),
                as_time(daemon.get("last_error_at")),
            )
        )
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def demo() -> dict[str, Any]:
    """How far the demo shop is made: done, total, what; empty once it stands, and without one."""
    return head().told(DEMO)


def trouble() -> tuple[Trouble, ...]:
    """Everything that keeps the figures from being new, the most basic first."""
    return open_console().latest.trouble()


@dataclass(frozen=True, slots=True)
class Missing:
    """Rows of a stream that cannot be read, and the times they lie between, where known.

    ``aside``: all of them were found by a check and put into quarantine.
    """

    stream: str
    label: str
    rows: int
    first_at: datetime | None
    last_at: datetime | None
    aside: bool


def missing() -> tuple[Missing, ...]:
    """What is missing from figures because it cannot be read, by stream. 1-2 ms."""
    found: dict[str, list[Damage]] = {}
    for damage in take_snapshot().damage:
        # What is derived is missing as its stream is.
        found.setdefault(damage.stream.partition(".")[0], []).append(damage)
    return tuple(
        Missing(
            name,
            STREAMS[name].label,
            sum(one.rows for one in some),
            min((one.first_at for one in some if one.first_at is not None), default=None),
            max((one.last_at for one in some if one.last_at is not None), default=None),
            all(one.aside for one in some),
        )
        for name, some in found.items()
    )


def upkeep() -> dict[str, Any]:
    """The long job of upkeep under way, mostly none: what, done, total, since (UTC)."""
    job = head().told(UPKEEP)
    return job | {"since": as_time(job.get("since"))} if job else {}


def own_host() -> str | None:
    """The name that the console's own host is sampled under; None before the first sample."""
    name = head().told(HOST).get("name")
    return None if name is None else str(name)


def room() -> dict[str, Any]:
    """How much room there is: the fact ``store.facts.DISK``; empty before it was looked at.

    Where it is short, ``what`` and ``hint`` say so.
    """
    return head().told(DISK)


def retry_aside() -> bool:
    """Ask the collectors to read rows kept aside once more; false where none are at work.

    They take it within seconds; what cannot be read stays aside. Raises StoreError.
    """
    now = datetime.now(UTC)
    beat_at = as_time(head().told(SUPERVISOR).get("beat_at"))
    if beat_at is None or now - beat_at > SILENT_AFTER:
        return False
    with open_console().catalogue.write(now) as writer:
        writer.set_fact(RETRY_ASIDE, True)
    return True


def kept_aside(limit: int = KEPT_ASIDE_MAX) -> pl.DataFrame:
    """Source rows that cannot be read now, the longest known first, at most ``limit``.

    Columns: ``stream``, ``row_key``, ``reason``, ``row`` (JSON text, whole), ``first_seen_at``,
    ``last_seen_at`` (UTC).
    """
    rows = open_console().catalogue.rejected(limit=limit)
    return pl.DataFrame([[row[name] for name in _ASIDE] for row in rows], _ASIDE, orient="row")


def rate_limits() -> pl.DataFrame:
    """How often may be asked, and what was refused since this process was started.

    Columns: ``rate``, ``what``, ``per_minute``, ``refused``.
    """
    refused = measured.refused()
    rows = [(r.name, r.what, r.per_minute, refused.get(r.name, 0)) for r in RATES]
    return pl.DataFrame(rows, ["rate", "what", "per_minute", "refused"], orient="row")
