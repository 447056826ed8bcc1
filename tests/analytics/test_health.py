"""Components by their newest check, and the log: its newest rows and its levels over time."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.analytics.moments import NOON, Row, ago, at, moment, only
from vcanalytics.analytics import health, logs
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.logs import LogFilters
from vcanalytics.model.windows import Grain


def check(when: datetime, component: str, status: str, **more: object) -> Row:
    return {"happened_at": when, "component": component, "status": status} | more


def line(when: datetime, level: str = "INFO", message: str = "hello", **more: object) -> Row:
    return {"happened_at": when, "level": level, "component": "payment", "message": message} | more


def test_a_component_since_when_it_is_as_it_is(engine: Engine) -> None:
    snapshot = moment(
        health=[
            check(ago(hours=5), "database", "healthy"),
            check(ago(hours=4), "database", "critical"),
            check(ago(hours=3), "database", "healthy"),
            check(ago(hours=2), "database", "healthy", response_ms=12.0),
            check(ago(hours=1), "paypal_api", "degraded", error_message="slow"),
            check(ago(days=31), "email_service", "healthy"),
            check(ago(days=29), "cache", "warning"),
        ]
    )
    answer = health.components(engine, snapshot, now=NOON)
    assert only(
        answer, "component", "status", "since", "since_known", "checks", "age_s", "response_ms"
    ) == [
        # All that is in reach says so: it may have lasted longer.
        ("cache", "warning", ago(days=29), False, 1, 29 * 86_400.0, None),
        ("database", "healthy", ago(hours=3), True, 2, 7_200.0, 12.0),
        ("paypal_api", "degraded", ago(hours=1), False, 1, 3_600.0, None),
    ]
    assert answer["error_message"].to_list() == [None, None, "slow"]


def test_of_two_checks_at_one_moment_the_later_row_counts(engine: Engine) -> None:
    snapshot = moment(
        health=[
            check(NOON, "database", "critical", source_id=2),
            check(NOON, "database", "healthy", source_id=1),
        ]
    )
    answer = health.components(engine, snapshot, now=NOON)
    assert only(answer, "status", "since_known", "checks") == [("critical", True, 1)]


LOG = [
    line(ago(hours=3), "ERROR", "PayPal capture error", transaction_id="VC_1"),
    line(ago(hours=2), "INFO", "Login", component="auth", user_email="Ann@example.com"),
    line(ago(hours=1), "CRITICAL", "100% of mails lost", component="email"),
]


@pytest.mark.parametrize(
    ("filters", "messages"),
    [
        (LogFilters(), ["100% of mails lost", "Login", "PayPal capture error"]),
        (LogFilters(levels=logs.ERRORS), ["100% of mails lost", "PayPal capture error"]),
        (LogFilters(component="auth"), ["Login"]),
        (LogFilters(search="paypal"), ["PayPal capture error"]),
        (LogFilters(search="ann@"), ["Login"]),
        (LogFilters(search="vc_1"), ["PayPal capture error"]),
        (LogFilters(search="%"), ["100% of mails lost"]),
        (LogFilters(levels=("ERROR",), component="auth"), []),
    ],
)
def test_log_rows_that_pass_a_filter(
    engine: Engine, filters: LogFilters, messages: list[str]
) -> None:
    answer = logs.rows(engine, moment(logs=LOG), filters, start=ago(hours=3), end=NOON)
    assert answer["message"].to_list() == messages


def test_log_rows_are_bounded(engine: Engine) -> None:
    newest = logs.rows(engine, moment(logs=LOG), start=ago(hours=2), end=NOON, limit=1)
    assert newest["message"].to_list() == ["100% of mails lost"]
    early = logs.rows(engine, moment(logs=LOG), start=ago(hours=3), end=ago(hours=1))
    assert early["message"].to_list() == ["Login", "PayPal capture error"]


def test_levels_over_time(engine: Engine) -> None:
    snapshot = moment(
        logs=[
            line(at("2026-11-20T10:00:00"), "ERROR"),
            line(at("2026-11-20T10:59:59"), "ERROR"),
            line(at("2026-11-20T11:00:00"), "NOTICE"),
            line(at("2026-11-20T12:00:00"), "DEBUG"),
        ]
    )
    answer = logs.over_time(
        engine,
        snapshot,
        start=NOON - timedelta(hours=2),
        end=NOON,
        zone=ZoneInfo("UTC"),
        now=NOON,
        grain=Grain.HOUR,
    )
    assert only(answer, "window_label", "level", "count", "complete") == [
        ("2026-11-20T10:00:00+00:00", "ERROR", 2, True),
        ("2026-11-20T10:00:00+00:00", "NOTICE", 0, True),
        ("2026-11-20T11:00:00+00:00", "ERROR", 0, True),
        ("2026-11-20T11:00:00+00:00", "NOTICE", 1, True),
    ]
