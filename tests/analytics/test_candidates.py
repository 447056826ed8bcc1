"""Findings out of what is kept of files: those of the rows, whatever came in between."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.analytics.moments import NOON, Row, ago
from tests.analytics.moments import only as only_of
from tests.store.histories import CHANGES, Step, follow, histories, moments
from vcanalytics.analytics.bursts import HOUR_US, Seam, seams
from vcanalytics.analytics.candidates import ALONE, OF_CASES, Candidates
from vcanalytics.analytics.engine import Engine, Table
from vcanalytics.analytics.reconcile import KEPT, kept_findings, reconcile
from vcanalytics.errors import BudgetExceeded
from vcanalytics.model.payments import SAMPLE_PREFIXES
from vcanalytics.store import Catalogue, Reader, Relation, Segments
from vcanalytics.store.newest import current

SEAL = ("seal", "transactions")
_ASKED: dict[str, Any] = {
    "sample_prefixes": SAMPLE_PREFIXES,
    "captured_errors": ("name 'string'*",),
}


def _told(draw: st.DrawFn, row: Row, midnight: datetime) -> Row:
    """The row with what findings are made of besides."""
    if "case_id" in row:
        return row | {"status": draw(st.sampled_from(("resolved", "resolved", "lost", "open")))}
    served = st.sampled_from((True, False, None))
    message = draw(st.sampled_from(("name 'string' is not defined", "declined", None)))
    amount = st.sampled_from((Decimal(49), Decimal(49), Decimal(1001), None))
    row |= {
        "email": draw(st.sampled_from((*("ann@b.c",) * 5, " Ann@B.C ", "x@10minutemail.com", ""))),
        "payer_email": draw(st.sampled_from((None, None, "y@10minutemail.com"))),
        "email_sent": draw(served),
        "user_created": draw(served),
        "error_message": message,
        "amount_column": draw(amount),
        "amount_metadata": draw(amount),
        "currency_column": "USD",
        "currency_metadata": draw(st.sampled_from(("USD", "EUR"))),
    }
    if draw(st.integers(0, 5)):
        # Near each other, on both sides of where one day's file ends and the next begins.
        begun = midnight + draw(st.integers(-4, 4)) * timedelta(minutes=20)
        row["created_at"] = begun + draw(st.sampled_from((-1, 0, 0, 0, 1))) * timedelta(seconds=1)
    return row


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[Step], list[tuple[datetime, Collection[str]]]]:
    """A history, and what to ask for as of when after each step, in any order; maybe nothing."""
    change = draw(st.sampled_from(CHANGES))
    midnight = change.replace(hour=0, minute=0)
    steps = [
        (name, what if name == "seal" else [_told(draw, row, midnight) for row in what])
        for name, what in draw(histories(change))
    ]
    some = (sorted(ALONE), ("suspicious",), sorted(OF_CASES))
    names = st.sampled_from(((), (), KEPT, KEPT, KEPT, *some))
    return steps, [(draw(moments(change)) + timedelta(hours=6), draw(names)) for _ in steps]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Path]]:
    """An engine that reads the files of every store in the folder."""
    folder = tmp_path_factory.mktemp("stores")
    engine = Engine(60.0, threads=2, segments=folder)
    yield engine, folder
    engine.close()


@settings(max_examples=6)
@given(stories(), st.sampled_from((1, 24)), st.sampled_from((2, 200_000)))
def test_what_is_kept_says_what_the_rows_say(
    room: tuple[Engine, Path],
    story: tuple[list[Step], list[tuple[datetime, Collection[str]]]],
    hours: int,
    full: int,
) -> None:
    engine, root = room
    kept = Candidates()
    asked = _ASKED | {"abandoned": timedelta(hours=hours)}
    with TemporaryDirectory(dir=root) as folder, pytest.MonkeyPatch.context() as patch:
        # Files so small that a day is in several, whose times meet and overlap.
        patch.setattr(current, "FULL_ROWS", full)
        catalogue = Catalogue.open(Path(folder))
        reader = Reader(catalogue)
        for number, (step, (as_of, names)) in enumerate(zip(*story, strict=True)):
            follow(catalogue, Path(folder), step, number)
            if names:
                more = asked | {"as_of": as_of, "only": names}
                snapshot = reader.snapshot()
                answer = kept_findings(engine, snapshot, kept, **more)
                assert_frame_equal(answer, reconcile(engine, snapshot, **more))
        catalogue.close()


def _paid(number: int, **more: object) -> Row:
    usual: Row = {"source_id": number, "observed_at": ago(hours=1), "deleted": False}
    usual |= {"transaction_id": f"VC_{number}", "created_at": ago(days=number), "currency": "USD"}
    usual |= {"status": "completed", "captured": True, "captured_at": ago(days=number)}
    return usual | {"email_sent": False, "user_created": True} | more


class Watched(Engine):
    """An engine that notes which files it was asked about, and may be out of time."""

    def __init__(self, root: Path) -> None:
        super().__init__(60.0, threads=2, segments=root)
        self.read: list[str] = []
        self.answers_left: int | None = None

    def ask(
        self,
        question: str,
        params: Mapping[str, Any] | None = None,
        tables: Mapping[str, Table] | None = None,
        *,
        budget_s: float | None = None,
    ) -> pl.DataFrame:
        if self.answers_left == 0:
            raise BudgetExceeded("stopped")
        if self.answers_left is not None:
            self.answers_left -= 1
        for table in (tables or {}).values():
            if isinstance(table, Relation):
                self.read += [file.name for file in (*table.files, *(c.file for c in table.cuts))]
        return super().ask(question, params, tables, budget_s=budget_s)


class Kept:
    """A store that steps are taken in, and what is kept of its files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.catalogue = Catalogue.open(folder)
        self.engine = Watched(Segments(folder).root)
        self.reader = Reader(self.catalogue)
        self.kept = Candidates()
        self._steps = 0

    def step(self, *steps: Step) -> None:
        for one in steps:
            follow(self.catalogue, self.folder, one, self._steps)
            self._steps += 1

    def ask(self, *only: str, as_of: datetime = NOON, **more: Any) -> list[tuple[str, str]]:
        """(finding, payment) of each finding; ``engine.read`` are the files it took."""
        self.engine.read.clear()
        found = kept_findings(
            self.engine, self.reader.snapshot(), self.kept, as_of=as_of, only=only, **more
        )
        return only_of(found, "finding", "transaction_id")

    def files(self, *streams: str) -> set[str]:
        snapshot = self.reader.snapshot()
        return {path.name for stream in streams for path in snapshot.newest(stream).files}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Kept]:
    opened = Kept(tmp_path)
    yield opened
    opened.engine.close()
    opened.catalogue.close()


