"""The real thing broken: what the verdict says within a round, and that it heals by itself.

One round is one call of the daemon's loop, every half minute in life.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from collectors.daemon import State
from collectors.supervisor import Supervisor
from collectors.upkeep import Upkeep
from collectors.watch.health import Health
from collectors.watch.post import Post
from tests.collectors.rig import Console, eventually
from tests.health.servers import Mail, Silent, serving
from tests.shop import Shop, make_shop
from tests.store.rows import requests
from vcanalytics.journal import components
from vcanalytics.journal.components import Component
from vcanalytics.model.health import Status
from vcanalytics.settings import Settings
from vcanalytics.store import Segments
from vcanalytics.store.sealer import Limits, seal_due

_ROUND: Final = timedelta(seconds=30)


class Watch:
    """The health daemon over a console's real store."""

    def __init__(self, settings: Settings) -> None:
        self.post = Post.open(settings)
        self.health = Health(self.post)

    def round(self, now: datetime, name: str) -> Component:
        """One round; what is said of one component then."""
        pause_s = self.health.loop(now)
        assert pause_s <= _ROUND.total_seconds()
        with self.post.journal.read() as connection:
            return next(one for one in components.listed(connection) if one.name == name)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with make_shop(tmp_path / "shop.db") as shop:
        shop.transaction("VC_1")
        yield shop


@pytest.fixture
def console(shop: Shop, tmp_path: Path) -> Console:
    return Console(tmp_path / "data", shop.url)


@pytest.fixture
def watch(console: Console) -> Iterator[Watch]:
    watch = Watch(console.settings)
    with closing(watch.post):
        yield watch


def test_a_source_that_is_gone_and_comes_back(shop: Shop, console: Console, watch: Watch) -> None:
    with console.daemon() as daemon:
        daemon.settle(5)
        assert watch.round(console.clock.now, "source").status is Status.HEALTHY
        away = shop.path.rename(shop.path.with_name("away.db"))
        daemon.settle(15)
        gone = watch.round(console.clock.now, "source")
        assert gone.status is Status.CRITICAL
        assert "for 1" in gone.what
        away.rename(shop.path)
        daemon.settle(10)
        back = watch.round(console.clock.now, "source")
        assert (back.status, back.since) == (Status.HEALTHY, console.clock.now)


def test_a_segment_that_is_damaged_and_restored(console: Console, watch: Watch) -> None:
    now, folder = console.clock.now, console.settings.store_dir
    console.catalogue.append("requests", "t", "1", requests(1, 2, 3, at=now))
    segments = Segments(folder)
    list(seal_due(console.catalogue, segments, Limits(rows=1), now))
    assert watch.round(now, "store").status is Status.HEALTHY
    (file,) = (folder / "segments" / "requests").rglob("*.parquet")
    whole = file.read_bytes()
    file.write_bytes(whole[:100])
    damaged = watch.round(now + _ROUND, "store")
    assert damaged.status is Status.CRITICAL
    assert damaged.what.startswith("3 rows cannot be read, of requests")
    # The rest of what is known is judged all the same.
    assert watch.round(now + _ROUND, "disk").checked_at == now + _ROUND
    file.write_bytes(whole)
    assert watch.round(now + 2 * _ROUND, "store").status is Status.HEALTHY


def test_a_catalogue_that_cannot_be_read_leaves_the_rest_to_age(
    console: Console, watch: Watch
) -> None:
    now = console.clock.now
    assert watch.round(now, "stream:mails").checked_at == now
    database = console.settings.store_dir / "catalogue.db"
    console.catalogue.close()
    watch.post.catalogue.close()
    whole = database.read_bytes()
    database.write_bytes(b"no database" * 1_000)
    assert watch.round(now + _ROUND, "store").status is Status.CRITICAL
    assert watch.round(now + _ROUND, "stream:mails").checked_at == now
    watch.post.catalogue.close()
    database.write_bytes(whole)
    assert watch.round(now + 2 * _ROUND, "store").status is Status.HEALTHY
    assert watch.round(now + 2 * _ROUND, "stream:mails").checked_at == now + 2 * _ROUND


def test_one_daemon_that_is_dead_and_works_again(console: Console, watch: Watch) -> None:
    folder = console.settings.store_dir
    # Where its files are to be, something else stands.
    (folder / "segments").write_text("in the way")
    console.catalogue.append("requests", "t", "1", requests(1))
    settings = console.settings.model_copy(update={"seal_rows": 1})
    supervisor = Supervisor([Upkeep(settings, console.catalogue), Idle()], console.catalogue)
    dead, well = supervisor._runners
    dead._wait = well._wait = threading.Event().wait
    for runner in (dead, well):
        runner.start()
    try:
        eventually(lambda: dead.state is State.WAITING and well.beat_at, "it fails")
        supervisor._beat()
        now = datetime.now(UTC)
        assert watch.round(now, "collector:upkeep").status is Status.CRITICAL
        assert watch.round(now, "collector:idle").status is Status.HEALTHY
        (folder / "segments").unlink()
        eventually(lambda: dead.beat_at, "it works again")
        supervisor._beat()
        assert watch.round(datetime.now(UTC), "collector:upkeep").status is Status.HEALTHY
    finally:
        supervisor.stop()
        for runner in (dead, well):
            assert runner.join(10)


class Idle:
    """A daemon with nothing to do."""

    name = "idle"

    def initialise(self) -> None:
        """Nothing is needed."""

    def loop(self, _now: datetime) -> float:
        return 0.05

    def shutdown(self) -> None:
        """Nothing is held."""


def test_a_mail_server_that_falls_silent_and_speaks_again(tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    with serving(Mail) as port:
        rules.write_text(
            f'[probes.mail]\nkind = "smtp"\nhost = "127.0.0.1"\nport = {port}\n'
            "timeout_s = 0.3\nevery_s = 30\n"
        )
        watch = Watch(Settings(data_dir=tmp_path / "data", rules_file=rules))
        now = datetime(2026, 11, 25, 12, tzinfo=UTC)
        assert watch.round(now, "probe:mail").status is Status.HEALTHY
    with serving(Silent, port):
        silent = watch.round(now + _ROUND, "probe:mail")
        assert (silent.status, silent.what) == (Status.CRITICAL, "no answer within 0.3 s")
        # What does not hang on it is judged as ever.
        assert watch.round(now + _ROUND, "disk").checked_at >= now + _ROUND
    with serving(Mail, port):
        assert watch.round(now + 2 * _ROUND, "probe:mail").status is Status.HEALTHY
    # A file that is wrong changes nothing but what is said of it.
    rules.write_text("[probes.mail]\nkind = 'ping'\n")
    told = watch.round(now + 3 * _ROUND, "watchman")
    assert (told.status, "no such kind of probe" in told.what) == (Status.WARNING, True)
    rules.write_text("")
    assert watch.round(now + 4 * _ROUND, "watchman").status is Status.HEALTHY
    with watch.post.journal.read() as connection:
        assert "probe:mail" not in {one.name for one in components.listed(connection)}
    watch.post.close()
