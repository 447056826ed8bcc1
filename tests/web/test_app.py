"""The app as a whole: its routes, its life, and the page every viewer loads first."""

from __future__ import annotations

import gc
import re
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tests.pages.signed_in import Quick
from tests.store.rows import requests
from tests.web.rig import asking, house
from vcanalytics.errors import StoreError
from vcanalytics.journal import Journal, components
from vcanalytics.model.health import Status, Verdict
from vcanalytics.settings import Settings
from vcanalytics.store import Catalogue
from vcanalytics.web.access import PAGES
from vcanalytics.web.app import Web
from vcanalytics.web.index import BASE_SCRIPT

LIVE = "/admin/api/live"
HERE = {"host": "127.0.0.1:8501"}
ROOT = Path(__file__).parents[2]


def console(data_dir: Path) -> Starlette:
    settings = Settings(
        data_dir=data_dir, source_url="sqlite:////nowhere/shop.db", collectors="external"
    )
    web = Web(settings, hasher=Quick())
    return Starlette(routes=web.routes(), middleware=web.middleware(), lifespan=web.lifespan())


def client(app: Starlette) -> TestClient:
    return TestClient(app, base_url="http://127.0.0.1:8501", client=("127.0.0.1", 5))


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    """The life of the console freezes what is in memory; tests give it back."""
    yield
    gc.unfreeze()


def status(asking: TestClient) -> str:
    answer = asking.get("/healthz")
    assert answer.status_code == 200
    assert list(answer.json()) == ["status"]
    return str(answer.json()["status"])


def becomes(asking: TestClient, wanted: str, within_s: float = 10.0) -> None:
    give_up_at = time.monotonic() + within_s
    while status(asking) != wanted:
        assert time.monotonic() < give_up_at, f"not {wanted} within {within_s} s"
        time.sleep(0.02)


def test_health_is_degraded_before_the_console_lives(tmp_path: Path) -> None:
    # Without entering it, the life of the app has not begun.
    assert status(client(console(tmp_path / "data"))) == "degraded"


def test_a_console_makes_its_store_and_says_it_is_well(tmp_path: Path) -> None:
    with client(console(tmp_path / "data")) as asking:
        becomes(asking, "ok")
        assert (tmp_path / "data" / "catalogue.db").exists()
        assert gc.get_freeze_count() > 0


def test_a_problem_of_the_source_degrades_health_until_it_heals(tmp_path: Path) -> None:
    with client(console(tmp_path / "data")) as asking:
        becomes(asking, "ok")
        catalogue = Catalogue.open(tmp_path / "data")
        for problem, wanted in (("the file is locked", "degraded"), (None, "ok")):
            with catalogue.write() as writer:
                writer.set_fact("source", {"problem": problem})
            becomes(asking, wanted)
        catalogue.close()


def test_what_the_watchman_finds_critical_degrades_health_until_it_is_well(tmp_path: Path) -> None:
    with client(console(tmp_path / "data")) as asking:
        becomes(asking, "ok")
        with closing(Journal.open(tmp_path / "data")) as journal:
            for found, wanted in (
                (Status.WARNING, "ok"),
                (Status.CRITICAL, "degraded"),
                (Status.HEALTHY, "ok"),
            ):
                verdicts = [Verdict("disk", found, ""), Verdict("watchman", Status.HEALTHY, "")]
                with journal.write() as connection:
                    components.keep(connection, datetime.now(UTC), verdicts)
                assert status(asking) == wanted


def test_health_tells_nothing_else(tmp_path: Path) -> None:
    with client(console(tmp_path / "data")) as asking:
        assert set(asking.get("/healthz").json()) == {"status"}


def test_a_viewer_hears_of_a_batch_over_the_consoles_own_socket(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        becomes(home.client(), "ok")
        with home.as_("vera").websocket_connect(LIVE, headers=HERE) as viewer:
            viewer.send_json({"type": "join_admin_room"})
            assert viewer.receive_json()["type"] == "status"
            assert viewer.receive_json()["seqs"]["requests"] == 0
            catalogue = Catalogue.open(tmp_path / "data")
            catalogue.append("requests", "t", "1", requests(1))
            catalogue.close()
            message = viewer.receive_json()
            while message["seqs"]["requests"] != 1:
                message = viewer.receive_json()


def test_a_store_that_cannot_be_opened_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "catalogue.db").write_text("no database " * 100)

    with (
        pytest.raises(StoreError, match="the catalogue cannot be opened"),
        client(console(tmp_path / "data")),
    ):
        pass


def test_every_page_has_its_path() -> None:
    """Overview stands at the root, each other one under its file's name."""
    names = {path.stem for path in (ROOT / "pages").glob("*.py")}
    assert set(PAGES) == {"/"} | {f"/{name}" for name in names - {"overview"}}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with asking(tmp_path_factory.mktemp("pages") / "data") as signed_in:
        yield signed_in


@pytest.mark.parametrize("path", PAGES)
def test_a_deep_link_is_answered_with_the_consoles_own_page(pages: TestClient, path: str) -> None:
    answer = pages.get(path, params={"range": "7d"})

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache, private"
    head = answer.text.split("</head>")[0]
    assert "<title>VectorCraft console</title>" in head
    assert f'<script src="{BASE_SCRIPT}?' in head
    # Before any other script: it says where the server is.
    assert head.index(BASE_SCRIPT) == head.index('src="') + 5


def test_the_page_loads_nothing_from_outside(pages: TestClient) -> None:
    html = pages.get("/").text
    for name in ("src", "href"):
        for part in html.split(f'{name}="')[1:]:
            address = part.split('"')[0]
            assert "//" not in address, address


def test_the_fonts_and_icons_the_page_names_are_there(pages: TestClient) -> None:
    html = pages.get("/").text
    named = [part.split('"')[0] for part in html.split('"/app/static/')[1:]]
    assert named
    for name in named:
        assert (ROOT / "static" / name).is_file(), name


def test_what_has_the_focus_is_seen_from_the_first_paint_on(pages: TestClient) -> None:
    head = pages.get("/").text.split("</head>")[0]
    assert "a:focus-visible, button:focus-visible {outline: 2px solid" in head


def test_the_base_script_names_the_server_itself(pages: TestClient) -> None:
    answer = pages.get(BASE_SCRIPT)

    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert "window.__streamlit = { BACKEND_BASE_URL: window.location.origin" in answer.text
    assert "//" not in re.sub(r"^\s*//.*|\s// .*", "", answer.text, flags=re.MULTILINE)
    # By its content, so that a browser that kept an older one asks for this one.
    assert f'src="{BASE_SCRIPT}?' in pages.get("/").text
