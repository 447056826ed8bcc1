"""Charts as files: the same links as tables, noted like them, and never half a picture."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from starlette.testclient import TestClient

from tests.pages.console import ELSEWHERE, console_on, read_into
from tests.shop import make_shop
from tests.web.rig import asking
from vcanalytics import cached
from vcanalytics.accounts import Accounts
from vcanalytics.display.picture import Picture
from vcanalytics.journal.components import Day
from vcanalytics.model.notes import Note, NoteKind
from vcanalytics.pictures.asking import Sheet
from vcanalytics.web import drawings, pictures

NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)
DAY = {
    "from": "2026-11-20",
    "to": "2026-11-21",
    "zone": "Asia/Kolkata",
    "grain": "hour",
    "compare": "previous",
    "before_from": "2026-11-19",
    "before_to": "2026-11-20",
    "as_of": NOW.isoformat(),
}
EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("drawn")
    with make_shop(folder / "shop.db") as shop:
        with shop.batch():
            for number in range(1, 21):
                at = f"2026-11-{19 + number % 2} 0{number % 9}:00:00"
                shop.transaction(f"VC_{number}", created_at=at)
                if number % 3 == 0:
                    shop.complete(f"VC_{number}", amount=49.0, completed_at=at)
        shop.complete("VC_2", amount=5_000, currency="JPY", completed_at="2026-11-20 09:00:00")
        shop.complete("VC_7", amount=99.0, completed_at="2026-11-20 09:00:00")
        shop.update("VC_5", email=EVIL, status="failed", error_message=EVIL)
        read_into(folder / "data", shop.path, NOW)
    with (
        console_on(folder / "data", source_url=ELSEWHERE),
        asking(folder / "data", "vera") as client,
    ):
        yield client


@pytest.fixture
def sheets(monkeypatch: pytest.MonkeyPatch) -> list[Sheet]:
    """What would be drawn: the drawing itself has tests of its own."""
    seen: list[Sheet] = []

    def drawn(sheet: Sheet, form: str, theme: str) -> bytes:
        seen.append(sheet)
        return f"{form} {theme}".encode()

    monkeypatch.setattr(pictures, "draw", drawn)
    return seen


def test_a_chart_comes_as_svg_with_its_range_in_its_name_and_words(client: TestClient) -> None:
    answer = client.get("/admin/export/revenue.svg", params=DAY)

    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == (
        'attachment; filename="vectorcraft-revenue_2026-11-20_2026-11-21_Asia-Kolkata_as-of-'
        + answer.headers["content-disposition"].partition("as-of-")[2]
    )
    assert "20 Nov 2026" in answer.text
    assert "Asia/Kolkata" in answer.text


#: What the shop of these tests has nothing of, or what no link of theirs names.
NOTHING = {
    "response-times",
    "distribution",
    "strategies",
    "rhythm",
    "people",
    "cpu",
    "memory",
    "network",
    "uptime",
}


@pytest.mark.parametrize("name", sorted(drawings.PICTURES))
def test_every_chart_is_drawn_or_says_that_there_is_nothing(
    client: TestClient, sheets: list[Sheet], name: str
) -> None:
    answer = client.get(f"/admin/export/{name}.png", params=DAY | {"theme": "dark"})

    if name == "alert-course":
        assert answer.status_code == 400
        assert "names no alert" in answer.json()["error"]["message"]
    elif name in NOTHING:
        assert answer.status_code == 400
        assert answer.json()["error"]["message"] == "there is nothing to draw in this range"
    else:
        assert answer.status_code == 200, answer.text
        assert answer.text == "png dark"
        (sheet,) = sheets
        assert sheet.picture.title
        assert sheet.picture.alt


def test_a_picture_compares_with_what_the_page_did(client: TestClient, sheets: list[Sheet]) -> None:
    for compare in ("previous", "none"):
        client.get("/admin/export/revenue.png", params=DAY | {"compare": compare})

    series = [set(_series(sheet.picture)) for sheet in sheets]
    assert "comparison" in series[0]
    assert "comparison" not in series[1]
    assert len(sheets[0].picture.legend) == len(sheets[1].picture.legend) + 1


def _series(picture: Picture) -> list[str]:
    return picture.data["series"].to_list()


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("revenue.png", {"compare": "yesteryear"}),
        ("revenue.png", {"theme": "pink"}),
        ("revenue.svg", {"zone": "Mars/Olympus"}),
        ("revenue.svg", {"currency": "EUR"}),
        ("passwords.svg", {}),
        ("transactions.png", {}),
        ("price-points.png", {"from": "2026-11-01", "to": "2026-11-02"}),
    ],
)
def test_what_cannot_be_drawn_is_a_400_in_words(
    client: TestClient, path: str, params: dict[str, str]
) -> None:
    answer = client.get(f"/admin/export/{path}", params=DAY | params)

    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


def test_who_took_which_picture_is_noted(client: TestClient, sheets: list[Sheet]) -> None:
    client.get("/admin/export/cumulative.svg", params=DAY)
    assert len(sheets) == 1

    settings = Path(cached.settings().data_dir)
    accounts = Accounts.open(settings)
    entry = accounts.audit(limit=1, action="export")[0]
    accounts.close()
    assert (entry.actor, entry.target) == ("vera", "cumulative")
    assert entry.detail.endswith("a picture, svg")


def test_notes_stand_on_charts_over_time(
    client: TestClient, sheets: list[Sheet], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = datetime(2026, 11, 20, 9, tzinfo=UTC)
    note = Note(1, NoteKind.RELEASE, EVIL, at, None, "olga", at)
    monkeypatch.setattr(cached.notes, "within", lambda start, end: (note,))
    for name in ("revenue", "cumulative", "price-points"):
        client.get(f"/admin/export/{name}.svg", params=DAY)

    said = [EVIL in repr(sheet.picture.spec) and EVIL in sheet.picture.alt for sheet in sheets]
    assert said == [True, True, False]


def test_a_picture_says_which_host_or_endpoint_and_which_days_it_is_of(
    client: TestClient, sheets: list[Sheet], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [Day(date(2026, 9, 1) + timedelta(days=n), healthy_s=60.0) for n in range(81)]
    monkeypatch.setattr(cached.watch, "strips", lambda now: {"source": found})
    answer = client.get("/admin/export/uptime.svg", params=DAY)
    assert "2026-09-01_2026-11-21_UTC" in answer.headers["content-disposition"]

    window = datetime(2026, 11, 20, 3, tzinfo=UTC)
    frame = pl.DataFrame(
        {
            "measure": ["cpu_percent"],
            "window_start": [window],
            "window_end": [window + timedelta(hours=1)],
            "mean": [5.0],
        }
    )
    monkeypatch.setattr(cached.system, "over_time", lambda *_, **__: cached.Answer(frame, NOW))
    asked = DAY | {"host": "vm-1", "measure": "cpu_percent,core_percent"}
    answer = client.get("/admin/export/cpu.png", params=asked)
    assert "vectorcraft-cpu-vm-1_" in answer.headers["content-disposition"]

    uptime, cpu = sheets
    assert uptime.caption.startswith("1 Sep 2026 to 20 Nov 2026, not over yet \u00b7 UTC")
    assert cpu.picture.note == "%, mean, vm-1"


def test_the_states_of_a_search_say_that_they_are_some_and_not_whose(
    client: TestClient, sheets: list[Sheet]
) -> None:
    client.get("/admin/export/states.png", params=DAY | {"order": "oldest"})
    client.get("/admin/export/states.png", params=DAY | {"q": "script"})

    notes = [sheet.picture.note for sheet in sheets]
    assert notes[0].endswith(" created")
    assert notes[1] == "1 created, of those searched for"
    (key,) = sheets[1].picture.legend
    assert (key.words, key.figure, key.share) == ("Failed", "1", "100.0\u00a0%")
