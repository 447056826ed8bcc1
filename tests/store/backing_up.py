"""What tests of backup and restore share: a store worth keeping, and how two are compared."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from tests.store.rows import NOON, case, keep, paid, payments, requests
from vcanalytics.model.streams import REQUESTS, STREAMS, TRANSACTIONS
from vcanalytics.store import Catalogue, Reader, Segments
from vcanalytics.store.backups.backup import Taken, take
from vcanalytics.store.sealer import seal


def fill(catalogue: Catalogue) -> None:
    """Rows of several streams and currencies, sealed over days, and hot ones."""
    segments = Segments(catalogue.path.parent)
    for number in range(3):
        day = NOON - timedelta(days=number)
        catalogue.append("requests", "r", f"old{number}", requests(*range(50), at=day), now=NOON)
    keep(catalogue, "1", paid(1, "49.01"))
    keep(catalogue, "2", paid(2, "-7.10", "EUR"))
    for stream in (REQUESTS, TRANSACTIONS):
        seal(catalogue, segments, stream, NOON)
    keep(catalogue, "3", paid(3, "0.99"))
    keep(catalogue, "4", payments((1, "refunded")))
    keep(catalogue, "1", case(1), "disputes")
    catalogue.append("requests", "r", "hot", requests(7, 8))


def backup(catalogue: Catalogue, folder: Path, **more: Any) -> Taken:
    """A backup of the store alone, taken at noon."""
    return take(catalogue, catalogue.path.parent, folder, (), clock=lambda: NOON, **more)


class Killed(Protocol):
    """The exit status of a backup or restore that kills itself at a step."""

    def __call__(self, what: str, data_dir: Path, folder: Path, step: str, nth: int = 1) -> int: ...


def content(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Every row of every stream, as a reader of that catalogue's file sees it; nothing damaged."""
    with closing(Catalogue(path)) as catalogue:
        snapshot = Reader(catalogue).snapshot()
        assert snapshot.damage == ()
        return {
            name: snapshot.table(name)
            .sort_by([("seq", "ascending"), ("source_id", "ascending")])
            .to_pylist()
            for name in STREAMS
            if snapshot.state(name).rows
        }


def flip(path: Path, bit: int) -> None:
    """Turn one bit of a file, counted from its beginning and around its end."""
    data = bytearray(path.read_bytes())
    place = bit % (len(data) * 8)
    data[place // 8] ^= 1 << place % 8
    path.write_bytes(data)
