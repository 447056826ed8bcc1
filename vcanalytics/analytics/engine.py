"""The one place that asks DuckDB: a cursor a query, a time budget, an interrupt.

The database is in memory and holds nothing: each question brings its tables, which are registered
on its own cursor and are gone with it.
"""

from __future__ import annotations

import copy
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeAlias

import duckdb
import polars as pl
import pyarrow as pa

from vcanalytics.analytics.kept import Kept, Key, Made, Sized
from vcanalytics.errors import BudgetExceeded, StoreError
from vcanalytics.store import Relation
from vcanalytics.store.relation import Within

BUDGET_S: Final = 2.0
#: Questions answered at once; the others wait, within their own budget.
CONCURRENT_MAX: Final = 4
MEMORY_MAX: Final = "2GB"
#: How often who asks says whether the answer is still wanted.
_LOOK_S: Final = 0.05

#: A shared connection without cursor() returned other threads' rows; Python's variables are no
#: tables; nothing is ever fetched or spilled (an empty temp_directory keeps it out of the
#: working directory).
_CONFIG: Final[dict[str, str | bool | int | float | list[str]]] = {
    "temp_directory": "",
    "memory_limit": MEMORY_MAX,
    "python_enable_replacements": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}

Table: TypeAlias = pl.DataFrame | pa.Table | Relation


@cache
def sql(*names: str) -> str:
    """The text of ``NAME.sql`` beside this module; of several, one after the other."""
    folder = resources.files(__package__)
    return "\n".join((folder / f"{name}.sql").read_text(encoding="utf-8") for name in names)


def _nobody_leaves() -> None:
    """Who asks waits to the end."""


