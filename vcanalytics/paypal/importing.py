"""Importing a download: read to its end first, then written in one transaction, or not at all.

    with staged(path, name, ...) as download:
        outcome = preview(database, download)                      # changes nothing
        outcome = bring_in(database, download, now=now, by="asha")

The same file twice adds nothing. A transaction that is known with other content is a newer state of
it, unless it goes back from done to pending: then the file is the older one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, insert, select, text

from vcanalytics.errors import UsageError
from vcanalytics.instants import instant, micros
from vcanalytics.paypal import reading
from vcanalytics.paypal.cells import Order
from vcanalytics.paypal.database import PayPal
from vcanalytics.paypal.kinds import State
from vcanalytics.paypal.opening import BYTES_MAX, digest_of, parts_of, text_of
from vcanalytics.paypal.reading import Aside
from vcanalytics.paypal.staging import COLUMNS, Staged, Values
from vcanalytics.paypal.tables import paypal_aside, paypal_import

#: More lines than these that cannot be read, and a file is something else than it seems.
ASIDE_SHARE_MAX: Final = 0.05
ASIDE_ALWAYS: Final = 10
_REASONS_SHOWN: Final = 3
_NAME_CHARS_MAX: Final = 200
_CACHE_KB: Final = 65_536
_KNOWN: Final = text(
    "SELECT id, digest, state FROM paypal_row WHERE id IN (SELECT value FROM json_each(:ids))"
)

_WRITE: Final = (
    f"INSERT INTO paypal_row ({', '.join(COLUMNS)}, import_id)"  # noqa: S608 - names of columns
    f" VALUES (?{', ?' * len(COLUMNS)}) ON CONFLICT (id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in (*COLUMNS[1:], "import_id"))
)
#: Called with (what is done, how much, of how much).
Progress = Callable[[str, int, int], None]
#: A text without the addresses of customers who were forgotten.
Hide = Callable[[str], str]


def _nothing(_what: str, _done: int, _of: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an import comes to, or would.

    ``new``, ``changed``, ``same`` and ``older`` add up to the transactions of the download;
    ``repeated`` lines stood twice, ``items`` were lines of carts, ``aside`` could not be read
    (``asides``: the first thousand, with their file). ``kinds`` counts rows by kind and state.
    ``earlier`` is when this very file was imported before: then nothing else is done.
    """

    file: str
    lines: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    older: int = 0
    repeated: int = 0
    items: int = 0
    aside: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    asides: tuple[tuple[str, Aside], ...] = ()
    kinds: Mapping[tuple[str, str], int] = field(default_factory=dict)
    unknown_types: Mapping[str, int] = field(default_factory=dict)
    earlier: datetime | None = None

    @property
    def kept(self) -> int:
        """How many transactions of the download stand in the database once it is imported."""
        return self.new + self.changed + self.same + self.older


@dataclass(frozen=True, slots=True)
class Download:
    """A file that was read to its end."""

    name: str
    digest: str
    size_bytes: int
    rows: Staged


@contextmanager
def staged(
    path: Path,
    name: str,
    *,
    zone: tzinfo,
    dates: Order | None = None,
    bytes_max: int = BYTES_MAX,
    progress: Progress = _nothing,
) -> Iterator[Download]:
    """Read a file, to be used in a ``with``. ``zone`` is that of lines which say none.

    ``bytes_max`` bounds the file, and what is in a ZIP.

    Raises UsageError where it is no download of PayPal's, leaves open how its dates are written, or
    has too many lines that cannot be read.
    """
    shown = " ".join(name.split())[:_NAME_CHARS_MAX]
    parts = parts_of(path, shown, bytes_max)
    texts = [text_of(part) for part in parts]
    written = [reading.decide(one, dates) for one in texts]
    total = sum(part.size_bytes for part in parts)
    with Staged() as rows:
        done = 0
        for one, how in zip(texts, written, strict=True):
            member = one.part.member or ""
            begun = done

            def step(count: int, begun: int = begun) -> None:
                nonlocal done
                # By lines of 200 bytes, for want of a better measure within a part.
                done = min(done + count * 200, total)
                progress("reading", max(done, begun), total)

            for found in reading.read(one, how, zone, step):
                rows.add(member, found)
            done = begun + one.part.size_bytes
        rows.finish()
        progress("reading", total, total)
        _refuse_strange(rows, shown)
        yield Download(shown, digest_of(path), path.stat().st_size, rows)


def _refuse_strange(rows: Staged, name: str) -> None:
    if not rows.lines:
        raise UsageError("it has a header and no lines", where=name, hint="Choose a longer period")
    many = rows.aside > max(ASIDE_ALWAYS, rows.lines * ASIDE_SHARE_MAX)
    if not many and (rows.rows or not rows.aside):
        return
    first = "; ".join(f"line {a.line:,}: {a.reason}" for _, a in rows.asides[:_REASONS_SHOWN])
    raise UsageError(
        f"{rows.aside:,} of {rows.lines:,} lines cannot be read ({first})",
        where=name,
        hint="Nothing was imported. Download the file anew",
    )


