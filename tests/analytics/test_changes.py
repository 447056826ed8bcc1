"""What changed adds up to the difference of the wholes, to the last digit."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from vcanalytics.analytics.changes import changes, largest

MONEY = st.decimals(-10_000, 10_000, places=4)
SIDE = st.dictionaries(st.sampled_from("abcdefghij"), MONEY, max_size=10)


def side(parts: dict[str, Decimal]) -> pl.DataFrame:
    return pl.DataFrame(
        {"name": list(parts), "value": list(parts.values())},
        schema={"name": pl.String, "value": pl.Decimal(38, 4)},
    )


@given(now=SIDE, before=SIDE, wholes=st.tuples(MONEY, MONEY), shown=st.integers(0, 6))
def test_parts_add_up_to_the_difference_however_few_are_shown(
    now: dict[str, Decimal],
    before: dict[str, Decimal],
    wholes: tuple[Decimal, Decimal],
    shown: int,
) -> None:
    found = changes(side(now), side(before), *wholes)
    assert sum(found["difference"], Decimal(0)) == wholes[0] - wholes[1]
    assert sum(found["now"], Decimal(0)) == wholes[0]
    for name, this, that, difference in found.filter(pl.col("name").is_not_null()).iter_rows():
        assert (this, that) == (now.get(name, 0), before.get(name, 0))
        assert difference == this - that

    few = largest(found, shown)
    assert sum(few["difference"], Decimal(0)) == wholes[0] - wholes[1]
    sizes = [abs(value) for value in few.filter(pl.col("name").is_not_null())["difference"]]
    assert sizes == sorted(sizes, reverse=True)
    assert len(sizes) <= shown
    assert few["name"].null_count() <= 1


def test_what_is_the_same_is_not_listed_and_the_rest_is_last() -> None:
    now = side({"a": Decimal(5), "b": Decimal(7), "c": Decimal(1)})
    before = side({"a": Decimal(5), "b": Decimal(2), "d": Decimal(3)})
    found = largest(changes(now, before, Decimal(14), Decimal(10)), 1)
    assert found.rows() == [
        ("b", Decimal(7), Decimal(2), Decimal(5)),
        (None, Decimal(7), Decimal(8), Decimal(-1)),
    ]
