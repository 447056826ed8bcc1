"""What was found in files that never change, kept until they are gone."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Generic, TypeAlias, TypeVar

import polars as pl

from vcanalytics.analytics.engine import Engine, Table
from vcanalytics.errors import BudgetExceeded
from vcanalytics.store import Relation
from vcanalytics.store.relation import Cut

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
#: Answers one SQL statement with its parameters and tables, as ``Engine.ask`` does.
Ask: TypeAlias = Callable[[str, Mapping[str, Any], Mapping[str, Table]], pl.DataFrame]
#: When the first and the last row of each file were begun: microseconds since 1970 UTC.
Begun: TypeAlias = Mapping[Path, tuple[int, int]]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_US: Final = -62_135_596_800_000_000
_LAST_US: Final = 253_402_300_799_999_999


def within(engine: Engine, budget_s: float) -> Ask:
    """Answers by ``engine``, all of them within one budget. They raise BudgetExceeded."""
    deadline = time.monotonic() + budget_s

    def ask(question: str, params: Mapping[str, Any], tables: Mapping[str, Table]) -> pl.DataFrame:
        left_s = max(deadline - time.monotonic(), 0.0)
        try:
            return engine.ask(question, params, tables, budget_s=left_s)
        except BudgetExceeded as error:
            if time.monotonic() < deadline:
                raise
            # Not after what was left of it for the last answer.
            hint = "What was found is kept: ask again"
            raise BudgetExceeded(f"stopped after {budget_s:g} s", hint=hint, heals=True) from error

    return ask


def to_the_end(look: Callable[[], T], looks_max: int) -> T:
    """What ``look`` answers, asked again while all it lacks is time: what it found is kept.

    Raises BudgetExceeded after so many, or at once where another look would find no more.
    """
    for _ in range(looks_max - 1):
        try:
            return look()
        except BudgetExceeded as error:
            if not error.heals:
                raise
    return look()


def nothing_of(rows: Relation) -> Relation:
    """The columns of ``rows`` without any of them."""
    return replace(rows, hot=rows.hot.slice(0, 0), files=(), key=None)


def begun_in(file: Path, first_us: int, last_us: int) -> Cut:
    """The rows of a file that were begun from the one moment to the other, both included."""
    return Cut(file, "created_at", moment(first_us), moment(last_us + 1))


def moment(micros: int) -> datetime:
    """The time so many microseconds after 1970 UTC, or the next that a calendar has."""
    return _EPOCH + timedelta(microseconds=min(max(micros, _FIRST_US), _LAST_US))


class ByFile(Generic[K, T]):
    """Keeps what was found of each file, or of some files together; safe to share by threads.

    Two who ask at once may look at the same file; what either found is whole.
    """

    def __init__(self) -> None:
        self._kept: tuple[Hashable, Mapping[K, T]] = (None, {})

    @property
    def known(self) -> Collection[K]:
        """Of what anything is kept."""
        return self._kept[1].keys()

    def of(
        self,
        wanted: Iterable[K],
        find: Callable[[K, T | None], T],
        asked: Hashable = None,
        *,
        still: Callable[[K, T], bool] = lambda _one, _found: True,
    ) -> dict[K, T]:
        """What ``find`` finds of each that is wanted, in their order; the others are let go.

        It is kept as long as the same is ``asked`` and ``still`` says that it holds; ``find`` is
        given what does not hold any more. What was found before an error stays.
        """
        was_asked, known = self._kept
        if asked != was_asked:
            known = {}
        every = list(wanted)
        kept = {one: known[one] for one in every if one in known}
        try:
            for one in every:
                if one not in kept or not still(one, kept[one]):
                    kept[one] = find(one, kept.get(one))
        finally:
            self._kept = (asked, kept)
        return {one: kept[one] for one in every}

    def leave(self, gone: Callable[[K], bool]) -> None:
        """Keep nothing of those that are gone: customers may have been forgotten with them."""
        asked, known = self._kept
        if any(gone(one) for one in known):
            self._kept = (asked, {one: found for one, found in known.items() if not gone(one)})
