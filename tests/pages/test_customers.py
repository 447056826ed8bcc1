"""Customers: found by any part, everything of one together, and what is not known said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.pages.console import ELSEWHERE, console_on
from tests.pages.viewer import Shown, Viewer, press

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TYPED = "elena.novak81@outlook.com"
PAYER = "wei.kim37@printworks.co.uk"


@pytest.fixture(scope="module")
def viewer(sample_dir: Path) -> Iterator[Viewer]:
    with console_on(sample_dir, source_url=ELSEWHERE):
        yield Viewer(NOW)


def listed(shown: Shown, column: str) -> list[str]:
    values: list[str] = shown.app.dataframe[0].value[column].tolist()
    return values


def test_any_part_finds_her_and_her_payers_part_too(viewer: Viewer) -> None:
    for text in ("NOVAK81@out", "wei.kim37@"):
        assert TYPED in listed(viewer.open("customers", q=text), "customer")


def test_one_customers_figures_addresses_and_story(viewer: Viewer) -> None:
    shown = viewer.open("customers", customer=f" {TYPED.upper()} ")

    shown.assert_well()
    assert shown.metrics["Lifetime value"] == "$739.00"
    assert shown.metrics["Paid"] == "11"
    assert f"payer with {TYPED}, 1 payment" in shown.components
    assert "49.00 USD captured" in shown.components
    assert "VC_1795294523_6a0c0164" in shown.cells


def test_what_is_not_found_says_what_to_do(viewer: Viewer) -> None:
    assert "Who wrote to you?" in viewer.open("customers").text
    assert "Nobody was found." in viewer.open("customers", q="zzzz%").text
    assert "is not known" in viewer.open("customers", customer="nobody@x.y").text
    long = viewer.open("customers", q="a" * 10_000)
    assert "has 10,000 characters" in long.text
    long.assert_well()
    far = viewer.open("customers", customer="b" * 10_000)
    far.assert_well()
    assert "is not known" in far.text
    assert "b" * 321 not in far.text


def test_a_payment_leads_to_everything_of_its_customer(viewer: Viewer) -> None:
    viewer.open("transactions", range="all", payment="VC_1791480728_76ee3d98")
    shown = press(viewer, "Payer")

    shown.assert_well()
    assert shown.app.query_params["customer"] in (PAYER, [PAYER])
    assert shown.metrics["Lifetime value"] == "$739.00"
