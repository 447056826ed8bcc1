"""Promises of docs/security.md that no other test holds."""

from __future__ import annotations

import re
from pathlib import Path

from tests.web.rig import House

ROOT = Path(__file__).resolve().parents[2]
PROMISES = ROOT / "docs" / "security.md"
NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


def test_the_password_is_not_shown_as_it_is_typed(home: House) -> None:
    (field,) = re.findall(r'<input[^>]*name="password"[^>]*>', home.client().get("/login").text)
    assert 'type="password"' in field


def test_every_test_that_is_named_is_there() -> None:
    named = NAMED.findall(PROMISES.read_text(encoding="utf-8"))
    assert len(named) > 50
    for file, test in named:
        text = (ROOT / "tests" / file).read_text(encoding="utf-8")
        assert f"def {test}(" in text, f"{file}::{test}"
