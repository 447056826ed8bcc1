"""Putting aside what cannot be read: kept whole first, and only then taken out of what is read."""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from vcanalytics.errors import StoreError
from vcanalytics.model.streams import STREAMS
from vcanalytics.store import copying, schema
from vcanalytics.store.catalogue import Catalogue
from vcanalytics.store.checking.rows import Broken
from vcanalytics.store.forget import announce
from vcanalytics.store.quarantine import FOLDER
from vcanalytics.store.segments import Segments
from vcanalytics.store.state import to_micros

_MODE: Final = 0o600


def put_aside(
    catalogue: Catalogue, segments: Segments, stream: str, broken: Broken, now: datetime
) -> None:
    """Keep a broken file or batch in the quarantine's folder and take it out of what is read.

    For who holds the collectors' lock. Raises StoreError where it cannot be kept: nothing has
    changed then.
    """
    folder = catalogue.path.parent / FOLDER
    try:
        copying.make_folder(folder, folder)
        if broken.segment is None:
            file = _keep_batch(catalogue, folder, stream, broken)
        else:
            file = _keep_file(segments.local(broken.segment.key), folder, broken.segment.key)
    except OSError as error:
        raise StoreError(
            f"what is damaged cannot be put aside: {error.strerror or error}",
            where=str(error.filename or folder),
            hint="Make room or rights, then run it again",
        ) from error
    with catalogue.transaction() as connection:
        enter(connection, stream, broken, file, folder, now)
        if broken.segment is None:
            batch = schema.batch
            connection.execute(
                delete(batch).where(batch.c.stream == stream, batch.c.seq == broken.first_seq)
            )
        else:
            table = schema.segment
            connection.execute(delete(table).where(table.c.key == broken.segment.key))
        if stream in STREAMS:
            # Who holds its rows decoded reads anew, and answers that were kept are asked again.
            announce(connection, STREAMS[stream], now)
    if broken.segment is not None:
        with suppress(OSError):
            # Left over it would be a file that no manifest names, and be removed as such.
            segments.delete(broken.segment.key)


def enter(
    connection: Connection, stream: str, broken: Broken, file: str, folder: Path, now: datetime
) -> None:
    """Say in the catalogue what is aside, in the caller's transaction."""
    path = folder / file
    values = {
        "file": file,
        "bytes": path.stat().st_size if file else 0,
        "sha256": copying.digest(path) if file else "",
        "rows": broken.rows,
        "first_seq": broken.first_seq,
        "last_seq": broken.last_seq,
        "first_at": broken.first_at,
        "last_at": broken.last_at,
        "reason": broken.reason,
        "quarantined_at": to_micros(now),
    }
    statement = insert(schema.quarantine).values(stream=stream, name=broken.name, **values)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["stream", "name"], set_=values)
    )


def _keep_batch(catalogue: Catalogue, folder: Path, stream: str, broken: Broken) -> str:
    batch = schema.batch
    with catalogue.read() as connection:
        query = select(batch.c.payload).where(
            batch.c.stream == stream, batch.c.seq == broken.first_seq
        )
        payload = connection.execute(query).scalar_one()
    name = f"{stream}-batch-{broken.first_seq}-{hashlib.sha256(payload).hexdigest()[:16]}.arrow"
    with copying.written_whole(folder / name, _MODE) as aside:
        aside.write_bytes(payload)
    return name


def _keep_file(path: Path, folder: Path, key: str) -> str:
    if not path.is_file():
        return ""
    name = key.replace("/", "-")
    kept = folder / name
    if kept.exists() and not kept.samefile(path):
        name = f"{secrets.token_hex(4)}-{name}"
        kept = folder / name
    if not kept.exists():
        # The same file by another name: whole at once, and nothing is written for it.
        os.link(path, kept)
        copying.sync_folder(folder)
    return name
