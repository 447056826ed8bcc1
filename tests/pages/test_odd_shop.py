"""A shop whose customers write what a page, a spreadsheet or Markdown might run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.pages.console import ELSEWHERE, console_on, read_into
from tests.pages.viewer import Shown, Viewer
from tests.shop import make_shop

NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)
SCRIPT = "<script>alert(1)</script>"
FORMULA = '=HYPERLINK("http://x")'
MARKDOWN = "[x](http://y) **b** $1$ :red[r] `c` ![i](http://z)"
STATUS = "on_hold [x](http://y)"
NBSP = "\u00a0"
HOSTILE = (SCRIPT, FORMULA, MARKDOWN)


@pytest.fixture(scope="module")
def odd_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("odd")
    with make_shop(folder / "shop.db") as shop:
        for number, text in enumerate(HOSTILE):
            row_id = f"VC_{number}"
            shop.transaction(row_id, email=text, username=text, paypal_order_id=text)
            shop.complete(row_id, payer_email=text, email_sent=0)
            shop.update(row_id, error_message=text)
            shop.dispute(f"DISP_{number}", row_id, resolution_notes=text, status="resolved")
            shop.mail(transaction_id=row_id, subject=text, error_message=text, status="failed")
        shop.transaction("VC_F", status="failed", error_message=SCRIPT)
        shop.transaction("VC_S", status=STATUS)
        shop.transaction(MARKDOWN, status="error", error_message=MARKDOWN)
        for row_id, amount, currency in (
            ("VC_JPY", 5_000, "JPY"),
            ("VC_KWD", 1.234, "KWD"),
            ("VC_EUR", 20, "EUR"),
        ):
            shop.transaction(row_id)
            shop.complete(row_id, amount=amount, currency=currency)
        read_into(folder / "data", shop.path, NOW)
    return folder / "data"


@pytest.fixture(scope="module")
def viewer(odd_dir: Path) -> Iterator[Viewer]:
    with console_on(odd_dir, source_url=ELSEWHERE):
        yield Viewer(NOW)


#: What makes Markdown do something, where it is not escaped.
_LIVE_MARKS = re.compile(
    r"(?<!\\)(\]\(http://[yz]|<script|\*\*b\*\*|(?<!:)\$1\$|:red\[r\])|(?<![\\`])`c`"
)
_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")


def assert_literal(shown: Shown) -> None:
    """No customer's text may do anything: escaped or in code it is only read."""
    for text in shown.marked:
        assert not _LIVE_MARKS.search(_CODE.sub("", text)), text


@pytest.mark.parametrize("page", ["overview", "transactions", "revenue", "reconcile"])
def test_customers_text_is_shown_and_does_nothing(viewer: Viewer, page: str) -> None:
    shown = viewer.open(page, range="all")

    shown.assert_well()
    assert_literal(shown)


def test_customers_text_is_in_the_list_to_the_letter(viewer: Viewer) -> None:
    cells = viewer.open("transactions", range="all").cells

    assert {SCRIPT, FORMULA, MARKDOWN} <= cells


@pytest.mark.parametrize("payment", ["VC_0", "VC_1", "VC_2", "VC_F", "VC_S", MARKDOWN])
def test_an_open_payment_does_nothing_either(viewer: Viewer, payment: str) -> None:
    for page in ("transactions", "reconcile"):
        shown = viewer.open(page, range="all", payment=payment)
        shown.assert_well()
        assert_literal(shown)


def test_a_search_for_markdown_does_nothing(viewer: Viewer) -> None:
    for text in HOSTILE:
        shown = viewer.open("transactions", range="all", q=text, status=text, order=text, zone=text)
        shown.assert_well()
        assert_literal(shown)
        assert_literal(viewer.open("customers", q=text[1:]))


def test_a_customers_story_does_nothing(viewer: Viewer) -> None:
    for text in (*HOSTILE, "nobody@<b>x</b>"):
        shown = viewer.open("customers", customer=text)
        shown.assert_well()
        assert_literal(shown)


def test_an_unknown_status_keeps_its_name_everywhere(viewer: Viewer) -> None:
    assert f"{STATUS}, unknown" in viewer.open("overview", range="today").text

    listed = viewer.open("transactions", range="all", status=STATUS)
    assert listed.app.dataframe[0].value.shape[0] == 1
    assert f"{STATUS}, unknown" in listed.text


def test_currencies_are_never_added(viewer: Viewer) -> None:
    shown = {
        code: viewer.open("revenue", range="all", currency=code).metrics["Gross"].replace(NBSP, "")
        for code in ("USD", "JPY", "KWD", "EUR")
    }

    assert shown == {
        "USD": "$147.00",
        "JPY": "\u00a55,000",
        "KWD": "KWD1.234",
        "EUR": "\u20ac20.00",
    }


def test_amounts_of_another_currency_carry_it(viewer: Viewer) -> None:
    cells = viewer.open("transactions", range="all").cells

    assert {"49.00", "5,000\u00a0JPY", "1.234\u00a0KWD", "20.00\u00a0EUR"} <= cells


def test_what_is_at_risk_is_a_sum_a_currency(viewer: Viewer) -> None:
    shown = viewer.open("reconcile")

    assert shown.metrics["Money at risk"] == "$147.00"
