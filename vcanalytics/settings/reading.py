"""Settings read from the environment and ``.env``; what is wrong is said in one line."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from annotated_types import Ge, Le
from dotenv import dotenv_values
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from vcanalytics.errors import SettingError
from vcanalytics.settings.checks import Allowed, mask_secrets
from vcanalytics.settings.table import Settings

PREFIX: Final = "VC_"
_SHOWN_CHARS_MAX: Final = 120


class Row(NamedTuple):
    """A row of the table of settings."""

    name: str
    default: str
    meaning: str
    allowed: str


def _outside(name: str) -> str:
    return f"{PREFIX}{name.upper()}"


def _limits(field: FieldInfo) -> str:
    """The allowed values of a field in words: its own, or its bounds."""
    for mark in field.metadata:
        if isinstance(mark, Allowed):
            return mark.words
    low = next(mark.ge for mark in field.metadata if isinstance(mark, Ge))
    high = next(mark.le for mark in field.metadata if isinstance(mark, Le))
    kind = "a whole number" if field.annotation is int else "a number"
    return f"{kind} from {low} to {high}"


def _written(value: object, name: str) -> str:
    """A default as one would write it in ``.env``."""
    if isinstance(value, tuple):
        return ("|" if name == "captured_errors" else ",").join(value)
    return "" if value is None else str(value)


def settings_table() -> list[Row]:
    """Every setting: its name outside, its default as one would write it, meaning, allowed."""
    return [
        Row(_outside(name), _written(field.default, name), field.description or "", _limits(field))
        for name, field in Settings.model_fields.items()
    ]


def _shown(value: object) -> str:
    text = repr(mask_secrets(str(value)))
    return text if len(text) <= _SHOWN_CHARS_MAX else f"{text[:_SHOWN_CHARS_MAX]}..."


def _wrong_value(
    error: ErrorDetails, given: Mapping[str, str], places: Mapping[str, str]
) -> SettingError:
    name = str(error["loc"][0])
    outside = _outside(name)
    reason = error.get("ctx", {}).get("error")
    return SettingError(
        f"{_shown(given[outside])} is not allowed" + (f" ({reason})" if reason else ""),
        where=f"{outside}{places[outside]}",
        hint=f"Allowed: {_limits(Settings.model_fields[name])}",
    )


def _read_env_file(path: Path) -> dict[str, str | None]:
    if not path.is_file():
        return {}
    try:
        # No interpolation: a password means what it says.
        return dotenv_values(path, interpolate=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingError(
            f"the file cannot be read: {reason}", where=str(path), hint="Mend or remove it"
        ) from None


def load_settings(
    environ: Mapping[str, str] | None = None, env_file: Path = Path(".env")
) -> Settings:
    """The settings of ``environ`` (the process's own by default) over those of ``env_file``.

    An empty value is a value: it stands for "none" where that is allowed and is wrong elsewhere.
    Raises SettingError, in one line that names the setting, for a value that is not allowed and
    for a ``VC_`` name that does not exist.
    """
    known = {_outside(name): name for name in Settings.model_fields}
    given: dict[str, str] = {}
    places: dict[str, str] = {}
    sources: tuple[tuple[Mapping[str, str | None], str], ...] = (
        (_read_env_file(env_file), f" (in {env_file})"),
        (os.environ if environ is None else environ, ""),
    )
    for source, place in sources:
        for name, value in source.items():
            if not name.upper().startswith(PREFIX):
                continue
            if name not in known:
                nearest = difflib.get_close_matches(name.upper(), known, n=1, cutoff=0)[0]
                raise SettingError(
                    "there is no such setting",
                    where=f"{name}{place}",
                    hint=f"The nearest is {nearest}",
                )
            given[name] = value or ""
            places[name] = place
    try:
        return Settings.model_validate({known[name]: value for name, value in given.items()})
    except ValidationError as error:
        raise _wrong_value(error.errors()[0], given, places) from None
