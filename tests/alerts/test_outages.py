"""Outages in hindsight: by the rules in force, narrowed to what failed; the sample shop's."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from tests.analytics.moments import NOON, Row, moment, only, request
from vcanalytics.alerts.moment import Moment, Told
from vcanalytics.alerts.outages import DAYS_MAX, best_part, cut, outages
from vcanalytics.alerts.rules import Rule, read_rules
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.outages import MAIL, PAYPAL, Outage, affected, table
from vcanalytics.rules_file import RulesFile
from vcanalytics.settings import Settings
from vcanalytics.store import Catalogue, Reader, Segments, Snapshot

ENGINE = Engine(30.0, threads=2)
RULES = dict(read_rules(RulesFile.read(None)).by_name)
MINUTE = timedelta(minutes=1)
TOLD = Told.of(Settings())


def no_journal() -> AbstractContextManager[Connection]:
    raise AssertionError("outages ask no journal")


def found(
    snapshot: Snapshot,
    *,
    start: datetime,
    end: datetime = NOON,
    now: datetime = NOON,
    rules: dict[str, Rule] | None = None,
    engine: Engine = ENGINE,
) -> list[Outage]:
    asked = Moment(engine, snapshot, now, TOLD, no_journal)
    return outages(asked, RULES if rules is None else rules, start=start, end=end)


@settings(max_examples=60)
@given(st.lists(st.integers(-4, 4), max_size=12))
def test_the_best_part_is_the_best_of_all(scores: list[int]) -> None:
    first, last = best_part(scores)
    every = [sum(scores[a:b]) for a in range(len(scores)) for b in range(a + 1, len(scores) + 1)]
    assert sum(scores[first:last]) == max([0, *every])


def shop(failing: range, *, days: int = 8, every: int = 2) -> list[Row]:
    """A payment each ``every`` minutes, one in ten fails; in the minutes ``failing`` all do."""
    rows: list[Row] = []
    for number, minute in enumerate(range(0, days * 1440, every)):
        bad = number % 10 == 0 or minute in failing
        begun = NOON - minute * MINUTE
        rows.append(
            {
                "source_id": number,
                "transaction_id": f"VC_{number}",
                "created_at": begun,
                "status": "failed" if bad else "completed",
                "captured_at": None if bad else begun,
                "email_sent": not bad,
                "email": f"{number}@b.c",
                "captured_amount": Decimal(49),
            }
        )
    return rows


def spans(told: Sequence[Outage]) -> list[tuple[str, float, float, bool, list[str]]]:
    return [
        (
            one.service,
            (NOON - one.start) / MINUTE,
            (NOON - one.end) / MINUTE,
            one.open,
            sorted({sign.name for sign in one.signs}),
        )
        for one in told
    ]


def test_an_outage_is_narrowed_to_the_minutes_in_which_payments_fail() -> None:
    snapshot = moment(transactions=shop(range(103, 141)))
    told = found(snapshot, start=NOON - timedelta(days=1))
    assert spans(told) == [(PAYPAL, 140, 103, False, ["failing"])]
    assert told[0].signs[0].told.endswith("19 of 19 payments failed, 100 %, usually 10 %")
    hit = affected(ENGINE, snapshot, told)
    assert (hit.height, set(hit["status"])) == (19, {"failed"})


@pytest.mark.parametrize("later", [1, 2, 3, 4])
def test_what_is_over_stays_the_same_whenever_is_asked(later: int) -> None:
    """Five payments in half an hour: of two minutes alone it is told that all of them failed."""
    snapshot = moment(transactions=shop(range(21, 50), every=7))
    told = found(snapshot, start=NOON - timedelta(days=1))
    assert [(one.service, one.open) for one in told] == [(PAYPAL, False)]
    assert (NOON - told[0].start, NOON - told[0].end) == (49 * MINUTE, 20 * MINUTE)
    now = NOON + later * MINUTE
    assert found(snapshot, start=NOON - timedelta(days=1), end=now, now=now) == told


def test_what_goes_on_is_open_and_the_rules_in_force_decide() -> None:
    snapshot = moment(transactions=shop(range(-1, 30)))
    told = found(snapshot, start=NOON - timedelta(hours=6), now=NOON + MINUTE)
    assert [(one[0], one[3]) for one in spans(told)] == [(PAYPAL, True)]
    assert told[0].end == NOON + MINUTE
    off = {name: rule.model_copy(update={"enabled": False}) for name, rule in RULES.items()}
    assert found(snapshot, start=NOON - timedelta(hours=6), rules=off) == []
    assert found(snapshot, start=NOON - timedelta(hours=6), rules={}) == []


def test_a_quiet_week_has_none() -> None:
    snapshot = moment(transactions=shop(range(0)))
    assert found(snapshot, start=NOON - timedelta(days=7)) == []


def test_paypals_times_are_judged_by_their_rule() -> None:
    kind = "paypal_api_response_time"
    slow = [
        request(7_000, NOON - m * MINUTE, kind=kind, status="healthy", endpoint="orders")
        for m in (60, 61, 62)
    ]
    usual = [
        request(300, NOON - m * MINUTE, kind=kind, status="healthy", endpoint="orders")
        for m in range(100, 400, 3)
    ]
    told = found(moment(requests=[*slow, *usual]), start=NOON - timedelta(hours=8))
    assert [(one.service, one.signs[0].name) for one in told] == [(PAYPAL, "slow")]
    assert "7,000 ms, the limit is 5,000 ms (orders)" in told[0].signs[0].whole


def test_a_long_range_is_cut_to_its_last_days() -> None:
    first, last = cut(NOON - timedelta(days=900), NOON + timedelta(days=9), NOON)
    assert (first, last) == (NOON - timedelta(days=DAYS_MAX), NOON)
    assert found(moment(), start=NOON + timedelta(days=1), end=NOON + timedelta(days=2)) == []


def test_the_sample_shops_outages(sample_dir: Path) -> None:
    end = datetime(2026, 11, 22, 12, tzinfo=UTC)
    catalogue = Catalogue.open(sample_dir)
    with closing(catalogue), closing(Engine(30, segments=Segments(sample_dir).root)) as engine:
        snapshot = Reader(catalogue).snapshot()
        told = found(snapshot, start=end - timedelta(days=20), end=end, now=end, engine=engine)
        rows = table(told, affected(engine, snapshot, told, sample_prefixes=TOLD.sample_prefixes))
    assert only(rows, "service", "from", "to", "payments", "customers", "amount", "paid_later") == [
        (
            PAYPAL,
            datetime(2026, 11, 16, 5, tzinfo=UTC),
            datetime(2026, 11, 16, 5, 30, tzinfo=UTC),
            *(2, 2, Decimal("88.20"), 0),
        ),
        (
            MAIL,
            datetime(2026, 11, 8, 3, tzinfo=UTC),
            datetime(2026, 11, 8, 8, 30, tzinfo=UTC),
            *(12, 12, Decimal("663.50"), None),
        ),
    ]
