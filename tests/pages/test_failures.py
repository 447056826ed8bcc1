"""Failures: messages, what one opens, where it leads, and the same as files."""

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
from vcanalytics.settings import load_settings

EVIL = "=HYPERLINK(1)<script>@x.y"
LATER = NOW + timedelta(hours=5)


@pytest.fixture(scope="module")
def viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    """A shop in which four payments failed, two of them alike, one without a word."""
    path = tmp_path_factory.mktemp("failures") / "shop.db"
    with make_shop(path) as shop:
        failed = {"status": "failed", "created_at": NOW, "amount": 49, "currency": "USD"}
        evil = f"=HYPERLINK(2) refused {EVIL}"
        shop.transaction("VC_1", **failed, email=EVIL, error_message=evil)
        shop.transaction("VC_2", **failed, email="bea@x.y", error_message=evil.replace("2", "3"))
        shop.transaction("VC_3", **failed | {"currency": "EUR"}, email="cy@x.y", error_message=None)
        message = "name 'string' is not defined"
        shop.transaction("VC_4", **failed, email="di@x.y", error_message=message)
        for minute, status in ((-5, "error"), (5, "unhealthy"), (9, "healthy")):
            at = NOW + timedelta(minutes=minute)
            kind = "paypal_api_response_time"
            shop.metric(metric_type=kind, endpoint="oauth", value=9, status=status, timestamp=at)
    folder = tmp_path_factory.mktemp("console") / "data"
    with console_on(folder, source_url=f"sqlite:///{path}"):
        read_into(folder, path, LATER)
        yield Viewer(now=LATER)


def test_messages_are_listed_and_one_opens(viewer: Viewer) -> None:
    shown = viewer.open("failures", range="all")
    shown.assert_well()
    assert "4 payments, 1 of them charged, 3 messages" in shown.text
    assert {"=HYPERLINK(#) refused =HYPERLINK(#)<script>@x.y", "no message"} <= shown.cells
    assert "Charged" in shown.cells

    text = "=HYPERLINK(#) refused =HYPERLINK(#)<script>@x.y"
    shown = viewer.open("failures", range="all", failed="failed", text=text, payment="VC_1")
    shown.assert_well()
    assert "2 payments, 2 customers" in shown.text
    assert "Open payment" in shown.text
    assert EVIL.lower() in shown.cells
    link = next(link for link in shown.links if "failed-payments.csv" in link)
    with asking(load_settings().data_dir) as client:
        rows = list(csv.DictReader(io.StringIO(client.get(link).text, newline="")))
    assert [row["customer"] for row in rows] == ["bea@x.y", f"'{EVIL.lower()}"]
    assert rows[1]["error_message"].startswith("'=")


def test_an_outage_opens_with_everyone_it_hit(viewer: Viewer) -> None:
    shown = viewer.open("failures", range="all")
    assert "1 outage" in shown.text
    assert {"PayPal", "14\u00a0min", "Calls fail"} <= shown.cells
    since = (NOW - timedelta(minutes=5)).isoformat()
    shown = viewer.open("failures", range="all", outage=f"paypal@{since}", payment="VC_2")
    shown.assert_well()
    assert "PayPal down for 14 min" in shown.text
    assert "2 calls of PayPal's API failed, `oauth, at last: unhealthy`" in shown.text
    assert "Customer" in shown.text
    link = next(link for link in shown.links if "/outage.csv" in link)
    with asking(load_settings().data_dir) as client:
        rows = list(csv.DictReader(io.StringIO(client.get(link).text, newline="")))
        whole = client.get(next(link for link in shown.links if "/outages.csv" in link)).text
    assert {row["transaction_id"] for row in rows} == {"VC_1", "VC_2", "VC_3", "VC_4"}
    assert f"'{EVIL.lower()}" in {row["customer"] for row in rows}
    assert [row["currency"] for row in csv.DictReader(io.StringIO(whole))] == ["EUR", "USD"]
    shown = viewer.open("failures", range="all", outage="paypal@yesterday<script>")
    shown.assert_well()
    assert "How an outage is told" in shown.text


def test_what_a_link_asks_for_wrongly_is_said(viewer: Viewer) -> None:
    shown = viewer.open("failures", range="all", failed="failed", text="nothing like it")
    shown.assert_well()
    assert "No payment failed with this message" in shown.text
    shown = viewer.open("failures", range="hour", failed="odd", page="-1")
    shown.assert_well()
    assert "No payment failed" in shown.text
    assert "What stands here" in shown.text
