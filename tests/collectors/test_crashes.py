"""What a crash leaves behind is removed, and the proof of ``make torture`` sees what is wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collectors.capture import SOURCE_NAME
from collectors.upkeep import Upkeep
from tests.collectors.rig import NOW, Console
from tests.shop import open_shop
from tests.torture import app, proof
from vcanalytics.model.streams import REQUESTS
from vcanalytics.settings import Settings
from vcanalytics.store import Catalogue, Segments
from vcanalytics.store.batches import make_batch


def test_what_a_killed_sealer_left_over_is_removed_at_the_next_start(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    catalogue, segments = Catalogue.open(settings.store_dir), Segments(settings.store_dir)
    half = segments.root / "requests" / "2026" / "2026-11-20-0123.parquet.writing"
    half.parent.mkdir(parents=True)
    half.touch()
    upkeep = Upkeep(settings, catalogue)
    upkeep.initialise()
    upkeep.loop(NOW)
    assert not half.exists()
    # Later a file without a manifest may be one that is being written just now.
    half.touch()
    upkeep.loop(NOW + timedelta(minutes=20))
    assert half.exists()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    app.found_shop(path, seed=1, payments=60)
    return path


@pytest.fixture
def console(tmp_path: Path, shop: Path) -> Console:
    console = Console(tmp_path / "data", f"sqlite:///{shop}")
    # The shop's app writes by the machine's clock.
    console.clock.now = datetime.now(UTC)
    console.once()
    return console


def faults(console: Console, shop: Path) -> str:
    return "\n".join(proof.faults(shop, console.catalogue, console.reader, console.clock.now))


def test_the_proof_holds_of_what_was_read_and_sees_what_was_not(
    console: Console, shop: Path
) -> None:
    assert faults(console, shop) == ""
    with open_shop(shop) as opened:
        opened.transaction("VC_late")
        opened.metric()
        opened.execute("UPDATE transactions SET email = 'moved@example.com' WHERE id = 1")
    told = faults(console, shop)
    assert "transactions: 2 rows of the source do not stand in the store" in told
    assert "requests: 1 rows of performance_metrics lost" in told
    assert "figures of" in told


def test_the_proof_sees_a_row_kept_twice(console: Console, shop: Path) -> None:
    with open_shop(shop) as opened:
        opened.metric()
    console.once()
    row = console.reader.snapshot().table("requests").drop_columns("seq").to_pylist()[0]
    console.catalogue.append("requests", SOURCE_NAME, "again", make_batch(REQUESTS, [row]))
    assert "requests: 0 rows of performance_metrics lost , 1 too many" in faults(console, shop)


def states(text: str) -> list[proof.State]:
    """Letters as states; a capital one: gone, in that state."""
    return [(letter.isupper(), [letter.lower()]) for letter in text]


@pytest.mark.parametrize(
    ("kept", "why"),
    [
        ("", None),
        ("adD", None),
        ("bBcC", None),
        ("abbD", "has a version twice"),
        ("bBBc", "has a version twice"),
        ("abC", "was another when it was gone than it was before"),
        ("cba", "has a version that never was, or out of order"),
        ("axb", "has a version that never was, or out of order"),
        ("aAbBcC", "has a version that never was, or out of order"),
    ],
)
def test_a_history_is_true_where_its_states_were_in_that_order(kept: str, why: str | None) -> None:
    assert proof.untrue(states(kept), states("abcCabcdeE")) == why
