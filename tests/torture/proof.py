"""What is asserted of a store: that it holds the shop, row by row, once, with a true history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from tests.shop import open_shop, utc_text
from tests.torture import app, figures
from vcanalytics.model.streams import STREAMS
from vcanalytics.store import Catalogue, Reader, Segments
from vcanalytics.store.checking.check import check

#: Of each stream of versions: the source's table, and the columns that are kept as they are.
PLAIN: Final = {
    "transactions": (
        "transactions",
        (
            "transaction_id",
            "status",
            "email",
            "username",
            "paypal_order_id",
            "paypal_payment_id",
            "error_message",
            "user_created",
            "email_sent",
            "created_at",
            "completed_at",
        ),
    ),
    "disputes": (
        "dispute_cases",
        ("case_id", "transaction_id", "status", "priority", "created_at", "resolved_at"),
    ),
    "mails": (
        "email_logs",
        (
            "recipient_email",
            "status",
            "subject",
            "error_message",
            "delivery_attempts",
            "created_at",
        ),
    ),
}
#: Of each stream of events: the tables whose rows it holds, each once, by id.
GROWING: Final = {
    "requests": ("performance_metrics",),
    "health": ("system_health",),
    "logs": ("system_logs",),
    "activity": ("user_uploads", "user_activities"),
}
#: Whether the row was gone, and the columns of app.HISTORIES.
State = tuple[bool, list[Any]]


def unsettled(shop: Path, reader: Reader) -> list[str]:
    """In what the rows that stand in the store differ from the source's, a line a stream."""
    snapshot = reader.snapshot()
    found = []
    for stream, (table, columns) in PLAIN.items():
        source = Counter(_source_rows(shop, table, columns))
        frame = snapshot.current(stream)
        rows = [row for row in frame.iter_rows(named=True) if not row["deleted"]]
        store = Counter(
            (row["source_id"], *(_as_written(row[name]) for name in columns)) for row in rows
        )
        if source != store:
            missing, strange = source - store, store - source
            found.append(
                f"{stream}: {missing.total()} rows of the source do not stand in the store"
                f" {_some(missing)}, {strange.total()} of the store not in the source"
                f" {_some(strange)}"
            )
    for stream, tables in GROWING.items():
        rows = snapshot.table(stream)
        for table in tables:
            with open_shop(shop) as opened:
                ids = Counter(row[0] for row in opened.rows(f"SELECT id FROM {table}"))
            told = rows.filter(pc.field("source") == table) if len(tables) > 1 else rows
            kept = Counter(told.column("source_id").to_pylist())
            if ids != kept:
                lost, double = ids - kept, kept - ids
                found.append(
                    f"{stream}: {lost.total()} rows of {table} lost {_some(lost)},"
                    f" {double.total()} too many {_some(double)}"
                )
    found += _sign_ins(shop, snapshot.table("activity"))
    return found


def faults(shop: Path, catalogue: Catalogue, held: Reader, now: datetime) -> list[str]:
    """Everything wrong with a settled store. ``held`` has been reading it all along."""
    fresh = Reader(catalogue)
    found = unsettled(shop, fresh)
    found += [f"{finding.stream or 'store'}: {finding.what}" for finding in check(catalogue)]
    found += _kept_aside(catalogue)
    found += _untrue_histories(shop, catalogue, fresh)
    found += _other_than_held(held, fresh)
    found += figures.differences(shop, Segments(catalogue.path.parent), fresh.snapshot(), now)
    return found


def _sign_ins(shop: Path, activity: pa.Table) -> Iterator[str]:
    """Sign-ups and sign-ins: the last of each user is kept, and none twice."""
    told = activity.filter(pc.field("source") == "users")
    kept = Counter(
        (row["source_id"], row["kind"], utc_text(row["happened_at"])) for row in told.to_pylist()
    )
    with open_shop(shop) as opened:
        wanted = {
            (row_id, kind, at)
            for row_id, *times in opened.rows("SELECT id, created_at, last_login FROM users")
            for kind, at in zip(("sign_up", "sign_in"), times, strict=True)
            if at
        }
    if lost := wanted - kept.keys():
        yield f"activity: {len(lost)} sign-ups or sign-ins lost {sorted(lost)[:3]}"
    if double := {event for event, times in kept.items() if times > 1}:
        yield f"activity: {len(double)} sign-ups or sign-ins twice {sorted(double)[:3]}"


def _source_rows(shop: Path, table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    with open_shop(shop) as opened:
        yield from opened.rows(f"SELECT id, {', '.join(columns)} FROM {table}")


def _as_written(value: Any) -> Any:
    """A kept value as VectorCraft writes it."""
    if isinstance(value, datetime):
        return utc_text(value)
    if isinstance(value, bool):
        return int(value)
    return value


def _kept_aside(catalogue: Catalogue) -> Iterator[str]:
    for row in catalogue.rejected(limit=None):
        yield f"{row['stream']}: row {row['row_key']} is still set aside: {row['reason']}"


def _untrue_histories(shop: Path, catalogue: Catalogue, reader: Reader) -> Iterator[str]:
    real = app.history(shop)
    for stream, (table, _) in PLAIN.items():
        key = STREAMS[stream].key or ""
        _, columns = app.HISTORIES[table]
        names = ["source_id" if name == "id" else name for name in columns.split(", ")]
        kept: dict[str, list[State]] = {}
        top = catalogue.seqs().get(stream, 0)
        for row in reader.whole(stream, range(1, top + 1)).iter_rows(named=True):
            state = [_as_written(row[name]) for name in names]
            kept.setdefault(str(row[key]), []).append((row["deleted"], state))
        for row_key, versions in kept.items():
            if why := untrue(versions, real[table].get(row_key, [])):
                yield f"{stream}: row {row_key} {why}: {versions} of {real[table].get(row_key)}"


def untrue(kept: Sequence[State], real: Sequence[State]) -> str | None:
    """What is wrong with the versions kept of a row whose states really were ``real``.

    Not every state is seen, but those that are kept happened, in that order, and none twice. Of a
    row that is gone the state that was seen last is kept, which need not be its last.
    """
    if any(one == other for one, other in pairwise(kept)):
        return "has a version twice"
    if any(gone and state != before for (_, before), (gone, state) in pairwise(kept)):
        return "was another when it was gone than it was before"
    states = iter(real)
    for gone, state in kept:
        if not any(was == gone and (gone or had == state) for was, had in states):
            return "has a version that never was, or out of order"
    return None


def _other_than_held(held: Reader, fresh: Reader) -> Iterator[str]:
    for stream in PLAIN:
        key = STREAMS[stream].key or ""
        one, other = (r.snapshot([stream]).current(stream).sort(key) for r in (held, fresh))
        if not one.equals(other):
            yield f"{stream}: a console that was running sees other rows than one just started"


def _some(counted: Counter[Any]) -> str:
    return str(sorted(counted, key=repr)[:3]) if counted else ""