class Engine:
    """Answers questions in SQL. One a process, shared by all threads.

    ``still_wanted`` is called in the thread that asks, again and again while it waits. What it
    raises interrupts the question and comes out of ``ask``: nobody works for a viewer who left.
    ``told(seconds, answered=...)`` hears of every question that was asked.
    """

    def __init__(
        self,
        budget_s: float = BUDGET_S,
        *,
        concurrent_max: int = CONCURRENT_MAX,
        threads: int | None = None,
        segments: Path | None = None,
        still_wanted: Callable[[], None] = _nobody_leaves,
        told: Callable[..., None] | None = None,
    ) -> None:
        self.budget_s = budget_s
        #: By when all questions must be answered, of ``time.monotonic``: see ``hurried``.
        self._until = math.inf
        self._told = told
        #: What files came to, for as long as they are there.
        self.kept = Kept()
        self._still_wanted = still_wanted
        # DuckDB answers in threads of these, so that who asks is free to time it and to leave.
        self._workers = ThreadPoolExecutor(concurrent_max, thread_name_prefix="question")
        self._slots = threading.BoundedSemaphore(concurrent_max)
        self._database = duckdb.connect(":memory:", config=dict(_CONFIG))
        if threads is not None:
            self._database.execute(f"SET threads = {int(threads)}")
        self._database.execute("SET GLOBAL TimeZone = 'UTC'")
        # Files never change: what stands in their ends is read once.
        self._database.execute("SET parquet_metadata_cache = true")
        if segments is not None:
            # The one folder questions may read files from.
            self._database.execute("SET allowed_directories = $1", [[f"{segments}/"]])
        self._database.execute("SET enable_external_access = false")
        self._database.execute("SET lock_configuration = true")

    def close(self) -> None:
        self._workers.shutdown()
        self._database.close()

    def hurried(self, budget_s: float) -> Engine:
        """The same engine for a few questions that share one budget, from now on."""
        mine = copy.copy(self)
        mine._until = time.monotonic() + budget_s  # noqa: SLF001 - a copy of its own
        return mine

    def _budget(self) -> float:
        return max(0.0, min(self.budget_s, self._until - time.monotonic()))

    def ask(
        self,
        question: str,
        params: Mapping[str, Any] | None = None,
        tables: Mapping[str, Table] | None = None,
        *,
        budget_s: float | None = None,
    ) -> pl.DataFrame:
        """The answer to one SQL statement. ``$name`` stands for a parameter; times come out UTC.

        Raises BudgetExceeded where it takes longer than its budget, waiting for its turn included,
        or needs more memory than there is for it; StoreError where a file it needs is damaged.
        """
        begun, answered = time.monotonic(), False
        try:
            answer = self._in_turn(
                question,
                params or {},
                tables or {},
                self._budget() if budget_s is None else budget_s,
            )
            answered = True
        finally:
            if self._told is not None:
                self._told(time.monotonic() - begun, answered=answered)
        return answer

    def _in_turn(
        self,
        question: str,
        params: Mapping[str, Any],
        tables: Mapping[str, Table],
        budget: float,
    ) -> pl.DataFrame:
        deadline = time.monotonic() + budget
        self._take_turn(budget, deadline)
        try:
            if time.monotonic() >= deadline:
                raise _too_long(budget)
            return self._ask_duckdb(question, params, tables, budget, deadline)
        finally:
            self._slots.release()

    def _ask_duckdb(
        self,
        question: str,
        params: Mapping[str, Any],
        tables: Mapping[str, Table],
        budget: float,
        deadline: float,
    ) -> pl.DataFrame:
        cursor = self._database.cursor()
        try:
            answer = self._workers.submit(_answer, cursor, question, params, tables)
            try:
                in_time = self._await(answer, deadline)
            finally:
                # In time, too late or left: nothing of it goes on.
                _end(cursor, answer)
            if not in_time and isinstance(answer.exception(), duckdb.InterruptException):
                raise _too_long(budget) from None
            return answer.result()
        finally:
            cursor.close()

    def known(
        self, keys: Sequence[Key], make: Callable[[list[Key], float], Made]
    ) -> dict[Key, Sized]:
        """The answers of ``keys``, from what is kept; ``make`` is asked for those that nobody made.

        It is given them and the moment (of ``time.monotonic``) by which all must be there, and
        gives answers one by one: those stay, also when it then fails. What others are making right
        now is waited for. Raises BudgetExceeded, and what ``make`` raises.
        """
        deadline = time.monotonic() + self._budget()

        def wait_for(begun: Future[Sized | None]) -> Sized | None:
            if not self._await(begun, deadline):
                raise BudgetExceeded(
                    f"stopped after {self.budget_s:g} s of waiting for the same question",
                    hint="Try again in a moment",
                    heals=True,
                )
            return begun.result()

        return self.kept.answers(keys, lambda mine: make(mine, deadline), wait_for)

    def _take_turn(self, budget: float, deadline: float) -> None:
        while not self._slots.acquire(timeout=_until(deadline)):
            self._still_wanted()
            if time.monotonic() >= deadline:
                raise BudgetExceeded(
                    f"stopped after {budget:g} s of waiting for other questions",
                    hint="Try again in a moment",
                    heals=True,
                )

    def _await(self, answer: Future[Any], deadline: float) -> bool:
        """Wait for an answer; whether it came in time."""
        while not wait([answer], _until(deadline)).done:
            self._still_wanted()
            if time.monotonic() >= deadline:
                return False
        return True


def _too_long(budget: float) -> BudgetExceeded:
    return BudgetExceeded(
        f"stopped after {budget:g} s", hint="Ask by a longer grain, or shorten the range"
    )


def _until(deadline: float) -> float:
    return min(_LOOK_S, max(0.0, deadline - time.monotonic()))


def _end(cursor: duckdb.DuckDBPyConnection, answer: Future[pl.DataFrame]) -> None:
    """Interrupt what still runs, and wait until it has stopped."""
    while not answer.done():
        # More than once: an interrupt that comes before the statement begins is lost.
        cursor.interrupt()
        wait([answer], _LOOK_S)


def _answer(
    cursor: duckdb.DuckDBPyConnection,
    question: str,
    params: Mapping[str, Any],
    tables: Mapping[str, Table],
) -> pl.DataFrame:
    try:
        for name, table in tables.items():
            _bring(cursor, name, table)
        return _in_utc(cursor.sql(question, params=dict(params)).pl())
    except duckdb.OutOfMemoryException as error:
        raise BudgetExceeded(
            f"stopped at {MEMORY_MAX} of memory",
            hint="Ask by a longer grain, or shorten the range",
        ) from error
    except (duckdb.IOException, duckdb.InvalidInputException) as error:
        if not any(
            isinstance(table, Relation) and (table.files or table.cuts) for table in tables.values()
        ):
            raise
        raise StoreError(
            f"a segment cannot be read: {str(error).splitlines()[0]}",
            hint="Run `python -m vcanalytics check` to see what is damaged",
        ) from error


