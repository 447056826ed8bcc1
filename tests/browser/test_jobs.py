"""Operators' jobs, as they would do them: at a desk in the dark theme, on a phone in the light."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Download, Position, expect

from tests.browser.conftest import sell
from tests.browser.served import WITHIN_MS, Served, Tab, profile, serving, session, tab
from tests.pages.console import read_into
from tests.shop import Shop, make_shop, utc_text
from vcanalytics.accounts import Role
from vcanalytics.journal import (
    Journal,
    alert_events,
    alert_writing,
    alerts,
    case_following,
    cases,
    silences,
)
from vcanalytics.journal.alert_records import EventKind, Firing, Severity
from vcanalytics.journal.case_records import CaseState, Facts, Key

pytestmark = pytest.mark.browser

_PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 Safari"
_WAYS: Final[dict[str, dict[str, Any]]] = {
    "desk, dark": {"viewport": {"width": 1440, "height": 1000}, "color_scheme": "dark"},
    "phone, light": {
        "viewport": {"width": 390, "height": 844},
        "color_scheme": "light",
        "user_agent": _PHONE,
        "has_touch": True,
        "is_mobile": True,
    },
}
#: The middle of a table's first row, and of its box to tick, as the canvas draws them.
FIRST_ROW: Final[Position] = {"x": 18.0, "y": 46.0}
NOW = datetime.now(UTC).replace(microsecond=0)
YESTERDAY = datetime.combine(NOW.date() - timedelta(days=1), time(12), tzinfo=UTC)
LINA = "lina+<b>@home.example"
HERS = Key("paid_not_mailed", "VC_HERS")
PAID_AT = YESTERDAY - timedelta(hours=3)
#: Well below the minute after which a page is drawn anew by itself.
SOON_MS = 10_000
#: Has the page keep the keys that come as far as Streamlit's own listener.
HEARD = """() => {
  window.heard = []
  document.addEventListener("keydown", event => window.heard.push(event.key))
}"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Two days of a shop: payments stuck, failed alike, paid without an e-mail; a slow endpoint."""
    folder = tmp_path_factory.mktemp("jobs")
    with make_shop(folder / "shop.db") as shop, shop.batch():
        for number in range(6):
            sell(shop, f"VC_TODAY_{number}", NOW - timedelta(seconds=1 + number))
            sell(shop, f"VC_BEFORE_{number}", YESTERDAY - timedelta(minutes=number))
        for number in range(2):
            shop.transaction(
                f"VC_STUCK_{number}",
                created_at=utc_text(YESTERDAY + timedelta(minutes=number)),
                email=f"stuck{number}@shop.test",
            )
            shop.update(f"VC_STUCK_{number}", status="awaiting_payment")
        for number in range(3):
            sell(shop, f"VC_FAILED_{number}", YESTERDAY, status="failed")
        sell(shop, "VC_LINA", YESTERDAY - timedelta(hours=2), email=LINA)
        sell_without_mail(shop)
        for number in range(40):
            at = utc_text(NOW - timedelta(seconds=number))
            shop.metric(endpoint="quick", value=20.0 + number, timestamp=at)
            shop.metric(endpoint="vectorize_image", value=4_000.0 + number, timestamp=at)
    read_into(folder / "data", folder / "shop.db", NOW)
    Journal.open(folder / "data").close()
    url = f"sqlite:///{folder / 'shop.db'}"
    with serving(folder / "data", source_url=url, collectors="external") as running:
        yield running


def sell_without_mail(shop: Shop) -> None:
    paid = {"status": "completed", "created_at": PAID_AT, "completed_at": PAID_AT}
    money = {"amount": "149.00", "currency": "USD", "payer_email": "lena@home.example"}
    shop.transaction(
        HERS.transaction_id,
        **paid,
        email="Lena@Work.example",
        amount=149,
        user_created=1,
        email_sent=0,
        metadata=json.dumps(money),
    )
    shop.transaction("VC_OTHER", **paid, user_created=1, email_sent=0, email="o@x.y")


@pytest.fixture(scope="module", params=_WAYS)
def way(request: pytest.FixtureRequest, browser: Browser, served: Served) -> Iterator[Tab]:
    """A tab that a way's jobs share: what it has loaded once it keeps."""
    with profile(browser, **_WAYS[request.param]) as own, tab(own, served) as opened:
        yield opened


@pytest.fixture
def visit(way: Tab) -> Iterator[Tab]:
    yield way
    way.assert_well()
    way.leave()


