"""Instants as the catalogue keeps them: to the microsecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from vcanalytics.store.state import StreamState, from_micros, to_micros

_ZONES = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=_ZONES))
def test_an_instant_comes_back_to_the_microsecond(instant: datetime) -> None:
    back = from_micros(to_micros(instant))
    assert back == instant
    assert back is not None
    assert back.tzinfo is UTC


def test_micros_where_a_float_would_be_off_by_one() -> None:
    instant = datetime(2026, 11, 20, 12, 0, 0, 123_457, tzinfo=UTC)
    assert to_micros(instant) == 1_795_176_000_123_457
    assert from_micros(None) is None


def test_history_is_being_read_while_rows_are_left() -> None:
    assert StreamState("mails", done=9, total=10).reading_history
    assert not StreamState("mails", done=10, total=10).reading_history
    assert not StreamState("mails").reading_history
