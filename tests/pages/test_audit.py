"""The audit log on Users: filtered, paged, and whole in its file."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.pages.signed_in import can_sign_in
from tests.pages.test_odd_shop import FORMULA
from tests.pages.viewer import Shown, Viewer
from vcanalytics.accounts import Accounts
from vcanalytics.web.exports import as_text, build


def audit_rows(shown: Shown) -> list[dict[str, Any]]:
    log = next(f.value for f in shown.app.dataframe if "what" in f.value)
    return list(log.to_dict("records"))


def exported(shown: Shown) -> list[dict[str, str]]:
    """The rows of the CSV that the page links to."""
    link = next(link for link in shown.links if "/audit.csv" in link)
    table = build("audit", dict(parse_qsl(urlsplit(link).query, keep_blank_values=True)))
    return list(csv.DictReader(io.StringIO(as_text(table.frame, table.zone).write_csv())))


def test_the_log_is_filtered_by_who_and_what(accounts: Accounts, admin: Viewer) -> None:
    can_sign_in(accounts, "vic", "wrong")
    can_sign_in(accounts, "not there", "wrong")

    rows = audit_rows(admin.open("users", actor="vic"))
    assert {row["who"] for row in rows} == {"vic"}
    rows = audit_rows(admin.open("users", actor="vic", action="sign_in_failed"))
    assert [(row["what"], row["detail"]) for row in rows] == [("Sign-in refused", "wrong password")]
    rows = audit_rows(admin.open("users", actor=" "))
    assert [row["detail"] for row in rows] == ["unknown name"]
    assert "Nothing of this kind was noted" in admin.open("users", actor="nobody").text


def test_the_log_is_filtered_by_time(accounts: Accounts, admin: Viewer) -> None:
    shown = admin.open("users", from_="2020-01-01", to="2020-01-02")

    assert "Nothing was noted from" in shown.text
    assert "the log is never cut" in shown.text


def test_a_picked_filter_stands_in_the_url(accounts: Accounts, admin: Viewer) -> None:
    admin.open("users", page="2")
    admin.app.selectbox(key="audit_action").set_value("sign_in").run()

    assert admin.app.query_params == {"action": "sign_in"}
    assert {row["what"] for row in audit_rows(Shown(admin.app))} == {"Signed in"}
    admin.app.selectbox(key="audit_action").set_value("").run()
    assert admin.app.query_params == {}


def test_the_log_is_paged_and_its_file_is_whole(accounts: Accounts, admin: Viewer) -> None:
    for number in range(47):
        accounts.note("tried", actor="counter", detail=str(number))

    pages = [audit_rows(admin.open("users", actor="counter", page=str(n))) for n in (1, 2, 3)]
    assert [len(rows) for rows in pages] == [20, 20, 7]
    seen = [row["detail"] for rows in pages for row in rows]
    assert seen == [str(number) for number in reversed(range(47))]
    shown = admin.open("users", actor="counter", page="99")
    assert "41 to 47 of 47" in shown.text
    assert [row["detail"] for row in exported(shown)] == seen


def test_the_file_holds_what_the_screen_counted(accounts: Accounts, admin: Viewer) -> None:
    shown = admin.open("users")
    counted = re.search(r"(\d+) .*, newest first", shown.text)

    assert counted is not None
    assert len(exported(shown)) == int(counted[1])


def test_the_file_runs_nothing_in_a_spreadsheet(accounts: Accounts, admin: Viewer) -> None:
    accounts.note(FORMULA, actor=FORMULA, target="@SUM(1)", address="+1", detail="-2+3")

    (row,) = exported(admin.open("users", actor=FORMULA))
    assert [row[name] for name in ("action", "actor", "target", "address", "detail")] == [
        f"'{FORMULA}",
        f"'{FORMULA}",
        "'@SUM(1)",
        "'+1",
        "'-2+3",
    ]


def test_the_newest_is_not_cut_off_by_the_second(accounts: Accounts, admin: Viewer) -> None:
    accounts.note("tried", actor="late")
    before = datetime.now(UTC) - timedelta(seconds=1)
    shown = admin.open("users", actor="late")

    assert len(audit_rows(shown)) == 1
    assert len(exported(shown)) == 1
    assert datetime.fromisoformat(exported(shown)[0]["at"]) >= before
