"""The daemon that tells people: its file followed, and what it takes for alive."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collectors.watch.notify import Notify, standing_still
from collectors.watch.post import Post
from tests.collectors.rig import eventually
from tests.notify.night import Night
from tests.notify.receivers import Web, web_server
from vcanalytics.errors import SettingError
from vcanalytics.notify.plan import Plan
from vcanalytics.settings import Settings
from vcanalytics.store import Catalogue
from vcanalytics.store.facts import DAEMONS, SUPERVISOR, WATCHMAN_DAEMONS

NOW = datetime(2026, 11, 27, 2, 10, tzinfo=UTC)


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as opened:
        yield opened


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    rules = tmp_path / "rules.toml"
    rules.write_text("")
    opened = Post.open(
        Settings(
            data_dir=tmp_path, source_url=f"sqlite:///{tmp_path / 'shop.db'}", rules_file=rules
        )
    )
    with closing(opened), closing(opened.engine):
        yield opened


def test_a_channel_that_is_added_is_used_and_a_mistake_leaves_it(
    post: Post, web: Web, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rules = tmp_path / "rules.toml"
    notify = Notify(post)
    notify.initialise()
    assert notify.loop(NOW) == 1.0
    rules.write_text(
        f'[channels.team]\ntype = "slack"\nurl = "{web.url()}"\nallow_private = true\n'
        "[routes]\ngroup_wait_s = 0\n"
    )
    notify.loop(NOW)
    with caplog.at_level(logging.WARNING):
        rules.write_text('[channels.team]\ntype = "pigeon"\n# and more\n')
        notify.loop(NOW)
        notify.loop(NOW)
    assert len(caplog.messages) == 1
    assert "rules.toml:2: there is no type 'pigeon' of channels" in caplog.messages[0]

    night = Night(post.journal, Plan(), now=NOW)
    night.fire()
    notify.loop(NOW + timedelta(seconds=1))
    notify.loop(NOW + timedelta(seconds=2))
    eventually(lambda: web.calls, "the message is there")
    assert web.calls[0].json["text"] == "Critical: Failures"
    eventually(lambda: night.deliveries()[0].sent_at, "it is noted")
    notify.shutdown()


def test_a_file_that_is_wrong_at_the_start_is_refused(post: Post, tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text('[channels.team]\ntype = "pigeon"\n')
    with pytest.raises(SettingError, match=r"rules\.toml:2"):
        Notify(post)


@pytest.mark.parametrize(
    ("changed", "still"),
    [
        ({}, None),
        ({SUPERVISOR: {"beat_at": (NOW - timedelta(seconds=31)).isoformat()}}, "collectors"),
        ({SUPERVISOR: None}, "the collectors are silent"),
        ({DAEMONS: {"upkeep": {"state": "stopped"}}}, "the collector upkeep has stopped"),
        # Its source is gone: there are alerts for that.
        ({DAEMONS: {"vectorcraft": {"state": "waiting"}}}, None),
        (
            {WATCHMAN_DAEMONS: {"health": {"beat_at": (NOW - timedelta(minutes=4)).isoformat()}}},
            "the watchman's health stands still",
        ),
        ({WATCHMAN_DAEMONS: {"health": {"beat_at": None}}}, "the watchman's health stands still"),
    ],
)
def test_what_counts_as_alive(tmp_path: Path, changed: dict[str, Any], still: str | None) -> None:
    facts: dict[str, Any] = {
        SUPERVISOR: {"beat_at": (NOW - timedelta(seconds=4)).isoformat()},
        DAEMONS: {"upkeep": {"state": "running"}},
        WATCHMAN_DAEMONS: {"health": {"beat_at": (NOW - timedelta(seconds=40)).isoformat()}},
    }
    with closing(Catalogue.open(tmp_path)) as catalogue:
        with catalogue.write(NOW) as writer:
            for name, fact in (facts | changed).items():
                writer.set_fact(name, fact)
        found = standing_still(catalogue, NOW, NOW - timedelta(hours=1))
        # A watchman that was started just now has had no time to beat.
        fresh = standing_still(catalogue, NOW, NOW)
    assert (found is None) == (still is None)
    assert (still or "") in (found or "")
    assert (fresh is None) == (WATCHMAN_DAEMONS in changed or still is None)
