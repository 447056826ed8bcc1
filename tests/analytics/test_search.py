"""Filters in a link: read as they were written, and what cannot be used is named."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analytics.moments import NOON, ago
from vcanalytics.analytics.search import Search, join, read, split
from vcanalytics.analytics.transactions import Filters, Order

START = ago(days=1)


def asked(**params: str) -> Search:
    return read(params, START, NOON)


def test_an_empty_link_asks_for_the_newest_of_the_range() -> None:
    assert asked() == Search(Filters(start=START, end=NOON, deleted=False))
    assert not asked().any


def test_everything_a_link_can_say() -> None:
    search = asked(
        q="  ann ",
        status="failed,error",
        order="largest",
        least="1",
        most="49.90",
        currency="eur",
        deleted="1",
        page="3",
        payment="VC_1",
    )
    assert search == Search(
        Filters(
            statuses=("failed", "error"),
            start=START,
            end=NOON,
            least=Decimal(1),
            most=Decimal("49.90"),
            currency="EUR",
            search="ann",
            deleted=True,
        ),
        Order.LARGEST,
        3,
        "VC_1",
    )
    assert search.without_status == replace(search.filters, statuses=())


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"order": "sideways"}, "order that is unknown"),
        ({"least": "49,00"}, "least amount is no number"),
        ({"most": "much"}, "most amount is no number"),
        ({"currency": "dollar"}, "currency that is none"),
    ],
)
def test_what_cannot_be_used_is_left_out_and_named(params: dict[str, str], words: str) -> None:
    search = asked(**params)
    assert replace(search, problems=()) == asked()
    assert len(search.problems) == 1
    assert words in search.problems[0]


@pytest.mark.parametrize("page", ["0", "-1", "two", "1.5", ""])
def test_a_page_that_is_none_is_the_first(page: str) -> None:
    assert asked(page=page).page == 1


@given(st.lists(st.text(min_size=1), max_size=5))
def test_any_text_may_be_a_status(statuses: list[str]) -> None:
    assert split(join(tuple(statuses))) == tuple(statuses)


@given(
    st.text(alphabet="ab ,\\%_'é", min_size=1, max_size=20),
    st.lists(st.text(alphabet="ab,\\", min_size=1, max_size=5), max_size=3),
    st.sampled_from(list(Order)),
    st.booleans(),
)
def test_a_link_leads_back_to_its_search(
    text: str, statuses: list[str], order: Order, deleted: bool
) -> None:
    search = Search(
        Filters(
            statuses=tuple(statuses),
            start=START,
            end=NOON,
            search=text.strip() or None,
            least=Decimal("1.50"),
            currency="JPY",
            deleted=deleted,
        ),
        order,
    )
    assert read(search.params(), START, NOON) == search
    assert search.any