#: A job that is tried at the desk alone.
at_the_desk = pytest.mark.parametrize("way", ["desk, dark"], indirect=True, scope="module")


@pytest.fixture
def asha(visit: Tab) -> Iterator[Tab]:
    """The same tab while an operator sits there."""
    served = visit.served
    served.sign_in(visit.page.context, session(served.data_dir, "asha", Role.OPERATOR))
    yield visit
    served.sign_in(visit.page.context)


def rows(download: Download, folder: Path) -> list[dict[str, str]]:
    download.save_as(folder / "table.csv")
    with (folder / "table.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_find_yesterdays_payments_stuck_in_awaiting_payment_and_export_them(
    visit: Tab, tmp_path: Path
) -> None:
    page = visit.page
    visit.open("transactions")
    page.get_by_test_id("stPopover").filter(has_text="Today").get_by_role("button").click()
    page.get_by_role("radio", name="Yesterday", exact=True).click()
    page.wait_for_url("**range=yesterday**")
    page.get_by_role("button", name="Awaiting 2").click()
    visit.see("1 to 2 of 2")
    visit.drawn()

    with page.expect_download() as taken:
        page.get_by_role("link", name="CSV").last.click()
    found = rows(taken.value, tmp_path)

    assert {row["transaction_id"] for row in found} == {"VC_STUCK_0", "VC_STUCK_1"}
    assert {row["status"] for row in found} == {"awaiting_payment"}
    day = YESTERDAY.date().isoformat()
    assert taken.value.suggested_filename.startswith(f"vectorcraft-transactions_{day}_")


def test_open_one_payment_by_its_customer_and_send_a_colleague_the_link(visit: Tab) -> None:
    page = visit.page
    visit.open("transactions", range="7d")
    search = page.get_by_label("Search", exact=True)
    search.fill("LINA+<b>@HOME")
    search.press("Enter")
    visit.see("1 to 1 of 1")
    visit.drawn()
    page.get_by_test_id("stDataFrame").first.click(position=FIRST_ROW)
    page.wait_for_url("**payment=VC_LINA**")
    # The timeline is a component of its own.
    expect(page.get_by_text("49.00 USD captured")).to_be_visible(timeout=WITHIN_MS)
    visit.drawn()

    colleague = page.url
    page.goto(colleague)
    visit.drawn()
    # Beside the list's own cells, which only screen readers see.
    opened = page.get_by_text(LINA, exact=True).filter(visible=True).first
    expect(opened).to_be_visible(timeout=WITHIN_MS)
    expect(page.get_by_text("49.00 USD captured")).to_be_visible(timeout=WITHIN_MS)


def test_how_much_was_taken_today_and_what_it_is_made_of(visit: Tab) -> None:
    page = visit.page
    visit.open("overview", range="today")
    visit.see("$294.00")
    page.get_by_test_id("stMain").get_by_role("link", name="Revenue").first.click()
    page.wait_for_url("**/revenue?**range=today**")
    expect(page.locator("h1").first).to_have_text("Revenue", timeout=WITHIN_MS)
    visit.drawn()
    gross = page.get_by_test_id("stMetric").filter(has_text="Gross")
    expect(gross).to_contain_text("$294.00")
    visit.see("What changed")
    # The first chart of a tab is seen before the rest of its page is sent, by the page's word.
    assert len([address for address in visit.asked if "/admin/painted?word=" in address]) == 1


def test_find_the_slow_endpoint_and_its_slowest_request(visit: Tab) -> None:
    page = visit.page
    visit.open("performance", range="today")
    visit.see("vectorize_image")
    page.get_by_test_id("stDataFrame").first.click(position=FIRST_ROW)
    page.get_by_role("link", name="Its own page").click()
    page.wait_for_url("**/endpoint?**")
    expect(page.locator("h1").first).to_have_text("Endpoint", timeout=WITHIN_MS)
    share = page.get_by_test_id("stMetric").filter(has_text="Share of all time")
    expect(share).to_contain_text("no. 1")
    slowest = page.get_by_test_id("stDataFrame").first
    # As it stands for screen readers beside the canvas: the slowest of the forty comes first.
    expect(slowest).to_contain_text("4039success", timeout=WITHIN_MS)


def test_see_which_error_hit_whom(visit: Tab) -> None:
    page = visit.page
    visit.open("failures", range="yesterday")
    visit.see("Card declined")
    page.get_by_test_id("stDataFrame").first.click(position=FIRST_ROW)
    visit.drawn()
    visit.see("vc_failed_0@shop.test")


