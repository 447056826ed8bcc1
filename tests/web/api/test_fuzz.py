"""Asks all that the API's own description allows, and what it does not: it never fails within."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import (
    negative_data_rejection,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from tests.pages.signed_in import PASSWORD
from tests.web.rig import COOKIE, ORIGIN, House

#: What is asked of each path, within the time that the suite has.
EXAMPLES: Final = 12
#: What answers never hold: the inside, and secrets.
INSIDE: Final = ("Traceback", "site-packages", "duckdb", "sqlite", "pydantic", "SELECT ", PASSWORD)
#: Refused for its length before anybody looks at it.
LONG: Final = frozenset({413, 414, 431})
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
OPERATIONS: Final = (
    "GET /admin/api/metrics/live",
    "GET /admin/api/analytics/revenue",
    "GET /admin/api/user-activity",
    "GET /admin/api/health",
    "GET /admin/api/alerts",
    "GET /admin/api/transactions",
    "GET /admin/api/transactions/{transaction_id}",
    "GET /admin/api/reconcile",
    "GET /admin/api/latency",
    "GET /admin/api/streams",
    "GET /admin/api/notes",
    "GET /admin/api/cache/stats",
    "POST /admin/api/cache/clear",
)
#: Those that write: they want a console that lives.
INGEST: Final = (
    *(
        f"POST /admin/api/ingest/{stream}"
        for stream in ("requests", "activity", "system", "health", "logs")
    ),
    "POST /admin/api/notes",
)
#: Those that take anything.
TAKING: Final = frozenset(
    {
        "GET /admin/api/analytics/revenue",
        "GET /admin/api/transactions",
        "GET /admin/api/transactions/{transaction_id}",
        "GET /admin/api/reconcile",
        "GET /admin/api/latency",
        "GET /admin/api/streams",
        "GET /admin/api/notes",
        "POST /admin/api/cache/clear",
    }
)


@pytest.fixture(scope="module")
def described(client: TestClient) -> Any:
    """The API as it describes itself to somebody who is let in: made-up tokens are for others."""
    return _described(client)


@pytest.fixture(scope="module")
def taking(home: House) -> Any:
    """The same of a console that lives, and so takes events in."""
    return _described(home.as_("olga"))


def _described(client: TestClient) -> Any:
    told = client.get("/admin/api/openapi.json").json()
    del told["security"], told["components"]["securitySchemes"]
    schema = schemathesis.openapi.from_dict(told)
    schema.app = client.app
    return schema


def test_every_operation_is_asked(described: Any) -> None:
    labels = [one.ok().label for one in described.get_all_operations()]
    assert sorted(labels) == sorted((*OPERATIONS, *INGEST))


@pytest.mark.parametrize(
    ("label", "mode"),
    [(label, GenerationMode.POSITIVE) for label in OPERATIONS]
    # What takes no parameter has none that could be wrong.
    + [(label, GenerationMode.NEGATIVE) for label in OPERATIONS if label in TAKING],
)
def test_no_request_makes_it_fail_and_every_answer_is_as_described(
    described: Any, client: TestClient, label: str, mode: GenerationMode
) -> None:
    own = {"cookie": client.headers["cookie"], "origin": ORIGIN}
    _ask_all(described.find_operation_by_label(label), mode, own)


@pytest.mark.parametrize("label", INGEST)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_events_make_it_fail_and_every_answer_is_as_described(
    taking: Any, home: House, label: str, mode: GenerationMode
) -> None:
    own = {"cookie": f"{COOKIE}={home.enter('olga')}", "origin": ORIGIN}
    _ask_all(taking.find_operation_by_label(label), mode, own)


def _told(answer: str, asked: str) -> list[str]:
    """What of the inside an answer tells; what was asked with may be said again."""
    return [word for word in INSIDE if word in answer and word not in asked]


def _ask_all(operation: Any, mode: GenerationMode, own: dict[str, str]) -> None:
    @settings(
        max_examples=EXAMPLES,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    @given(operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        answer = case.call(base_url=ORIGIN, headers=own)
        if answer.status_code in LONG:
            assert answer.json()["success"] is False
            return
        case.validate_response(answer, checks=CHECKS)
        asked = f"{case.path_parameters} {case.query} {case.body}"
        assert not _told(answer.text, asked)
        # What was sent may be said again; that it is a cookie's name, no answer tells by itself.
        assert COOKIE in asked or COOKIE not in answer.text

    ask()


WINDOWS: Final = {"hourly": 24, "daily": 30, "weekly": 12}
ZONES: Final = ("UTC", "Asia/Kolkata", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia")
Texts = st.one_of(st.text(max_size=40), st.sampled_from(["", "null", "-1", "1e999", "0" * 40, "'"]))


@settings(max_examples=30)
@given(
    st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 1)),
    st.sampled_from(sorted(WINDOWS)),
    st.sampled_from(ZONES),
)
def test_any_end_has_its_windows_and_is_in_the_last(
    client: TestClient, end: datetime, timeframe: str, zone: str
) -> None:
    told = client.get(
        "/admin/api/analytics/revenue",
        params={"timeframe": timeframe, "zone": zone, "end": f"{end.isoformat()}+00:00"},
    ).json()
    labels = [datetime.fromisoformat(label) for label in told["labels"]]
    assert len(labels) == len(told["revenue_data"]) == WINDOWS[timeframe]
    assert labels == sorted(set(labels))
    length = {
        "hourly": timedelta(hours=1),
        "daily": timedelta(hours=25),
        "weekly": timedelta(days=8),
    }
    at = end.replace(tzinfo=UTC)
    assert labels[-1] <= at < labels[-1] + length[timeframe]


@settings(max_examples=40)
@given(
    st.sampled_from(["analytics/revenue", "transactions", "reconcile", "latency"]),
    st.dictionaries(
        st.sampled_from(
            ["timeframe", "end", "zone", "currency", "from", "to", "limit", "cursor", "status"]
        ),
        Texts,
        max_size=3,
    ),
)
def test_any_text_is_answered_or_refused_by_name(
    client: TestClient, path: str, params: dict[str, str]
) -> None:
    answer = client.get(f"/admin/api/{path}", params=params)
    assert answer.status_code in {200, 400}
    told = answer.json()
    assert told["success"] is (answer.status_code == 200)
    assert not _told(answer.text, str(params))
    if answer.status_code == 400:
        assert told["error"]["message"].split(":")[0] in params
