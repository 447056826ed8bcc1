"""The daemon of cases: a case for every finding there is to work on, closed when it is gone."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from collectors.watch.cases import ROUND_S, Cases
from collectors.watch.post import Post
from tests.collectors.rig import NOW, Console
from tests.shop import make_shop
from vcanalytics.journal import cases
from vcanalytics.journal.case_records import Case, CaseState
from vcanalytics.store.held import Damage


def kept(post: Post) -> dict[tuple[str, str], Case]:
    with post.journal.read() as connection:
        return {(one.key.finding, one.key.transaction_id): one for one in cases.every(connection)}


def test_a_case_opens_after_the_grace_and_closes_with_its_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with make_shop(tmp_path / "shop.db") as shop:
        paid = {"status": "completed", "created_at": NOW, "completed_at": NOW}
        shop.transaction("VC_1", **paid, user_created=1, email_sent=0)
        shop.transaction("VC_2", **paid, user_created=1, email_sent=1)
        shop.transaction("TEST_3", **paid, user_created=0, email_sent=0)
        shop.transaction("VC_4", status="pending", created_at=NOW)
        console = Console(tmp_path / "data", shop.url)
        console.once()
        post = Post.open(console.settings)
        with closing(post), closing(post.engine):
            daemon = Cases(post, clock=lambda: 0.0)
            daemon.initialise()
            grace = timedelta(minutes=console.settings.grace_minutes)
            assert daemon.loop(NOW + grace) == ROUND_S
            assert kept(post) == {}
            daemon.loop(NOW + grace + timedelta(seconds=1))
            assert {key: one.state for key, one in kept(post).items()} == {
                ("paid_not_mailed", "VC_1"): CaseState.OPEN
            }

            shop.update("VC_1", email_sent=1)
            console.once()
            reader, snapshot = post.reader, post.reader.snapshot()
            damage = Damage("transactions", "file", 9, None, None, "gone")
            with monkeypatch.context() as hurt:
                hurt.setattr(
                    type(reader), "snapshot", lambda _self: replace(snapshot, damage=(damage,))
                )
                daemon.loop(NOW + timedelta(hours=1))
            with console.catalogue.write(NOW, durable=False) as writer:
                writer.note_read("transactions", NOW, done=1, total=4)
            daemon.loop(NOW + timedelta(hours=1))
            with console.catalogue.write(NOW, durable=False) as writer:
                writer.note_read("transactions", NOW, done=4, total=4)
            # What cannot be read, or is half read, is no reason to close anything.
            assert kept(post)["paid_not_mailed", "VC_1"].state is CaseState.OPEN
            daemon.loop(NOW + timedelta(hours=1))
            closed = kept(post)["paid_not_mailed", "VC_1"]
            assert (closed.state, closed.closed_by) == (CaseState.DONE, None)
            daemon.shutdown()
