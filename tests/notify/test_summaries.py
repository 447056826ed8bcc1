"""Summaries: what they say, from real figures, and that each comes once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from tests.notify.night import Night, plan_of
from tests.notify.receivers import Web
from tests.shop import make_shop
from tests.stored import keep
from vcanalytics.analytics.engine import Engine
from vcanalytics.journal import Journal
from vcanalytics.journal.component_tables import component_day
from vcanalytics.journal.delivery_records import State
from vcanalytics.notify import wording
from vcanalytics.notify.figures import Figures
from vcanalytics.notify.summaries import Due, span_of, summary
from vcanalytics.settings import Settings
from vcanalytics.store import Catalogue, Reader

MORNING = datetime(2026, 11, 27, 7, 0, tzinfo=UTC)
SETTINGS = Settings(public_url="https://console.example")

DAILY = """\
Thursday, 26 November 2026.

Takings
  Net: $147.00, +50.0 % against the day before, +200.0 % against that day last week
  Gross: $196.00
  Refunds: $49.00

Payments
  Attempts: 5 (the day before: 2)
  Captured: 4 (the day before: 2)
  Failed: 1 (the day before: 0)
  Success rate: 80.0 % (-20.0 points against the day before)

Open work
  Paid, no mail sent: 1

Alerts
  Fired: 1 critical, 2 warning
  Firing now: 1 critical, 2 warning

Uptime
  source: 87.50 %, down for 3 h 0 min
  vectorcraft:paypal_api: 100.00 %, no data for 40 min
  And 1 component more, each better.

With charts, to print
  https://console.example/admin/report/day.pdf?date=2026-11-26&zone=UTC

https://console.example/
"""


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Figures]:
    """A shop of some days, read into a store, with a journal beside it."""
    folder = tmp_path_factory.mktemp("summary")
    days = {"2026-11-19": 1, "2026-11-25": 2, "2026-11-26": 4}
    with make_shop(folder / "shop.db") as shop:
        with shop.batch():
            for day, number in days.items():
                for one in range(number):
                    name = f"VC_{day}_{one}"
                    shop.transaction(name, created_at=f"{day} 10:0{one}:00")
                    shop.complete(
                        name,
                        completed_at=f"{day} 10:0{one}:30",
                        email_sent=int(name[-4:] != "26_0"),
                    )
            shop.transaction("VC_x", status="failed", created_at="2026-11-26 11:00:00")
            shop.refund("VC_2026-11-25_0", case_id="D1", resolved_at="2026-11-26 12:00:00")
        catalogue = Catalogue.open(folder / "data")
        keep(shop.path, catalogue, MORNING)
    journal = Journal.open(folder / "data")
    night = Night(journal, plan_of(folder, ""), now=datetime(2026, 11, 26, 3, tzinfo=UTC))
    night.fire("failures")
    night.fire("disk", severity="warning")
    night.fire("late", severity="warning")
    hours: dict[str, tuple[float, ...]] = {"source": (18, 3, 3, 0), "disk": (24, 0, 0, 0)}
    hours["vectorcraft:paypal_api"] = (20, 0, 0, 2 / 3)
    with journal.write() as connection:
        for name, (healthy, warning, critical, unknown) in hours.items():
            connection.execute(
                insert(component_day).values(
                    component=name,
                    day=date(2026, 11, 26),
                    healthy_s=healthy * 3600,
                    warning_s=warning * 3600,
                    critical_s=critical * 3600,
                    unknown_s=unknown * 3600,
                )
            )
    with closing(Engine(60.0, threads=2)) as engine, closing(journal), closing(catalogue):
        yield Figures(engine, Reader(catalogue), journal, SETTINGS)


def text_of(figures: Figures, due: Due) -> str:
    span = span_of(due, SETTINGS.zone, "monday")
    parts = figures.sections(span, MORNING)
    message = summary(
        due, span, parts, zone=SETTINGS.zone, now=MORNING, public_url=SETTINGS.public_url
    )
    return wording.text(message)


def test_a_daily_summary_to_the_letter(figures: Figures) -> None:
    assert text_of(figures, Due("daily", date(2026, 11, 27))) == DAILY


def test_a_weekly_summary_covers_the_last_whole_week(figures: Figures) -> None:
    said = text_of(figures, Due("weekly", date(2026, 11, 27)))
    assert said.startswith("Monday, 16 November 2026 to Sunday, 22 November 2026.\n")
    assert "  Net: $49.00\n" in said
    assert "Attempts: 1 (the week before: 0)" in said
    assert "/admin/report/week.pdf?date=2026-11-16&zone=UTC\n" in said


def test_what_cannot_be_answered_says_so_and_the_rest_comes(figures: Figures) -> None:
    with closing(Engine(0.000001)) as hasty:
        slow = Figures(hasty, figures.reader, figures.journal, SETTINGS)
        said = text_of(slow, Due("daily", date(2026, 11, 27)))
    assert "Takings and payments: not known" in said
    assert "Fired: 1 critical, 2 warning" in said


SUMMARIES = """
[channels.team]
type = "webhook"
url = "{url}"
allow_private = true
[summaries]
channels = ["team"]
daily_at = "02:30"
weekly_at = "08:00"
weekly_on = "monday"
"""


@pytest.fixture
def night(journal: Journal, web: Web, tmp_path: Path) -> Night:
    plan = plan_of(tmp_path, SUMMARIES.format(url=web.url()))
    settings = Settings(timezone="Europe/Berlin", public_url="https://console.example")
    return Night(journal, plan, settings=settings)


def days_of(night: Night) -> list[str]:
    return [
        span.start.astimezone(night.settings.zone).date().isoformat()
        for span in night.sections.asked
    ]


@pytest.mark.parametrize(
    ("first", "days"),
    [
        # Clocks go forward: 02:30 does not exist on the 29th. They go back: it exists twice.
        ("2026-03-28T00:00:00+00:00", ["2026-03-27", "2026-03-28", "2026-03-29"]),
        ("2026-10-23T23:00:00+00:00", ["2026-10-23", "2026-10-24", "2026-10-25"]),
    ],
)
def test_each_day_is_summed_up_once_across_restarts_and_changes_of_the_clocks(
    night: Night, web: Web, first: str, days: list[str]
) -> None:
    summaries = night.plan.summaries
    assert summaries is not None
    daily = summaries.model_copy(update={"weekly_at": None})
    night.plan = replace(night.plan, summaries=daily)
    night.now = datetime.fromisoformat(first)
    for half_hour in range(102):
        if half_hour % 7 == 0:
            night.start_anew()
        night.go(1800)
    assert days_of(night) == days
    assert [one.state for one in night.deliveries()] == [State.SENT] * 3
    assert {call.json["kind"] for call in web.calls} == {"summary"}


def test_what_came_due_while_nothing_ran_comes_once_the_newest_alone(night: Night) -> None:
    night.go()
    assert night.sections.asked == []
    night.now += timedelta(days=5)
    night.start_anew()
    night.go()
    night.go(10, rounds=3)
    # Of five days the last one, and the week.
    assert sorted(days_of(night)) == ["2026-11-23", "2026-12-01"]
    # A clock that is set back brings nothing once more.
    night.now -= timedelta(days=2)
    night.start_anew()
    night.go(10, rounds=3)
    assert len(night.sections.asked) == 2
