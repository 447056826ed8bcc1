"""Suspicious buyers on Customers: why, what they paid, their case; and the same as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.collectors.rig import NOW
from tests.pages.console import console_on, read_into
from tests.pages.viewer import Viewer
from tests.shop import make_shop
from tests.web.rig import asking
from vcanalytics.journal import Journal
from vcanalytics.settings import load_settings

EVIL = "=hyperlink(1)<script>@x.y"
LATER = NOW + timedelta(hours=5)


@pytest.fixture(scope="module")
def viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    """A shop in which one buyer tried four times, one from a throw-away domain, and others."""
    path = tmp_path_factory.mktemp("buyers") / "shop.db"
    with make_shop(path) as shop:
        for number in range(4):
            at = NOW + timedelta(minutes=number)
            shop.transaction(f"VC_{number}", created_at=at, status="failed", email=EVIL, amount=49)
        paid = {"status": "completed", "created_at": NOW, "completed_at": NOW, "email_sent": 1}
        shop.transaction("VC_5", **paid, user_created=1, email="bo@mailinator.com", amount=9)
        shop.transaction("VC_6", **paid, user_created=1, email="fine@x.y", amount=49)
    folder = tmp_path_factory.mktemp("console") / "data"
    with console_on(folder, source_url=f"sqlite:///{path}"):
        read_into(folder, path, LATER)
        Journal.open(folder).close()
        yield Viewer(now=LATER)


def test_buyers_stand_under_the_search_with_every_reason(viewer: Viewer) -> None:
    shown = viewer.open("customers")
    shown.assert_well()
    assert "2, 2 to do" in shown.text
    assert {EVIL, "bo@mailinator.com", "throw-away address at mailinator.com"} <= shown.cells
    assert "fine@x.y" not in shown.cells
    shown = viewer.open("customers", buyer=EVIL)
    shown.assert_well()
    assert "More than 3 attempts within an hour**: 4 attempts" in shown.text
    assert "Case: Open" in shown.text
    link = next(link for link in shown.links if "/buyers.csv" in link)
    with asking(load_settings().data_dir) as client:
        rows = list(csv.DictReader(io.StringIO(client.get(link).text, newline="")))
    told = {row["buyer"]: (row["attempts"], row["captured"], row["amount"]) for row in rows}
    assert told == {f"'{EVIL}": ("4", "0", "0.00"), "bo@mailinator.com": ("1", "1", "9.00")}


def test_where_somebody_is_looked_for_they_stand_aside(viewer: Viewer) -> None:
    for asked in ({"q": "bo@"}, {"customer": "bo@mailinator.com"}):
        assert "Suspicious buyers" not in viewer.open("customers", **asked).text
    shown = viewer.open("customers", buyer="nobody", page="99")
    shown.assert_well()
    assert "2, 2 to do" in shown.text
