"""PayPal's page: what differs, what was imported, and importing by those who may."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.collectors.rig import NOW
from tests.pages.console import console_on, read_into
from tests.pages.signed_in import open_quick, signed_in
from tests.pages.viewer import Viewer, press
from tests.paypal.download import Download
from tests.shop import make_shop
from tests.web.rig import asking
from vcanalytics.accounts import Role

EVIL = "=HYPERLINK(1)<script>@x.y"


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A shop with one payment that PayPal has too."""
    shop = tmp_path_factory.mktemp("paypal") / "shop.db"
    with make_shop(shop) as made:
        made.transaction("VC_ANN", created_at=NOW)
        made.complete("VC_ANN", completed_at=NOW)
    folder = tmp_path_factory.mktemp("console") / "data"
    with console_on(folder, source_url=f"sqlite:///{shop}"):
        read_into(folder, shop, NOW)
        yield folder


def download(*, bad: bool = False) -> bytes:
    made = Download()
    at = f"{NOW:%Y-%m-%d %H:%M:%S}"
    made.payment("8AB00000000000001", at=at)
    made.payment("8AB00000000000002", at=at, gross="7.00", payer=EVIL)
    made.line("8AB00000000000003", "General Withdrawal", at=at, gross="-9.00")
    if bad:
        made.payment("8AB00000000000004", at=at, Gross=EVIL)
    return made.text().encode()


def operator() -> Viewer:
    return Viewer(now=NOW, me=signed_in("asha", Role.OPERATOR))


def test_an_operator_looks_first_and_then_imports(console: Path) -> None:
    viewer = operator()
    shown = viewer.open("paypal")
    shown.assert_well()
    assert "Nothing of PayPal's was imported yet." in shown.text
    assert "Activity download" in shown.text

    viewer.app.file_uploader[0].set_value(("Down<b>load.CSV", b"Date,Nothing\n", "text/csv")).run()
    refused = viewer.app.warning[0].value
    assert "Columns are missing: Time, Type" in refused.replace("\\", "")

    viewer.app.file_uploader[0].set_value(("Down<b>load.CSV", download(bad=True), "text/csv")).run()
    assert not (console / "paypal.db").exists()
    told = press(viewer, "Import 3 rows")
    told.assert_well()
    assert "Down<b>load.CSV was imported: 4 lines, 3 new, 0 changed." in told.text
    assert {"Unknown here", EVIL, "7.00"} <= told.cells
    assert told.metrics["PayPal gross"].startswith("$")
    assert told.metrics["Difference"] == "$7.00"
    with closing(open_quick()) as accounts:
        entry = accounts.audit(limit=1)[0]
    assert (entry.action, entry.actor) == ("paypal_imported", "asha")


def test_a_viewer_reads_and_takes_the_file(console: Path) -> None:
    if not (console / "paypal.db").exists():
        pytest.skip("nothing was imported")
    shown = Viewer(now=NOW, me=signed_in("vic", Role.VIEWER)).open("paypal", finding="unknown_here")
    shown.assert_well()
    assert len(shown.app.file_uploader) == 0
    assert "<script>" not in "\n".join(shown.marked)
    link = next(one for one in shown.links if "/paypal-findings.csv" in one)
    with asking(console, "vic") as client:
        (row,) = csv.DictReader(io.StringIO(client.get(link).text, newline=""))
        totals = next(one for one in shown.links if "/paypal-totals.csv" in one)
        assert "14" not in client.get(totals).text.splitlines()[0]
        assert client.get(totals).status_code == 200
    assert (row["finding"], row["email"], row["paypal_amount"]) == (
        "unknown_here",
        f"'{EVIL}",
        "7.00",
    )


def test_a_finding_that_is_picked_leads_on(console: Path) -> None:
    shown = operator().open("paypal", row="unknown_here:8AB00000000000002:")
    shown.assert_well()
    assert "the customer has nothing" in shown.text
    assert "PayPal's id" in shown.text
