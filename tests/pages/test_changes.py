"""Revenue says what changed against before, and each way to part it adds up to the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import polars as pl
import pytest

from tests.pages.console import ELSEWHERE, console_on
from tests.pages.viewer import Viewer
from vcanalytics.cached import changes
from vcanalytics.errors import UsageError
from vcanalytics.web.exports import build

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
WEEKS = {"from_": "2026-11-01", "to": "2026-11-15", "zone": "Asia/Kolkata"}


@pytest.fixture(scope="module")
def viewer(sample_dir: Path) -> Iterator[Viewer]:
    with console_on(sample_dir, source_url=ELSEWHERE):
        yield Viewer(NOW)


def parts(viewer: Viewer, by: str) -> pl.DataFrame:
    """The file behind the panel's link."""
    shown = viewer.open("revenue", **WEEKS, changed=by)
    shown.assert_well()
    links = {link for link in shown.links if "/changes.csv" in link}
    assert len(links) == 1, links
    (link,) = links
    return build("changes", dict(parse_qsl(urlsplit(link).query))).frame


@pytest.mark.parametrize("by", sorted(changes.BY))
def test_the_parts_add_up_to_what_the_page_says(viewer: Viewer, by: str) -> None:
    found = parts(viewer, by)

    total = sum(found["difference"], Decimal(0))
    text = viewer.open("revenue", **WEEKS, changed=by).text
    said = re.search(r"Adds up to \*\*([+-])\$?([\d,.]+)\*\*", text)
    assert said is not None
    assert total == Decimal(said[1] + said[2].replace(",", "").rstrip("."))
    assert found.height > 1


def test_all_ways_of_money_come_to_the_difference_of_net(viewer: Viewer) -> None:
    sums = {by: sum(parts(viewer, by)["difference"], Decimal(0)) for by in sorted(changes.MONEY)}
    net = viewer.open("revenue", **WEEKS).metrics["Net"].replace("\u00a0", "")
    weeks_before = {"from_": "2026-10-18", "to": "2026-11-01", "zone": "Asia/Kolkata"}
    before = viewer.open("revenue", **weeks_before).metrics["Net"]
    difference = _money(net) - _money(before)
    assert sums == dict.fromkeys(sorted(changes.MONEY), difference)
    assert difference != 0


def _money(text: str) -> Decimal:
    return Decimal(re.sub(r"[^0-9.-]", "", text))


def test_without_a_comparison_it_says_what_to_do(viewer: Viewer) -> None:
    assert "Nothing to compare with." in viewer.open("revenue", range="all").text
    assert "Nothing to compare with." in viewer.open("revenue", range="7d", compare="none").text


def test_a_way_that_is_none_is_refused() -> None:
    asked = {"from": "2026-11-01", "to": "2026-11-15", "by": "weather"}
    with pytest.raises(UsageError, match="by is one of"):
        build("changes", asked)


def test_hours_of_the_week_add_up_to_the_range(viewer: Viewer) -> None:
    shown = viewer.open("revenue", **WEEKS)
    (link,) = {link for link in shown.links if "/hours.csv" in link}
    found = build("hours", dict(parse_qsl(urlsplit(link).query))).frame

    assert found.height == 7 * 24
    assert set(found["hours"]) == {2}
    assert sum(found["gross"], Decimal(0)) == _money(shown.metrics["Gross"])
    assert found["captured"].sum() == _money(shown.metrics["Payments"])
    assert sum(found["mean"], Decimal(0)) * 2 == _money(shown.metrics["Gross"])
