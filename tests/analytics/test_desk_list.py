"""The desk's list: findings and cases joined, filtered, in order, added up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from vcanalytics.analytics import desk_list
from vcanalytics.analytics.desk_list import NOBODY, Order, Wanted, arranged, joined
from vcanalytics.journal.case_records import Case, CaseState, Key

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
_FINDINGS = pl.Schema(
    {
        "finding": pl.String(),
        "transaction_id": pl.String(),
        "email": pl.String(),
        "payer_email": pl.String(),
        "amount": pl.Decimal(38, 4),
        "currency": pl.String(),
        "since": pl.Datetime("us", "UTC"),
        "detail": pl.String(),
    }
)


def findings(*rows: tuple[str, str, str, str | None, str | None, str, int]) -> pl.DataFrame:
    """Of (finding, id, email, payer, amount, currency, hours waiting)."""
    return pl.DataFrame(
        [
            (f, i, e, p, None if a is None else Decimal(a), c, NOW - timedelta(hours=h), "why")
            for f, i, e, p, a, c, h in rows
        ],
        schema=_FINDINGS,
        orient="row",
    )


def case(finding: str, payment: str, state: str = "open", **more: Any) -> Case:
    usual: dict[str, Any] = {
        "number": 1,
        "key": Key(finding, payment),
        "state": CaseState(state),
        "standing": True,
        "assignee": None,
        "version": 3,
        "returns": 0,
        "opened_at": NOW,
        "waits_from": NOW - timedelta(hours=9),
        "changed_at": NOW,
        "changed_by": None,
        "closed_at": None,
        "closed_by": None,
        "amount": Decimal(5),
        "currency": "USD",
    }
    return Case(**usual | more)


MAIL, NAME = "paid_not_mailed", "captured_but_failed"
SHOP = findings(
    (MAIL, "small", "ann@x.y", None, "9", "USD", 5),
    (MAIL, "large", "bea@x.y", None, "99", "USD", 1),
    (NAME, "euro", "eve@x.y", None, "500", "EUR", 1),
    (MAIL, "older", "cy@x.y", " ANN@x.y ", "99", "USD", 2),
    (MAIL, "none", "di@x.y", None, None, "USD", 50),
    ("suspicious", "huge", "=cmd@x.y", None, "2000", "USD", 90),
    ("case_without_refund", "lost", "li@x.y", None, "1", "USD", 1),
    ("sample_row", "TEST_1", "no@x.y", None, "1", "USD", 1),
)


def ids(rows: pl.DataFrame, **wanted: Any) -> list[str]:
    return arranged(rows, Wanted(**wanted))["transaction_id"].to_list()


def listed(*cases: Case, gone: bool = False) -> pl.DataFrame:
    return joined(SHOP, desk_list.cases_frame(cases), gone=gone)


def test_the_most_urgent_money_comes_first() -> None:
    rows = listed(case(MAIL, "large", "done", closed_at=NOW, closed_by="asha"))
    assert ids(rows) == ["older", "small", "none", "euro", "lost", "huge", "large"]
    assert ids(rows, order=Order.OLDEST)[:2] == ["huge", "none"]
    assert ids(rows, order=Order.LARGEST)[:2] == ["huge", "older"]
    assert ids(rows, currency="EUR")[0] == "euro"


def test_filters_leave_what_is_wanted() -> None:
    rows = listed(case(MAIL, "small", "in_work", assignee="asha"))
    assert ids(rows, assignee="asha") == ["small"]
    assert "small" not in ids(rows, assignee=NOBODY)
    assert ids(rows, states=(CaseState.IN_WORK,)) == ["small"]
    assert ids(rows, text="ANN@") == ["older", "small"]
    assert ids(rows, text="%") == ids(rows, text="_") == ids(rows, text=".*") == []
    assert ids(rows, least=Decimal(99), finding=MAIL) == ["older", "large"]


def test_of_what_is_stuck_all_work_has_what_somebody_took_up() -> None:
    shop = findings(*(("stuck", name, "a@x.y", None, "9", "USD", 5) for name in ("S1", "S2")))
    rows = joined(shop, desk_list.cases_frame([case("stuck", "S2", "in_work")]), gone=False)
    assert ids(rows) == ["S2"]
    assert ids(rows, finding="stuck") == ["S2", "S1"]


def test_a_customer_is_counted_by_payer_and_address_whatever_the_case() -> None:
    times = dict(listed().select("transaction_id", "times").iter_rows())
    assert (times["older"], times["small"], times["large"]) == (2, 2, 1)


def test_a_case_whose_finding_is_gone_is_listed_when_asked_for() -> None:
    gone = case(MAIL, "away", "done", standing=False, closed_at=NOW, amount=Decimal(7))
    back = case(MAIL, "large", "done", standing=False, closed_at=NOW)
    assert "away" not in ids(listed(gone))
    rows = listed(gone, back, gone=True)
    states = dict(rows.select("transaction_id", "state").iter_rows())
    # What is back is open, also before the watchman has seen it.
    assert (states["away"], states["large"]) == ("done", "open")
    amounts = dict(rows.select("transaction_id", "amount").iter_rows())
    assert amounts["away"] == Decimal(7)


def test_how_fast_cases_are_closed() -> None:
    frame = desk_list.cases_frame(
        [
            case(MAIL, "a", "done", closed_at=NOW, closed_by="asha"),
            case(MAIL, "b", "done", closed_at=NOW - timedelta(hours=6)),
            case(MAIL, "c", "done", closed_at=NOW - timedelta(days=31), closed_by="asha"),
            case(MAIL, "d", "dismissed", closed_at=NOW, closed_by="asha"),
            case("suspicious", "e", "done", closed_at=NOW),
        ]
    )
    found = desk_list.closed(frame, now=NOW, among=[MAIL])
    assert (found.count, found.by_people, found.median_s) == (2, 1, 6 * 3600.0)
    assert desk_list.closed(frame.clear(), now=NOW, among=[MAIL]).median_s is None


def test_a_link_that_makes_no_sense_is_used_in_what_does() -> None:
    odd = {"state": "x", "order": "'", "least": "1e", "q": "a" * 10_000, "who": ""}
    wanted = desk_list.read(odd, finding=None, currency="USD")
    assert wanted.states == desk_list.STATES["todo"]
    assert (wanted.order, wanted.least, len(wanted.text)) == (Order.URGENT, None, 200)
