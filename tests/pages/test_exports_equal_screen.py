"""What a CSV link beside a figure gives adds up to the figure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.pages.console import ELSEWHERE, console_on
from tests.pages.viewer import Shown, Viewer
from tests.web.rig import asking
from vcanalytics.settings import load_settings

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def viewer(sample_dir: Path) -> Iterator[Viewer]:
    with console_on(sample_dir, source_url=ELSEWHERE):
        yield Viewer(NOW)


def exported(shown: Shown, name: str) -> list[dict[str, str]]:
    """The rows behind the page's link to one table, asked for as a browser would."""
    link = next(link for link in shown.links if link.startswith(f"/admin/export/{name}.csv"))
    with asking(load_settings().data_dir) as client:
        answer = client.get(link)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def dollars(text: str) -> Decimal:
    return Decimal(text.lstrip("$").replace(",", ""))


@pytest.mark.parametrize("grain", ["hour", "day", "week", "month"])
def test_revenues_table_adds_up_to_its_figures(viewer: Viewer, grain: str) -> None:
    shown = viewer.open("revenue", from_="2026-11-01T03:30", to="2026-11-20", grain=grain)
    figures = {label: shown.metrics[label] for label in ("Gross", "Refunds", "Net", "Payments")}
    rows = exported(shown, "revenue")

    for label in ("Gross", "Refunds", "Net"):
        total = sum((Decimal(row[label.lower()]) for row in rows), Decimal(0))
        assert total == dollars(figures[label]), label
    payments = sum(int(row["captured"]) for row in rows)
    assert f"{payments:,}" == figures["Payments"]


def test_overviews_takings_add_up_to_the_headline(viewer: Viewer) -> None:
    shown = viewer.open("overview", range="today")
    headline = shown.metrics["Takings today"]
    rows = exported(shown, "takings")

    assert sum(Decimal(row["gross"]) for row in rows) == dollars(headline)


def test_the_list_of_payments_comes_whole(viewer: Viewer) -> None:
    shown = viewer.open("transactions", from_="2026-11-01", to="2026-11-10", status="failed")
    (pills,) = [pills for pills in shown.app.pills if pills.label == "State"]
    counted = next(text for text in pills.options if text.startswith("Failed "))
    states, payments = exported(shown, "states"), exported(shown, "transactions")

    assert f"Failed {len(payments)}" == counted
    assert states == [{"status": "failed", "count": str(len(payments))}]
    assert len(payments) > len(shown.app.dataframe[0].value)


def test_the_work_list_comes_whole(viewer: Viewer) -> None:
    shown = viewer.open("reconcile", finding="captured_but_failed")
    worth = shown.text
    rows = exported(shown, "cases")

    assert {row["finding"] for row in rows} == {"captured_but_failed"}
    total = sum(Decimal(row["amount"]) for row in rows)
    assert f"{len(rows)}, ${total:,.2f}" in worth
