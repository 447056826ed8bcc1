"""Which seconds were kept, as few spans: none is forgotten, and there is a bound."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from collectors.spans import PAUSE_S, SPANS_MAX, Spans

seconds = st.lists(st.integers(0, 200), max_size=40)


@given(seconds, seconds)
def test_spans_hold_what_was_added_and_what_lies_close(first: list[int], then: list[int]) -> None:
    spans = Spans(Spans().with_seconds(first).with_seconds(then).pairs())
    added = {*first, *then}
    near: Callable[[int], bool] = lambda second: (  # noqa: E731
        any(0 <= second - a < PAUSE_S for a in added)
        and any(0 <= a - second < PAUSE_S for a in added)
    )
    assert {second for second in range(-9, 210) if second in spans} <= {
        second for second in range(-9, 210) if near(second)
    }
    assert all(second in spans for second in added)


def test_spans_are_bounded() -> None:
    spans = Spans().with_seconds(range(0, 100 * SPANS_MAX, 100)).with_seconds([10**6])
    assert len(spans.pairs()) == SPANS_MAX
    assert spans.pairs()[-1] == [10**6, 10**6]
    assert 0 not in spans
