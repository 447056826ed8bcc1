"""Putting a backup back into an empty data directory, verified row for row and cent for cent.

A mark lies in the store's folder from before the first file until all is verified. While it is
there nothing opens the store (``Catalogue.open``), and only a restore may go on with it: whatever
the interrupted one left is verified anew, and replaced where it is not right.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path, PurePosixPath
from typing import Final

from vcanalytics.errors import StoreError
from vcanalytics.store import copying, schema
from vcanalytics.store.backups import record as backup_record
from vcanalytics.store.backups.files import MODE, Course, Progress, Step
from vcanalytics.store.backups.record import MARK, RECORD, Kept, Record
from vcanalytics.store.backups.tally import Tally, count_files, differences
from vcanalytics.store.catalogue import RESTORING, Catalogue
from vcanalytics.store.manifest import manifests
from vcanalytics.store.segments import Segments

#: What may lie in an empty data directory: the repository's own note, and the collectors' lock.
_LOCK: Final = "collectors.lock"
#: The mark may be half there: whoever wrote it was killed.
_NOTHING: Final = frozenset({"README.md", _LOCK, RESTORING, RESTORING + copying.ASIDE})
_BACKUP: Final = "Name a folder that `python -m vcanalytics backup` was given"

#: Called with each SQLite file by its place in the data directory, once it is there.
Settle = Callable[[str, Path], None]
#: Holds the right to collect into a store's folder, while it is entered.
Held = Callable[[Path], AbstractContextManager[object]]


def recorded(folder: Path) -> Record:
    """The record of the finished backup in ``folder``.

    Raises StoreError where there is none, or it is of a newer version.
    """
    record = backup_record.read(folder)
    if record is None:
        begun = (folder / MARK).exists()
        raise StoreError(
            "no backup was ever finished here" if begun else "there is no backup",
            where=str(folder),
            hint="Run the backup again: it goes on where it was" if begun else _BACKUP,
        )
    newest = schema.MIGRATIONS[-1].number
    if record.catalogue_version > newest:
        raise StoreError(
            f"the backup's catalogue is of version {record.catalogue_version},"
            f" this console knows {newest}",
            where=str(folder / RECORD),
            hint="Restore it with the newer console that took it",
        )
    return record


def store_of(record: Record, data_dir: Path) -> Path:
    """Where the store of the backup comes to lie."""
    return data_dir / record.store if record.store else data_dir


def refuse_unless_empty(record: Record, data_dir: Path) -> None:
    """Raise StoreError where the data directory holds anything, but an interrupted restore."""
    store_dir = store_of(record, data_dir)
    if (store_dir / RESTORING).exists() or not data_dir.exists():
        return
    if not data_dir.is_dir():
        raise StoreError("it is no folder", where=str(data_dir), hint="Give another VC_DATA_DIR")
    top = PurePosixPath(record.store).parts[:1]
    beside = [path.name for path in data_dir.iterdir() if path.name not in {*_NOTHING, *top}]
    within = [path.name for path in store_dir.iterdir()] if store_dir.is_dir() else []
    found = beside + [name for name in within if name not in {*_NOTHING, *beside}]
    if found:
        raise StoreError(
            f"the data directory is not empty: it holds {found[0]}",
            where=str(data_dir),
            hint="Move what is in it elsewhere, or give another VC_DATA_DIR",
        )


def restore(
    folder: Path,
    record: Record,
    data_dir: Path,
    *,
    held: Held = nullcontext,
    settle: Settle = lambda _place, _path: None,
    progress: Progress = lambda _what, _done, _total: None,
    step: Step = lambda _name: None,
) -> Tally:
    """Copy the backup into the data directory, and count what came there.

    Nobody may collect there meanwhile (``held``). ``settle`` may change what lies beside the store.
    Raises StoreError where the data directory is not empty, where a file of the backup is damaged
    or missing, or where anything cannot be written; the mark stays then.
    """
    store_dir = store_of(record, data_dir)
    if not (store_dir / _LOCK).exists():
        # Before anything is made there. Where collectors may be running, their lock comes first.
        refuse_unless_empty(record, data_dir)
    try:
        _make_folders(record, data_dir, store_dir)
        with held(store_dir):
            refuse_unless_empty(record, data_dir)
            _mark(store_dir, folder)
            step("marked")
            course = Course(progress, "files", sum(file.bytes for file in record.files))
            # The catalogue last: whatever looks for one finds the files it names.
            for file in (*record.files[1:], record.catalogue):
                _bring(folder, file, data_dir, settle, course)
                step("file")
            tally = _verified(data_dir / record.catalogue.path, record)
            step("verified")
            _give_to_owner(record, data_dir, store_dir)
            (store_dir / RESTORING).unlink()
            copying.sync_folder(store_dir)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"the backup cannot be restored: {getattr(error, 'strerror', None) or error}",
            where=str(getattr(error, "filename", None) or data_dir),
            hint="Make room or rights, then restore again: it goes on where it was",
        ) from error
    return tally


def _make_folders(record: Record, data_dir: Path, store_dir: Path) -> None:
    if not data_dir.exists():
        copying.make_folder(data_dir, data_dir)
        data_dir.chmod(record.folder_mode)
    copying.make_folder(store_dir, data_dir)


def _mark(store_dir: Path, folder: Path) -> None:
    mark = store_dir / RESTORING
    if not mark.exists():
        with copying.written_whole(mark, MODE) as aside:
            aside.write_text(f"A restore from {folder} was begun and has not ended.\n")


def _bring(folder: Path, file: Kept, data_dir: Path, settle: Settle, course: Course) -> None:
    source, path = folder / file.stored, data_dir / file.path
    if data_dir.resolve() not in path.resolve().parents:
        raise StoreError("the backup names a place outside", where=file.path, hint=_BACKUP)
    beside = file.path.endswith(".db") and file.stored != file.path
    if not beside and path.is_file() and path.stat().st_size == file.bytes:
        if copying.digest(path, course) == file.sha256:
            path.chmod(file.mode)
            return
        course.done -= file.bytes
    copying.make_folder(path.parent, data_dir)
    if not source.exists():
        raise StoreError(
            "a file of the backup is missing",
            where=str(source),
            hint="Take another backup, where the store still stands",
        )
    if beside:
        for name in ("-wal", "-shm", "-journal"):
            path.with_name(path.name + name).unlink(missing_ok=True)
    copying.copy_file(source, path, file.mode, file.sha256, course)
    if beside:
        settle(file.path, path)


def _verified(path: Path, record: Record) -> Tally:
    """What came to the data directory, by its rows; StoreError where the backup held another."""
    tally = Tally()
    with closing(Catalogue(path)) as catalogue, catalogue.read() as connection:
        tally.add_batches(connection)
        segments = [s for some in manifests(connection).values() for s in some]
        count_files(tally, Segments(path.parent), segments)
    if wrong := differences(record.tally, tally):
        raise StoreError(
            f"what was restored is not what was backed up: {'; '.join(wrong[:3])}",
            where=str(path),
            hint="Restore again; the disk may be failing",
        )
    return tally


def _give_to_owner(record: Record, data_dir: Path, store_dir: Path) -> None:
    """Give everything to the folder's owner, where root restores for the console's user."""
    owner = data_dir.stat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        return
    places = {data_dir / file.path for file in record.files} | {store_dir}
    for place in {above for path in places for above in (path, *path.parents)}:
        if data_dir in place.parents:
            os.chown(place, owner.st_uid, owner.st_gid)
