"""Segments: immutable Parquet files, written so that a crash at any instant loses nothing.

A file is written aside, fsynced, renamed, and its folder fsynced, before any manifest names it; a
file that no manifest names is left over from a crash. Keys are relative, with a random part, and
nothing but this module knows that a folder stands behind them.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from vcanalytics.errors import StoreError
from vcanalytics.store.shapes import Shape

FOLDER: Final = "segments"
_SUFFIX: Final = ".parquet"
_ASIDE: Final = ".writing"
_READ_BYTES: Final = 1 << 20
_KNOWN_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class Segment:
    """One file as the manifest has it: rows of the days from ``day`` to ``last_day``.

    ``first_at``/``last_at`` bound the moments it is pruned by.
    """

    stream: str
    key: str
    day: date
    last_day: date
    rows: int
    bytes: int
    sha256: str
    first_seq: int
    last_seq: int
    first_at: datetime
    last_at: datetime


class Damaged(StoreError):
    """A file is not as the manifest says. ``key`` names it."""

    def __init__(self, key: str, what: str) -> None:
        super().__init__(
            f"the file {what}", where=key, hint="Run `python -m vcanalytics check --repair`"
        )
        self.key = key


class Segments:
    """The files of one data directory."""

    def __init__(self, data_dir: Path) -> None:
        self.root = (data_dir / FOLDER).absolute()
        self._local: dict[str, Path] = {}

    def local(self, key: str) -> Path:
        """Where the file of ``key`` can be read."""
        found = self._local.get(key)
        if found is None:
            if len(self._local) >= _KNOWN_MAX:
                self._local.clear()
            # Readers ask for each of hundreds with every snapshot: making a path takes 10 µs.
            found = self._local[key] = self.root / key
        return found

    def write(self, shape: Shape, rows: pa.Table) -> Segment:
        """Put rows into a new file, in the shape's order.

        Raises StoreError where the disk is full or refuses; nothing is left behind then.
        """
        return self.write_parts(shape, [rows])

    def write_parts(self, shape: Shape, parts: Iterable[pa.Table]) -> Segment:
        """Put tables, none empty, the earliest days first, into one new file.

        Each is sorted by itself, so that no more than one of them is ever in memory. Raises as
        ``write``.
        """
        made: _Written | None = None
        left = iter(parts)
        try:
            first = next(left).cast(shape.schema)
            made = self._begin(shape, first)
            made.add(shape.in_order(first))
            for part in left:
                made.add(shape.in_order(part.cast(shape.schema)))
            made.finish()
            digest, size = _digest(made.aside)
            made.aside.rename(made.path)
            self._sync_folders(made.path.parent)
        except BaseException as error:
            if made is not None:
                made.drop()
            if not isinstance(error, OSError | pa.ArrowException):
                raise
            raise StoreError(
                f"a segment cannot be written: {error}",
                where=str(made.path if made else self.root / shape.name),
                hint="Check free space and rights; its rows stay where they are",
                heals=True,
            ) from error
        return made.segment(digest, size)

    def _begin(self, shape: Shape, rows: pa.Table) -> _Written:
        day, _ = _days(rows.column(shape.partition))
        key = f"{shape.name}/{day:%Y}/{day.isoformat()}-{secrets.token_hex(8)}{_SUFFIX}"
        path = self.local(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        return _Written(shape, key, path)

    def _sync_folders(self, folder: Path) -> None:
        # A rename is durable only once its folder is; so is a folder made on the way.
        while True:
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
            if folder in {self.root.parent, folder.parent}:
                return
            folder = folder.parent

    def read(self, key: str, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows of a file. Raises StoreError where it is missing or damaged."""
        path = self.local(key)
        try:
            # pq.read_table makes a dataset of it first: most of what a small file costs.
            with pq.ParquetFile(path) as file:
                rows = file.read(columns)
            # It leaves out what it has not, without a word.
            return rows if columns is None else rows.select(columns)
        except (OSError, pa.ArrowException, KeyError) as error:
            raise _unreadable(path, error) from error

    def groups(self, key: str) -> Iterator[pa.Table]:
        """The rows of a file, a group of them at a time.

        Raises StoreError where it is missing or damaged.
        """
        path = self.local(key)
        try:
            with pq.ParquetFile(path) as file:
                for group in range(file.num_row_groups):
                    yield file.read_row_group(group)
        except (OSError, pa.ArrowException) as error:
            raise _unreadable(path, error) from error

    def pieces(self, key: str, seqs: pa.Array, columns: Sequence[str]) -> Iterator[pa.Table]:
        """The rows of the given batches, a group of the file at a time.

        Raises StoreError where it is missing or damaged.
        """
        path = self.local(key)
        try:
            with pq.ParquetFile(path) as file:
                for group in range(file.num_row_groups):
                    mine = pc.is_in(file.read_row_group(group, ["seq"]).column("seq"), seqs)
                    if pc.any(mine).as_py():
                        yield file.read_row_group(group, list(columns)).filter(mine)
        except (OSError, pa.ArrowException) as error:
            raise _unreadable(path, error) from error

    def rows(self, key: str) -> int:
        """How many rows a file says it has. Raises StoreError where it is missing or damaged."""
        path = self.local(key)
        try:
            return int(pq.read_metadata(path).num_rows)
        except (OSError, pa.ArrowException) as error:
            raise _unreadable(path, error) from error

    def between(self, key: str, column: str, start: datetime, end: datetime) -> Iterator[pa.Table]:
        """The rows of a file whose ``column`` lies in ``[start, end)``, a row group at a time.

        Raises StoreError where the file is missing or damaged.
        """
        path = self.local(key)
        try:
            with pq.ParquetFile(path) as file:
                place = file.schema_arrow.get_field_index(column)
                for number in range(file.num_row_groups):
                    told = file.metadata.row_group(number).column(place).statistics
                    known = told is not None and told.has_min_max
                    if known and (told.max < start or told.min >= end):
                        continue
                    rows = file.read_row_group(number)
                    moments = rows.column(column)
                    first = pa.scalar(start, moments.type)
                    last = pa.scalar(end, moments.type)
                    inside = pc.and_(pc.greater_equal(moments, first), pc.less(moments, last))
                    if (found := rows.filter(inside)).num_rows:
                        yield found
        except (OSError, pa.ArrowException) as error:
            raise _unreadable(path, error) from error

    def verify(self, segment: Segment) -> str | None:
        """What is wrong with the file, None where it is as the manifest says."""
        path = self.local(segment.key)
        try:
            if path.stat().st_size != segment.bytes:
                return f"has {path.stat().st_size} bytes, the manifest says {segment.bytes}"
            if _digest(path)[0] != segment.sha256:
                return "is damaged: its checksum is not the manifest's"
        except FileNotFoundError:
            return "is missing"
        except OSError as error:
            return f"cannot be read: {error.strerror}"
        return None

    def must_be_sound(self, segment: Segment) -> None:
        """Raises Damaged where the file is not as the manifest says.

        For who copies rows: a copy has a checksum of its own, and what is damaged would pass for
        sound.
        """
        if wrong := self.verify(segment):
            raise Damaged(segment.key, wrong)

    def files(self) -> Iterator[str]:
        """Keys of all files there are, those being written too.

        Raises StoreError where they cannot be listed.
        """
        try:
            if self.root.is_dir():
                for path in sorted(self.root.rglob(f"*{_SUFFIX}*")):
                    if path.is_file():
                        yield path.relative_to(self.root).as_posix()
        except OSError as error:
            raise _refused("the segments cannot be listed", self.root, error) from error

    def age_s(self, key: str) -> float:
        """Seconds since the file was last written; 0 where it is gone."""
        try:
            return max(0.0, time.time() - self.local(key).stat().st_mtime)
        except OSError:
            return 0.0

    def delete(self, key: str) -> None:
        """Remove a file that no manifest names; gone already is as good.

        Raises StoreError where the disk refuses.
        """
        path = self.local(key)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise _refused("a segment cannot be removed", path, error) from error


