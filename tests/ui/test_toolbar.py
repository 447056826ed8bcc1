"""The row above every page: it writes what is picked into the URL, and reads it from there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from tests.pages.console import console_on
from tests.pages.viewer import Viewer
from vcanalytics.ui import toolbar
from vcanalytics.ui.ranges import Defaults, read

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
    app.pills(key="range_compare").set_value("week").run()

    assert app.query_params == {"range": "7d", "compare": "week"}
    # Navigation drops the URL's own; what was picked is remembered.
    app = viewer.open("revenue").app
    assert app.query_params == {"compare": "week"}


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
