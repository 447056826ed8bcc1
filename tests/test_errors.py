"""Errors read as one line, whatever they carry."""

from __future__ import annotations

import pytest

from vcanalytics.errors import ConsoleError, SettingError, UsageError


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ConsoleError("it is gone"), "it is gone"),
        (ConsoleError("it is gone", where="/srv/a.db"), "/srv/a.db: it is gone"),
        (ConsoleError("it is gone", hint="Look again"), "it is gone. Look again"),
        (
            ConsoleError("two\nlines  here", where="file", hint="Do\tthis"),
            "file: two lines here. Do this",
        ),
    ],
)
def test_an_error_is_one_line(error: ConsoleError, line: str) -> None:
    assert str(error) == line


def test_a_wrong_setting_is_wrong_usage() -> None:
    assert issubclass(SettingError, UsageError)
