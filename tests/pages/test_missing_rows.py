"""Rows that cannot be read: every page says how many and of which time, and the rest answers."""

from __future__ import annotations

import shutil
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.pages.console import ELSEWHERE, console_on
from tests.pages.viewer import Viewer
from vcanalytics.model.streams import REQUESTS
from vcanalytics.store import Catalogue, Segments
from vcanalytics.store.repairing.repair import repair
from vcanalytics.store.sealer import seal

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def cut(sample_dir: Path, tmp_path: Path) -> Path:
    """The sample shop with its response times sealed, and the last day's file cut short."""
    shutil.copytree(sample_dir, tmp_path / "data")
    with closing(Catalogue.open(tmp_path / "data")) as catalogue:
        sealed = seal(catalogue, Segments(tmp_path / "data"), REQUESTS, NOW)
        assert sealed is not None
        path = Segments(tmp_path / "data").local(sealed.segments[-1].key)
        path.write_bytes(path.read_bytes()[:-50])
    return tmp_path / "data"


@pytest.mark.parametrize("page", ["overview", "performance"])
def test_a_page_says_how_many_rows_and_of_which_time(cut: Path, page: str) -> None:
    with console_on(cut, source_url=ELSEWHERE):
        shown = Viewer(NOW).open(page)
    shown.assert_well()
    assert "Rows missing" in shown.text
    assert "174 rows of requests from 00:06:30 to 11:56:59 cannot be read" in shown.text
    assert "check --repair" in shown.text

    with closing(Catalogue.open(cut)) as catalogue:
        repair(catalogue, NOW)
    with console_on(cut, source_url=ELSEWHERE):
        shown = Viewer(NOW).open(page)
    shown.assert_well()
    assert "174 rows of requests from 00:06:30 to 11:56:59 cannot be read" in shown.text
    assert "They are kept in quarantine" in shown.text


def test_without_damage_a_page_says_nothing_of_it(sample_dir: Path) -> None:
    with console_on(sample_dir, source_url=ELSEWHERE):
        assert "Rows missing" not in Viewer(NOW).open("overview").text
