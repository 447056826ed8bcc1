"""What holds for every page: it is in the frame, and lives with no data and with bad links."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.pages.console import ELSEWHERE, console_on, read_into
from tests.pages.viewer import PAGES, Viewer
from tests.shop import make_shop

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)

#: Each of what a link says is used or not by itself: wrong ones are said side by side.
BAD_LINKS: list[tuple[dict[str, str], tuple[str, ...]]] = [
    (
        {"range": "fortnight", "zone": "Mars/Olympus", "compare": "weather", "grain": "century"},
        (
            "a range that is unknown",
            "a zone that is unknown",
            "a comparison that is unknown",
            "a grain that is unknown",
        ),
    ),
    ({"from_": "yesterday"}, ("range cannot be used",)),
    ({"from_": "2026-11-20", "to": "2026-11-10"}, ("the range ends before it begins",)),
    ({"from_": "0001-01-01", "to": "9999-12-31"}, ("range cannot be used",)),
]
#: What a page's own parameters may be given, by a slip or on purpose.
NONSENSE = ("", "-1", "0", "9" * 20, "\u00bd", "NaN", "'; DROP TABLE", "\x00", "\u00b2")
OWN = (
    "page",
    "payment",
    "customer",
    "finding",
    "currency",
    "q",
    "status",
    "order",
    "least",
    "most",
    "kind",
)

every_page = pytest.mark.parametrize("page", PAGES)


@pytest.fixture(scope="module")
def viewer(sample_dir: Path) -> Iterator[Viewer]:
    with console_on(sample_dir, source_url=ELSEWHERE):
        yield Viewer(NOW)


@every_page
def test_with_no_source_and_no_store_a_page_says_how_to_connect_one(
    tmp_path: Path, page: str
) -> None:
    with console_on(tmp_path / "data"):
        shown = Viewer().open(page)

    shown.assert_well()
    assert shown.app.title[0].value.lower() == page
    assert "These payments are made up." in shown.text
    assert "VC_SOURCE_URL" in shown.text


def test_an_empty_shop_is_no_failure(tmp_path: Path) -> None:
    with make_shop(tmp_path / "shop.db") as shop:
        read_into(tmp_path / "data", shop.path, NOW)
    with console_on(tmp_path / "data", source_url=shop.url):
        viewer = Viewer(NOW)
        for page in PAGES:
            shown = viewer.open(page)

            shown.assert_well()
            assert "These payments are made up." not in shown.text
            assert "nan" not in {cell.lower() for cell in shown.cells}, page


def test_every_page_opens_as_of_now(sample_dir: Path) -> None:
    with console_on(sample_dir, source_url=ELSEWHERE):
        viewer = Viewer()
        for page in PAGES:
            viewer.open(page).assert_well()


@every_page
def test_a_bad_link_is_used_as_far_as_it_goes_and_says_what_was_not(
    viewer: Viewer, page: str
) -> None:
    for params, words in BAD_LINKS:
        shown = viewer.open(page, **params)

        shown.assert_well()
        for said in words:
            assert said in shown.text, params


@every_page
def test_what_a_link_says_beside_the_range_never_breaks_a_page(viewer: Viewer, page: str) -> None:
    for value in NONSENSE:
        viewer.open(page, **dict.fromkeys(OWN, value)).assert_well()


@every_page
@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/New_York", "Pacific/Chatham"])
def test_a_page_is_drawn_in_any_zone_across_a_change_of_clocks(
    viewer: Viewer, page: str, zone: str
) -> None:
    # New York sets its clocks back on the first of November.
    shown = viewer.open(page, from_="2026-10-31", to="2026-11-03", zone=zone, grain="hour")

    shown.assert_well()
    assert "The link" not in shown.text
