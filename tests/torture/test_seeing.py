"""The readers' eye sees each kind of fault that torture is to find, and none in a sound store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.torture import seeing, task
from tests.torture.plan import BEGUN, case, piece, version
from vcanalytics.model.streams import DISPUTES, REQUESTS, TRANSACTIONS
from vcanalytics.store import Catalogue, Reader, Segments
from vcanalytics.store.batches import make_batch
from vcanalytics.store.sealer import seal

SEED = 5


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    """A store with ten pieces of one writer, most of them sealed."""
    data = tmp_path / "data"
    write(data, 7)
    opened = Catalogue.open(data)
    for stream in (REQUESTS, TRANSACTIONS):
        seal(opened, Segments(data), stream, BEGUN)
    write(data, 3)
    yield opened
    opened.close()


def write(data: Path, pieces: int) -> None:
    options = {"seed": SEED, "writer": 1, "pieces": pieces, "pause_ms": 0, "patience_s": 1}
    told = {name: str(value) for name, value in options.items()}
    task.act("writer", task.Task(data, BEGUN, lambda _step: None, told))


def look(catalogue: Catalogue, **writers: int) -> tuple[str, dict[str, int]]:
    """What is said to be wrong, and how many are lost, doubled, half-seen."""
    engine = seeing.engine(Segments(catalogue.path.parent).root)
    eye = seeing.Eye(SEED, engine)
    found = eye.look(Reader(catalogue).snapshot(), {1: writers.get("acknowledged", 10)})
    engine.close()
    return "\n".join(found), dict(eye.wrong)


def change(catalogue: Catalogue, statement: str) -> None:
    with catalogue.transaction() as connection:
        assert connection.exec_driver_sql(statement).rowcount == 1


def test_nothing_is_wrong_with_a_sound_store(catalogue: Catalogue) -> None:
    assert look(catalogue) == ("", {})


def test_what_was_acknowledged_and_is_not_there_is_lost(catalogue: Catalogue) -> None:
    told, wrong = look(catalogue, acknowledged=11)
    assert "piece 11 was acknowledged or seen before, and 10 is the last there is" in told
    assert wrong == {"lost": 1}


def test_a_batch_that_went_is_lost(catalogue: Catalogue) -> None:
    change(catalogue, "DELETE FROM batch WHERE stream = 'requests' AND seq = 9")
    told, wrong = look(catalogue)
    assert "requests: 540 rows where 600 belong: 60 lost, 0 double" in told
    assert wrong["lost"] == 60


def test_a_file_beside_the_batches_it_was_made_of_is_seen_as_double(catalogue: Catalogue) -> None:
    # As where a manifest is committed before the batches are taken out: they are read again.
    rows = make_batch(REQUESTS, piece(SEED, 1, 4).requests)
    catalogue.append("requests", "again", "4", rows)
    told, wrong = look(catalogue)
    assert "requests: 660 rows where 600 belong: 0 lost, 60 double" in told
    assert wrong["doubled"] == 60


def test_half_of_a_transaction_is_seen(catalogue: Catalogue) -> None:
    rows = make_batch(REQUESTS, piece(SEED, 1, 11).requests)
    catalogue.append("requests", "writer 1", "11 requests", rows)
    told, wrong = look(catalogue)
    assert "versions: " in told
    assert "the rows that stand: " in told
    assert "revenue as it is booked, " in told
    assert "revenue by recount, " in told
    assert wrong["lost"] > 0
    assert wrong["half-seen"] > 0


def test_a_version_of_another_amount_is_seen_to_the_cent(catalogue: Catalogue) -> None:
    payment, state = piece(SEED, 1, 11).versions[0]
    other = payment._replace(cents=payment.cents + 1)
    one = piece(SEED, 1, 11)
    versions = [(other, state), *one.versions[1:]]
    with catalogue.write(BEGUN) as into:
        into.append("requests", "writer 1", "r", make_batch(REQUESTS, one.requests))
        rows = [version(p, s, 11, BEGUN) for p, s in versions]
        into.append("transactions", "writer 1", "t", make_batch(TRANSACTIONS, rows))
        cases = [case(p, 11, BEGUN) for p, s in versions if p.status(s) == "refunded"]
        if cases:
            into.append("disputes", "writer 1", "d", make_batch(DISPUTES, cases))
    told, _ = look(catalogue)
    assert "cents of all versions: " in told
    assert "versions: " not in told.replace("cents of all versions: ", "")
