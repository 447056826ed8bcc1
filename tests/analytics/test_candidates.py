"""Findings out of what is kept of files: those of the rows, whatever came in between."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.analytics.moments import NOON, Row, ago
from tests.store.histories import CHANGES, Step, follow, histories, moments
from vcanalytics.analytics.candidates import ALONE, Candidates
from vcanalytics.analytics.engine import Engine, Table
from vcanalytics.analytics.reconcile import own_findings, reconcile
from vcanalytics.model.payments import SAMPLE_PREFIXES
from vcanalytics.store import Catalogue, Reader, Relation, Segments

OPEN_WORK = ("captured_but_failed", "paid_not_mailed", "paid_no_account")
SEAL = ("seal", "transactions")


def _told(draw: st.DrawFn, row: Row) -> Row:
    """The row with what findings are made of besides."""
    served = st.sampled_from((True, False, None))
    message = draw(st.sampled_from(("name 'string' is not defined", "declined", None)))
    return row | {
        "email_sent": draw(served),
        "user_created": draw(served),
        "error_message": message,
    }


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[Step], list[datetime]]:
    """A history, and a moment to ask at after each step, in any order."""
    change = draw(st.sampled_from(CHANGES))
    steps = [
        (name, [_told(draw, row) for row in what] if name == "transactions" else what)
        for name, what in draw(histories(change))
    ]
    return steps, [draw(moments(change)) + timedelta(hours=6) for _ in steps]


@settings(max_examples=24)
@given(stories(), st.sampled_from((sorted(ALONE), OPEN_WORK)), st.sampled_from((1, 24)))
def test_what_is_kept_says_what_the_rows_say(
    story: tuple[list[Step], list[datetime]], names: tuple[str, ...], hours: int
) -> None:
    kept = Candidates()
    asked: dict[str, Any] = {"only": names, "sample_prefixes": SAMPLE_PREFIXES}
    asked |= {"abandoned": timedelta(hours=hours), "captured_errors": ("name 'string'*",)}
    with TemporaryDirectory() as folder:
        catalogue = Catalogue.open(Path(folder))
        engine = Engine(60.0, threads=2, segments=Segments(Path(folder)).root)
        reader = Reader(catalogue)
        for number, (step, as_of) in enumerate(zip(*story, strict=True)):
            follow(catalogue, Path(folder), step, number)
            snapshot = reader.snapshot()
            answer = own_findings(engine, snapshot, kept, as_of=as_of, **asked)
            assert_frame_equal(answer, reconcile(engine, snapshot, as_of=as_of, **asked))
        engine.close()
        catalogue.close()


def _paid(number: int, **more: object) -> Row:
    usual: Row = {"source_id": number, "observed_at": ago(hours=1), "deleted": False}
    usual |= {"transaction_id": f"VC_{number}", "created_at": ago(days=number), "currency": "USD"}
    usual |= {"status": "completed", "captured": True, "captured_at": ago(days=number)}
    return usual | {"email_sent": False, "user_created": True} | more


class Watched(Engine):
    """An engine that notes which files it was asked about."""

    def __init__(self, root: Path) -> None:
        super().__init__(60.0, threads=2, segments=root)
        self.read: list[str] = []

    def ask(
        self,
        question: str,
        params: Mapping[str, Any] | None = None,
        tables: Mapping[str, Table] | None = None,
        *,
        budget_s: float | None = None,
    ) -> pl.DataFrame:
        for table in (tables or {}).values():
            if isinstance(table, Relation):
                self.read += [file.name for file in table.files]
        return super().ask(question, params, tables, budget_s=budget_s)


def test_a_file_is_looked_through_once(tmp_path: Path) -> None:
    catalogue = Catalogue.open(tmp_path)
    engine = Watched(Segments(tmp_path).root)
    reader, kept = Reader(catalogue), Candidates()
    number = 0

    def step(*steps: Step) -> None:
        nonlocal number
        for one in steps:
            follow(catalogue, tmp_path, one, number)
            number += 1

    def ask(as_of: datetime = NOON, **more: Any) -> list[str]:
        engine.read.clear()
        answer = own_findings(engine, reader.snapshot(), kept, as_of=as_of, **more)
        assert set(answer["finding"]) <= {"paid_not_mailed"}
        found: list[str] = answer["transaction_id"].to_list()
        return found

    def files() -> set[str]:
        return {path.name for path in reader.snapshot().newest("transactions").files}

    step(("transactions", [_paid(1), _paid(2), _paid(3, email_sent=True)]), SEAL)
    before = files()
    assert ask() == ["VC_2", "VC_1"]
    assert sorted(engine.read) == sorted(before)
    assert ask() == ask(NOON + timedelta(minutes=1)) == ["VC_2", "VC_1"]
    assert not engine.read
    # A newer version stands for the one in the file, before it is sealed and after.
    step(("transactions", [_paid(2, email_sent=True), _paid(4)]))
    assert ask() == ["VC_4", "VC_1"]
    assert not engine.read
    step(SEAL)
    assert ask() == ["VC_4", "VC_1"]
    assert sorted(engine.read) == sorted(files() - before)
    assert before & files()
    assert ask() == ["VC_4", "VC_1"]
    assert not engine.read
    # Nothing stays of a file that is gone.
    assert kept.files == sorted(files())
    # Other messages, an earlier day: the files are looked through anew.
    ask(captured_errors=("declined",))
    assert engine.read
    ask(NOON - timedelta(days=1), captured_errors=("declined",))
    assert engine.read
    engine.close()
    catalogue.close()