def test_a_file_is_looked_through_once(store: Kept) -> None:
    read = store.engine.read

    def ask(as_of: datetime = NOON, **more: Any) -> list[str]:
        found = store.ask(*ALONE, as_of=as_of, **more)
        assert {finding for finding, _ in found} <= {"paid_not_mailed"}
        return [payment for _, payment in found]

    store.step(("transactions", [_paid(1), _paid(2), _paid(3, email_sent=True)]), SEAL)
    before = store.files("transactions")
    assert ask() == ["VC_2", "VC_1"]
    assert sorted(read) == sorted(before)
    assert ask() == ask(NOON + timedelta(minutes=1)) == ["VC_2", "VC_1"]
    assert not read
    # A newer version stands for the one in the file, before it is sealed and after.
    store.step(("transactions", [_paid(2, email_sent=True), _paid(4)]))
    assert ask() == ["VC_4", "VC_1"]
    assert not read
    store.step(SEAL)
    assert ask() == ["VC_4", "VC_1"]
    assert sorted(read) == sorted(store.files("transactions") - before)
    assert before & store.files("transactions")
    assert ask() == ["VC_4", "VC_1"]
    assert not read
    # Nothing stays of a file that is gone.
    assert store.kept.files == sorted(store.files("transactions"))
    # Other messages, an earlier day: the files are looked through anew.
    ask(captured_errors=("declined",))
    assert read
    ask(NOON - timedelta(days=1), captured_errors=("declined",))
    assert read


def test_attempts_within_an_hour_are_found_across_files(store: Kept) -> None:
    midnight = NOON.replace(hour=0)

    def attempt(number: int, minutes: int, **more: object) -> Row:
        begun = midnight + timedelta(minutes=minutes)
        usual: Row = {"email": "Ann@b.c", "created_at": begun, "email_sent": True}
        return _paid(number, captured_at=begun, amount_column=Decimal(49), **usual | more)

    def ask() -> list[str]:
        return sorted(payment for _, payment in store.ask("suspicious"))

    store.step(("transactions", [attempt(1, -40), attempt(2, -10)]), SEAL)
    store.step(("transactions", [attempt(3, 10), attempt(4, 15, email=" ann@b.c")]), SEAL)
    assert len(store.files("transactions")) == 2
    assert ask() == ask() == ["VC_1", "VC_2", "VC_3", "VC_4"]
    assert not store.engine.read
    # One is deleted: three are none. It is back, begun earlier: nor are these.
    store.step(("transactions", [attempt(2, -10, deleted=True)]))
    assert ask() == []
    store.step(("transactions", [attempt(2, -110)]))
    assert ask() == []
    store.step(SEAL)
    assert ask() == []
    # Another one comes, at the last moment of the first one's hour.
    store.step(("transactions", [attempt(5, 20), attempt(6, 21, email="bob@b.c")]))
    assert ask() == ["VC_1", "VC_3", "VC_4", "VC_5"]
    assert ask() == ["VC_1", "VC_3", "VC_4", "VC_5"]
    assert not store.engine.read
    store.step(SEAL)
    assert ask() == ["VC_1", "VC_3", "VC_4", "VC_5"]
    store.step(("transactions", [attempt(5, 20, email="bob@b.c")]))
    assert ask() == []
    assert store.kept.files == sorted(store.files("transactions"))


