"""``report``: a PDF, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.asked import Store
from tests.shop import Shop
from vcanalytics.commands import report
from vcanalytics.commands.report import written
from vcanalytics.errors import ConsoleError
from vcanalytics.report.period import Period


@pytest.fixture
def made(store: Store, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What would be made: reports themselves have tests of their own."""
    shop.transaction("VC_1", created_at="2026-11-20 09:00:00")
    store.keep(shop)
    seen: list[tuple[str, str]] = []

    def make(_: object, one: Period) -> bytes:
        seen.append((one.name, one.so_far))
        return b"%PDF-1.7 whole"

    monkeypatch.setattr(report, "make", make)
    return seen


def test_it_is_of_yesterday_or_of_the_day_that_is_named(
    store: Store, made: list[tuple[str, str]], tmp_path: Path
) -> None:
    path = tmp_path / "day.pdf"
    path.write_bytes(b"old")
    assert store.text("report", "day", "-o", str(path)) == f"{path}: 14 bytes\n"
    assert path.read_bytes() == b"%PDF-1.7 whole"
    zoned = ("--date", "2026-11-22", "--zone", "Asia/Kolkata")
    assert store.ask("report", "day", *zoned, "-o", "-").stdout_bytes == b"%PDF-1.7 whole"
    store.text("report", "week", "-o", str(path))
    assert made == [
        ("Saturday, 21 November 2026", ""),
        ("Sunday, 22 November 2026", "so far: until 17:30:00"),
        ("9 to 15 November 2026", ""),
    ]
    assert [found.name for found in tmp_path.iterdir() if found.suffix == ".pdf"] == ["day.pdf"]


def test_by_itself_the_file_is_named_after_the_day(
    store: Store, made: list[tuple[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store.text("report", "day")
    assert (tmp_path / "vectorcraft-day-2026-11-21.pdf").exists()
    assert len(made) == 1


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--date", "soon"), "--date: 'soon' is not a date. Write it like 2026-11-20"),
        (("--date", "3000-01-01"), "--date: '3000-01-01' is out of range"),
        (("--date", "2026-11-23"), "--date: 2026-11-23 has not begun yet"),
        (("--zone", "Mars/Olympus"), "--zone:"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(
    store: Store, made: list[tuple[str, str]], args: tuple[str, ...], said: str
) -> None:
    status, line = store.error("report", "day", *args)
    assert (status, line.startswith(said)) == (2, True), line
    assert made == []


def test_a_file_is_whole_or_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "day.pdf"
    written(path, b"first")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ConsoleError, match="No space left on device"):
        written(path, b"second")
    assert path.read_bytes() == b"first"
    assert [found.name for found in tmp_path.iterdir()] == ["day.pdf"]
    with pytest.raises(ConsoleError, match="No such file or directory"):
        written(tmp_path / "nowhere" / "day.pdf", b"third")
