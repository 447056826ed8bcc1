"""Notes by the API: who may write one, what is refused, and that the range finds it."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.web.api.test_shape import refused
from tests.web.rig import ORIGIN, House
from vcanalytics.accounts import Role

PATH: Final = "/admin/api/notes"
OWN: Final = {"origin": ORIGIN}


def test_a_token_of_an_operator_writes_what_a_viewer_reads(home: House) -> None:
    secret = home.accounts.create_token("deploy", Role.OPERATOR, by="test")
    program = home.client(headers={"authorization": f"Bearer {secret}"})
    sent = {
        "text": "<script> v2.3",
        "kind": "release",
        "at": "2026-11-22T12:00",
        "zone": "Asia/Tokyo",
    }
    note = program.post(PATH, json=sent).json()["note"]
    assert (note["text"], note["by"]) == ("<script> v2.3", "token:deploy")
    assert (note["starts_at"], note["ends_at"]) == ("2026-11-22T12:00:00+09:00", None)
    span = {"text": "down", "kind": "outage", "at": "2026-11-20", "until": "2026-11-21"}
    program.post(PATH, json=span)

    vera = home.as_("vera")
    first = vera.get(PATH)
    assert [one["text"] for one in first.json()["notes"]] == ["<script> v2.3", "down"]
    assert vera.get(PATH, headers={"if-none-match": first.headers["etag"]}).status_code == 304
    for asked, texts in (
        ({"from": "2026-11-20T12:00", "to": "2026-11-20T13:00"}, ["down"]),
        ({"from": "2026-11-21", "to": "2026-11-22"}, []),
        ({"limit": "1"}, ["<script> v2.3"]),
    ):
        told = vera.get(PATH, params=asked).json()
        assert [one["text"] for one in told["notes"]] == texts
    assert first.json()["total"] == 2
    written = home.accounts.audit(action="note_written")
    assert [(one.actor, one.detail) for one in written] == [
        (
            "token:deploy",
            "outage, 2026-11-20T00:00:00+00:00 to 2026-11-21T00:00:00+00:00: down",
        ),
        ("token:deploy", "release, 2026-11-22T03:00:00+00:00: <script> v2.3"),
    ]
    assert vera.get(PATH).headers["etag"] == first.headers["etag"]


def test_a_viewer_writes_none(home: House) -> None:
    refused(home.as_("vera").post(PATH, json={"text": "x"}, headers=OWN), 403, "forbidden")
    assert home.as_("olga").post(PATH, json={"text": "x"}, headers=OWN).status_code == 200


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "text: "),
        ({"text": " "}, "text: a note says something"),
        ({"text": "a\nb"}, "text: a note is one line"),
        ({"text": "x" * 201}, "text: "),
        ({"text": "x", "kind": "party"}, "kind: is one of"),
        ({"text": "x", "at": "noon"}, "at: 'noon' is not a time"),
        ({"text": "x", "at": "2026-11-22", "until": "2026-11-21"}, "until: the note ends before"),
        ({"text": "x", "zone": "Nowhere"}, "zone: unknown time zone"),
        ({"text": "x", "by": "ada"}, "by: there is no such field"),
    ],
)
def test_what_is_wrong_is_named(home: House, sent: dict[str, Any], said: str) -> None:
    message = refused(home.as_("olga").post(PATH, json=sent, headers=OWN), 400, "bad_request")
    assert message.startswith(said), message
