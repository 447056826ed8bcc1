"""On the sample shop: an ordinary hour fires nothing, a fault fires what it should, once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.alerts.conftest import NOW
from tests.shop import Shop, utc_text
from tests.stored import keep
from vcanalytics.alerts.evaluation import Evaluation
from vcanalytics.alerts.moment import Moment, Told
from vcanalytics.alerts.rules import read_rules
from vcanalytics.analytics.engine import Engine
from vcanalytics.errors import SettingError
from vcanalytics.journal import Journal, alert_events, alerts, rule_states
from vcanalytics.journal.alert_records import Alert
from vcanalytics.rules_file import RulesFile
from vcanalytics.settings import Settings
from vcanalytics.store import Catalogue, Reader

STREAMS = ("transactions", "disputes", "mails", "requests")


class Watched:
    """A shop, the store it is read into, and the rules that are evaluated over it."""

    def __init__(self, folder: Path, engine: Engine, rules_file: Path | None = None) -> None:
        path = folder / "vectorcraft.db"
        self.shop = Shop(path, sqlite3.connect(path, isolation_level=None))
        self.settings = Settings(data_dir=folder / "data")
        self.engine = engine
        self.rules_file = rules_file
        self.folder = folder
        self.now = NOW
        self.open()

    def open(self) -> None:
        self.catalogue = Catalogue.open(self.folder / "data")
        self.reader = Reader(self.catalogue)
        self.journal = Journal.open(self.folder / "data")
        self.evaluation = Evaluation(self.rules_file, self.journal)

    def close(self) -> None:
        self.catalogue.close()
        self.journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()
        self.shop.close()

    def round(self, after: timedelta = timedelta(seconds=30), *, read: bool = True) -> list[str]:
        """One round of the watchman; what is to be told by it, as ``rule kind``."""
        self.now += after
        with self.catalogue.write(self.now, durable=False) as writer:
            for stream in STREAMS if read else ():
                state = self.catalogue.states()[stream]
                writer.note_read(stream, self.now, done=state.done, total=state.total)
        with self.journal.read() as connection:
            seen = alert_events.newest(connection)
        self.evaluation.evaluate(
            Moment(
                self.engine,
                self.reader.snapshot(),
                self.now,
                Told.of(self.settings),
                self.journal.read,
                self.evaluation.kept,
            )
        )
        with self.journal.read() as connection:
            events = alert_events.after(connection, seen)
        return [f"{one.detail['rule']} {one.kind}" for one in events if one.announce]

    def read(self) -> None:
        keep(self.shop.path, self.catalogue, self.now)

    def firing(self) -> list[Alert]:
        with self.journal.read() as connection:
            return alerts.firing(connection)

    def told(self, name: str) -> dict[str, object]:
        with self.journal.read() as connection:
            found = rule_states.told(connection, name)
        assert found is not None
        return dict(found[1])


def selling(shop: Shop, since: datetime, count: int) -> None:
    """A payment every 25 s from then on, all of them well."""
    with shop.batch():
        for i in range(count):
            moment = utc_text(since + timedelta(seconds=25 * i))
            shop.transaction(f"VC_SOLD_{i}", created_at=moment)
            shop.complete(f"VC_SOLD_{i}", completed_at=moment)


def only(folder: Path, *names: str) -> Path:
    """A file of rules in which the others are switched off: what is not looked at costs nothing."""
    path = folder / "rules.toml"
    others = read_rules(RulesFile.read()).by_name.keys() - set(names)
    path.write_text("".join(f"[rules.{name}]\nenabled = false\n" for name in sorted(others)))
    return path


@pytest.fixture
def watched(folder: Path, engine: Engine) -> Iterator[Watched]:
    with Watched(folder, engine) as opened:
        yield opened


def failing(shop: Shop, at: datetime, count: int) -> None:
    with shop.batch():
        for i in range(count):
            moment = at - timedelta(seconds=i * 9)
            shop.transaction(
                f"VC_BURST_{i}",
                created_at=utc_text(moment),
                status="failed",
                error_message="PayPal capture failed",
            )


def test_a_burst_of_failures_is_told_in_the_next_round_and_its_end_once(
    folder: Path, engine: Engine
) -> None:
    rules = folder / "rules.toml"
    rules.write_text("# The built-in ones, all of them.\n")
    with Watched(folder, engine, rules) as watched:
        noticed(watched)


def noticed(watched: Watched) -> None:
    assert watched.round() == []
    failing(watched.shop, watched.now, 12)
    watched.read()
    assert watched.round(timedelta(seconds=10)) == ["failure_rate fired"]
    (alert,) = watched.firing()
    assert (alert.unit, alert.severity) == ("%", "critical")
    assert alert.detail["what"].startswith("92.3 %, the limit is ")
    assert "; 12 failed of 13 payments; usually 13." in alert.detail["what"]
    assert watched.round(timedelta(seconds=40)) == []
    only(watched.folder, "failure_rate")
    selling(watched.shop, watched.now, 60)
    watched.read()
    seen = [told for _ in range(32) for told in watched.round(timedelta(seconds=40))]
    assert seen == ["failure_rate resolved"]
    assert watched.firing() == []


def test_a_busy_shop_is_told_by_the_last_minute(folder: Path, engine: Engine) -> None:
    with Watched(folder, engine, only(folder, "failure_rate")) as watched:
        watched.round()
        with watched.shop.batch():
            # Twenty a minute: of five minutes' a hundred, the last thirteen fail.
            for i in range(100):
                begun = utc_text(watched.now - timedelta(seconds=3 * i + 1))
                watched.shop.transaction(f"VC_BUSY_{i}", created_at=begun)
                if i < 13:
                    watched.shop.update(f"VC_BUSY_{i}", status="failed")
                else:
                    watched.shop.complete(f"VC_BUSY_{i}", completed_at=begun)
        watched.read()
        assert watched.round(timedelta(seconds=10)) == ["failure_rate fired"]
        (alert,) = watched.firing()
        assert "; 13 failed of 1" in str(alert.detail["what"])


def test_a_small_shop_is_told_by_the_last_half_hour(folder: Path, engine: Engine) -> None:
    with Watched(folder, engine, only(folder, "failure_rate")) as watched:
        watched.round()
        with watched.shop.batch():
            for i in range(10):
                # A payment in three minutes: never five in five.
                begun = watched.now - timedelta(minutes=3 * i)
                watched.shop.transaction(
                    f"VC_SLOW_{i}", created_at=utc_text(begun), status="failed"
                )
        watched.read()
        assert watched.round() == ["failure_rate fired"]
        (alert,) = watched.firing()
        assert " 10 failed of 1" in str(alert.detail["what"])


def test_customers_who_paid_and_were_not_served_are_told_with_their_money(
    folder: Path, engine: Engine
) -> None:
    with Watched(folder, engine, only(folder, "paid_not_mailed", "paid_no_account")) as watched:
        unserved(watched)


def unserved(watched: Watched) -> None:
    watched.round()
    with watched.shop.batch():
        for i in range(6):
            begun = watched.now - timedelta(minutes=10, seconds=i)
            watched.shop.transaction(f"VC_UNSERVED_{i}", created_at=utc_text(begun))
            watched.shop.complete(
                f"VC_UNSERVED_{i}",
                completed_at=utc_text(begun),
                amount=49.0,
                email_sent=0,
                user_created=int(i > 2),
            )
    watched.read()
    told = [one for _ in range(3) for one in watched.round(timedelta(seconds=10))]
    assert sorted(told) == ["paid_no_account fired", "paid_not_mailed fired"]
    notes = {one.rule: str(one.detail["what"]) for one in watched.firing()}
    assert notes["paid_not_mailed"].endswith("; 294.00 USD")
    assert notes["paid_no_account"].endswith("; 147.00 USD")
    # Serving them ends it.
    for i in range(6):
        watched.shop.update(f"VC_UNSERVED_{i}", email_sent=1, user_created=1)
    watched.read()
    told = [one for _ in range(9) for one in watched.round(timedelta(seconds=40))]
    assert sorted(told) == ["paid_no_account resolved", "paid_not_mailed resolved"]


def test_a_source_that_is_not_read_is_told_and_hides_nothing_else(watched: Watched) -> None:
    watched.round()
    told = [one for _ in range(6) for one in watched.round(timedelta(seconds=10), read=False)]
    assert set(told) == {"stream_late fired"}
    assert len(told) == len(STREAMS)
    back = [one for _ in range(3) for one in watched.round(timedelta(seconds=20))]
    assert back == ["stream_late resolved"] * len(STREAMS)


def test_a_restart_and_a_clock_that_is_set_tell_nothing_again(folder: Path, engine: Engine) -> None:
    rules = only(folder, "failure_rate", "takings_down", "cpu")
    with Watched(folder, engine, rules) as watched:
        restarted(watched)


def restarted(watched: Watched) -> None:
    watched.round()
    failing(watched.shop, watched.now, 12)
    watched.read()
    assert watched.round(timedelta(seconds=10)) == ["failure_rate fired"]
    watched.close()
    watched.open()
    assert watched.round(timedelta(seconds=10)) == []
    assert watched.round(timedelta(hours=3), read=False) == []
    assert watched.round(-timedelta(hours=3), read=False) == []
    assert [one.rule for one in watched.firing()] == ["failure_rate"]


def test_a_file_that_went_wrong_leaves_the_rules_and_says_so(
    folder: Path, engine: Engine, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text('[rules.failure_rate]\nat_least = "99 %"\n')
    with Watched(folder, engine, rules) as watched:
        assert watched.round() == []
        assert watched.told(rule_states.RULES)["problem"] is None
        rules.write_text('[rules.failure_rate]\nat_least = "99 ms"\n')
        assert watched.round() == []
        told = watched.told(rule_states.RULES)
        assert told["problem"] == (
            f"{rules}:2: at_least: failure_share is measured in '%', not in 'ms'"
        )
        assert told["refused_at"] == watched.now.isoformat()
        assert watched.evaluation.rules.by_name["failure_rate"].limit == 99.0
        failing(watched.shop, watched.now, 12)
        watched.read()
        rules.write_text('[rules.failure_rate]\nat_least = "50 %"\n# now right\n')
        assert watched.round() == ["failure_rate fired"]
        assert watched.told(rule_states.RULES)["problem"] is None
        # A rule that is switched off has no alerts.
        rules.write_text("[rules.failure_rate]\nenabled = false\n")
        assert watched.round() == ["failure_rate resolved"]
        assert watched.firing() == []
    rules.write_text("[rules.cpu]\nabov = 3\n")
    with pytest.raises(SettingError, match=r"rules.toml:2: there is no such key"):
        Evaluation(rules, watched.journal)


def test_a_rule_that_cannot_be_answered_stays_as_it_is_and_says_why(watched: Watched) -> None:
    watched.round()
    # Its one place is taken: every question waits in vain.
    hasty = Engine(0.001, concurrent_max=1)
    hasty._slots.acquire()
    watched.engine, patient = hasty, watched.engine
    assert watched.round() == []
    unanswered = watched.told(rule_states.UNANSWERED)
    assert "stopped after" in str(unanswered["failure_rate"])
    watched.engine = patient
    assert watched.round() == []
    assert watched.told(rule_states.UNANSWERED) == {}
    hasty.close()
