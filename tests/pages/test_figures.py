"""The sample shop on screen: the figures of its truth, which was counted apart from any SQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.pages.console import ELSEWHERE, console_on
from tests.pages.viewer import Shown, Viewer
from vcanalytics.display import words

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ZONES = {
    "UTC": "revenue_by_day_utc",
    "Asia/Kolkata": "revenue_by_day_kolkata",
    "America/New_York": "revenue_by_day_new_york",
}


@pytest.fixture(scope="module")
def viewer(sample_dir: Path) -> Iterator[Viewer]:
    with console_on(sample_dir, source_url=ELSEWHERE):
        yield Viewer(NOW)


def money(text: str) -> str:
    return f"${Decimal(text):,.2f}"


def net(figures: dict[str, str]) -> str:
    return f"${Decimal(figures['gross']) - Decimal(figures['refunds']):,.2f}"


def test_revenue_of_the_whole_sample_is_the_truths(
    viewer: Viewer, sample_truth: dict[str, Any]
) -> None:
    # One refund of the sample lies a day ahead.
    shown = viewer.open("revenue", from_="2026-10-01", to="2026-11-24")

    totals = sample_truth["totals"]
    gross, captured = Decimal(totals["gross"]), int(totals["captured"])
    assert shown.metrics == {
        "Net": net(totals),
        "Gross": money(totals["gross"]),
        "Refunds": money(totals["refunds"]),
        "Payments": f"{captured:,}",
        "Average": f"${gross / captured:,.2f}",
        "Success rate": f"{captured / int(totals['attempts']):.1%}".replace("%", "\u00a0%"),
    }


@pytest.mark.parametrize("zone", ZONES)
def test_revenue_by_day_is_the_truths_in_each_zone(
    viewer: Viewer, sample_truth: dict[str, Any], zone: str
) -> None:
    days: dict[str, dict[str, str]] = sample_truth[ZONES[zone]]
    begun = [day for day in sorted(days) if datetime.fromisoformat(day) <= NOW]
    newest = begun[-31:]
    first = datetime.fromisoformat(newest[0])
    last = datetime.fromisoformat(newest[-1]) + timedelta(days=1)

    shown = viewer.open(
        "revenue",
        from_=first.date().isoformat(),
        to=last.date().isoformat(),
        zone=zone,
        grain="day",
    )

    (table,) = [frame.value for frame in shown.app.dataframe]
    rows = {
        row.window.split(",")[0]: (row.gross, row.refunds, int(row.captured), int(row.attempts))
        for row in table.itertuples()
    }
    assert rows == {
        f"{datetime.fromisoformat(day):%-d %b}": (
            money(figures["gross"])[1:],
            money(figures["refunds"])[1:],
            int(figures["captured"]),
            int(figures["attempts"]),
        )
        for day, figures in days.items()
        if day in newest
    }


def test_overview_shows_the_days_figures(viewer: Viewer, sample_truth: dict[str, Any]) -> None:
    shown = viewer.open("overview", range="today")

    day = sample_truth["revenue_by_day_utc"]["2026-11-22T00:00:00+00:00"]
    assert shown.metrics["Takings today"] == money(day["gross"])
    assert shown.metrics["Payments"] == day["captured"]
    assert f"{day['attempts']} begun" in shown.text


def test_transactions_counts_each_state(viewer: Viewer, sample_truth: dict[str, Any]) -> None:
    shown = viewer.open("transactions", range="all")

    # The pills leave samples out no more than the list does.
    pills = next(pills for pills in shown.app.pills if pills.label == "State")
    counted = dict(text.rsplit(" ", 1) for text in pills.options)
    assert {name: int(counted[words.status(name).label].replace(",", "")) for name in STATES} == (
        sample_truth["status"]
    )
    assert f"{sample_truth['rows']['transactions']:,} created" in shown.text


STATES = ("awaiting_payment", "completed", "error", "failed", "pending", "refunded")


def test_reconcile_counts_each_finding(viewer: Viewer, sample_truth: dict[str, Any]) -> None:
    shown = viewer.open("reconcile")

    counts = finding_counts(shown)
    expected = sample_truth["reconcile"]
    assert {name: counts[words.FINDING[name].label] for name in expected} == expected
    assert shown.metrics["Stuck now"] == str(expected["stuck"])


def finding_counts(shown: Shown) -> dict[str, int]:
    pills = next(pills for pills in shown.app.pills if pills.label == "Finding")
    parts = [text.replace("**", "").rsplit(" ", 1) for text in pills.options]
    return {label: int(number.replace(",", "")) for label, number in parts}


def test_a_payment_found_by_a_part_of_its_address_opens(
    viewer: Viewer, sample_truth: dict[str, Any]
) -> None:
    listed = viewer.open("transactions", range="all", status="error")
    address = str(listed.app.dataframe[0].value["email"].iloc[0])

    found = viewer.open("transactions", range="all", q=address[1:-1].upper())

    found.assert_well()
    assert {str(cell).lower() for cell in found.app.dataframe[0].value["email"]} == {
        address.lower()
    }


def test_an_unknown_payment_says_so(viewer: Viewer) -> None:
    shown = viewer.open("transactions", range="all", payment="VC_NOT_THERE")

    shown.assert_well()
    assert "This payment is not known." in shown.text
    assert "VC_NOT_THERE" in shown.text


def test_a_range_without_payments_says_when_the_newest_was(viewer: Viewer) -> None:
    for page in ("overview", "transactions", "revenue"):
        shown = viewer.open(page, from_="2026-01-01", to="2026-01-02")
        shown.assert_well()
        assert "The newest is from" in shown.text or page == "overview", page