@at_the_desk
def test_keys_lead_everywhere_and_rest_while_somebody_types(visit: Tab) -> None:
    page = visit.page
    visit.open("overview", range="today")
    page.locator("dialog[data-keys=heard]").wait_for(state="attached")
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys")
    expect(sheet).to_be_visible()
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()

    page.keyboard.press("ArrowLeft")
    page.wait_for_url(f"**from={YESTERDAY.date().isoformat()}**")
    visit.drawn()
    page.evaluate(HEARD)
    page.keyboard.press("g")
    page.keyboard.press("t")
    # On the desk T alone takes a case: Streamlit must not hear the one after G.
    assert page.evaluate("window.heard") == ["g"]
    page.wait_for_url(f"**/transactions?**from={YESTERDAY.date().isoformat()}**")
    expect(page.locator("h1").first).to_have_text("Transactions", timeout=WITHIN_MS)
    search = page.get_by_label("Search", exact=True)
    expect(search).to_be_visible(timeout=WITHIN_MS)
    visit.drawn()
    page.keyboard.press("/")
    page.keyboard.type("gr?")
    expect(search).to_have_value("gr?")
    assert "/transactions" in page.url


@at_the_desk
def test_her_case_is_found_proved_and_marked_done(asha: Tab) -> None:
    """A customer writes that she paid and got no mail."""
    asha.open("customers")
    search = asha.page.get_by_label("Search customers", exact=True)
    search.fill("ENA@work")
    search.press("Enter")
    asha.see("1 customer")
    table = asha.page.get_by_test_id("stDataFrame").first
    table.click(position=FIRST_ROW)
    told = "149.00 USD captured, paid by lena@home.example; no e-mail"
    expect(asha.page.get_by_text(told)).to_be_visible(timeout=SOON_MS)
    asha.page.get_by_role("link", name="Paid, no e-mail").click()
    asha.see("PayPal captured $149.00")
    asha.see("No e-mail is on record")
    asha.see("Your payment of $149.00")

    # The watchman has seen it meanwhile: the page is told, and nothing of hers is lost.
    facts = {HERS: Facts(PAID_AT, None, None)}
    with closing(Journal.open(asha.served.data_dir)) as journal, journal.write() as connection:
        case_following.follow(connection, NOW, facts)
    expect(asha.page.get_by_text("Found", exact=False).first).to_be_visible(timeout=SOON_MS)
    asha.page.get_by_label("Note for colleagues").fill("sign-in sent by hand")
    asha.page.get_by_role("button", name="Done").first.click()
    asha.see("Marked done.")
    asha.drawn()
    with closing(Journal.open(asha.served.data_dir)) as journal, journal.read() as connection:
        case = cases.find(connection, HERS)
        assert case is not None
        noted = [(one.kind, one.by, one.note) for one in cases.events(connection, case.number)]
    assert (case.state, case.closed_by) == (CaseState.DONE, "asha")
    assert noted[-1] == ("done", "asha", "sign-in sent by hand")


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


@at_the_desk
def test_an_alert_comes_up_is_taken_and_its_rule_silenced_for_an_hour(asha: Tab) -> None:
    asha.open("alerts")
    asha.see("Nothing is firing.")

    number = fire(asha.served.data_dir)
    expect(asha.page.get_by_text("1, the worst first")).to_be_visible(timeout=SOON_MS)
    # What is drawn no more stands until all is drawn.
    expect(asha.page.get_by_text("Nothing is firing.")).to_be_hidden(timeout=SOON_MS)

    asha.open("alerts", alert=str(number))
    asha.see("5 of 12 payments of the last 5 minutes failed")
    asha.page.get_by_role("button", name="Acknowledge").click()
    asha.see("Taken by asha")
    asha.page.get_by_role("button", name="Silence this rule").click()
    asha.see("Silenced for 1 hour")
    asha.drawn()

    with closing(Journal.open(asha.served.data_dir)) as journal, journal.read() as connection:
        found = alerts.find(connection, number)
        (silence,) = silences.standing(connection, datetime.now(UTC))
    assert found is not None
    assert found.acknowledged_by == silence.by == "asha"
    assert (silence.rule, silence.series) == ("payment-failures", None)
    assert silence.ends_at - silence.starts_at <= timedelta(hours=1)
