"""What a report says: the figures of the pages, whatever the shop; all of it literal."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from pypdf import PdfReader
from sqlalchemy import Connection

from tests import stored
from tests.shop import Shop, make_shop
from vcanalytics.analytics.engine import Engine
from vcanalytics.errors import BudgetExceeded, StoreError
from vcanalytics.journal.case_records import Case, CaseState, Key
from vcanalytics.model.streams import STREAMS
from vcanalytics.report import making, money, plant, work
from vcanalytics.report.blocks import Charts, Figures, Heading, Said, Table
from vcanalytics.report.period import Kind, Period, period
from vcanalytics.report.sources import Sources
from vcanalytics.settings import Settings
from vcanalytics.store import Catalogue, Reader, Segments

NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)
EVIL = '#eval("1") *bold* <script>alert(1)</script> $x$ \U0001f600 \u05d0\u05d1 \x07 =1+1'


def _no_journal() -> AbstractContextManager[Connection]:
    raise StoreError("there is no watchman yet")


@contextmanager
def sources(folder: Path, shop: Shop | None, **settings: Any) -> Iterator[Sources]:
    told = Settings(data_dir=folder, source_url="sqlite:////elsewhere.db", **settings)
    catalogue = Catalogue.open(told.store_dir)
    if shop is not None:
        stored.keep(shop.path, catalogue, NOW)
    engine = Engine(20.0, segments=Segments(told.store_dir).root)
    snapshot = Reader(catalogue, books=True).snapshot(tuple(STREAMS))
    yield Sources(engine, snapshot, told, _no_journal)
    engine.close()
    catalogue.close()


def of(ask: Sources, kind: Kind = Kind.DAY, day: date = date(2026, 11, 20)) -> Period:
    oldest = ask.snapshot.state("transactions").first_at
    return period(kind, day, zone=ZoneInfo("UTC"), week_start="monday", now=NOW, oldest=oldest)


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sources]:
    folder = tmp_path_factory.mktemp("busy")
    with make_shop(folder / "shop.db") as shop:
        with shop.batch():
            for number in range(1, 31):
                day, hour = 10 + number % 11, number % 18
                shop.transaction(f"VC_{number}", created_at=f"2026-11-{day} {hour:02d}:00:00")
        for number in range(1, 31, 2):
            day = 10 + number % 11
            at = f"2026-11-{day} 09:30:00"
            shop.complete(f"VC_{number}", amount=49.0, completed_at=at)
        shop.complete("VC_10", amount=5_000, currency="JPY", completed_at="2026-11-20 09:30:00")
        shop.refund("VC_21", case_id="DISP_1", resolved_at="2026-11-20 10:00:00")
        shop.update("VC_20", status="failed", error_message=EVIL)
        shop.update("VC_9", email_sent=0)
        for number in range(20):
            shop.metric(
                endpoint=EVIL if number % 2 else "login",
                value=50.0 * number,
                timestamp=f"2026-11-20 {number % 18:02d}:10:00",
            )
        with sources(folder / "data", shop, public_url="https://console.example") as found:
            yield found


def told(found: Sequence[Any], kind: type[Any]) -> list[Any]:
    return [block for block in found if isinstance(block, kind)]


def text(found: list[Any]) -> str:
    return repr(found)


def test_a_whole_report_is_set_with_its_text_as_it_is(busy: Sources) -> None:
    content = making.make(busy, of(busy))
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]

    whole = " ".join(" ".join(pages).split())
    assert 2 <= len(pages) <= 3
    assert f"Page {len(pages)} of {len(pages)}" in pages[-1]
    assert "Friday, 20 November 2026" in pages[0]
    assert "so far: until 18:00:00" in pages[0]
    assert '#eval("1") *bold* <script>alert(1)</script> $x$' in whole
    reader = PdfReader(io.BytesIO(content))
    assert reader.metadata is not None
    assert reader.metadata.title == "Daily report: Friday, 20 November 2026"
    tags: Any = reader.root_object["/MarkInfo"]
    assert tags["/Marked"] == True  # noqa: E712 - an object of the file's own kind
    links = {
        note.get_object()["/A"]["/URI"]
        for page in reader.pages
        for note in page.get("/Annots", [])
        if "/A" in note.get_object()
    }
    assert any(link.startswith("https://console.example/reconcile?") for link in links)


def test_figures_are_those_of_the_day_so_far(busy: Sources) -> None:
    found = making.blocks(busy, of(busy))

    figures = {one.label: one for one in told(found, Figures)[0].figures}
    # One of 49 was captured on the day, one of 49 given back.
    assert figures["Gross"].value == "$49.00"
    assert figures["Refunds"].value == "$49.00"
    assert figures["Net"].value == "$0.00"
    assert figures["Payments"].value == "1"
    assert figures["Gross"].said[0].text.endswith("Thu 19")
    by_currency = next(one for one in told(found, Table) if one.title == "By currency")
    assert [[cell.text for cell in row[:3]] for row in by_currency.rows] == [
        ["USD", "$0.00", "$49.00"],
        ["JPY", "\u00a55,000", "\u00a55,000"],
    ]


def test_a_week_has_its_days(busy: Sources) -> None:
    found = making.blocks(busy, of(busy, Kind.WEEK))
    bars = told(found, Charts)[0].pictures[0][0]
    assert bars.title == "Gross and refunds by day"
    assert bars.windows is not None
    assert len(bars.windows) == 5


def test_no_data_at_all_is_a_whole_report_that_says_so(tmp_path: Path) -> None:
    with sources(tmp_path / "data", None) as ask:
        found = making.blocks(ask, of(ask))
        assert making.make(ask, of(ask)).startswith(b"%PDF-")

    said = text(found)
    for words in (
        "No payments have been read yet.",
        "Nothing waits for a person.",
        "No payment failed.",
        "Nothing was measured",
        "No outage was found.",
        "Nobody did anything that is recorded.",
        "No host was sampled.",
        "never",
    ):
        assert words in said
    assert not told(found, Charts)


def test_only_failed_payments_are_shown_as_such(tmp_path: Path) -> None:
    with make_shop(tmp_path / "shop.db") as shop:
        for number in range(3):
            shop.transaction(
                f"VC_{number}",
                created_at="2026-11-20 09:00:00",
                status="failed",
                error_message="declined",
            )
        with sources(tmp_path / "data", shop) as ask:
            found = making.blocks(ask, of(ask))

    figures = {one.label: one.value for one in told(found, Figures)[0].figures}
    assert (figures["Net"], figures["Payments"], figures["Success rate"]) == (
        "$0.00",
        "0",
        "0.0\u00a0%",
    )
    assert any(one.note == "3 payments, 1 message" for one in told(found, Heading))


def test_what_cannot_be_asked_costs_no_other(
    busy: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise BudgetExceeded("the question took longer than 2 s")

    monkeypatch.setattr(plant, "summary", fail)
    found = making.blocks(busy, of(busy))

    titles = [one.title for one in told(found, Heading)]
    assert titles == [
        "Takings",
        "Needs a person",
        "Failed payments",
        "Response times",
        "Outages",
        "Activity",
        "System",
        "What this rests on",
    ]
    said = [one.text for one in told(found, Said)]
    assert "This could not be asked: the question took longer than 2 s." in said


def findings(found: Sequence[Any]) -> list[list[str]]:
    table = next(one for one in told(found, Table) if one.columns[0].head == "Finding")
    return [[cell.text for cell in row[:3]] for row in table.rows]


def test_what_somebody_has_closed_is_no_work(
    busy: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = findings(work.needs_a_person(busy, of(busy)))
    # Its mail was never sent.
    assert ["Paid, no e-mail", "1", "$49.00"] in before
    at = NOW - timedelta(hours=1)
    closed = Case(
        number=1,
        key=Key("paid_not_mailed", "VC_9"),
        state=CaseState.DONE,
        standing=True,
        assignee=None,
        version=2,
        returns=0,
        opened_at=at,
        waits_from=at,
        changed_at=at,
        changed_by="olga",
        closed_at=at,
        closed_by="olga",
        amount=None,
        currency=None,
    )
    monkeypatch.setattr("vcanalytics.journal.cases.every", lambda _: [closed])
    ask = replace(busy, journal=lambda: nullcontext(cast("Connection", None)))
    assert findings(work.needs_a_person(ask, of(busy))) == [
        row for row in before if row[0] != "Paid, no e-mail"
    ]


def tones(found: Sequence[Any]) -> list[str]:
    """The colours of when each stream of VectorCraft's database was last read."""
    (table,) = told(found, Table)
    return [row[3].tone for row in table.rows if row[3].text != "never"]


