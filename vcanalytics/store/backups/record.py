"""The record of a backup: what is in it, of which moment, with each file's size and digest.

It is written last and whole, so that a folder without one holds no backup, and one with it holds
all it names. It ends with a digest of itself.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from vcanalytics.errors import StoreError
from vcanalytics.store.backups.tally import Tally
from vcanalytics.store.copying import written_whole

RECORD: Final = "backup.json"
#: Stands in every folder that backups are taken into, from before the first file.
MARK: Final = "backup.lock"
VERSION: Final = 1
_MODE: Final = 0o600


@dataclass(frozen=True, slots=True)
class Kept:
    """One file: ``stored`` in the backup's folder, ``path`` and ``mode`` in the data directory."""

    path: str
    stored: str
    bytes: int
    sha256: str
    mode: int


@dataclass(frozen=True, slots=True)
class Record:
    """``store`` is the folder of the store within the data directory, empty for itself.

    ``identity`` tells one store from another, also once it was moved or restored.
    """

    taken_at: datetime
    identity: int
    store: str
    catalogue_version: int
    folder_mode: int
    files: tuple[Kept, ...]
    tally: Tally

    @property
    def catalogue(self) -> Kept:
        """The catalogue's file."""
        return self.files[0]


def write(folder: Path, record: Record) -> None:
    """Put the record into the folder, in the place of an earlier one. Raises OSError."""
    body = {
        "version": VERSION,
        "taken_at": record.taken_at.isoformat(),
        "identity": record.identity,
        "store": record.store,
        "catalogue_version": record.catalogue_version,
        "folder_mode": record.folder_mode,
        "rows": dict(sorted(record.tally.rows.items())),
        "sums": [[*account, str(amount)] for account, amount in sorted(record.tally.sums.items())],
        "files": [asdict(file) for file in record.files],
    }
    with written_whole(folder / RECORD, _MODE) as aside:
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(body | {"sha256": _digest(body)}, file, indent=1)


def _digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def read(folder: Path) -> Record | None:
    """The record of the backup in the folder, None where none was finished.

    Raises StoreError where it is damaged, or of a newer version.
    """
    path = folder / RECORD
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, str(error)) from error
    try:
        body = json.loads(text)
        version = int(body["version"])
        if version <= VERSION:
            return _record(body)
    except (ValueError, TypeError, KeyError, AttributeError, InvalidOperation) as error:
        raise _unreadable(path, str(error)) from error
    raise StoreError(
        f"the backup is of version {version}, this console knows {VERSION}",
        where=str(path),
        hint="Use the newer console that took it, or another folder",
    )


def _record(body: dict[str, Any]) -> Record:
    if body.pop("sha256") != _digest(body):
        raise ValueError("its checksum is not the one it was written with")
    return Record(
        taken_at=datetime.fromisoformat(body["taken_at"]),
        identity=body["identity"],
        store=body["store"],
        catalogue_version=body["catalogue_version"],
        folder_mode=body["folder_mode"],
        files=tuple(Kept(**file) for file in body["files"]),
        tally=Tally(
            Counter(body["rows"]),
            {
                (stream, column, currency): Decimal(amount)
                for stream, column, currency, amount in body["sums"]
            },
        ),
    )


def _unreadable(path: Path, reason: str) -> StoreError:
    return StoreError(
        f"the record of the backup cannot be read: {reason}",
        where=str(path),
        hint="Its files are not touched. Take a new backup into another folder",
    )
