"""A customer writes that she paid and got no mail: her case is found, proved, and marked done."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.served import Tab, profile, serving, session
from tests.pages.console import read_into
from tests.shop import make_shop
from vcanalytics.accounts import Role
from vcanalytics.journal import Journal, case_following, cases
from vcanalytics.journal.case_records import CaseState, Facts, Key

pytestmark = pytest.mark.browser

SOON_MS = 10_000
HERS = Key("paid_not_mailed", "VC_HERS")


def test_her_case_is_found_proved_and_marked_done(browser: Browser, tmp_path: Path) -> None:
    folder, now = tmp_path / "data", datetime.now(UTC).replace(microsecond=0)
    paid_at = now - timedelta(hours=3)
    with make_shop(tmp_path / "shop.db") as shop:
        paid = {"status": "completed", "created_at": paid_at, "completed_at": paid_at}
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
    read_into(folder, tmp_path / "shop.db", now)
    Journal.open(folder).close()
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    with (
        serving(folder, source_url=url, collectors="external") as served,
        profile(browser, viewport={"width": 1440, "height": 1200}) as own,
    ):
        served.sign_in(own, session(folder, "asha", Role.OPERATOR))
        visit = Tab(served, own.new_page())
        visit.open("customers")
        search = visit.page.get_by_label("Search customers", exact=True)
        search.fill("ENA@work")
        search.press("Enter")
        visit.see("1 customer")
        table = visit.page.get_by_test_id("stDataFrame").first
        table.click(position={"x": 18, "y": 46})
        told = "149.00 USD captured, paid by lena@home.example; no e-mail"
        expect(visit.page.get_by_text(told)).to_be_visible(timeout=SOON_MS)
        visit.page.get_by_role("link", name="Paid, no e-mail").click()
        visit.see("PayPal captured $149.00")
        visit.see("No e-mail is on record")
        visit.see("Your payment of $149.00")

        # The watchman has seen it meanwhile: the page is told, and nothing of hers is lost.
        facts = {HERS: Facts(paid_at, None, None)}
        with closing(Journal.open(folder)) as journal, journal.write() as connection:
            case_following.follow(connection, now, facts)
        expect(visit.page.get_by_text("Found", exact=False).first).to_be_visible(timeout=SOON_MS)
        visit.page.get_by_label("Note for colleagues").fill("sign-in sent by hand")
        visit.page.get_by_role("button", name="Done").first.click()
        visit.see("Marked done.")
        visit.drawn()
        with closing(Journal.open(folder)) as journal, journal.read() as connection:
            case = cases.find(connection, HERS)
            assert case is not None
            noted = [(one.kind, one.by, one.note) for one in cases.events(connection, case.number)]
        assert (case.state, case.closed_by) == (CaseState.DONE, "asha")
        assert noted[-1] == ("done", "asha", "sign-in sent by hand")
        visit.assert_well()
