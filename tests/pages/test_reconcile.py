"""The desk: a case is found, proved, worked on, and closed; viewers only read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.collectors.rig import NOW
from tests.pages.console import console_on, forget, read_into
from tests.pages.signed_in import open_quick, signed_in
from tests.pages.viewer import Shown, Viewer, press
from tests.shop import make_shop
from tests.web.rig import asking
from vcanalytics import cached
from vcanalytics.accounts import Role
from vcanalytics.cached.desk import Asked, Key, Step
from vcanalytics.journal import Journal

EVIL = "=HYPERLINK(1)<script>@x.y"
LATER = NOW + timedelta(hours=5)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop with a customer who paid and got nothing, and others."""
    path = tmp_path_factory.mktemp("desk") / "shop.db"
    with make_shop(path) as made:
        paid = {"status": "completed", "created_at": NOW, "completed_at": NOW, "user_created": 1}
        money = {"amount": "149.00", "currency": "USD", "payer_email": "Ann@Home.example"}
        made.transaction(
            "VC_ANN",
            **paid,
            email="ann@work.example",
            email_sent=0,
            amount=149,
            metadata=json.dumps(money),
        )
        made.transaction("VC_BEA", **paid, email=EVIL, email_sent=0, amount=49)
        made.transaction("VC_CY", **paid, email="cy@x.y", email_sent=1, amount=49)
        made.transaction("VC_DI", **paid | {"user_created": 0}, email="di@x.y", email_sent=1)
    return path


@pytest.fixture(scope="module")
def read(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("console") / "data"
    with console_on(folder, source_url=f"sqlite:///{shop}"):
        read_into(folder, shop, LATER)
        Journal.open(folder).close()
        yield folder


@pytest.fixture
def desk(read: Path) -> Path:
    """The shop with a journal in which nobody has done anything."""
    with closing(Journal.open(read)) as journal, journal.write() as connection:
        for table in ("desk_event", "desk_case"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
    forget()
    return read


def operator(name: str = "asha") -> Viewer:
    return Viewer(now=LATER, me=signed_in(name, Role.OPERATOR))


def ann(viewer: Viewer, **params: str) -> Shown:
    return viewer.open("reconcile", finding="paid_not_mailed", payment="VC_ANN", **params)


def test_the_list_is_the_most_urgent_money_first(desk: Path) -> None:
    shown = operator().open("reconcile")
    shown.assert_well()
    table = shown.app.dataframe[0].value
    assert table["write_to"].tolist() == ["Ann@Home.example", EVIL, "di@x.y"]
    assert shown.metrics["Money at risk"] == "$247.00"
    assert shown.metrics["Done, 30 days"] == "0"


def test_her_case_is_found_proved_and_marked_done(desk: Path) -> None:
    viewer = operator()
    found = viewer.open("reconcile", q="ANN@work")
    assert found.app.dataframe[0].value["write_to"].tolist() == ["Ann@Home.example"]
    shown = ann(viewer)
    shown.assert_well()
    assert "PayPal captured $149.00" in shown.text
    assert "email_sent` 0" in shown.text
    assert "No e-mail is on record" in shown.text
    assert "No account is known" in shown.text
    reply = "\n".join(code.value for code in shown.app.code)
    assert "Your payment of $149.00" in reply

    viewer.app.text_input(key="desk_note").input("sent by hand <script>")
    done = press(viewer, "Done")
    done.assert_well()
    assert "Marked done." in done.text
    again = ann(viewer, state="any")
    assert "Done by asha: sent by hand" in again.text
    assert "<script>" not in "\n".join(again.marked).replace("\\<script\\>", "")
    assert viewer.open("reconcile").metrics["Money at risk"] == "$98.00"
    forget()
    assert cached.open_work(("paid_not_mailed",)) == 1
    with closing(open_quick()) as accounts:
        entry = accounts.audit(limit=1)[0]
    assert (entry.action, entry.actor, entry.target) == ("case_done", "asha", "VC_ANN")


def test_the_file_is_the_list_whole_and_runs_nothing(desk: Path) -> None:
    shown = Viewer(now=LATER).open("reconcile", q="x.y", order="oldest")
    link = next(one for one in shown.links if "/cases.csv" in one)
    with asking(desk) as client:
        rows = list(csv.DictReader(io.StringIO(client.get(link).text, newline="")))
    listed = shown.app.dataframe[0].value["write_to"].tolist()
    assert [row["email"].lstrip("'") for row in rows] == listed
    assert f"'{EVIL}" in {row["email"] for row in rows}


def test_of_two_operators_the_later_sees_what_the_earlier_did(desk: Path) -> None:
    late = operator("ravi")
    ann(late)
    press_early = operator()
    ann(press_early)
    press(press_early, "Take")
    told = press(late, "Dismiss")
    assert "Asha changed it: it is in work with asha now" in told.text.replace("\n", " ")
    (case,) = cached.desk.events(Key("paid_not_mailed", "VC_ANN"))[1:]
    assert (case.kind, case.by) == ("taken", "asha")


def test_a_viewer_reads_and_changes_nothing(desk: Path) -> None:
    shown = ann(Viewer(now=LATER, me=signed_in("vic", Role.VIEWER)))
    shown.assert_well()
    assert "PayPal captured" in shown.text
    assert not {"Take", "Done", "Dismiss"} & {button.label for button in shown.app.button}


def test_several_at_once_and_what_changed_meanwhile_is_left(desk: Path) -> None:
    keys = [Key("paid_not_mailed", name) for name in ("VC_ANN", "VC_BEA")]
    cached.desk.change(Asked(keys[0], 0, Step.TAKE), by="ravi")
    asked = [Asked(key, 0, Step.DONE) for key in keys]
    done, refused = cached.desk.change_all(asked, by="asha")
    assert ([case.key for case in done], len(refused)) == ([keys[1]], 1)
    assert "ravi changed it" in refused[0].what


def test_a_case_that_is_nowhere_is_said_and_not_guessed(desk: Path) -> None:
    shown = operator().open("reconcile", finding="paid_not_mailed", payment="VC_CY")
    shown.assert_well()
    assert "not in this list now" in shown.text
    odd = operator().open(
        "reconcile", finding="x", payment="'; --", state="?", least="1,5", page="-1"
    )
    odd.assert_well()
