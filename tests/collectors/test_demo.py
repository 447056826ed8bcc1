"""The demo shop at work: with no source it is made, kept alive, and read like any other."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from collectors.demo import Demo
from collectors.roster import roster
from collectors.vectorcraft import VectorCraft
from tests.collectors.rig import NOW, command, environment, eventually, running
from vcanalytics.errors import SourceError
from vcanalytics.settings import Settings
from vcanalytics.source.demo import demo_path, demo_url
from vcanalytics.store import Catalogue
from vcanalytics.store.checking.check import check

#: Behind a new shop, instead of 90 days.
SHORT = timedelta(days=3.5)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture
def catalogue(settings: Settings) -> Catalogue:
    return Catalogue.open(settings.store_dir)


def make(demo: Demo, now: datetime = NOW) -> None:
    demo.initialise()
    for _ in range(100):
        if demo.loop(now) > 0:
            return
    raise AssertionError("the shop is not made")


def reader(settings: Settings, catalogue: Catalogue) -> VectorCraft:
    daemon = VectorCraft(settings, demo_url(settings), catalogue, lambda: 1.0, demo=True)
    daemon.initialise()
    return daemon


def payments(settings: Settings) -> int:
    connection = sqlite3.connect(demo_path(settings))
    count = int(connection.execute("SELECT count(*) FROM transactions").fetchone()[0])
    connection.close()
    return count


def test_with_no_source_the_demo_shop_runs_besides(
    settings: Settings, catalogue: Catalogue
) -> None:
    names = [daemon.name for daemon in roster(settings, catalogue)]
    assert names == ["simulator", "source", "system", "upkeep", "watchman"]
    configured = settings.model_copy(update={"source_url": "sqlite:////srv/shop.db"})
    assert [daemon.name for daemon in roster(configured, catalogue)] == names[1:]
    unwatched = configured.model_copy(update={"watchman": "off"})
    assert [daemon.name for daemon in roster(unwatched, catalogue)] == names[1:-1]


def test_pages_can_show_how_far_the_shop_is_made(
    settings: Settings, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo, source = Demo(settings, catalogue, SHORT), reader(settings, catalogue)
    # One day a call.
    monkeypatch.setattr("collectors.simulator.shop._MAKING_S", 0.0)
    # Before the shop has begun, while it is made: nothing is wrong.
    source.loop(NOW)
    assert catalogue.fact("source") is None
    demo.initialise()
    assert demo.loop(NOW) == 0.0
    assert catalogue.fact("demo") == {
        "done": 1,
        "total": 3,
        "what": "2026-11-23",
        "since": NOW.isoformat(),
        "problem": "",
        "hint": "",
    }
    source.loop(NOW)
    assert catalogue.fact("source") is None
    while demo.loop(NOW) == 0.0:
        assert catalogue.fact("source") is None
    assert catalogue.fact("demo") is None
    assert payments(settings) > 50


def test_a_shop_that_cannot_be_made_says_why_and_heals(tmp_path: Path, settings: Settings) -> None:
    catalogue = Catalogue.open(tmp_path / "store")
    demo, source = Demo(settings, catalogue, SHORT), reader(settings, catalogue)
    folder = demo_path(settings).parent
    folder.write_text("a file stands where the folder belongs")
    with pytest.raises(SourceError, match="the demo shop cannot be written"):
        make(demo)
    source.loop(NOW)
    assert "the demo shop cannot be written" in catalogue.fact("source")["problem"]
    demo.shutdown()

    folder.unlink()
    make(demo)
    assert catalogue.fact("demo") is None
    source = reader(settings, catalogue)
    source.loop(NOW)
    assert catalogue.fact("source") is None


def test_another_database_in_the_shops_place_is_left_alone(
    settings: Settings, catalogue: Catalogue
) -> None:
    path = demo_path(settings)
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE precious (x)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(SourceError, match="no database of the demo shop"):
        make(Demo(settings, catalogue, SHORT))
    assert path.read_bytes() == before
    assert "no database of the demo shop" in catalogue.fact("demo")["problem"]


def test_at_a_rate_of_nothing_the_shop_stands_still(
    settings: Settings, catalogue: Catalogue
) -> None:
    still = settings.model_copy(update={"demo_payments_per_minute": 0.0})
    demo = Demo(still, catalogue, SHORT)
    make(demo)
    made = payments(still)
    demo.loop(NOW + timedelta(hours=30))
    demo.shutdown()
    make(Demo(still, catalogue, SHORT), NOW + timedelta(hours=60))
    assert payments(still) == made


def test_the_shop_lives_in_the_sources_zone_and_has_the_outages_asked_for(
    tmp_path: Path, settings: Settings, catalogue: Catalogue
) -> None:
    start = NOW - timedelta(hours=3)
    told = Settings(
        data_dir=tmp_path,
        source_timezone="Asia/Kolkata",
        demo_outages=(f"paypal@{start:%Y-%m-%dT%H:%M}/60m",),
    )
    make(Demo(told, catalogue, SHORT))
    connection = sqlite3.connect(demo_path(told))
    [(newest,)] = connection.execute("SELECT max(timestamp) FROM system_metrics")
    down = connection.execute(
        "SELECT min(checked_at), max(checked_at) FROM system_health"
        " WHERE component = 'paypal_api' AND status = 'critical'"
    ).fetchone()
    connection.close()
    assert newest.startswith((NOW + timedelta(hours=5.25)).strftime("%Y-%m-%d %H"))
    assert start.strftime("%Y-%m-%d %H:%M:%S") <= down[0] <= down[1]
    assert down[1] <= (start + timedelta(minutes=60)).strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.slow
def test_the_command_makes_the_shop_once_and_reads_all_of_it(tmp_path: Path) -> None:
    first = command(tmp_path, "", "--once", VC_DEMO_DAYS="4")
    assert (first.returncode, first.stderr) == (0, "")
    lines = dict(line.split(": ", 1) for line in first.stdout.splitlines())
    assert list(lines) == [
        *("transactions", "disputes", "mails"),
        *("activity", "requests", "system", "health", "logs"),
    ]
    assert all(line.endswith(" rows read, 0 rejected") for line in lines.values())
    assert int(lines["transactions"].split()[0]) > 200
    second = command(tmp_path, "", "--once")
    again = dict(line.split(": ", 1) for line in second.stdout.splitlines())
    assert int(again["health"].split()[0]) < 100
    assert check(Catalogue.open(tmp_path / "demo")) == []


@pytest.mark.slow
def test_the_daemons_sell_and_sample_from_the_first_start(tmp_path: Path) -> None:
    environ = environment(tmp_path, "", VC_DEMO_PAYMENTS_PER_MINUTE="600", VC_DEMO_DAYS="4")
    with running(environ) as process:
        opened = eventually(
            lambda: (tmp_path / "demo" / "catalogue.db").exists() or None, "a catalogue"
        )
        assert opened
        catalogue = Catalogue.open(tmp_path / "demo")
        eventually(lambda: catalogue.fact("demo"), "the making", 30)
        assert catalogue.fact("source") is None

        def read_whole() -> int:
            state = catalogue.states()["transactions"]
            return state.rows if state.done and not state.reading_history else 0

        made = eventually(read_whole, "the shop's past", 60)
        eventually(lambda: read_whole() > made + 20, "live payments", 60)
        eventually(lambda: catalogue.fact("demo") is None, "the end of the making", 10)
        eventually(lambda: catalogue.states()["system"].rows > 50, "samples of the host", 60)
        process.terminate()
        _, errors = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "Traceback" not in errors
    daemons = catalogue.fact("daemons")
    assert {daemon["state"] for daemon in daemons.values()} == {"stopped"}
    assert {daemon["restarts"] for daemon in daemons.values()} == {0}
