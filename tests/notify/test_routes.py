"""Who is told when: severities, quiet hours right across changes of the clocks, escalation."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.notify.night import NOON, Night, plan_of
from tests.notify.receivers import Web
from vcanalytics.journal import Journal, alerts, silences
from vcanalytics.journal.delivery_records import State
from vcanalytics.notify.hours import day_before, last_due, quiet_until, week_before
from vcanalytics.notify.plan import QuietHours
from vcanalytics.settings import Settings

BERLIN = ZoneInfo("Europe/Berlin")
ROUTES = """
[routes]
critical = ["team", "boss"]
warning = ["team"]
group_wait_s = 0
[routes.escalation]
after_minutes = 15
channels = ["phone"]
[quiet_hours]
from = "22:00"
to = "07:00"
"""


@pytest.fixture
def night(journal: Journal, web: Web, tmp_path: Path) -> Night:
    channels = "".join(
        f'[channels.{name}]\ntype = "webhook"\nurl = "{web.url("/" + name)}"\n'
        "allow_private = true\nrate_per_minute = 60\n"
        for name in ("team", "boss", "phone")
    )
    settings = Settings(timezone="Europe/Berlin", public_url="https://console.example")
    return Night(journal, plan_of(tmp_path, channels + ROUTES), settings=settings)


def said(web: Web) -> list[tuple[str, str]]:
    return [(call.path.strip("/"), call.json["subject"]) for call in web.calls]


def test_each_severity_has_its_channels_and_ends_are_told_where_beginnings_were(
    night: Night, web: Web
) -> None:
    night.fire("a", severity="info")
    number = night.fire("b", severity="warning")
    night.fire("c")
    night.go(1, rounds=3)
    assert sorted(said(web)) == [
        ("boss", "Critical: C"),
        ("team", "Critical: C"),
        ("team", "Warning: B"),
    ]
    night.resolve(number, "b", "warning")
    night.go(1, rounds=3)
    assert said(web)[3:] == [("team", "Resolved: B")]


def test_at_night_critical_passes_and_the_rest_comes_in_the_morning_as_one(
    night: Night, web: Web
) -> None:
    night.now = datetime(2026, 11, 27, 23, 30, tzinfo=UTC)  # 00:30 in Berlin
    first = night.fire("disk", severity="warning")
    night.fire("late", severity="warning")
    night.fire("failures")
    night.go(1, rounds=3)
    assert sorted(said(web)) == [("boss", "Critical: Failures"), ("team", "Critical: Failures")]
    night.resolve(first, "disk", "warning")
    night.fire("slow", severity="warning")
    # Also across a restart.
    night.start_anew()
    night.go(6 * 3600)
    assert len(web.calls) == 2 + 1  # nobody took the critical one up: the phone rang
    night.now = datetime(2026, 11, 28, 6, 0, 1, tzinfo=UTC)  # 07:00:01
    night.go()
    assert said(web)[3:] == [("team", "3 alerts (2 warning, 1 resolved): Late and 2 more")]
    night.go(1, rounds=3)
    assert len(web.calls) == 4


def test_nobody_takes_it_up_and_another_channel_is_told_once(night: Night, web: Web) -> None:
    number = night.fire()
    night.go(1, rounds=2)
    night.go(15 * 60 - 10)
    assert [name for name, _ in said(web)] == ["boss", "team"]
    night.go(10, rounds=2)
    assert said(web)[2:] == [("phone", "Nobody has taken it up: Failures")]
    night.start_anew()
    night.go(3600, rounds=3)
    assert len(web.calls) == 3
    night.resolve(number)
    night.go(1, rounds=3)
    assert sorted(name for name, _ in said(web)[3:]) == ["boss", "phone", "team"]


def test_what_is_acknowledged_or_silenced_does_not_escalate(night: Night, web: Web) -> None:
    taken = night.fire("a")
    night.fire("b")
    night.fire("w", severity="warning")
    night.go(1, rounds=2)
    with night.journal.write() as connection:
        alerts.acknowledge(connection, taken, night.now, by="anna")
        silences.begin(
            connection,
            night.now,
            rule="b",
            series=None,
            ends_at=night.now + timedelta(hours=1),
            by="anna",
        )
    night.go(30 * 60)
    night.go(1, rounds=3)
    assert "phone" not in {name for name, _ in said(web)}
    # The silence ends, and still nobody has taken it up.
    night.go(31 * 60)
    night.go(1, rounds=3)
    assert [one for one in said(web) if one[0] == "phone"] == [
        ("phone", "Nobody has taken it up: B")
    ]


def test_without_channels_events_are_taken_and_not_kept_for_later(
    night: Night, web: Web, tmp_path: Path
) -> None:
    whole, night.plan = night.plan, plan_of(tmp_path, "")
    night.fire()
    night.go()
    night.plan = whole
    night.go(1, rounds=3)
    assert web.calls == []
    assert night.deliveries(State.WAITING) == []


@pytest.mark.parametrize(
    ("now", "until"),
    [
        # Local times of Berlin, quiet from 22:00 to 07:00.
        ("2026-11-27T21:59:59", None),
        ("2026-11-27T22:00:00", "2026-11-28T07:00:00"),
        ("2026-11-28T06:59:59", "2026-11-28T07:00:00"),
        ("2026-11-28T07:00:00", None),
        # The night in which clocks go forward is an hour shorter, the one back an hour longer.
        ("2026-03-28T23:00:00", "2026-03-29T07:00:00"),
        ("2026-10-24T23:00:00", "2026-10-25T07:00:00"),
    ],
)
def test_quiet_hours_end_by_the_wall_clock(now: str, until: str | None) -> None:
    quiet = QuietHours.model_validate({"from": "22:00", "to": "07:00"})
    moment = datetime.fromisoformat(now).replace(tzinfo=BERLIN).astimezone(UTC)
    ends = quiet_until(moment, quiet, BERLIN)
    wanted = None if until is None else datetime.fromisoformat(until).replace(tzinfo=BERLIN)
    assert ends == (None if wanted is None else wanted.astimezone(UTC))


def test_quiet_hours_that_end_in_a_repeated_or_a_missing_hour() -> None:
    quiet = QuietHours.model_validate({"from": "01:00", "to": "02:30"})
    repeated = datetime(2026, 10, 25, 2, 10, tzinfo=BERLIN, fold=1).astimezone(UTC)
    assert quiet_until(repeated, quiet, BERLIN) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    before_gap = datetime(2026, 3, 29, 1, 30, tzinfo=BERLIN).astimezone(UTC)
    assert quiet_until(before_gap, quiet, BERLIN) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    daytime = QuietHours.model_validate({"from": "12:00", "to": "13:00"})
    assert quiet_until(NOON, daytime, ZoneInfo("UTC")) == NOON + timedelta(hours=1)


def test_the_time_of_a_summary_comes_once_a_day_whatever_the_clocks_do() -> None:
    at = time(2, 30)
    for begin in (datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 10, 23, tzinfo=UTC)):
        days = [last_due(begin + timedelta(minutes=5 * n), at, BERLIN) for n in range(5 * 288)]
        # Each day once, none left out, never back.
        steps = {after - before for before, after in pairwise(days)}
        assert steps == {timedelta(0), timedelta(days=1)}
        assert (days[-1] - days[0]).days == 5
    assert last_due(NOON, time(8), BERLIN, 4).isoformat() == "2026-11-27"  # a Friday
    assert last_due(NOON, time(14), BERLIN, 4).isoformat() == "2026-11-20"


def test_what_summaries_cover() -> None:
    day = day_before(last_due(NOON, time(8), BERLIN), BERLIN)
    assert (day.start, day.end) == (
        datetime(2026, 11, 25, 23, tzinfo=UTC),
        datetime(2026, 11, 26, 23, tzinfo=UTC),
    )
    assert [(name, start.astimezone(BERLIN).day) for name, start, _ in day.compared] == [
        ("the day before", 25),
        ("that day last week", 19),
    ]
    week = week_before(last_due(NOON, time(8), BERLIN), BERLIN, "monday")
    assert (week.start.astimezone(BERLIN).date().isoformat(), (week.end - week.start).days) == (
        "2026-11-16",
        7,
    )
