"""Taking a backup while everything runs: one moment of the store, verified, in a folder of its own.

Files never change, so most are copied first, in rounds, until what is left is little. Then the
catalogue is copied within one read transaction, which keeps no writer waiting, and the files that
this very copy names are completed. A file that was retired and deleted meanwhile stands in no
manifest any more: then a newer catalogue is copied. The record comes last (``backup_record``).

What an earlier run left in the folder is used where its digest is right, whether that run was
finished or killed; what is needed no more goes once the new record stands.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import sqlite3
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import select

from vcanalytics.errors import StoreError, UsageError
from vcanalytics.store import copying, schema
from vcanalytics.store.backups import record as backup_record
from vcanalytics.store.backups.files import MODE, Course, Files, Progress, Step, wanted
from vcanalytics.store.backups.record import MARK, Kept, Record
from vcanalytics.store.backups.tally import Tally, count_files, differences
from vcanalytics.store.catalogue import FILE_NAME, Catalogue
from vcanalytics.store.manifest import manifests
from vcanalytics.store.quarantine import FOLDER as QUARANTINE
from vcanalytics.store.segments import FOLDER as SEGMENTS
from vcanalytics.store.segments import Segments

#: A round that copies less than this is short enough for the last one to follow.
_LITTLE_BYTES: Final = 64 << 20
_ROUNDS_MAX: Final = 20
#: What backups leave in their folder, apart from record, mark and the two folders of files.
_OURS: Final = re.compile(rf"[a-z]+-[0-9a-f]{{16}}\.db|{backup_record.RECORD}{copying.ASIDE}")

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Beside:
    """A SQLite file that goes with the store: ``path`` is its place in the data directory."""

    source: Path
    path: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A backup: its record, and the bytes that had to be copied, by ``stored`` name."""

    record: Record
    copied: Counter[str]


class _Moved(Exception):
    """A file went while it was to be copied: the store has moved on."""


def take(
    catalogue: Catalogue,
    data_dir: Path,
    folder: Path,
    beside: Sequence[Beside],
    *,
    clock: Clock,
    progress: Progress = lambda _what, _done, _total: None,
    step: Step = lambda _name: None,
) -> Taken:
    """Copy the store and the files ``beside`` it into ``folder``, as of one moment.

    Raises UsageError where the folder lies in the data directory, StoreError where it holds
    something else, where the store is damaged, or where anything cannot be written: an earlier
    backup in the folder stands then.
    """
    folder, data_dir = folder.expanduser().resolve(), data_dir.resolve()
    if folder == data_dir or data_dir in folder.parents:
        raise UsageError(
            "a backup within the data directory is lost with it",
            where=str(folder),
            hint="Name a folder elsewhere, best on another disk",
        )
    try:
        with _mine(folder):
            taking = _Taking(catalogue, data_dir, Files(catalogue, folder, progress, step), clock)
            return taking.take(beside)
    except OSError as error:
        raise StoreError(
            f"the backup cannot be written: {error.strerror or error}",
            where=str(error.filename or folder),
            hint="What was finished there before stands. Make room or rights, then run it again",
        ) from error


@contextmanager
def _mine(folder: Path) -> Iterator[None]:
    """The folder, for this backup alone. Raises StoreError where it holds something else."""
    if folder.exists() and not folder.is_dir():
        raise StoreError("it is no folder", where=str(folder), hint="Name a folder for backups")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise StoreError(
            "it holds something else than a backup",
            where=str(folder),
            hint="Name an empty folder, or one that a backup was taken into before",
        )
    copying.make_folder(folder, folder)
    handle = os.open(folder / MARK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, MODE)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(
                "another backup is being taken into it",
                where=str(folder),
                hint="Wait for it to end",
                heals=True,
            ) from None
        copying.sync_folder(folder)
        yield
    finally:
        os.close(handle)


