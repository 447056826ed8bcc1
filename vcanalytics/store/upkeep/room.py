"""Room: what the console's data take of the disk, how long it will do, and what the limit is.

The limit is VC_DISK_BUDGET_GB, or what the disk has where that is less. Before it is reached,
everybody is told; when it is, samples are let go of earlier than they would be, so that payments
can be kept on. Measured is all of VC_DATA_DIR, without files that are about to be deleted.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, func, select

from vcanalytics.errors import SettingError, StoreError
from vcanalytics.settings import Settings
from vcanalytics.store import schema
from vcanalytics.store.catalogue import FILE_NAME, Catalogue
from vcanalytics.store.facts import as_time
from vcanalytics.store.upkeep.retention import SAMPLES

GB: Final = 1_000_000_000
#: Of the limit: from here on everybody is told.
WARN_AT: Final = 0.9
#: From here on samples are let go of, until no more than ``EASED`` is taken.
FULL_AT: Final = 0.97
EASED: Final = 0.94
#: A forecast is told of where it says less than this, and from sizes of so many days.
WARN_DAYS: Final = 14
_HISTORY_DAYS: Final = 14
#: A forecast of a store that has hardly begun says nothing: first reads come at once.
_FORECAST_AT: Final = 0.5


@dataclass(frozen=True, slots=True)
class Room:
    """What is taken of ``limit_bytes``; ``budget``: whether that is the setting's, not the disk's.

    ``days_left``: how long it will do at the pace of the last days; None where it does not grow.
    """

    bytes: int
    limit_bytes: int
    budget: bool
    days_left: float | None
    history: tuple[tuple[date, int], ...] = ()

    @property
    def share(self) -> float:
        return self.bytes / self.limit_bytes if self.limit_bytes else 1.0

    @property
    def full(self) -> bool:
        return self.share >= FULL_AT

    @property
    def short(self) -> bool:
        """Whether everybody is to be told."""
        soon = self.days_left is not None and self.days_left < WARN_DAYS
        return self.share >= WARN_AT or (soon and self.share >= _FORECAST_AT)

    def words(self) -> tuple[str, str]:
        """What to say, and what can be done; empty while there is room."""
        if not self.short:
            return "", ""
        of = "VC_DISK_BUDGET_GB allows" if self.budget else "the disk has for them"
        what = f"the console's data take {_size(self.bytes)} of the {_size(self.limit_bytes)} {of}"
        if self.days_left is not None and self.share < FULL_AT:
            days = int(self.days_left)
            what += f"; at this pace that does for {days} day{'' if days == 1 else 's'}"
        hint = "raise the budget" if self.budget else "make room on the disk"
        hint += ", or keep samples for fewer days (VC_KEEP_SYSTEM_DAYS, VC_KEEP_REQUESTS_DAYS)"
        if self.full:
            hint = f"the oldest samples are let go of, payments never; {hint}"
        return what, hint

    def fact(self, now: datetime, since: object) -> dict[str, Any]:
        """As ``facts.DISK`` keeps it; ``since`` is what an earlier one said."""
        what, hint = self.words()
        return {
            "bytes": self.bytes,
            "limit_bytes": self.limit_bytes,
            "budget": self.budget,
            "days_left": None if self.days_left is None else round(self.days_left, 1),
            "what": what,
            "hint": hint,
            "since": (since or now.isoformat()) if what else None,
            "history": [[day.isoformat(), size] for day, size in self.history],
        }


def measure(
    catalogue: Catalogue,
    settings: Settings,
    before: Mapping[str, Any],
    now: datetime,
) -> Room:
    """How things stand; ``before`` is the fact of the last time."""
    with catalogue.read() as connection:
        retired = _segment_bytes(connection, schema.segment.c.retired_at.is_not(None))
    taken = max(0, taken_bytes(settings.data_dir) - retired)
    limit = taken + retired + shutil.disk_usage(settings.data_dir).free
    budget = settings.disk_budget_bytes
    bounded = budget is not None and budget < limit
    if budget is not None and bounded:
        limit = budget
    history = _history(before, taken, now.date())
    return Room(taken, limit, bounded, _days_left(history, taken, limit, now.date()), history)


def must_fit(settings: Settings) -> None:
    """Raises SettingError where the budget is less than what is never let go of takes by now."""
    budget = settings.disk_budget_bytes
    if budget is None or not (settings.store_dir / FILE_NAME).exists():
        return
    passing = schema.segment.c.stream.in_(SAMPLES) | schema.segment.c.retired_at.is_not(None)
    try:
        with closing(Catalogue.open(settings.store_dir)) as catalogue, catalogue.read() as found:
            lasting = taken_bytes(settings.data_dir) - _segment_bytes(found, passing)
    except StoreError:
        # What is wrong with the catalogue is said by whoever opens it to use it.
        return
    if lasting > budget * WARN_AT:
        raise SettingError(
            f"{budget / GB:g} GB are too few: {_size(lasting)} are taken already by what is kept"
            " for ever",
            where="VC_DISK_BUDGET_GB",
            hint=f"Allow at least {-(-lasting * 2 // GB)} GB",
        )


def taken_bytes(folder: Path) -> int:
    """What all files below a folder take; those that vanish meanwhile take nothing."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).lstat().st_size
            except OSError:
                continue
    return total


def _segment_bytes(connection: Connection, which: Any) -> int:
    table = schema.segment
    return int(connection.execute(select(func.sum(table.c.bytes)).where(which)).scalar() or 0)


def _history(before: Mapping[str, Any], taken: int, today: date) -> tuple[tuple[date, int], ...]:
    """The size at the first look of each of the last days, today's too."""
    known: dict[date, int] = {}
    for day, size in before.get("history") or ():
        known[date.fromisoformat(day)] = int(size)
    known.setdefault(today, taken)
    first = today - timedelta(days=_HISTORY_DAYS)
    return tuple(sorted((day, size) for day, size in known.items() if first <= day <= today))


def _days_left(
    history: Sequence[tuple[date, int]], taken: int, limit: int, today: date
) -> float | None:
    first, size = history[0]
    days = (today - first).days
    if days < 1 or taken <= size:
        return None
    return max(0, limit - taken) / ((taken - size) / days)


def since_of(fact: Mapping[str, Any]) -> str | None:
    """Since when room is short, as an earlier fact says it."""
    return str(fact["since"]) if as_time(fact.get("since")) and fact.get("what") else None


def _size(size: int) -> str:
    return f"{size / GB:.1f} GB"
