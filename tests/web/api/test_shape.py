"""What every answer has, and how the API says no: the contract's shape, what was wrong by name."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.web.api.conftest import NOW

STATS = "/admin/api/cache/stats"
CLEAR = "/admin/api/cache/clear"


def refused(answer: Any, status: int, code: str) -> str:
    """The message of an answer that must say no in the contract's shape."""
    assert answer.status_code == status, answer.text
    told = answer.json()
    assert list(told) == ["success", "timestamp", "error"]
    assert told["success"] is False
    assert datetime.fromisoformat(told["timestamp"]).tzinfo is not None
    assert list(told["error"]) == ["code", "message"]
    assert told["error"]["code"] == code
    assert "Traceback" not in answer.text
    return str(told["error"]["message"])


def test_an_answer_says_yes_and_when(client: TestClient) -> None:
    told = client.get(STATS).json()
    assert told["success"] is True
    assert datetime.fromisoformat(told["timestamp"]).tzinfo is not None


def test_what_is_still_the_same_is_not_sent_again(client: TestClient) -> None:
    first = client.get(STATS)
    assert first.headers["cache-control"] == "private, no-cache"
    tag = first.headers["etag"]
    for given in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        again = client.get(STATS, headers={"if-none-match": given})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert client.get(STATS, headers={"if-none-match": '"other"'}).status_code == 200


def test_the_time_of_an_answer_makes_it_no_other(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/admin/api/transactions?limit=1"
    first = client.get(path)
    app: Any = client.app
    api = next(one.app for one in app.routes if getattr(one, "path", "").endswith("{path:path}"))
    monkeypatch.setitem(api.made().state._state, "clock", lambda: NOW + timedelta(seconds=1))
    second = client.get(path)
    assert second.json()["timestamp"] != first.json()["timestamp"]
    assert second.headers["etag"] == first.headers["etag"]
    assert client.get(path + "1").headers["etag"] != first.headers["etag"]


def test_a_parameter_that_is_none_is_named(client: TestClient) -> None:
    message = refused(client.get(STATS, params={"regoin": "live"}), 400, "bad_request")
    assert message == "regoin: there is no such field."
    twice = client.get(f"{STATS}?a=1&a=2")
    assert refused(twice, 400, "bad_request") == "a: is given more than once."


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"type"', "the body is no JSON, from character 7 on."),
        (b'{"type": "some"}', "type: is one of 'all', 'live' or 'aggregated'."),
        (b'{"typ": "all"}', "typ: there is no such field."),
        (b"[" * 60_000, "the body cannot be read: send JSON, and say so in Content-Type."),
        (b"\xff", "the body cannot be read: send JSON, and say so in Content-Type."),
    ],
)
def test_a_body_that_cannot_be_is_told_what_is_wrong(
    client: TestClient, body: bytes, message: str
) -> None:
    answer = client.post(CLEAR, content=body, headers={"content-type": "application/json"})
    assert refused(answer, 400, "bad_request") == message


def test_a_body_that_is_too_long_is_refused_as_such(client: TestClient) -> None:
    refused(client.post(CLEAR, content=b" " * 70_000), 413, "too_large")
    pieces = iter([b" " * 30_000] * 3)
    refused(client.post(CLEAR, content=pieces), 413, "too_large")


def test_paths_and_methods_that_are_none(client: TestClient) -> None:
    refused(client.get("/admin/api/nothing"), 404, "not_found")
    refused(client.get(f"{STATS}/"), 404, "not_found")
    wrong = client.get(CLEAR)
    refused(wrong, 405, "method_not_allowed")
    assert wrong.headers["allow"] == "POST"
    refused(client.put(STATS), 405, "method_not_allowed")


def test_the_description_names_every_path_and_loads_nothing_from_outside(
    client: TestClient,
) -> None:
    told = client.get("/admin/api/openapi.json").json()
    assert STATS in told["paths"]
    assert told["paths"][CLEAR]["post"]["responses"]["400"]
    assert "422" not in told["paths"][CLEAR]["post"]["responses"]
    for path in ("/admin/api/docs", "/admin/api/redoc"):
        refused(client.get(path), 404, "not_found")


def test_an_offset_whose_plus_was_not_escaped_is_read_all_the_same(client: TestClient) -> None:
    path = "/admin/api/analytics/revenue?end=2026-11-18T09:17:23"
    assert (
        client.get(f"{path}+05:30").json()["labels"]
        == client.get(f"{path}%2B05:30").json()["labels"]
    )
    message = refused(client.get(f"{path} noon"), 400, "bad_request")
    assert message.startswith("end: '2026-11-18T09:17:23 noon' is not a time.")
