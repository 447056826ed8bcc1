"""The Cache page: what is kept, for whom, and who may clear it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pages.console import ELSEWHERE, console_on
from tests.pages.signed_in import open_quick, signed_in
from tests.pages.viewer import Viewer, press
from vcanalytics.accounts import Role
from vcanalytics.cached import regions
from vcanalytics.web.exports import build


@pytest.fixture(scope="module")
def console(sample_dir: Path) -> Iterator[None]:
    with console_on(sample_dir, source_url=ELSEWHERE):
        yield


@pytest.fixture
def admin(console: None) -> Viewer:
    regions.clear("all")
    return Viewer()


def rows(viewer: Viewer) -> dict[str, dict[str, object]]:
    frame = next(f.value for f in viewer.app.dataframe if "hit_ratio" in f.value.columns)
    return {row["name"]: row for row in frame.to_dict("records")}


def test_what_pages_asked_stands_in_its_region(admin: Viewer) -> None:
    admin.open("revenue", range="all")
    shown = admin.open("cache")
    shown.assert_well()
    found = rows(admin)

    assert list(found) == ["Live", "Health", "Activity", "Revenue"]
    assert found["Revenue"]["entries"] == next(
        kept.entries for kept in regions.regions() if kept.region == "revenue"
    )
    assert (found["Revenue"]["ttl"], found["Activity"]["ttl"]) == ("5\u00a0min", "2\u00a0min")
    assert 0 <= float(str(found["Revenue"]["hit_ratio"])) < 1
    assert shown.metrics["Look-ups"] != "0"


def test_an_admin_clears_a_region_and_the_log_says_so(admin: Viewer) -> None:
    admin.open("revenue", range="all")
    admin.open("cache")
    before = rows(admin)
    shown = press(admin, "Clear revenue")
    after = rows(admin)

    assert f"{before['Revenue']['entries']} entries of the region revenue cleared." in shown.text
    assert (after["Revenue"]["entries"], after["Revenue"]["oldest"]) == (0, "\u2013")
    assert after["Live"]["entries"] != 0
    accounts = open_quick()
    entry = accounts.audit(limit=1)[0]
    accounts.close()
    assert (entry.action, entry.actor, entry.target) == ("cache_cleared", admin.me.actor, "revenue")
    assert entry.detail == f"{before['Revenue']['entries']} entries"


def test_a_role_that_was_taken_away_clears_nothing(admin: Viewer) -> None:
    boss = Viewer(me=signed_in("boss"))
    boss.open("revenue", range="all")
    boss.open("cache")
    kept = regions.regions()[3].entries
    accounts = open_quick()
    accounts.set_role("boss", Role.OPERATOR, by="test")
    accounts.close()
    shown = press(boss, "Clear revenue")

    assert "Only an admin may clear the cache." in shown.text
    assert regions.regions()[3].entries == kept > 0
    assert not [b for b in boss.open("cache").app.button if b.label.startswith("Clear")]


def test_with_no_room_the_page_says_that_nothing_is_kept(tmp_path: Path) -> None:
    with console_on(tmp_path / "data", cache_mb="0"):
        shown = Viewer().open("cache")
    shown.assert_well()
    assert "Nothing is kept." in shown.text


def test_the_file_has_every_figure_of_the_screen(console: None) -> None:
    table = build("cache", {"from": "2026-11-22", "to": "2026-11-23"}).frame
    assert table.columns[:6] == ["region", "entries", "bytes", "hits", "misses", "hit_ratio"]
    assert table["region"].to_list() == ["live", "health", "activity", "revenue"]
