"""Events over HTTP: who may send them, what is answered, and that an answer is the truth."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tests.browser.served import ROOT, free_port
from tests.pages.signed_in import Quick
from tests.web.api.test_shape import refused
from tests.web.rig import ORIGIN, House, house
from vcanalytics.accounts import Accounts, Role
from vcanalytics.errors import NoRoom, StoreError
from vcanalytics.store import Catalogue
from vcanalytics.store.checking.check import check
from vcanalytics.web import limits
from vcanalytics.web.api import faults
from vcanalytics.web.api import ingest as api
from vcanalytics.web.limits import INGEST_BYTES_MAX, Rate

REQUESTS = "/admin/api/ingest/requests"
_NUMBERS = iter(range(1_000_000))


def event(**more: Any) -> dict[str, Any]:
    moment = datetime.now(UTC) - timedelta(minutes=1)
    return {"happened_at": moment.isoformat(), "endpoint": "/pay", "value_ms": 12.5} | more


def post(client: TestClient, sent: Any, key: str = "", path: str = REQUESTS) -> Any:
    content = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    headers = {"idempotency-key": key or f"key-{next(_NUMBERS)}", "origin": ORIGIN}
    return client.post(path, content=content, headers=headers)


@pytest.fixture(scope="module")
def sender(home: House) -> TestClient:
    """An operator's script."""
    token = home.accounts.create_token("script", Role.OPERATOR, by="test")
    return home.client(headers={"authorization": f"Bearer {token}"})


def rows(home: House, stream: str = "requests") -> int:
    catalogue = Catalogue.open(home.web._settings.store_dir, create=False)
    try:
        return catalogue.states()[stream].rows
    finally:
        catalogue.close()


def test_a_batch_is_added_once_and_the_answer_says_what_was(
    home: House, sender: TestClient
) -> None:
    before, batch = rows(home), [event(), event(status="error")]
    first, again = (post(sender, batch, "once") for _ in range(2))
    for answer, added in ((first, 2), (again, 0)):
        assert answer.status_code == 200
        told = answer.json()
        assert datetime.fromisoformat(told.pop("timestamp")).tzinfo is not None
        assert told == {
            "success": True,
            "stream": "requests",
            "added": added,
            "duplicate": not added,
        }
    other = post(sender, [event(value_ms=7)], "once")
    assert "came before with other events" in refused(other, 409, "key_reused")
    assert rows(home) == before + 2


def test_the_first_bad_event_is_told_with_index_and_reason(home: House, sender: TestClient) -> None:
    before = rows(home)
    answer = post(sender, [event(), event(value_ms="12"), event(odd=1)])
    assert answer.status_code == 400
    told = answer.json()
    assert (told["success"], told["error"].pop("code")) == (False, "bad_event")
    assert told["error"] == {
        "message": "event 1, value_ms: input should be a valid number. Nothing of the batch was"
        " added",
        "index": 1,
        "field": "value_ms",
        "reason": "input should be a valid number",
    }
    assert rows(home) == before


def test_who_may_send(home: House) -> None:
    assert post(home.client(), [event()]).status_code == 401
    assert post(home.as_("vera"), [event()]).status_code == 403
    for name in ("olga", "ada"):
        assert post(home.as_(name), [event()]).status_code == 200
    foreign = {"origin": "https://evil.example", "idempotency-key": "x"}
    assert home.as_("ada").post(REQUESTS, content=b"[]", headers=foreign).status_code == 403


@pytest.mark.parametrize("key", ["", "a b", "\t", "x" * 256, "\u00e9"])
def test_a_key_is_needed(sender: TestClient, key: str) -> None:
    raw = key.encode()
    answer = sender.post(REQUESTS, content=b"[]", headers={b"idempotency-key": raw})
    refused(answer, 400, "no_key")
    twice = [("idempotency-key", "a"), ("idempotency-key", "b")]
    refused(sender.post(REQUESTS, content=b"[]", headers=twice), 400, "no_key")
    refused(sender.post(REQUESTS, content=b"[]"), 400, "no_key")


