"""``backup``: a consistent copy of the store and what goes with it, while everything runs."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Final

import click
import polars as pl

from vcanalytics.accounts.database import FILE_NAME as ACCOUNTS
from vcanalytics.commands import options, people
from vcanalytics.commands.asking import begin, opened
from vcanalytics.commands.output import Answer, Kind
from vcanalytics.commands.progress import shown
from vcanalytics.instants import utc_now
from vcanalytics.journal import FILE_NAME as JOURNAL
from vcanalytics.journal import Journal
from vcanalytics.paypal.database import FILE_NAME as PAYPAL
from vcanalytics.paypal.database import PayPal
from vcanalytics.private_file import PrivateFile
from vcanalytics.settings import Settings
from vcanalytics.source.demo import demo_path
from vcanalytics.store.backups.backup import Beside, take
from vcanalytics.store.backups.record import Record
from vcanalytics.store.facts import BACKUP

COLUMNS: Final = {
    "what": Kind.TEXT,
    "rows": Kind.COUNT,
    "files": Kind.COUNT,
    "bytes": Kind.COUNT,
    "copied_bytes": Kind.COUNT,
}
#: Of the sums that are compared, the one that people know.
_TAKEN: Final = ("transactions", "captured_amount")
#: Files beside the store.
_PRIVATE: Final[tuple[type[PrivateFile], ...]] = (Journal, PayPal)


@click.command("backup")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@options.output
def command(*, folder: Path, zone: str | None, form: str) -> None:
    """A consistent copy of everything, while everything runs.

    Store and accounts of one moment, verified row for row and cent for cent against the store. The
    same DIR again copies what is new alone, and goes on where a run was interrupted; until the new
    copy is whole, the earlier one stands. DIR is for its owner's eyes: it holds customers'
    addresses and the digests of passwords.
    """
    call = begin(zone, form)
    accounts = call.settings.data_dir / ACCOUNTS
    clock = click.get_current_context().obj or utc_now
    with opened(call.settings) as catalogue, shown() as progress:
        # All raise where they are of a newer version.
        if accounts.exists():
            with people.opened(create=False):
                pass
        for kind in _PRIVATE:
            if (catalogue.path.parent / kind.file_name).exists():
                kind.open(catalogue.path.parent).close()
        beside = _beside(call.settings, catalogue.path.parent)
        data_dir = call.settings.data_dir
        taken = take(catalogue, data_dir, folder, beside, clock=clock, progress=progress)
        with catalogue.write(clock()) as writer:
            # Where the watchman looks for the age of the last one.
            writer.set_fact(BACKUP, {"taken_at": taken.record.taken_at.isoformat()})
    if accounts.exists():
        with people.opened(create=False) as book:
            book.note("backup_taken", actor=people.caller(), target=str(folder))
    foot = f"{folder} holds the store as of {call.time(taken.record.taken_at)}"
    frame = overview(taken.record, taken.copied)
    call.write(Answer(frame, COLUMNS, foot=(*sums(taken.record), foot)))


def _beside(settings: Settings, store_dir: Path) -> list[Beside]:
    """The accounts, what lies beside the store, and the demo's shop: it would be another one."""
    shop = demo_path(settings)
    found = [Beside(settings.data_dir / ACCOUNTS, ACCOUNTS)]
    for name in (JOURNAL, PAYPAL):
        below = (store_dir / name).absolute().relative_to(settings.data_dir.absolute())
        found.append(Beside(store_dir / name, below.as_posix()))
    if store_dir.absolute() == shop.parent:
        # After the catalogue: what was sold in between is read again, and nothing went back.
        found.append(Beside(shop, f"{shop.parent.name}/{shop.name}"))
    return found


def overview(record: Record, copied: Counter[str]) -> pl.DataFrame:
    """A row a stream and a row a database.

    Columns: ``what``, ``rows`` (null for a database), ``files``, ``bytes``, and ``copied_bytes``:
    those of them that had to be copied.
    """
    rows: dict[str, list[int]] = {}
    for file in record.files:
        parts = Path(file.stored).parts
        what = parts[1] if len(parts) > 2 else parts[0] if len(parts) == 2 else Path(file.path).stem
        row = rows.setdefault(what, [0, 0, 0])
        row[0] += 1
        row[1] += file.bytes
        row[2] += copied[file.stored]
    for stream in record.tally.rows:
        rows.setdefault(stream, [0, 0, 0])
    known = record.tally.rows
    return pl.DataFrame(
        [(what, known.get(what), *row) for what, row in rows.items()],
        schema={"what": pl.String} | dict.fromkeys(list(COLUMNS)[1:], pl.Int64),
        orient="row",
    ).sort("what")


def sums(record: Record) -> list[str]:
    """What all versions of payments together say was captured, a line a currency."""
    return [
        f"{amount.quantize(Decimal('0.01')):,} {currency} captured in all versions"
        for (stream, column, currency), amount in sorted(record.tally.sums.items())
        if (stream, column) == _TAKEN
    ]
