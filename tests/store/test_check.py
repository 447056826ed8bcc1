"""``check``: a sound store has no finding, each damage has one that names it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.store.rows import NOON, case, keep, payments, requests
from vcanalytics.model.streams import TRANSACTIONS
from vcanalytics.store import Catalogue, Segments
from vcanalytics.store.batches import decode, encode
from vcanalytics.store.checking.check import Finding, check
from vcanalytics.store.sealer import seal


@pytest.fixture
def filled(catalogue: Catalogue, tmp_path: Path) -> Catalogue:
    """Versions, hot and sealed, a deleted row, a case, requests."""
    keep(catalogue, "1", payments((1, "pending"), (2, "pending")))
    seal(catalogue, Segments(tmp_path), TRANSACTIONS, NOON)
    keep(catalogue, "2", payments((1, "completed")))
    keep(catalogue, "3", payments((2, "pending"), deleted=True))
    keep(catalogue, "1", case(1), "disputes")
    catalogue.append("requests", "r", "1", requests(1, 2, 3))
    return catalogue


def change(catalogue: Catalogue, statement: str, *values: object) -> None:
    with catalogue.transaction() as connection:
        assert connection.exec_driver_sql(statement, tuple(values)).rowcount > 0


def test_a_sound_store_has_no_finding(filled: Catalogue) -> None:
    assert check(filled) == []


@pytest.mark.parametrize(
    ("statement", "stream", "words"),
    [
        (
            "DELETE FROM ledger WHERE stream = 'requests'",
            "requests",
            "batch 1 has no entry in the ledger",
        ),
        (
            "DELETE FROM batch WHERE stream = 'requests'",
            "requests",
            "batch 1: is missing, the ledger says 3 rows",
        ),
        (
            "UPDATE ledger SET rows = 4 WHERE stream = 'requests'",
            "requests",
            "batch 1: 3 rows are kept, the ledger says 4 rows",
        ),
        (
            "UPDATE batch SET rows = 4 WHERE stream = 'requests'",
            "requests",
            "batch 1 holds 3 rows, its entry says 4",
        ),
        (
            "UPDATE stream SET rows = 9 WHERE name = 'requests'",
            "requests",
            "the ledger says 3 rows, the counter 9",
        ),
        (
            "UPDATE stream SET seq = 0 WHERE name = 'requests'",
            "requests",
            "batch 1 lies beyond the counter, which stands at 0",
        ),
        (
            "UPDATE current_row SET seq = 1 WHERE row_key = 'VC_1'",
            "transactions",
            "row VC_1 stands at (1, False), its versions say (2, False)",
        ),
        (
            "UPDATE current_row SET deleted = 0 WHERE row_key = 'VC_2'",
            "transactions",
            "row VC_2 stands at (3, False), its versions say (3, True)",
        ),
        (
            "DELETE FROM current_row WHERE row_key = 'VC_1'",
            "transactions",
            "row VC_1 stands at None, its versions say (2, False)",
        ),
        (
            "INSERT INTO current_row VALUES ('disputes', 'DISP_9', 9, 0, 1, 0, '', 0, 1)",
            "disputes",
            "row DISP_9 has no version",
        ),
        (
            "INSERT INTO current_row VALUES ('disputes', 'DISP_9', 1, 0, 1, 0, '', 0, 1)",
            "disputes",
            "1 source rows are held by more than one current row",
        ),
    ],
)
def test_a_changed_entry_is_found(
    filled: Catalogue, statement: str, stream: str, words: str
) -> None:
    change(filled, statement)
    assert Finding(stream, words) in check(filled)


@given(st.data())
def test_any_flipped_bit_of_a_batch_is_found(data: st.DataObject) -> None:
    payload = encode(payments((1, "pending"), (2, "completed")))
    place = data.draw(st.integers(0, len(payload) * 8 - 1))
    flipped = bytearray(payload)
    flipped[place // 8] ^= 1 << place % 8

    with pytest.raises((ValueError, OSError)):
        decode(bytes(flipped))


def test_a_flipped_bit_is_a_finding_and_hides_no_other(filled: Catalogue) -> None:
    payload = encode(requests(1, 2, 3))
    half = len(payload) // 2
    flipped = payload[:half] + bytes([payload[half] ^ 1]) + payload[half + 1 :]
    change(filled, "UPDATE batch SET payload = ? WHERE stream = 'requests'", flipped)
    change(filled, "DELETE FROM current_row WHERE row_key = 'DISP_1'")

    assert check(filled) == [
        Finding("disputes", "row DISP_1 stands at None, its versions say (1, False)"),
        Finding("requests", "batch 1 is damaged: its checksum is not the one it was kept with"),
    ]


def test_a_batch_cut_short_is_found(filled: Catalogue) -> None:
    payload = encode(requests(1, 2, 3))
    for length in (0, 1, 7, 8, len(payload) // 2, len(payload) - 1):
        change(filled, "UPDATE batch SET payload = ? WHERE stream = 'requests'", payload[:length])
        (finding,) = check(filled)
        assert finding.what.startswith("batch 1 is damaged"), length


def test_the_same_damage_many_times_is_counted(catalogue: Catalogue) -> None:
    for number in range(30):
        catalogue.append("requests", "r", str(number), requests(number))
    change(catalogue, "DELETE FROM ledger")

    findings = check(catalogue)

    assert len(findings) == 21
    assert findings[-1] == Finding("requests", "and 11 findings more")


def test_overwritten_pages_of_the_catalogue_are_found(tmp_path: Path) -> None:
    catalogue = Catalogue.open(tmp_path)
    for number in range(200):
        catalogue.append("requests", "r", str(number), requests(*range(50)))
    with catalogue.read() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    catalogue.close()
    path = tmp_path / "catalogue.db"
    data = bytearray(path.read_bytes())
    noise = random.Random(1)  # noqa: S311
    # Behind the schema and the migrations' page: there the file would not even open.
    for page in range(40, len(data) // 4096, 3):
        data[page * 4096 : page * 4096 + 100] = noise.randbytes(100)
    path.write_bytes(data)

    damaged = Catalogue.open(tmp_path)
    findings = check(damaged)

    assert findings
    assert any("the catalogue" in finding.what for finding in findings)
    damaged.close()
