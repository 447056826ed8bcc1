"""VectorCraft's errors by message: folded alike here and in SQL, counted, bounded."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analytics.moments import NOON, Row, ago, moment, only
from vcanalytics.analytics import logs
from vcanalytics.analytics.engine import Engine
from vcanalytics.model.messages import CHARS_MAX, fold

#: One for all examples: it holds nothing between questions.
ENGINE = Engine(30.0)


def line(message: str, level: str = "ERROR", component: str = "email", minutes: float = 5) -> Row:
    return {
        "happened_at": ago(minutes=minutes),
        "level": level,
        "component": component,
        "message": message,
    }


def ask(*rows: Row, limit: int = logs.GROUPS) -> pl.DataFrame:
    start, end = ago(days=1), NOON + timedelta(hours=1)
    return logs.errors(ENGINE, moment(logs=rows), start=start, end=end, limit=limit)


@pytest.mark.parametrize(
    ("message", "folded"),
    [
        ("payment VC_2026_0012 of PAYID-F1GG failed", "payment # of PAYID-F1GG failed"),
        ("order 5O190127TN364715T, 49.00 USD", "order #, # USD"),
        ("mail to ann+1@example.co.uk: SMTP 421", "mail to (address): SMTP #"),
        ("at 2026-11-20 10:04:05,123  again", "at # again"),
        ("name 'string' is not defined", "name (text) is not defined"),
        ("host='a.b', port=443: it's \"VC_1 of Ann's\"", "host=(text), port=#: it's (text)"),
        ("commit deadbeefcafe of the facade", "commit # of the facade"),
        ("", ""),
    ],
)
def test_numbers_ids_and_addresses_are_folded(message: str, folded: str) -> None:
    assert fold(message) == folded.replace("PAYID-F1GG", "#")


def test_occurrences_of_a_message_are_one_row_with_its_newest_example() -> None:
    found = ask(
        line("payment VC_1 failed", minutes=9),
        line("payment VC_2 failed", minutes=3),
        line("payment VC_3 failed", "WARNING", minutes=2),
        line("payment VC_4 failed", component="paypal", minutes=1),
        line("payment VC_5 went well", "INFO"),
    )
    assert only(found, "level", "component", "count", "example") == [
        ("ERROR", "paypal", 1, "payment VC_4 failed"),
        ("WARNING", "email", 1, "payment VC_3 failed"),
        ("ERROR", "email", 2, "payment VC_2 failed"),
    ]
    assert set(found["message"]) == {"payment # failed"}
    assert only(found, "first_at", "last_at")[2] == (ago(minutes=9), ago(minutes=3))


@settings(max_examples=15)
@given(st.lists(st.text(max_size=60) | st.from_regex(r"[a-f@0-9.:,/ _'\x22-]{0,40}"), min_size=1))
def test_sql_folds_as_the_consoles_own_log_does(messages: list[str]) -> None:
    plain = [text.replace("\x00", "") for text in messages]
    found = ask(*[line(text) for text in plain])
    assert sorted(found["message"]) == sorted({fold(text) for text in plain})
    assert found["count"].sum() == len(plain)


def test_long_messages_and_many_kinds_are_bounded() -> None:
    kinds = [line("ab" * 500 + f" {n}") for n in range(3)]
    kinds += [line("x" * n) for n in range(1, 30)]
    found = ask(*kinds, limit=10)
    assert found.height == 10
    assert max(len(text) for text in found["message"]) <= CHARS_MAX