def _bring(cursor: duckdb.DuckDBPyConnection, name: str, table: Table) -> None:
    """Make ``table`` known to the cursor, and to it alone, as ``name``."""
    if isinstance(table, pl.DataFrame):
        # Views of the text instead of a copy: 5 ms less on three columns of 100,000 rows.
        cursor.register(name, table.to_arrow(compat_level=pl.CompatLevel.newest()))
    elif not isinstance(table, Relation):
        cursor.register(name, table)
    elif not table.files and not table.cuts:
        cursor.register(name, table.hot)
    else:
        cursor.register(f"{name}_hot", table.hot)
        cursor.execute(_view(name, table))


def _view(name: str, relation: Relation) -> str:
    """The rows in the files and the hot ones as one view.

    DuckDB's own reader skips row groups and streams: 66 ms where a registered Arrow dataset took
    116 for a day of a million rows. What rows are wanted is said here as well, in literals: from a
    question's parameters, or through a table expression that is used twice, it skips nothing. Each
    cut is a part of its own (90 hours in 90 files: 82 ms; in one condition 268).
    """
    columns = ", ".join(f'"{column}"' for column in relation.columns)
    replaced = ""
    if relation.key is not None and relation.hot.num_rows:
        same = f'{name}_hot."{relation.key}" = filed."{relation.key}"'
        replaced = f"NOT EXISTS (SELECT 1 FROM {name}_hot WHERE {same})"  # noqa: S608
    pieces = [f"SELECT {columns} FROM {name}_hot"]  # noqa: S608
    for wanted in _wanted(relation.within) if relation.files else ():
        where = " AND ".join(condition for condition in (wanted, replaced) if condition)
        piece = f"SELECT {columns} FROM {_parquet(*relation.files)} AS filed"  # noqa: S608
        pieces.append(f"{piece} WHERE {where}" if where else piece)
    pieces += [
        f"SELECT {columns} FROM {_parquet(cut.file)}"  # noqa: S608
        f' WHERE "{cut.column}" >= {_literal(cut.start)} AND "{cut.column}" < {_literal(cut.end)}'
        for cut in relation.cuts
    ]
    return f"CREATE TEMP VIEW {name} AS " + " UNION ALL ".join(pieces)


def _parquet(*files: Path) -> str:
    names = ", ".join("'" + str(file).replace("'", "''") + "'" for file in files)
    return f"read_parquet([{names}])"


def _wanted(within: Within | None) -> list[str]:
    """Conditions that no row meets two of: one a column, since nothing is skipped by an OR."""
    if within is None:
        return [""]
    mine = []
    for column in within.columns:
        bounds = []
        if within.start is not None:
            bounds.append(f'"{column}" >= {_literal(within.start)}')
        if within.end is not None:
            bounds.append(f'"{column}" < {_literal(within.end)}')
        if within.moments:
            moments = ", ".join(_literal(moment) for moment in within.moments)
            bounds.append(f'"{column}" IN ({moments})')
        mine.append(" AND ".join(bounds))
    return [
        " AND ".join([own, *(f"NOT coalesce({other}, false)" for other in mine[:at])])
        for at, own in enumerate(mine)
    ]


def _literal(moment: datetime) -> str:
    return f"TIMESTAMPTZ '{moment.astimezone(UTC).isoformat(sep=' ')}'"


def _in_utc(answer: pl.DataFrame) -> pl.DataFrame:
    # DuckDB names the zone Etc/UTC, which compares unequal to UTC in polars.
    return answer.with_columns(
        pl.col(name).dt.convert_time_zone("UTC")
        for name, kind in answer.schema.items()
        if isinstance(kind, pl.Datetime) and kind.time_zone not in {None, "UTC"}
    )
