"""Stores to measure on, made once of ``benchmarks.made`` and kept in a folder for other runs.

Rows take the console's own way in, a day at a time: appended, with ledger, counters, current rows
and whatever is booked with them; then sealed, with whatever is derived. 100 million requests and 10
million payments take about an hour and some 10 GB.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import polars as pl

from benchmarks import made
from benchmarks.results import Options
from vcanalytics.model.streams import REQUESTS, Stream
from vcanalytics.store import Catalogue, CurrentRow, Segments
from vcanalytics.store.derived import SHAPES
from vcanalytics.store.manifest import clean
from vcanalytics.store.sealer import seal
from vcanalytics.store.upkeep.merging import merge_next

#: Raised whenever what is made changes: a store of another number is made anew.
_MADE: Final = 1
_MARK: Final = "made.json"
_CLEAN_EVERY_DAYS: Final = 30
#: A gigabyte is left free, and this much is needed for each row.
_FREE_LEAST: Final = 1_000_000_000
_BYTES_A_REQUEST: Final = 40
_BYTES_A_PAYMENT: Final = 1_500


@dataclass(frozen=True, slots=True)
class Size:
    """How many requests and payments a store holds, about; whole days of them."""

    requests: int
    payments: int

    @property
    def name(self) -> str:
        return f"{_short(self.requests)}-{_short(self.payments)}"

    def __str__(self) -> str:
        return f"{_short(self.requests)} requests, {_short(self.payments)} payments"


def _short(count: int) -> str:
    for unit, letter in ((1_000_000, "M"), (1_000, "k")):
        if count >= unit:
            return f"{count / unit:g}{letter}"
    return str(count)


@contextmanager
def kept_folder(options: Options) -> Iterator[Path]:
    """The folder that was asked for, which stays, or one that goes with the block."""
    if options.cache is not None:
        options.cache.mkdir(parents=True, exist_ok=True)
        yield options.cache
        return
    with TemporaryDirectory(prefix="bench-") as folder:
        yield Path(folder)


def store(folder: Path, size: Size, options: Options) -> Path:
    """The store of a size in ``folder``, made where it is not there yet.

    Raises RuntimeError where the disk has no room for it.
    """
    path = folder / f"store-{size.name}-{options.seed}"
    wanted = asdict(size) | {"seed": options.seed, "made": _MADE}
    with suppress(OSError, ValueError):
        if json.loads((path / _MARK).read_text("utf-8")) == wanted:
            options.say(f"{size}: kept from an earlier run")
            return path
    shutil.rmtree(path, ignore_errors=True)
    need = size.requests * _BYTES_A_REQUEST + size.payments * _BYTES_A_PAYMENT + _FREE_LEAST
    if shutil.disk_usage(folder).free < need:
        raise RuntimeError(f"{size} need {need / 1e9:.0f} GB of free disk below {folder}")
    catalogue = Catalogue.open(path)
    try:
        _fill(catalogue, Segments(path), size, options)
    finally:
        catalogue.close()
    # Last: a store that was interrupted has none, and is made anew.
    (path / _MARK).write_text(json.dumps(wanted), "utf-8")
    return path


def _fill(catalogue: Catalogue, segments: Segments, size: Size, options: Options) -> None:
    days = made.days_of(size.payments, made.PAYMENTS_A_DAY)
    a_day = min(size.payments, made.PAYMENTS_A_DAY)
    for number, (day, books) in enumerate(made.books(days, a_day, options.seed)):
        for name, stream in made.BOOKS.items():
            frame: pl.DataFrame = getattr(books, name)
            put(catalogue, segments, stream, day.isoformat(), frame)
        _tidy(catalogue, segments, number, f"{size}: payments, day", len(days), options)
    days = made.days_of(size.requests, made.REQUESTS_A_DAY)
    a_day = min(size.requests, made.REQUESTS_A_DAY)
    for number, day in enumerate(days):
        frame = made.requests(day, a_day, options.seed)
        put(catalogue, segments, REQUESTS, day.isoformat(), frame)
        _tidy(catalogue, segments, number, f"{size}: requests, day", len(days), options)
    _tidy(catalogue, segments, 0, f"{size}: tidied", 1, options)


def source_of(stream: Stream) -> str:
    """What the ledger calls whoever makes the stream's rows here."""
    return f"bench-{stream.name}"


def put(
    catalogue: Catalogue, segments: Segments | None, stream: Stream, key: str, frame: pl.DataFrame
) -> None:
    """Append a day's rows as the collectors would, and seal them, unless there are no segments."""
    if not frame.height:
        return
    batch = made.as_batch(stream, frame)
    current = list(_stands(stream, frame))
    catalogue.append(stream.name, source_of(stream), key, batch, current, made.NOW)
    while segments is not None and seal(catalogue, segments, stream, made.NOW) is not None:
        pass


def _stands(stream: Stream, frame: pl.DataFrame) -> Iterable[CurrentRow]:
    """The current rows that versions lead to; what state they carry is as long as in reality."""
    if stream.key is None:
        return
    state = pl.lit("")
    if "captured_amount" in frame.columns and "email" in frame.columns:
        state = pl.concat_str(
            pl.lit('{"amount":"'),
            pl.col("captured_amount").cast(pl.String),
            pl.lit('","currency":"USD","payer_email":"'),
            pl.col("payer_email").fill_null(""),
            pl.lit('"}'),
        )
    told = frame.select(
        pl.col(stream.key).cast(pl.String).alias("key"),
        "source_id",
        (pl.struct(stream.key, "status").hash() // 2).cast(pl.Int64).alias("fingerprint"),
        state.alias("state"),
    )
    # A batch holds a row's newest version last.
    for key, source_id, fingerprint, text in told.unique("key", keep="last").iter_rows():
        yield CurrentRow(key, source_id, fingerprint, text)


def _tidy(
    catalogue: Catalogue, segments: Segments, number: int, what: str, of: int, options: Options
) -> None:
    """Now and then merge, and delete what was replaced; say so."""
    if number % _CLEAN_EVERY_DAYS == 0:
        while merge_next(catalogue, segments, made.NOW, kept_for_ever=SHAPES.keys()) is not None:
            pass
        # Nobody reads meanwhile: nothing has to be waited for.
        clean(catalogue, segments, made.NOW + timedelta(hours=1), orphan_after=timedelta())
        options.say(f"{what} {number + 1:,} of {of:,}")
