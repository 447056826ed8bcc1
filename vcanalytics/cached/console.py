"""The console this process is: its settings, catalogue, reader and engine, opened once.

Here stands too what every cached question shares: the version in its key and the "now" in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import polars as pl
import streamlit as st
from streamlit.runtime.scriptrunner_utils.script_run_context import get_run_yield_check

from vcanalytics import measured
from vcanalytics.analytics.candidates import Candidates
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.sources import hours_alone as _hours_alone
from vcanalytics.analytics.streams import streams as _streams
from vcanalytics.cached.lately import Lately
from vcanalytics.display.formats import write_numbers_as
from vcanalytics.settings import Settings, load_settings
from vcanalytics.store import Catalogue, Head, Latest, Reader, Segments, Snapshot, StreamState

#: (stream, newest sequence number) pairs: what an answer was read from.
Version = tuple[tuple[str, int], ...]

#: A line across a page is told apart in so many places.
_STEPS: Final = 5_000
#: Longer than the longest pace.
_HELD: Final = timedelta(minutes=2)
_HELD_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Console:
    """What questions are asked with."""

    settings: Settings
    catalogue: Catalogue
    latest: Latest
    reader: Reader
    engine: Engine
    candidates: Candidates


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of an answer, and when they were read."""

    frame: pl.DataFrame
    as_of: datetime


def _still_watched() -> None:
    """Leave off where the viewer has gone, or asks for something else by now.

    Streamlit ends a script at its next element, and one that waits for DuckDB draws none. Others
    who wait for the same answer begin it anew, the first of them, as with any that failed.
    """
    check = get_run_yield_check()
    if check is not None:
        check()


@st.cache_resource(show_spinner=False)
def open_console() -> Console:
    """The one console of this process."""
    settings = load_settings()
    write_numbers_as(settings.locale)
    catalogue = Catalogue.open(settings.store_dir)
    # What is sealed is read by the engine itself, and from this folder alone.
    engine = Engine(
        settings.query_budget_s,
        segments=Segments(settings.store_dir).root,
        still_wanted=_still_watched,
        told=measured.note_question,
    )
    return Console(settings, catalogue, Latest(catalogue), Reader(catalogue), engine, Candidates())


_head: Final[Lately[Head]] = Lately(1)


def head() -> Head:
    """What stands in the catalogue now; for a page that can say so, what last stood there."""
    return _head.ask((), open_console().latest.head, lambda _: datetime.now(UTC))


def take_snapshot() -> Snapshot:
    """The store at this moment."""
    return open_console().reader.snapshot()


def settings() -> Settings:
    """The console's settings."""
    return open_console().settings


def grace() -> timedelta:
    """How long after a capture its account and mail may take."""
    return timedelta(minutes=settings().grace_minutes)


def streams() -> dict[str, StreamState]:
    """Every stream's state now: version, rows, newest time, last successful read, progress."""
    return head().states


def stream_table(*, now: datetime) -> pl.DataFrame:
    """Every stream and how old it is: the columns of ``analytics.streams.streams``. 1-2 ms."""
    return _streams(take_snapshot(), now=now)


def version(*names: str) -> Version:
    """The version of the given streams now."""
    seqs = head().seqs
    return tuple((name, seqs.get(name, 0)) for name in sorted(names))


def pace(length: timedelta) -> timedelta:
    """How often a chart of so long a range is made anew: 24 h every 17 s, an hour every second."""
    wanted = timedelta(seconds=length // _STEPS // timedelta(seconds=1))
    return min(max(wanted, timedelta(seconds=1)), timedelta(minutes=1))


@st.cache_data(ttl=_HELD, max_entries=_HELD_MAX, show_spinner=False)
def _held(names: tuple[str, ...], pace_s: int, tick: int) -> Version:  # noqa: ARG001
    return version(*names)


def paced(*names: str, length: timedelta, now: datetime | None = None) -> Version:
    """The version of streams that move every second, held for the ``pace`` of a range's length.

    Samples come each second and a chart of a day has windows of five minutes: the newest second
    moves none of its points by a hair, and reading the whole day anew for it would keep a core
    busy. So the version in the key, and with it the answer, moves at most once a pace; where no
    sample comes, not at all. The answer's ``as_of`` says how old it is.
    """
    return once_in(pace(length), *names, now=now)


def once_in(step: timedelta, *names: str, now: datetime | None = None) -> Version:
    """The version of streams, held for ``step``: whole seconds, up to a minute."""
    tick = int((now or datetime.now(UTC)).timestamp() // step.total_seconds())
    return _held(names, step // timedelta(seconds=1), tick)


def answer(question: Callable[..., pl.DataFrame], **params: Any) -> Answer:
    """What ``question`` (of analytics: an engine, a snapshot, its parameters) answers now."""
    taken = take_snapshot()
    return Answer(question(open_console().engine, taken, **params), taken.taken_at)


def hours_alone(stream: str, start: datetime, end: datetime) -> bool:
    """Whether hours at the ends of the range count whole: ``analytics.sources.hours_alone``."""
    return _hours_alone(take_snapshot(), stream, start, end)


def dump_version(at: Version) -> str:
    """A version as a link carries it."""
    return ",".join(f"{name}:{seq}" for name, seq in at)


def load_version(text: str) -> Version | None:
    """A version from a link; None where it is none."""
    parts = [part.partition(":") for part in text.split(",") if part]
    numbers = [seq for _, _, seq in parts]
    if not parts or not all(seq.isascii() and seq.isdigit() and len(seq) < 16 for seq in numbers):
        return None
    return tuple(sorted((name, int(seq)) for name, _, seq in parts))


def minute(now: datetime) -> datetime:
    """``now`` as keys carry it: the minute that ends next, so that nothing of now is left out."""
    return now.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)


def whole_minute(end: datetime) -> datetime:
    """``end``, or the minute it falls into to its end: an end that is "now" moves all the time."""
    return end if end.second == end.microsecond == 0 else minute(end)
