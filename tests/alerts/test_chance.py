"""Chances told from what is usual, against a sum of exact terms."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vcanalytics.alerts import chance


def exact_share(events: int, volume: int, usual: Fraction) -> Fraction:
    return sum(
        (
            math.comb(volume, k) * usual**k * (1 - usual) ** (volume - k)
            for k in range(events, volume + 1)
        ),
        Fraction(),
    )


@settings(max_examples=40)
@given(st.integers(0, 60), st.integers(0, 60), st.fractions(0, 1, max_denominator=50))
def test_a_share_as_the_exact_sum_has_it(events: int, volume: int, usual: Fraction) -> None:
    found = chance.of_share(events, volume, float(usual))
    exact = float(exact_share(events, volume, usual))
    if 0 < events <= volume * usual:
        # At or below what is usual nothing is unlikely, and nobody needs to know how likely it is.
        assert found == 1.0
    else:
        assert found == pytest.approx(exact, rel=1e-9, abs=1e-15)


@settings(max_examples=40)
@given(st.integers(0, 80), st.floats(0, 30))
def test_a_count_as_the_sum_of_what_is_left_has_it(events: int, usual: float) -> None:
    below = sum(math.exp(-usual) * usual**k / math.factorial(k) for k in range(events))
    found = chance.of_count(events, usual)
    if events > usual:
        assert found == pytest.approx(max(1 - below, 0.0), abs=1e-9)
    else:
        assert found == 1.0


@settings(max_examples=40)
@given(st.integers(0, 3_000), st.floats(0, 1), st.floats(1e-9, 0.5))
def test_the_least_share_is_the_first_that_is_unlikely(
    volume: int, usual: float, limit: float
) -> None:
    least = chance.least_share(volume, usual, limit)
    assert least == volume + 1 or chance.of_share(least, volume, usual) < limit
    assert least == 0 or chance.of_share(least - 1, volume, usual) >= limit


@settings(max_examples=40)
@given(st.floats(0, 5_000), st.floats(1e-9, 0.5))
def test_the_least_count_is_the_first_that_is_unlikely(usual: float, limit: float) -> None:
    least = chance.least_count(usual, limit)
    assert chance.of_count(least, usual) < limit
    assert chance.of_count(least - 1, usual) >= limit


def test_a_drop_is_unlikely_where_there_were_many() -> None:
    assert chance.of_drop(4, 10) > 0.05
    assert chance.of_drop(40, 100) < 1e-6
    assert chance.of_drop(0, 0) == 1.0