def test_streams_that_take_none(sender: TestClient) -> None:
    for path in ("transactions", "disputes", "mails", "nothing", "requests/", "requests/1"):
        refused(post(sender, [], path=f"/admin/api/ingest/{path}"), 404, "not_found")
    refused(sender.get(REQUESTS), 405, "method_not_allowed")
    refused(post(sender, [], path=f"{REQUESTS}?dry=1"), 400, "bad_request")


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[", b"\xff", b"[" * 60_000, b"[NaN]", b"[" + b"9" * 60_000 + b"]"]
)
def test_what_is_no_batch_is_refused_in_words(sender: TestClient, body: bytes) -> None:
    refused(post(sender, body), 400, "bad_batch")


def test_a_body_is_bounded_and_not_packed(home: House, sender: TestClient) -> None:
    refused(post(sender, b" " * (INGEST_BYTES_MAX + 1)), 413, "too_large")
    token = sender.headers["authorization"].encode()
    pieces = [b"[" + b" " * 100_000] * 40
    answer = home.raw(REQUESTS.encode(), (b"authorization", token), method="POST", body=pieces)
    assert (answer.status, answer.unread) == (413, 40 - INGEST_BYTES_MAX // 100_000 - 1)
    packed = {"content-encoding": "gzip", "idempotency-key": "k"}
    refused(sender.post(REQUESTS, content=b"[]", headers=packed), 415, "packed")


def test_a_body_that_never_comes_is_not_waited_for(
    home: House, sender: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faults, "BODY_WITHIN_S", 0.05)
    headers = [(b"authorization", sender.headers["authorization"].encode())]
    answer = home.raw(REQUESTS.encode(), *headers, method="POST", body=[b"["], stalls=True)
    assert answer.status == 408


def test_so_many_at_once_and_so_many_a_minute(
    fresh: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = fresh.as_("olga")
    with monkeypatch.context() as patched:
        patched.setattr(api, "IN_FLIGHT_MAX", 0)
        busy = post(client, [event()])
        refused(busy, 503, "busy")
        assert busy.headers["retry-after"] == "1"
    monkeypatch.setattr(limits, "INGEST", Rate("ingest", 3))
    answers = [post(client, []) for _ in range(5)]
    assert [one.status_code for one in answers[:2]] == [200, 200]
    refused(answers[-1], 429, "too_many_requests")
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    # Each sender by themselves.
    assert post(fresh.as_("ada"), []).status_code == 200


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NoRoom("the disk is full"), 507, "no_room"),
        (StoreError("locked, at /srv/secret"), 503, "unavailable"),
        (RuntimeError("inside, at /srv/secret"), 500, "internal"),
    ],
)
def test_what_the_store_cannot_do_is_said_without_its_inside(
    sender: TestClient, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr("vcanalytics.ingest.keep", fails)
        answer = post(sender, [event()], "tried-again")
    assert "secret" not in refused(answer, status, code)
    if status != 500:
        assert int(answer.headers["retry-after"]) >= 1


def test_the_description_has_every_field_with_its_unit(sender: TestClient) -> None:
    paths = sender.get("/admin/api/openapi.json").json()["paths"]
    assert {p.rpartition("/")[2] for p in paths if "/ingest/" in p} == {
        *("requests", "activity", "system", "health", "logs")
    }
    told = paths[REQUESTS]["post"]
    (key,) = told["parameters"]
    assert (key["name"], key["in"], key["required"]) == ("Idempotency-Key", "header", True)
    body = told["requestBody"]["content"]["application/json"]["schema"]
    assert (body["type"], body["maxItems"]) == ("array", 10_000)
    item = body["items"]
    assert item["additionalProperties"] is False
    assert item["required"] == ["happened_at", "endpoint", "value_ms"]
    assert item["properties"]["value_ms"]["x-unit"] == "ms"
    assert all(field["description"] for field in item["properties"].values())
    assert {"400", "401", "403", "409", "413", "429", "503", "507"} <= told["responses"].keys()


_VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
_FIELDS = st.sampled_from(["happened_at", "endpoint", "value_ms", "kind", "status", "x", ""])


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    changed=st.dictionaries(_FIELDS, _VALUES | st.lists(_VALUES, max_size=2), max_size=3),
    cut=st.integers(0, 200),
)
def test_whatever_is_sent_is_taken_or_refused_in_the_contracts_shape(
    sender: TestClient, changed: dict[str, Any], cut: int
) -> None:
    whole = json.dumps([event(), event() | changed]).encode()
    for body in (whole, whole[:cut]):
        answer = post(sender, body)
        assert answer.status_code in {200, 400}
        told = answer.json()
        assert told["success"] is (answer.status_code == 200)
        assert told["success"] or set(told["error"]) >= {"code", "message"}


# Killed between the commit and the answer


def send(port: int, token: str, body: bytes) -> int | None:
    """The status of the answer, None where there was none."""
    give_up_at = time.monotonic() + 60
    headers = {"authorization": f"Bearer {token}", "idempotency-key": "the-same"}
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("POST", REQUESTS, body, headers)
            return connection.getresponse().status
        except ConnectionRefusedError:
            assert time.monotonic() < give_up_at
            time.sleep(0.05)
        except (ConnectionError, http.client.HTTPException):
            return None
        finally:
            connection.close()


@pytest.mark.slow
def test_a_console_that_is_killed_doubles_nothing_and_loses_nothing(
    tmp_path: Path,
) -> None:
    accounts = Accounts.open(tmp_path / "data", hasher=Quick())
    token = accounts.create_token("script", Role.OPERATOR, by="test")
    accounts.close()
    body = json.dumps([event(), event()]).encode()
    port = free_port()
    command = [sys.executable, "-m", "tests.web.api.killed_at_ingest", str(tmp_path / "data")]
    with subprocess.Popen([*command, str(port)], cwd=ROOT) as console:
        try:
            assert send(port, token, body) is None
            assert console.wait(10) == -9
        finally:
            console.kill()

    with house(tmp_path) as again:
        assert rows(again) == 2
        client = again.client(headers={"authorization": f"Bearer {token}"})
        answers = [post(client, body, "the-same").json() for _ in range(2)]
        assert [(one["added"], one["duplicate"]) for one in answers] == [(0, True)] * 2
        assert rows(again) == 2
        catalogue = Catalogue.open(tmp_path / "data", create=False)
        assert check(catalogue) == []
        catalogue.close()
