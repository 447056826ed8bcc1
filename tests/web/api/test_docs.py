"""docs/api.md is what the API says of itself, and its examples answer as they stand there."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from tests.web.api import reference

_EXAMPLE = re.compile(r"```sh\n(curl .*?)\n```\n```json\n(.*?)\n```", re.DOTALL)
_TEXT = reference.DOC.read_text("utf-8")
EXAMPLES = _EXAMPLE.findall(_TEXT)
MORE = "..."


def test_the_reference_is_the_apis_own_description(client: TestClient) -> None:
    spec = client.get("/admin/api/openapi.json").json()
    _, _, rest = _TEXT.partition(reference.BEGIN)
    told, _, _ = rest.partition(reference.END)
    renew = "renew it: .venv/bin/python -m tests.web.api.reference"
    assert told.strip() == reference.made(spec).strip(), renew


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 6


@pytest.mark.parametrize(("command", "told"), EXAMPLES)
def test_an_example_answers_as_it_stands(client: TestClient, command: str, told: str) -> None:
    words = shlex.split(command)
    address = urlsplit(words[-1].replace("$CONSOLE", "http://console"))
    headers = dict(w.split(": ", 1) for w in words if ": " in w and not w.startswith("{"))
    assert headers.pop("Authorization") == "Bearer $TOKEN"
    body = words[words.index("-d") + 1] if "-d" in words else None
    method = words[words.index("-X") + 1] if "-X" in words else "GET"
    path = f"{address.path}?{address.query}" if address.query else address.path
    answer = client.request(method, path, content=body, headers=headers)
    assert_holds(json.loads(told), answer.json(), path)


def assert_holds(told: Any, found: Any, place: str) -> None:
    """Everything that is told is so; ``"..."`` is anything, and at a list's end any more."""
    if told == MORE:
        return
    if isinstance(told, dict):
        rest = set(found) - set(told)
        assert MORE in told or not rest, f"{place}: {rest} is left out, and nothing says so"
        for name, value in told.items():
            if name != MORE:
                assert name in found, f"{place}.{name}"
                assert_holds(value, found[name], f"{place}.{name}")
    elif isinstance(told, list):
        short = bool(told) and told[-1] == MORE
        items = told[:-1] if short else told
        assert len(found) >= len(items) if short else len(found) == len(items), place
        for number, (value, given) in enumerate(zip(items, found, strict=False)):
            assert_holds(value, given, f"{place}[{number}]")
    else:
        assert told == found, place
