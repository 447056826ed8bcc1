"""Settling: entries go when nobody can send their batch again, and not one more or fewer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.rows import NOON, keep, payments, requests
from vcanalytics.store import Catalogue
from vcanalytics.store.checking.check import check
from vcanalytics.store.repairing.repair import repair
from vcanalytics.store.upkeep.settling import KEPT, RESOLVED_KEPT, Settled, settle, settled

HOST = frozenset({"host"})
DAY = timedelta(days=1)


def fill(catalogue: Catalogue, count: int, source: str = "host", first: int = 0) -> None:
    for number in range(first, first + count):
        catalogue.append("requests", source, str(number), requests(number, -number))


def entries(catalogue: Catalogue) -> int:
    with catalogue.read() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM ledger").scalar() or 0)


def standing(catalogue: Catalogue) -> Settled:
    with catalogue.read() as connection:
        return settled(connection, "requests")


def test_entries_stay_for_days_and_are_counted_when_they_go(catalogue: Catalogue) -> None:
    fill(catalogue, 5)
    assert not settle(catalogue, HOST, NOON)
    fill(catalogue, 2, first=5)
    assert not settle(catalogue, HOST, NOON + KEPT - timedelta(seconds=1))
    assert entries(catalogue) == 7

    settle(catalogue, HOST, NOON + KEPT)

    assert entries(catalogue) == 2
    assert standing(catalogue) == Settled(5, 5, 10)
    assert check(catalogue) == []
    # Those that were younger are counted from now on.
    settle(catalogue, HOST, NOON + KEPT * 2)
    assert entries(catalogue) == 0
    assert check(catalogue) == []


def test_what_others_sent_by_keys_of_their_own_and_versions_stay(catalogue: Catalogue) -> None:
    fill(catalogue, 3)
    fill(catalogue, 4, source="posted", first=3)
    keep(catalogue, "a", payments((1, "pending")))
    for turn in range(4):
        settle(catalogue, HOST | {"transactions"}, NOON + turn * KEPT)

    assert entries(catalogue) == 5
    assert catalogue.append("requests", "posted", "4", requests(4)) == 5
    assert check(catalogue) == []


def test_a_clock_that_is_set_back_counts_the_days_anew(catalogue: Catalogue) -> None:
    fill(catalogue, 3)
    settle(catalogue, HOST, NOON + 100 * DAY)
    settle(catalogue, HOST, NOON)
    settle(catalogue, HOST, NOON + DAY)
    assert entries(catalogue) == 3
    settle(catalogue, HOST, NOON + 2 * DAY)
    assert entries(catalogue) == 0


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        ("DELETE FROM ledger WHERE seq = 6", "batch 6 has no entry in the ledger"),
        ("DELETE FROM batch WHERE seq = 2", "2 rows are missing, of 0 it is known"),
        ("UPDATE settled SET batches = 4", "5 batches up to 5 have no entry in the ledger, not 4"),
        ("DELETE FROM settled", "batch 1 has no entry in the ledger"),
    ],
)
def test_check_still_misses_a_single_one(catalogue: Catalogue, harm: str, expected: str) -> None:
    fill(catalogue, 5)
    settle(catalogue, HOST, NOON)
    fill(catalogue, 2, first=5)
    settle(catalogue, HOST, NOON + KEPT)
    with catalogue.transaction() as connection:
        connection.exec_driver_sql(harm)

    assert expected in [finding.what for finding in check(catalogue)]
    repair(catalogue, NOON + KEPT)
    assert check(catalogue) == []


def test_rows_kept_aside_that_could_be_read_long_since_go(catalogue: Catalogue) -> None:
    for key, at in (("old", NOON), ("new", NOON + DAY)):
        with catalogue.write(at) as writer:
            writer.reject("requests", key, "no time", "{}")
            writer.resolve("requests", [key])
    with catalogue.write(NOON) as writer:
        writer.reject("requests", "open", "no time", "{}")

    settle(catalogue, HOST, NOON + RESOLVED_KEPT + timedelta(hours=1))

    with catalogue.read() as connection:
        kept = connection.exec_driver_sql("SELECT row_key FROM rejected").scalars()
        assert sorted(kept) == ["new", "open"]


@given(st.lists(st.tuples(st.sampled_from(["host", "posted"]), st.integers(0, 5)), max_size=25))
@settings(max_examples=15, deadline=None)
def test_whatever_was_appended_when_the_store_stays_sound(
    tmp_path_factory: pytest.TempPathFactory, made: list[tuple[str, int]]
) -> None:
    catalogue = Catalogue.open(tmp_path_factory.mktemp("store"))
    now = NOON
    for number, (source, days) in enumerate(made):
        fill(catalogue, 1, source, number)
        now += days * DAY
        settle(catalogue, HOST, now)
    assert check(catalogue) == []
    catalogue.close()
