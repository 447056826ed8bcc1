"""The commands about notifications, with a real receiver."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.commands.asked import NOW, Store
from tests.notify.receivers import Web, web_server
from vcanalytics.journal import Journal, deliveries
from vcanalytics.journal.delivery_records import New


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as opened:
        yield opened


@pytest.fixture
def told(store: Store, web: Web, tmp_path: Path) -> Store:
    """A store whose rules file has one channel."""
    rules = tmp_path / "rules.toml"
    rules.write_text(
        f'[channels.team]\ntype = "slack"\nurl = "{web.url()}"\nallow_private = true\n'
    )
    store.env["VC_RULES_FILE"] = str(rules)
    store.url = f"sqlite:///{tmp_path / 'shop.db'}"
    return store


def test_a_channel_is_tested_and_what_went_wrong_is_said(told: Store, web: Web) -> None:
    assert told.text("notify", "test", "team") == "A test was sent to team\n"
    assert web.calls[0].json["text"] == "Test of the channel team"
    web.answer(403, text="invalid_token")
    status, line = told.error("notify", "test", "team")
    assert status == 1
    assert line.startswith(
        f"team: the test did not go out: 127.0.0.1:{web.port}: answered 403: invalid_token."
    )
    assert told.csv("notify", "channels") == [
        {"channel": "team", "type": "slack", "sent": "1", "waiting": "0", "dead": "1"}
    ]
    assert [row["state"] for row in told.csv("notify", "sent")] == ["dead", "sent"]
    (dead,) = told.json("notify", "dead")
    assert dead["created_at"] == NOW.isoformat()
    assert told.text("notify", "retry", str(dead["id"])).startswith(f"Message {dead['id']} is")
    assert told.csv("notify", "dead") == []


def test_what_is_asked_wrongly(told: Store, tmp_path: Path) -> None:
    assert told.error("notify", "test", "pager") == (
        2,
        "there is no channel 'pager'. There are: team",
    )
    # Looking, and asking wrongly, made no file.
    assert told.csv("notify", "sent") == []
    assert not (told.data_dir / "journal.db").exists()
    status, line = told.error("notify", "retry", "7")
    assert (status, "no watchman's records yet" in line) == (1, True)
    (tmp_path / "rules.toml").write_text('[channels.team]\ntype = "pigeon"\n')
    status, line = told.error("notify", "channels")
    assert (status, "rules.toml:2: there is no type 'pigeon'" in line) == (2, True)


def test_a_message_that_was_not_given_up_is_not_tried_again(told: Store) -> None:
    with closing(Journal.open(told.data_dir)) as journal, journal.write() as connection:
        new = New("k", "team", "alert", "g", NOW)
        number = deliveries.add(connection, [new], NOW)["k"]
    status, line = told.error("notify", "retry", str(number))
    assert status == 2
    assert line.startswith(f"there is no message {number} in the dead-letter list.")
