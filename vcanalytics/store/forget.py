"""Forgetting a customer: a pseudonym in every kept version, so that sums and counts stay.

    pseudonym, rows = forget(catalogue, address, now)    # any time, beside running collectors
    finish(catalogue, segments, now)                     # who holds the collectors' lock

First the address's digest is committed: from then on nothing that is written holds it any more.
Then what is hot is rewritten, a transaction a stream, and last the sealed files, by whoever may
touch them. Every step may be repeated, and is where it was interrupted.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyarrow as pa
from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.sqlite import insert

from vcanalytics.errors import StoreError, UsageError
from vcanalytics.model.streams import STREAMS, SYSTEM, TEXT, Stream
from vcanalytics.store import schema
from vcanalytics.store.batches import decode, encode, make_batch
from vcanalytics.store.books import keeping as books
from vcanalytics.store.catalogue import BUSY_TIMEOUT_MS, Catalogue
from vcanalytics.store.cells.counting import COUNTED, SHAPES
from vcanalytics.store.facts import FORGOTTEN
from vcanalytics.store.manifest import Change, enter, manifests
from vcanalytics.store.newest.current import current_shape
from vcanalytics.store.pseudonyms import DOMAIN, Pseudonyms, digest, load, tag
from vcanalytics.store.segments import Segment, Segments
from vcanalytics.store.shapes import Shape, shape_of
from vcanalytics.store.state import to_micros
from vcanalytics.store.writer import Writer
from vcanalytics.write_ahead import empty_log

ADDRESS_CHARS_MAX: Final = 320
_SALT_BYTES: Final = 32
_SOURCE: Final = "forget"
#: Streams that hold what people write; the host's own samples hold none of it.
_STREAMS: Final = tuple(stream for stream in STREAMS.values() if stream is not SYSTEM)

#: Called before each step by its name: crash tests stop the process there.
Step = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Finished:
    """What ``finish`` came to: rows changed in files, and what is damaged and could not be read."""

    rows: int
    damaged: tuple[str, ...]


def _nothing(_name: str) -> None:
    pass


def forget(
    catalogue: Catalogue, address: str, now: datetime, step: Step = _nothing
) -> tuple[str, int]:
    """Forget a customer in all that is not sealed; their pseudonym, and how many rows changed.

    What is written from here on is free of them; ``pending`` is true until ``finish`` was called.
    Raises UsageError where ``address`` is none, StoreError.
    """
    address = address.strip()
    if "@" not in address.strip("@") or len(address) > ADDRESS_CHARS_MAX:
        raise UsageError(
            "this is no e-mail address", hint="Give it whole: a fragment could be many people's"
        )
    if address.casefold().endswith(f"@{DOMAIN}"):
        raise UsageError("this is a pseudonym: its customer is forgotten already")
    with catalogue.transaction() as connection:
        kept = _remember(connection, address, now)
    step("remembered")
    changed = 0
    for stream in _STREAMS:
        with catalogue.transaction() as connection:
            changed += _rewrite_hot(connection, stream, now)
        step(stream.name)
    return f"{tag(kept)}@{DOMAIN}", changed


def _remember(connection: Connection, address: str, now: datetime) -> str:
    salt = schema.salt
    first = insert(salt).values(id=1, value=secrets.token_bytes(_SALT_BYTES))
    connection.execute(first.on_conflict_do_nothing())
    kept = digest(connection.execute(select(salt.c.value)).scalar_one(), address)
    table = schema.forgotten
    row = insert(table).values(digest=kept, forgotten_at=to_micros(now), finished_at=None)
    # Forgotten once more: all is looked through again, which changes nothing where it was whole.
    connection.execute(
        row.on_conflict_do_update(index_elements=["digest"], set_={"finished_at": None})
    )
    return kept


def hiding(catalogue: Catalogue) -> Callable[[str], str]:
    """What takes customers out of a text who are forgotten by now."""
    with catalogue.read() as connection:
        return load(connection).text


def pending(catalogue: Catalogue) -> bool:
    """Whether somebody is forgotten in what is hot, and not yet in the sealed files."""
    waiting = select(func.count()).where(schema.forgotten.c.finished_at.is_(None))
    with catalogue.read() as connection:
        return bool(connection.execute(waiting).scalar())


def finish(
    catalogue: Catalogue, segments: Segments, now: datetime, step: Step = _nothing
) -> Finished:
    """Rewrite the sealed files that hold anyone forgotten, and wipe what SQLite let go of.

    One at a time, and nothing being sealed meanwhile (the collectors' lock). Replaced files are
    retired like a sealer's. Raises StoreError.
    """
    with catalogue.read() as connection:
        pseudonyms = load(connection)
        known = manifests(connection)
    changed, damaged = 0, []
    for stream in _STREAMS:
        # A sealing that had begun before may have put old rows into a file: those come below. What
        # an earlier attempt left hot goes here.
        with catalogue.transaction() as connection:
            changed += _rewrite_hot(connection, stream, now)
        for shape in _shapes(stream):
            for segment in known.get(shape.name, ()):
                try:
                    rows = _rewritten(segments, stream, shape, segment, pseudonyms)
                except StoreError:
                    damaged.append(segment.key)
                    continue
                if rows is not None:
                    count = _replace(catalogue, segments, stream, shape, segment, rows, now, step)
                    # Newest versions stand in two files: they are counted where all versions are.
                    changed += count if shape.name == stream.name else 0
    _wipe(catalogue)
    step("wiped")
    with catalogue.transaction() as connection:
        table = schema.forgotten
        connection.execute(
            update(table)
            .where(table.c.digest.in_(pseudonyms.digests))
            .values(finished_at=to_micros(now))
        )
    return Finished(changed, tuple(damaged))


def _rewrite_hot(connection: Connection, stream: Stream, now: datetime) -> int:
    """Batches, current rows and rows kept aside of one stream, in the caller's transaction."""
    # What is overwritten is overwritten on the disk as well.
    connection.exec_driver_sql("PRAGMA secure_delete = ON")
    pseudonyms = load(connection)
    batch, changed = schema.batch, 0
    mine = select(batch.c.seq, batch.c.payload).where(batch.c.stream == stream.name)
    for seq, payload in connection.execute(mine.order_by(batch.c.seq)).all():
        try:
            rows, count = pseudonyms.rows(stream, decode(payload))
        except (pa.ArrowException, OSError):
            # Nothing can be read of it, by anyone; `check` names it.
            continue
        if count:
            changed += count
            connection.execute(
                update(batch)
                .where(batch.c.stream == stream.name, batch.c.seq == seq)
                .values(payload=encode(rows))
            )
    beside = _rewrite_current(connection, stream, pseudonyms)
    beside += _rewrite_rejected(connection, stream, pseudonyms)
    if stream.name in schema.BOOKED:
        books.forget(connection, pseudonyms)
    if changed or beside:
        announce(connection, stream, now)
    return changed


def _rewrite_current(connection: Connection, stream: Stream, pseudonyms: Pseudonyms) -> int:
    table = schema.current_row
    query = select(table.c.row_key, table.c.state).where(
        table.c.stream == stream.name, table.c.state.contains("@")
    )
    changed = 0
    for row_key, state in connection.execute(query).all():
        if (text := pseudonyms.text(state)) != state:
            changed += 1
            connection.execute(
                update(table)
                .where(table.c.stream == stream.name, table.c.row_key == row_key)
                .values(state=text)
            )
    return changed


def _rewrite_rejected(connection: Connection, stream: Stream, pseudonyms: Pseudonyms) -> int:
    table = schema.rejected
    changed = 0
    for row in connection.execute(select(table).where(table.c.stream == stream.name)).all():
        reason, text = pseudonyms.text(row.reason), pseudonyms.text(row.row)
        if (reason, text) != (row.reason, row.row):
            changed += 1
            connection.execute(
                update(table)
                .where(table.c.stream == stream.name, table.c.row_key == row.row_key)
                .values(reason=reason, row=text)
            )
    return changed


def _shapes(stream: Stream) -> tuple[Shape, ...]:
    """What of a stream lies in files with its texts in them."""
    counted = COUNTED.get(stream.name)
    cells = [SHAPES[name] for name in (counted.series if counted else ())]
    return (shape_of(stream), *([current_shape(stream)] if stream.versioned else cells))


def _rewritten(
    segments: Segments, stream: Stream, shape: Shape, segment: Segment, pseudonyms: Pseudonyms
) -> tuple[pa.Table, int] | None:
    """The rows of a file without the forgotten and how many changed, None where none is in it."""
    texts = [field.name for field in shape.schema if field.type == TEXT]
    if not pseudonyms.rows(stream, segments.read(segment.key, texts))[1]:
        return None
    whole = segments.read(segment.key, shape.schema.names).cast(shape.schema)
    return pseudonyms.rows(stream, whole)


def _replace(
    catalogue: Catalogue,
    segments: Segments,
    stream: Stream,
    shape: Shape,
    segment: Segment,
    rewritten: tuple[pa.Table, int],
    now: datetime,
    step: Step,
) -> int:
    rows, changed = rewritten
    new = segments.write(shape, rows)
    step("written")
    with catalogue.transaction() as connection:
        enter(connection, Change([new], [segment]), now)
        announce(connection, stream, now)
        step("committing")
    step("committed")
    return changed


def announce(connection: Connection, stream: Stream, now: datetime) -> None:
    """Tell readers that what they hold was rewritten: what is cached by number is asked anew."""
    writer = Writer(connection, now)
    text = connection.execute(select(schema.fact.c.value).filter_by(name=FORGOTTEN)).scalar()
    times = (json.loads(text)["times"] if text else 0) + 1
    writer.set_fact(FORGOTTEN, {"times": times})
    writer.append(stream.name, _SOURCE, str(times), make_batch(stream, []))


def _wipe(catalogue: Catalogue) -> None:
    """Leave nothing of old rows in pages that are free, or in the log of writes."""
    try:
        with closing(
            sqlite3.connect(catalogue.path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None)
        ) as connection:
            connection.execute("VACUUM")
            empty_log(connection)
    except sqlite3.Error as error:
        raise StoreError(
            f"the catalogue's free pages cannot be wiped: {error}",
            where=str(catalogue.path),
            hint="Check free space; it is tried again",
            heals=True,
        ) from error
