"""After a repair the collectors bring back what VectorCraft still holds."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.collectors.rig import NOW, Console
from tests.shop import Shop, make_shop
from tests.store.backing_up import flip
from vcanalytics.model.streams import TRANSACTIONS
from vcanalytics.store import Segments
from vcanalytics.store.repairing.repair import repair
from vcanalytics.store.sealer import seal


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return make_shop(tmp_path / "shop.db")


@pytest.fixture
def console(tmp_path: Path, shop: Shop) -> Console:
    shop.transaction("VC_1")
    shop.complete("VC_1", amount="49.00")
    shop.transaction("VC_2")
    console = Console(tmp_path / "data", shop.url)
    console.once()
    shop.refund("VC_1")
    console.once()
    return console


def lose(console: Console) -> None:
    """Seal all versions, damage their file, and repair."""
    segments = Segments(console.settings.store_dir)
    sealed = seal(console.catalogue, segments, TRANSACTIONS, NOW)
    assert sealed is not None
    for segment in sealed.segments:
        flip(segments.local(segment.key), 900)
    repair(console.catalogue, NOW)
    console.restart()
    assert console.current() == {}


def test_payments_whose_versions_are_lost_are_read_again_with_what_they_captured(
    console: Console,
) -> None:
    before = console.current()
    lose(console)

    console.once()

    after = console.current()
    assert after.keys() == before.keys()
    # The refund has overwritten what was captured: only the console knew.
    assert after["VC_1"]["captured_amount"] == Decimal("49.0000")
    for key, row in after.items():
        same = before[key].keys() - {"seq", "observed_at"}
        assert {name: row[name] for name in same} == {name: before[key][name] for name in same}
    console.assert_sound()
    read = console.tally().kept
    assert read == 0


def test_one_that_was_deleted_meanwhile_stops_nobody(console: Console, shop: Shop) -> None:
    lose(console)
    shop.delete("VC_2")
    shop.transaction("VC_3")

    console.once()

    assert console.current().keys() == {"VC_1", "VC_3"}
    console.assert_sound()
    with console.daemon() as daemon:
        daemon.settle(20.0)
    console.assert_sound()


def test_current_rows_that_were_lost_are_made_anew_and_nothing_is_counted_twice(
    console: Console,
) -> None:
    before = console.current()
    with console.catalogue.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM current_row")
    repair(console.catalogue, NOW)
    console.restart()

    console.once()

    after = console.current()
    assert after.keys() == before.keys()
    assert after["VC_1"]["captured_amount"] == Decimal("49.0000")
    assert after["VC_1"]["refund_seen_at"] == before["VC_1"]["refund_seen_at"]
    console.assert_sound()