def test_seams_are_where_two_files_come_within_an_hour() -> None:
    early, late, both = Path("early"), Path("late"), Path("both")
    hour = HOUR_US
    meet = {early: (0, 10 * hour), late: (10 * hour, 20 * hour)}
    assert seams(meet) == [Seam(9 * hour, 11 * hour, (early, late))]
    assert seams({early: (0, 10 * hour), late: (12 * hour + 1, 20 * hour)}) == []
    # A file that lies in another one is near it for as long as it is.
    over = {early: (0, 30 * hour), both: (10 * hour, 20 * hour)}
    assert seams(over) == [Seam(9 * hour, 21 * hour, (early, both))]
    assert seams({early: (0, 0)}) == seams({}) == []


def _case(number: int, of: int, status: str = "resolved", **more: object) -> Row:
    usual: Row = {"source_id": number, "observed_at": NOON, "deleted": False}
    usual |= {"case_id": f"C{number}", "transaction_id": f"VC_{of}", "status": status}
    return usual | {"created_at": ago(days=1)} | more


def test_refunds_and_cases_that_miss_each_other_wherever_they_lie(store: Kept) -> None:
    def paid(number: int, status: str = "completed", **more: object) -> Row:
        # In order but for its case: a candidate by nothing else.
        served: Row = {"email_sent": True, "amount_column": Decimal(49)}
        return _paid(number, status=status, **served | more)

    def ask() -> list[str]:
        short = {"refund_without_case": "refund", "case_without_refund": "case"}
        return [f"{short[finding]} {payment}" for finding, payment in store.ask(*OF_CASES)]

    streams = ("transactions", "disputes")
    seal_all = [("seal", name) for name in streams]
    refunds = [paid(1, "refunded"), paid(3, "refunded"), paid(4, "refunded", deleted=True)]
    store.step(("transactions", [*refunds, paid(2), paid(5)]))
    store.step(("disputes", [_case(3, 3), _case(5, 99)]), *seal_all)
    assert ask() == ["refund VC_1"]
    assert set(store.engine.read) == store.files(*streams)
    assert ask() == ["refund VC_1"]
    assert not store.engine.read
    store.step(("disputes", [_case(1, 1, "open")]))
    assert ask() == []
    # The case is of another payment; one is deleted; one names a payment that is there.
    store.step(("disputes", [_case(1, 2, "lost"), _case(3, 3, deleted=True), _case(5, 5)]))
    found = ["refund VC_3", "refund VC_1", "case VC_5", "case VC_2"]
    assert sorted(ask()) == sorted(found)
    assert ask() == ask()
    assert not store.engine.read
    store.step(("transactions", [paid(2, "refunded"), paid(1), paid(5, deleted=True)]))
    assert ask() == ["refund VC_3"]
    store.step(*seal_all)
    assert ask() == ["refund VC_3"]
    store.step(("transactions", [paid(2)]))
    assert ask() == ["refund VC_3", "case VC_2"]
    assert store.kept.files == sorted(store.files(*streams))


def test_what_was_found_until_time_was_up_is_kept(store: Kept) -> None:
    paid = [_paid(number, amount_column=None) for number in range(1, 6)]
    for one in paid:
        store.step(("transactions", [one]), SEAL)
    refused, found = 0, list[tuple[str, str]]()
    while not found:
        store.engine.answers_left = 7
        try:
            found = store.ask(*KEPT, sample_prefixes=("TEST_",))
        except BudgetExceeded:
            refused += 1
            assert refused < 20
    assert refused > 1
    store.engine.answers_left = None
    assert found == store.ask(*KEPT, sample_prefixes=("TEST_",))
    assert len(found) == 2 * len(paid)
    assert not store.engine.read