def preview(database: PayPal | None, download: Download) -> Outcome:
    """What an import would come to; ``database`` is None where nothing was ever imported.

    Raises StoreError.
    """
    counts = {"new": 0, "changed": 0, "same": 0, "older": 0}
    earlier = None
    with nullcontext() if database is None else database.read() as connection:
        if connection is not None:
            earlier = _imported_at(connection, download.digest)
        for chunk in download.rows.chunks():
            known = {} if connection is None else _known(connection, chunk)
            for row in chunk:
                counts[_verdict(row, known)] += 1
    return _outcome(download, counts, earlier)


def bring_in(
    database: PayPal,
    download: Download,
    *,
    now: datetime,
    by: str,
    hiding: Callable[[], Hide] = lambda: lambda text: text,
    progress: Progress = _nothing,
) -> Outcome:
    """Write what is new and what changed, and note the import, in one transaction.

    ``hiding`` gives what takes forgotten customers out of a text; it is asked within the
    transaction, so that nobody comes back who is forgotten meanwhile. Raises StoreError.
    """
    counts = {"new": 0, "changed": 0, "same": 0, "older": 0}
    total, done = download.rows.rows, 0
    with database.write() as connection:
        earlier = _imported_at(connection, download.digest)
        if earlier is not None:
            return Outcome(download.name, lines=download.rows.lines, earlier=earlier)
        # Ids come in no order: what is looked up of a million stays in memory.
        connection.exec_driver_sql(f"PRAGMA cache_size = -{_CACHE_KB}")
        hide = hiding()
        number = _note(connection, now, by, download, hide)
        for chunk in download.rows.chunks():
            known = _known(connection, chunk)
            fresh: list[tuple[Any, ...]] = []
            for row in chunk:
                verdict = _verdict(row, known)
                counts[verdict] += 1
                if verdict in {"new", "changed"}:
                    payer = row["payer"]
                    hidden = None if payer is None else hide(payer)
                    fresh.append((*(row | {"payer": hidden}).values(), number))
            _write(connection, fresh)
            done += len(chunk)
            progress("importing", done, total)
        values = paypal_import.update().where(paypal_import.c.id == number).values(counts)
        connection.execute(values)
    return _outcome(download, counts, None)


def _outcome(download: Download, counts: dict[str, int], earlier: datetime | None) -> Outcome:
    rows = download.rows
    first, last = rows.covers
    return Outcome(
        download.name,
        lines=rows.lines,
        **counts,
        repeated=rows.repeated,
        items=rows.items,
        aside=rows.aside,
        first_at=instant(first),
        last_at=instant(last),
        asides=tuple(rows.asides),
        kinds=dict(rows.kinds),
        unknown_types=dict(rows.unknown_types),
        earlier=earlier,
    )


def _imported_at(connection: Connection, digest: str) -> datetime | None:
    query = select(paypal_import.c.at).where(paypal_import.c.digest == digest)
    return instant(connection.execute(query).scalar())


def _known(connection: Connection, chunk: Iterable[Values]) -> dict[str, tuple[int, str]]:
    ids = json.dumps([row["id"] for row in chunk])
    found = connection.execute(_KNOWN, {"ids": ids})
    return {row.id: (row.digest, row.state) for row in found}


def _verdict(row: Values, known: Mapping[str, tuple[int, str]]) -> str:
    before = known.get(row["id"])
    if before is None:
        return "new"
    digest, state = before
    if digest == row["digest"]:
        return "same"
    back = row["state"] == State.PENDING.value and state != State.PENDING.value
    return "older" if back else "changed"


def _note(connection: Connection, now: datetime, by: str, download: Download, hide: Hide) -> int:
    """Note the import, its counts still to come, and the lines kept aside; its number."""
    rows = download.rows
    first, last = rows.covers
    values: dict[str, Any] = {
        "at": micros(now),
        "by": by[:_NAME_CHARS_MAX],
        "file": hide(download.name),
        "digest": download.digest,
        "bytes": download.size_bytes,
        "lines": rows.lines,
        "new": 0,
        "changed": 0,
        "same": 0,
        "older": 0,
        "repeated": rows.repeated,
        "items": rows.items,
        "aside": rows.aside,
        "first_at": first,
        "last_at": last,
    }
    noted = connection.execute(insert(paypal_import).values(values).returning(paypal_import.c.id))
    number = int(noted.scalar_one())
    asides = [
        {"import_id": number, "file": hide(file), "line": one.line, "reason": hide(one.reason)}
        for file, one in rows.asides
    ]
    if asides:
        connection.execute(insert(paypal_aside), asides)
    return number


def _write(connection: Connection, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        # By the driver itself: half the time of a million rows went into naming their cells.
        connection.exec_driver_sql(_WRITE, rows)