@dataclass(frozen=True, slots=True)
class _Taking:
    """One run."""

    catalogue: Catalogue
    data_dir: Path
    files: Files
    clock: Clock

    def take(self, beside: Sequence[Beside]) -> Taken:
        files, folder = self.files, self.files.folder
        identity = self._make_ready()
        for _ in range(_ROUNDS_MAX):
            with self.catalogue.read() as connection:
                named = wanted(self._store_dir, connection)
            if files.bring(named, self._store) < _LITTLE_BYTES:
                break
        files.step("copied")
        record = self._settled(identity)
        more = [self._database(one) for one in beside if one.source.exists()]
        record = replace(record, files=(*record.files, *more))
        files.step("recording")
        backup_record.write(folder, record)
        files.step("recorded")
        _clear(folder, {kept.stored for kept in record.files})
        return Taken(record, files.copied)

    @property
    def _store_dir(self) -> Path:
        return self.catalogue.path.parent

    @property
    def _store(self) -> str:
        """The folder of the store in the data directory, empty for itself."""
        below = self._store_dir.resolve().relative_to(self.data_dir).as_posix()
        return "" if below == "." else below

    def _make_ready(self) -> int:
        """When this store was made, which tells it from others; the folder is made ready for it.

        Raises StoreError where the folder holds the backup of another one.
        """
        table = schema.migration
        with self.catalogue.read() as connection:
            query = select(table.c.applied_at).where(table.c.number == 1)
            made_at = int(connection.execute(query).scalar_one())
        earlier = backup_record.read(self.files.folder)
        if earlier is not None and earlier.identity != made_at:
            raise StoreError(
                "it holds the backup of another store",
                where=str(self.files.folder),
                hint="Name another folder: each store needs one of its own",
            )
        # Databases of runs that were killed are of no use to this one; their files are.
        _clear_databases(
            self.files.folder, {kept.stored for kept in earlier.files} if earlier else set()
        )
        return made_at

    def _settled(self, identity: int) -> Record:
        for _ in range(_ROUNDS_MAX):
            try:
                return self._moment(identity)
            except _Moved:
                continue
        raise StoreError(
            "the store changes faster than it can be copied",
            where=str(self.files.folder),
            hint="Name a faster disk, or take the backup at a quieter hour",
            heals=True,
        )

    def _moment(self, identity: int) -> Record:
        """The catalogue of one moment with all that it names, counted on both sides.

        Raises _Moved where a file went meanwhile, StoreError where the sides are not the same.
        """
        stored = f"catalogue-{secrets.token_hex(8)}.db"
        path, here = self.files.folder / stored, Tally()
        try:
            with self.catalogue.read() as connection:
                # The first question of a transaction is what fixes its moment.
                named = wanted(self._store_dir, connection)
                taken_at = self.clock()
                segments = [s for some in manifests(connection).values() for s in some]
                version = schema.applied(connection)
                size = self.catalogue.path.stat().st_size
                driver = connection.connection.driver_connection
                assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - the store's one
                course = Course(self.files.progress, "catalogue", size)
                copying.copy_pages(driver, path, MODE, course)
                here.add_batches(connection)
        except sqlite3.Error as error:
            raise StoreError(
                f"the catalogue cannot be copied: {error}",
                where=str(self.files.folder),
                hint="Make room there and run it again; `check` says whether the store is sound",
            ) from error
        self.files.step("catalogue")
        self.files.bring(named, self._store)
        if any(file.stored not in self.files.kept for file in named):
            raise _Moved
        home = Segments(self._store_dir)
        try:
            count_files(here, home, segments)
        except StoreError:
            if all(home.local(segment.key).exists() for segment in segments):
                raise
            raise _Moved from None
        there = _verified(path, here)
        place = f"{self._store}/{FILE_NAME}" if self._store else FILE_NAME
        return Record(
            taken_at=taken_at,
            identity=identity,
            store=self._store,
            catalogue_version=version,
            folder_mode=stat.S_IMODE(self.data_dir.stat().st_mode),
            files=(
                self._kept(path, place, self.catalogue.path),
                *(self.files.kept[file.stored] for file in named),
            ),
            tally=there,
        )

    def _database(self, one: Beside) -> Kept:
        stem = Path(one.path).stem
        path = self.files.folder / f"{stem}-{secrets.token_hex(8)}.db"
        course = Course(self.files.progress, stem, one.source.stat().st_size)
        copying.copy_database(one.source, path, MODE, course)
        if wrong := copying.damaged(path):
            raise StoreError(f"it is damaged: {wrong}", where=str(one.source))
        return self._kept(path, one.path, one.source)

    def _kept(self, path: Path, place: str, source: Path) -> Kept:
        size, mode = path.stat().st_size, stat.S_IMODE(source.stat().st_mode)
        self.files.copied[path.name] += size
        return Kept(place, path.name, size, copying.digest(path), mode)


def _verified(path: Path, here: Tally) -> Tally:
    """What the copied catalogue and its files hold, by their rows.

    Raises StoreError where that is not what the store holds.
    """
    there = Tally()
    wrong = [wrong] if (wrong := copying.damaged(path)) else []
    if not wrong:
        with closing(Catalogue(path)) as copy, copy.read() as connection:
            there.add_batches(connection)
            segments = [s for some in manifests(connection).values() for s in some]
            count_files(there, Segments(path.parent), segments)
        wrong = differences(here, there)
    if wrong:
        raise StoreError(
            f"the copy is not the same as the store: {'; '.join(wrong[:3])}",
            where=str(path),
            hint="Run `python -m vcanalytics check`; the disk of the backup may be failing",
        )
    return there


def _clear(folder: Path, stored: set[str]) -> None:
    """Remove what earlier runs left and the record does not name. Nothing but theirs."""
    for path in (*folder.glob(f"{SEGMENTS}/**/*"), *folder.glob(f"{QUARANTINE}/**/*")):
        if path.is_file() and path.relative_to(folder).as_posix() not in stored:
            path.unlink()
    _clear_databases(folder, stored)


def _clear_databases(folder: Path, stored: set[str]) -> None:
    for path in folder.iterdir():
        if path.is_file() and _OURS.match(path.name) and path.name not in stored:
            path.unlink()