def test_figures_of_a_source_that_was_not_read_to_the_end_are_not_called_final(
    busy: Sources,
) -> None:
    later = replace(of(busy), now=NOW + timedelta(hours=1))
    for one, late in ((of(busy), False), (later, True)):
        said = [block.text for block in told(money.takings(busy, one), Said)]
        assert said == (
            ["Last read of the source: 18:00:00. Figures are not final."] if late else []
        )
        assert ("warning" in tones(plant.freshness(busy, one))) is late


def test_a_day_that_is_over_is_final_only_once_it_was_read_to_its_very_end(busy: Sources) -> None:
    for short, late in ((timedelta(), False), (timedelta(minutes=3), True)):
        # The source was read last at NOW; the day ends then, or three minutes later.
        over = replace(of(busy), end=NOW + short, now=NOW + timedelta(hours=14))
        said = [block.text for block in told(money.takings(busy, over), Said)]
        assert any("not final" in text for text in said) is late
        assert ("warning" in tones(plant.freshness(busy, over))) is late


def test_a_headline_currency_that_nobody_paid_in_leaves_the_others_as_a_table(
    busy: Sources,
) -> None:
    ask = replace(busy, settings=busy.settings.model_copy(update={"currency": "EUR"}))
    found = money.takings(ask, of(ask))
    assert "Nothing in EUR." in [block.text for block in told(found, Said)]
    (table,) = told(found, Table)
    assert {row[0].text for row in table.rows} == {"JPY", "USD"}
    assert not told(found, Charts)
