"""An alert comes up while somebody looks; they open it, take it up and silence its rule."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.served import Served, Tab, profile, serving, session
from vcanalytics.accounts import Role
from vcanalytics.journal import Journal, alert_events, alert_writing, alerts, silences
from vcanalytics.journal.alert_records import EventKind, Firing, Severity

pytestmark = pytest.mark.browser

#: Well below the minute after which a page is drawn anew by itself.
SOON_MS = 10_000
QUIET: Any = {"source_url": "sqlite:////nowhere.db", "collectors": "external", "watchman": "off"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("alerts") / "data"
    Journal.open(folder).close()
    with serving(folder, **QUIET) as running:
        yield running


def fire(data_dir: Path) -> int:
    """What the watchman writes when more payments fail than may."""
    now = datetime.now(UTC)
    told = Firing(
        rule="payment-failures",
        series="",
        severity=Severity.CRITICAL,
        title="Payments fail",
        no_data=False,
        started_at=now - timedelta(minutes=2),
        value=42.0,
        threshold=10.0,
        unit="%",
        detail={
            "what": "5 of 12 payments of the last 5 minutes failed, 3 times their 7-day share",
            "runbook": "Look at PayPal's status page, then at the error messages of the payments.",
            "page": "/transactions?status=failed",
        },
    )
    with closing(Journal.open(data_dir)) as journal, journal.write() as connection:
        number = alert_writing.opened(connection, now, told)
        alert_events.note(connection, now, EventKind.FIRED, alert=number)
    return number


def test_an_alert_comes_up_is_taken_and_its_rule_silenced_for_an_hour(
    browser: Browser, served: Served
) -> None:
    with profile(browser, viewport={"width": 1440, "height": 900}) as own:
        served.sign_in(own, session(served.data_dir, "asha", Role.OPERATOR))
        visit = Tab(served, own.new_page())
        visit.open("alerts")
        visit.see("Nothing is firing.")

        number = fire(served.data_dir)
        expect(visit.page.get_by_text("1, the worst first")).to_be_visible(timeout=SOON_MS)
        # What is drawn no more stands until all is drawn.
        expect(visit.page.get_by_text("Nothing is firing.")).to_be_hidden(timeout=SOON_MS)

        visit.open("alerts", alert=str(number))
        visit.see("5 of 12 payments of the last 5 minutes failed")
        visit.page.get_by_role("button", name="Acknowledge").click()
        visit.see("Taken by asha")
        visit.page.get_by_role("button", name="Silence this rule").click()
        visit.see("Silenced for 1 hour")
        visit.drawn()

        with closing(Journal.open(served.data_dir)) as journal, journal.read() as connection:
            found = alerts.find(connection, number)
            (silence,) = silences.standing(connection, datetime.now(UTC))
        assert found is not None
        assert found.acknowledged_by == silence.by == "asha"
        assert (silence.rule, silence.series) == ("payment-failures", None)
        assert silence.ends_at - silence.starts_at <= timedelta(hours=1)
        visit.assert_well()
