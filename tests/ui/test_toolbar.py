"""The row above every page: it writes what is picked into the URL, and reads it from there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import pytest

from tests.pages.console import console_on
from tests.pages.viewer import Viewer
from vcanalytics.display.ranges import Defaults, read
from vcanalytics.ui import toolbar

NOW = datetime(2026, 11, 20, 13, 30, tzinfo=UTC)


@pytest.fixture
def viewer(tmp_path: Path) -> Iterator[Viewer]:
    with console_on(tmp_path / "data", timezone="Asia/Kolkata"):
        yield Viewer()


def test_a_link_elsewhere_carries_the_range_and_its_filters() -> None:
    view = read({"range": "7d", "zone": "Asia/Tokyo", "compare": "week"}, Defaults(), NOW)

    assert toolbar.params(view, status="failed", range="30d") == {
        "range": "30d",
        "zone": "Asia/Tokyo",
        "compare": "week",
        "status": "failed",
    }


def test_the_operators_zone_counts_until_a_viewer_picks_another(viewer: Viewer) -> None:
    for link in viewer.open("overview").app.get("page_link"):
        query = parse_qs(link.proto.query_string)
        assert query.get("zone", ["Asia/Kolkata"]) == ["Asia/Kolkata"]
    assert viewer.open("overview", zone="Asia/Tokyo").app.query_params["zone"] == "Asia/Tokyo"


def test_what_is_picked_stands_in_the_url_and_goes_along_to_the_next_page(viewer: Viewer) -> None:
    app = viewer.open("overview", range="7d").app
    (compare,) = [pills for pills in app.pills if pills.label == "Compare with"]
    compare.set_value("week").run()

    assert app.query_params == {"range": "7d", "compare": "week"}
    # Navigation drops the URL's own; what was picked is remembered.
    app = viewer.open("revenue").app
    assert app.query_params == {"compare": "week"}


def test_the_pickers_label_and_so_the_picker_stay_while_time_goes_on() -> None:
    """A popover with another label is another one: a click on the old one would be lost."""
    for preset in ("today", "hour", "yesterday", "7d", "month"):
        labels = {
            toolbar._range_label(read({"range": preset}, Defaults(), NOW + timedelta(minutes=m)))
            for m in range(3)
        }
        assert len(labels) == 1, labels


def test_what_an_update_sends_along_of_the_range_that_was_left_is_no_pick_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A pick, and an update pushed just then: it brings every widget of the old range again."""
    written: list[dict[str, str | None]] = []
    monkeypatch.setattr(toolbar, "_write", written.append)
    start, end = datetime(2026, 11, 20), datetime(2026, 11, 21)
    sent = {"preset": "7d", "from": start, "to": end, "zone": "UTC", "grain": "auto"}
    monkeypatch.setattr("streamlit.session_state", sent)

    toolbar._pick("range", "preset", "today", "from", "to", "grain")
    toolbar._pick_fixed("from", "to", (start, end), ZoneInfo("UTC"))
    toolbar._pick("zone", "zone", "UTC")
    toolbar._pick_grain("grain", "auto")

    assert written == [{"from": None, "to": None, "grain": None, "range": "7d"}]


def test_widgets_of_one_range_are_never_those_of_another() -> None:
    asked = [
        {"range": "today"},
        {"range": "7d"},
        {"range": "7d", "zone": "Asia/Tokyo"},
        {"range": "7d", "grain": "hour"},
        {"range": "7d", "compare": "week"},
        {"from": "2026-11-01", "to": "2026-11-02"},
    ]
    views = [read(params, Defaults(), NOW) for params in asked]

    assert len({toolbar._keys(view, "range_preset")[0] for view in views}) == len(asked)


def test_pausing_freezes_the_moment_and_resuming_goes_on(viewer: Viewer) -> None:
    app = viewer.open("overview").app
    before = datetime.now(UTC)
    app.button(key="pause").click().run()

    frozen = app.session_state["paused_now"]
    assert before <= frozen <= datetime.now(UTC)
    assert app.button(key="pause").label == "Resume"
    app.run()
    assert app.session_state["paused_now"] == frozen

    app.button(key="pause").click().run()
    assert app.session_state["paused_now"] is None
    assert app.button(key="pause").label == "Pause"


def test_pausing_works_in_a_zone_that_a_link_misspells(viewer: Viewer) -> None:
    app = viewer.open("overview", zone="Mars/Olympus").app
    app.button(key="pause").click().run()

    assert list(app.exception) == []
    assert app.session_state["paused_now"] is not None
