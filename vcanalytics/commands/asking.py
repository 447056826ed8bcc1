"""What every command begins with: the settings, the moment, and the store to ask."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import click

from vcanalytics.analytics.engine import Engine
from vcanalytics.commands.options import zone_of
from vcanalytics.commands.output import Answer, visible, write
from vcanalytics.display.formats import write_numbers_as
from vcanalytics.errors import StoreError
from vcanalytics.settings import Settings, load_settings
from vcanalytics.store import Catalogue, Reader, Segments, Snapshot
from vcanalytics.store.catalogue import FILE_NAME
from vcanalytics.store.held import Damage

#: How long a command's question may take: nobody looks at a page meanwhile.
BUDGET_S: Final = 60.0
_CHECK: Final = "Run `python -m vcanalytics check` to see what is damaged"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a command: what it was told, and when."""

    settings: Settings
    now: datetime
    zone: ZoneInfo
    form: str

    def time(self, instant: datetime | None) -> str:
        """A time for people, in the zone asked for."""
        return (
            "never" if instant is None else instant.astimezone(self.zone).isoformat(" ", "seconds")
        )

    def write(self, answer: Answer) -> None:
        write(answer, self.form, self.zone)


def begin(zone: str | None, form: str) -> Call:
    """The call as its options say.

    Raises SettingError, and UsageError for an unknown zone. A clock in the context stands in for
    the host's.
    """
    settings = load_settings()
    write_numbers_as(settings.locale)
    clock = click.get_current_context().obj
    now = clock() if clock is not None else datetime.now(UTC)
    return Call(settings, now, zone_of(zone, settings.zone), form)


def opened(settings: Settings) -> closing[Catalogue]:
    """The store, to be used in a ``with``; it is not made where it is missing.

    Raises StoreError.
    """
    return closing(Catalogue.open(_store_dir(settings), create=False))


def _store_dir(settings: Settings) -> Path:
    """The store of the source that is named; where none is, a real one goes before the demo's."""
    real = settings.data_dir
    return real if (real / FILE_NAME).exists() else settings.store_dir


@contextmanager
def asking(
    settings: Settings,
    streams: Sequence[str],
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    books: bool = False,
) -> Iterator[tuple[Engine, Snapshot]]:
    """An engine and one moment of ``streams``, with its ``books`` where revenue is asked for.

    Of streams that only grow, what lies outside ``[start, end)`` may be damaged. Raises StoreError
    where rows that the question needs cannot be read: figures without them would be wrong. Of those
    in quarantine a line on stderr says that they are missing.
    """
    root = Segments(_store_dir(settings)).root
    with opened(settings) as catalogue, closing(Engine(BUDGET_S, segments=root)) as engine:
        snapshot = Reader(catalogue, books=books).snapshot(streams)
        missing = []
        for damage in snapshot.damage:
            before = start is not None and damage.last_at is not None and damage.last_at < start
            after = end is not None and damage.first_at is not None and damage.first_at >= end
            if before or after:
                continue
            missing.append(damage)
            if not damage.aside:
                raise StoreError(
                    f"{damage.rows:,} rows of {damage.stream} cannot be read"
                    f" ({damage.name}: {damage.reason})",
                    where=str(catalogue.path),
                    hint=_CHECK,
                )
        _say_what_is_amiss(snapshot, streams, missing)
        yield engine, snapshot


def _say_what_is_amiss(
    snapshot: Snapshot, streams: Sequence[str], missing: Sequence[Damage]
) -> None:
    """One line on stderr where the figures are not those of the whole source as it is now."""
    notes = []
    for name in dict.fromkeys(one.stream for one in missing):
        rows = sum(one.rows for one in missing if one.stream == name)
        notes.append(f"{rows:,} rows of {name} are missing: they are in quarantine; {_CHECK}")
    swapped = snapshot.facts.get("swapped")
    if isinstance(swapped, dict) and swapped.get("stream") in streams:
        notes.append(f"{swapped.get('what')}; {swapped.get('hint')}")
    for name in streams:
        state = snapshot.state(name)
        if state.reading_history:
            notes.append(
                f"the history of {name} is still being read: {state.done:,} of {state.total:,} rows"
            )
    if notes:
        sys.stderr.write(f"vcanalytics: note: {visible('. '.join(notes))}\n")
