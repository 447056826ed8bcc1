"""Figures out of the books against a recount of the rows, whatever the payments went through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.analytics.moments import at
from tests.store.histories import CHANGES, ZONES, Step, follow, follow_all, histories, moments
from tests.store.rows import NOON, stands
from vcanalytics.analytics import booked, today
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.revenue import revenue, totals
from vcanalytics.analytics.transactions import Filters, by_status, count
from vcanalytics.model.streams import TRANSACTIONS
from vcanalytics.model.windows import Grain
from vcanalytics.store import Catalogue, Reader, Segments, Snapshot
from vcanalytics.store.batches import make_batch

SAMPLES = ("TEST_", "TXN_")
DAY = timedelta(days=1)


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[Step], datetime, datetime]:
    """A history, and a range about it that begins and ends where it likes."""
    change = draw(st.sampled_from(CHANGES))
    one, other = sorted((draw(moments(change)), draw(moments(change))))
    return draw(histories(change)), one, other + timedelta(microseconds=1)


@contextmanager
def reading(folder: Path) -> Iterator[Engine]:
    """An engine that may read what is sealed in a folder."""
    engine = Engine(60.0, threads=2, segments=Segments(folder).root)
    try:
        yield engine
    finally:
        engine.close()


def same(ask: Callable[[Snapshot], pl.DataFrame], snapshot: Snapshot) -> None:
    """The books answer as the rows do."""
    assert snapshot.books is not None
    assert_frame_equal(ask(snapshot), ask(replace(snapshot, books=None)))


def questions(
    engine: Engine, start: datetime, end: datetime, zone: ZoneInfo, grain: Grain
) -> list[Callable[[Snapshot], pl.DataFrame]]:
    span: dict[str, Any] = {"start": start, "end": end, "zone": zone, "now": NOON}
    now: dict[str, Any] = {"now": end, "zone": zone}
    return [
        lambda s: revenue(engine, s, grain=grain, sample_prefixes=SAMPLES, **span),
        lambda s: totals(engine, s, sample_prefixes=SAMPLES, **span),
        lambda s: today.headline(engine, s, sample_prefixes=SAMPLES, **now),
        lambda s: today.pace(engine, s, currency="USD", sample_prefixes=SAMPLES, **now),
    ]


@given(stories(), st.sampled_from(ZONES), st.sampled_from(Grain), st.integers(0, 3))
def test_every_figure_is_that_of_a_recount(
    story: tuple[list[Step], datetime, datetime],
    zone: str,
    grain: Grain,
    number: int,
) -> None:
    steps, start, end = story
    with TemporaryDirectory() as folder, reading(Path(folder)) as engine:
        asked = questions(engine, start, end, ZoneInfo(zone), grain)[number]
        catalogue = Catalogue.open(Path(folder))
        reader = Reader(catalogue)
        for batch, step in enumerate(steps):
            # Each batch twice, as after a crash; and a reader that goes along.
            follow(catalogue, Path(folder), step, batch, times=2)
            reader.snapshot()
        for snapshot in (reader.snapshot(), Reader(catalogue).snapshot()):
            same(asked, snapshot)
        catalogue.close()


@given(
    stories(),
    st.sampled_from((None, True, False)),
    st.booleans(),
    st.sampled_from(((), ("completed",), ("odd", "pending"))),
    st.sampled_from(((True, True), (True, False), (False, True), (False, False))),
)
def test_counts_by_status_are_those_of_the_rows(
    story: tuple[list[Step], datetime, datetime],
    deleted: bool | None,
    samples: bool,
    statuses: tuple[str, ...],
    ends: tuple[bool, bool],
) -> None:
    steps, start, end = story
    filters = Filters(
        statuses=statuses,
        start=start if ends[0] else None,
        end=end if ends[1] else None,
        deleted=deleted,
        samples=samples,
    )
    with TemporaryDirectory() as folder, reading(Path(folder)) as engine:
        catalogue = Catalogue.open(Path(folder))
        follow_all(catalogue, Path(folder), steps)
        snapshot = Reader(catalogue).snapshot()
        catalogue.close()
        same(lambda s: by_status(engine, s, filters, sample_prefixes=SAMPLES), snapshot)
        rows = replace(snapshot, books=None)
        assert count(engine, snapshot, filters, sample_prefixes=SAMPLES) == count(
            engine, rows, filters, sample_prefixes=SAMPLES
        )


def paid(number: int, when: datetime) -> dict[str, object]:
    return {
        "source_id": number,
        "observed_at": NOON,
        "deleted": False,
        "transaction_id": f"VC_{number}",
        "created_at": when,
        "status": "completed",
        "captured": True,
        "captured_at": when + timedelta(minutes=1),
        "captured_amount": number,
        "currency": "USD",
    }


@pytest.fixture
def busy(catalogue_of: Callable[[list[dict[str, object]]], Snapshot]) -> Snapshot:
    """A payment each seven minutes, for two days up to noon."""
    begun = NOON - 2 * DAY
    return catalogue_of(
        [paid(n, begun + n * timedelta(minutes=7)) for n in range(2 * 24 * 60 // 7)]
    )


@pytest.fixture
def catalogue_of(tmp_path: Path) -> Callable[[list[dict[str, object]]], Snapshot]:
    def made(rows: list[dict[str, object]]) -> Snapshot:
        catalogue = Catalogue.open(tmp_path)
        batch = make_batch(TRANSACTIONS, rows)
        catalogue.append("transactions", "t", "1", batch, stands(batch), NOON)
        snapshot = Reader(catalogue).snapshot()
        catalogue.close()
        return snapshot

    return made


def test_no_row_is_read_where_a_range_ends_now(
    engine: Engine, busy: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> pl.DataFrame:
        raise AssertionError("rows were read")

    def ask(start: datetime) -> pl.DataFrame:
        # The last payment was captured a minute before: its quarter is cut, and all lies inside.
        end = NOON - timedelta(minutes=8)
        return revenue(
            engine,
            busy,
            start=start,
            end=end,
            grain=Grain.HOUR,
            zone=ZoneInfo("UTC"),
            now=end,
            sample_prefixes=SAMPLES,
        )

    monkeypatch.setattr(booked, "begun", refuse)
    assert ask(NOON - DAY)["captured"].sum() == 205
    with pytest.raises(AssertionError, match="rows were read"):
        ask(NOON - DAY + timedelta(minutes=3))
    monkeypatch.undo()
    assert ask(NOON - DAY + timedelta(minutes=8))["captured"].sum() == 204


def test_a_piece_reads_the_rows_of_its_quarter_alone(
    engine: Engine, busy: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    def watched(snapshot: Snapshot, start: datetime | None, end: datetime | None) -> pl.DataFrame:
        found = begun(snapshot, start, end)
        read.append(found.height)
        return found

    begun = booked.begun
    monkeypatch.setattr(booked, "begun", watched)
    start, end = NOON - DAY + timedelta(minutes=20), NOON - timedelta(hours=1, minutes=5)
    answer = totals(
        engine, busy, start=start, end=end, zone=ZoneInfo("UTC"), now=NOON, sample_prefixes=SAMPLES
    )
    assert answer["captured"].item() == (end - start) // timedelta(minutes=7)
    assert len(read) == 2
    assert max(read) <= 4


def test_books_made_for_other_samples_do_not_answer(engine: Engine, busy: Snapshot) -> None:
    def captured(prefixes: tuple[str, ...]) -> int:
        answer = totals(
            engine,
            busy,
            start=at("2026-01-01"),
            end=at("2027-01-01"),
            zone=ZoneInfo("UTC"),
            now=NOON,
            sample_prefixes=prefixes,
        )
        return int(answer["captured"].item())

    assert booked.whole_books(busy, SAMPLES) is not None
    assert captured(SAMPLES) == 411
    assert booked.whole_books(busy, ("VC_1",)) is None
    assert captured(("VC_1",)) == 411 - len([n for n in range(411) if str(n).startswith("1")])


def test_a_cut_quarter_counts_what_was_begun_long_before_it(
    engine: Engine, catalogue_of: Callable[[list[dict[str, object]]], Snapshot]
) -> None:
    begun = NOON - 9 * DAY
    rows = [
        paid(n, begun) | {"captured_at": NOON + timedelta(minutes=n), "status": status}
        for n, status in ((1, "completed"), (5, "completed"), (9, "refunded"))
    ]
    rows[2]["refund_seen_at"] = NOON + timedelta(minutes=4)
    snapshot = catalogue_of(rows)
    answer = totals(
        engine,
        snapshot,
        start=NOON + timedelta(minutes=3),
        end=NOON + timedelta(minutes=6),
        zone=ZoneInfo("UTC"),
        now=NOON,
        sample_prefixes=SAMPLES,
    )
    assert snapshot.books is not None
    figures = answer.select("attempts", "captured", "gross", "refunded", "refunds")
    assert figures.row(0) == (0, 1, 5, 1, 9)


def test_the_last_moment_there_is_is_counted(
    engine: Engine, catalogue_of: Callable[[list[dict[str, object]]], Snapshot]
) -> None:
    last = datetime.max.replace(tzinfo=UTC)
    late = paid(1, NOON) | {"created_at": last}
    snapshot = catalogue_of([late, paid(2, NOON)])
    for end in (NOON + timedelta(seconds=1), NOON + timedelta(minutes=2), last):
        same(
            lambda s, end=end: totals(  # type: ignore[misc]
                engine,
                s,
                start=NOON - timedelta(seconds=1),
                end=end,
                zone=ZoneInfo("UTC"),
                now=NOON,
                sample_prefixes=SAMPLES,
            ),
            snapshot,
        )


def test_windows_of_a_zone_with_odd_offsets_are_recounted(engine: Engine, busy: Snapshot) -> None:
    # Hours of Monrovia as it was until 1972: -0:44:30. No edge is that of a quarter.
    starts = np.arange(99) * 3_600_000_000 + 30_000_000
    spans = np.column_stack([starts, starts + 3_600_000_000])
    assert busy.books is not None
    assert booked.sums(busy, busy.books, spans, ["USD"]) is None