def _refused(what: str, path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{what}: {error.strerror}",
        where=str(path),
        hint="Check rights and the disk; it is tried again",
        heals=True,
    )


class _Written:
    """A file on its way: written aside, until it is whole."""

    def __init__(self, shape: Shape, key: str, path: Path) -> None:
        self.path = path
        self.aside = path.with_name(path.name + _ASIDE)
        self._shape, self._key = shape, key
        self._rows = 0
        self._seqs: list[int] = []
        self._days: list[date] = []
        self._bounds: list[datetime] = []
        self._file = self.aside.open("xb")
        self._writer = pq.ParquetWriter(self._file, shape.written, **shape.encodings())

    def add(self, rows: pa.Table) -> None:
        self._writer.write_table(self._shape.whole(rows), row_group_size=self._shape.group_rows)
        self._rows += rows.num_rows
        seqs = rows.column("seq").to_numpy()
        self._seqs += [int(seqs.min()), int(seqs.max())]
        self._days += _days(rows.column(self._shape.partition))
        self._bounds += _bounds(rows, self._shape.moments)

    def finish(self) -> None:
        """Make what was written durable."""
        self._writer.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def drop(self) -> None:
        """Leave nothing behind."""
        with suppress(OSError, pa.ArrowException):
            self._writer.close()
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self.aside.unlink(missing_ok=True)

    def segment(self, digest: str, size: int) -> Segment:
        return Segment(
            stream=self._shape.name,
            key=self._key,
            day=min(self._days),
            last_day=max(self._days),
            rows=self._rows,
            bytes=size,
            sha256=digest,
            first_seq=min(self._seqs),
            last_seq=max(self._seqs),
            first_at=min(self._bounds),
            last_at=max(self._bounds),
        )


def _unreadable(path: Path, error: Exception) -> StoreError:
    return StoreError(
        f"a segment cannot be read: {str(error).splitlines()[0]}",
        where=str(path),
        hint="Run `python -m vcanalytics check`",
    )


def _bounds(rows: pa.Table, moments: Sequence[str]) -> tuple[datetime, datetime]:
    found = [pc.min_max(rows.column(name)).as_py() for name in moments]
    return (
        min(one["min"] for one in found if one["min"] is not None),
        max(one["max"] for one in found if one["max"] is not None),
    )


def _days(moments: pa.ChunkedArray) -> tuple[date, date]:
    found = pc.min_max(moments).as_py()
    return found["min"].date(), found["max"].date()


def _digest(path: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_READ_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return digest.hexdigest(), size
