"""The one TOML file of the watchman: rules, channels, probes. Each part checks its own tables.

``VC_RULES_FILE`` names it; without, the built-in rules hold and nobody is told. It is read here as
it stands, and what is wrong with it is said with its line. Secrets are never in it: a value
``"env:NAME"`` stands for that variable of the environment.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Generic, TypeAlias, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from vcanalytics.errors import SettingError

#: Every table the file may have.
TABLES: Final = (
    "rules",
    "channels",
    "routes",
    "quiet_hours",
    "summaries",
    "heartbeat",
    "probes",
)
#: The rules that hold where no file says otherwise.
BUILT_IN: Final = Path(__file__).with_name("alerts") / "defaults.toml"
BYTES_MAX: Final = 1_000_000
ENV: Final = "env:"
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_MORE: Final = ('"""', "'''", "]", "}")

Key: TypeAlias = tuple[str | int, ...]
_Model = TypeVar("_Model", bound=BaseModel)
_Checked = TypeVar("_Checked")


@dataclass(frozen=True)
class RulesFile:
    """The file as it was read once."""

    path: Path
    text: str
    tables: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path | None = None) -> RulesFile:
        """Read the file, the built-in one by default.

        Raises SettingError, in one line, where it cannot be read, is no TOML, or has a table that
        nothing knows.
        """
        where = path or BUILT_IN
        try:
            with where.open("rb") as file:
                raw = file.read(BYTES_MAX + 1)
            text = raw.decode("utf-8-sig")
        except OSError as error:
            raise _unreadable(where, error.strerror or str(error)) from None
        except UnicodeDecodeError:
            raise _unreadable(where, "it is not UTF-8 text") from None
        if len(raw) > BYTES_MAX:
            raise _unreadable(where, f"it has more than {BYTES_MAX:,} bytes")
        try:
            found = cls(where, text, tomllib.loads(text))
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise _no_toml(where, str(error)) from None
        for name in found.tables:
            if name not in TABLES:
                raise found.unknown(name, known=TABLES, what="table")
            found.table(name)
        return found

    @property
    def built_in(self) -> bool:
        return self.path == BUILT_IN

    def table(self, name: str) -> Mapping[str, Any]:
        """The table of that name, empty where the file has none. Raises SettingError."""
        found = self.tables.get(name, {})
        if not isinstance(found, Mapping):
            raise self.refused(f"{name} is no table", name, hint=f"Write [{name}.NAME]")
        return found

    def named(self, name: str) -> Iterator[str]:
        """The names of the tables below, ``a`` for ``[rules.a]``. Raises SettingError."""
        for one, body in self.table(name).items():
            if not _NAME.fullmatch(one):
                raise self.refused(
                    f"{one!r} is no name", name, one, hint="Allowed: a-z, 0-9, _ and -, up to 64"
                )
            if not isinstance(body, Mapping):
                raise self.refused(f"{one} is no table", name, one, hint=f"Write [{name}.{one}]")
            yield one

    def checked(
        self,
        model: type[_Model],
        *keys: str,
        below: Mapping[str, Any] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> _Model:
        """The table at ``keys`` as ``model`` has it, ``env:`` values taken from the environment.

        ``below`` is what holds where the table says nothing. Raises SettingError with line and
        reason for the first thing that is wrong; what was given is not repeated, it may be secret.
        """
        found: Any = self.tables
        for key in keys:
            found = found.get(key, {}) if isinstance(found, Mapping) else found
        if not isinstance(found, Mapping):
            raise self.refused(f"{'.'.join(keys)} is no table", *keys)
        known = os.environ if environ is None else environ
        given = self._resolved(dict(below or {}) | dict(found), keys, known)
        try:
            return model.model_validate(given)
        except ValidationError as error:
            raise self._wrong(error.errors(include_url=False)[0], keys, model) from None

    def _resolved(self, value: Any, at: Key, environ: Mapping[str, str]) -> Any:
        if isinstance(value, Mapping):
            return {key: self._resolved(one, (*at, key), environ) for key, one in value.items()}
        if isinstance(value, list):
            return [self._resolved(one, (*at, i), environ) for i, one in enumerate(value)]
        if isinstance(value, str) and value.startswith(ENV):
            name = value.removeprefix(ENV)
            if not environ.get(name):
                raise self.refused(
                    f"the environment has no {name}", *at, hint=f"Set {name}, then start anew"
                )
            return environ[name]
        return value

    def _wrong(self, error: ErrorDetails, keys: Key, model: type[BaseModel]) -> SettingError:
        at, kind = (*keys, *error["loc"]), error["type"]
        name = ".".join(str(part) for part in error["loc"])
        if kind == "extra_forbidden":
            known = list(model.model_fields) if len(error["loc"]) == 1 else []
            return self.unknown(*at, known=known, what="key")
        if kind == "missing":
            return self.refused(f"{name} is missing", *at)
        reason = error.get("ctx", {}).get("error")
        if kind != "value_error" or reason is None:
            reason = error["msg"]
            reason = reason[:1].lower() + reason[1:]
        # What a model says of itself as a whole begins with the key that it is about.
        about = str(reason).partition(":")[0]
        at = at if name or (*at, about) not in self.lines else (*at, about)
        return self.refused(f"{name}: {reason}" if name else str(reason), *at)

    def unknown(self, *at: str | int, known: Mapping[str, Any] | Any, what: str) -> SettingError:
        """The error for a name that does not exist, with the nearest of those that do."""
        name = str(at[-1])
        near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.4)
        hint = f"The nearest is {near[0]}" if near else ""
        return self.refused(f"there is no such {what} as {name!r}", *at, hint=hint)

    def refused(self, what: str, *at: str | int, hint: str = "") -> SettingError:
        """The error that names the line of the key ``at``, or of what is nearest above it."""
        return SettingError(what, where=self.place(*at), hint=hint)

    def place(self, *at: str | int) -> str:
        """File and line of a key, as messages say them."""
        for length in range(len(at), 0, -1):
            if (line := self.lines.get(at[:length])) is not None:
                return f"{self.path}:{line}"
        return str(self.path)

    @cached_property
    def lines(self) -> Mapping[Key, int]:
        """Of each key the line it stands in, from 1 on."""
        found: dict[Key, int] = {}
        counts: dict[Key, int] = {}
        above: Key = ()
        for number, text in _statements(self.text):
            if text.startswith("["):
                above = _header(text, counts)
                path = above
            else:
                path = (*above, *_left(text))
            for length in range(1, len(path) + 1):
                found.setdefault(path[:length], number)
        return found


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Headers and assignments with the lines they begin in; values may go on for several."""
    waiting: list[str] = []
    begun = 0
    for number, line in enumerate(text.splitlines(), 1):
        if not waiting:
            stripped = line.strip()
            if not stripped or stripped.startswith("#"):
                continue
            if stripped.startswith("["):
                yield number, stripped
                continue
            begun = number
        waiting.append(line)
        # Only what may close a value is worth parsing once more.
        if (len(waiting) == 1 or any(end in line for end in _MORE)) and _whole(waiting):
            yield begun, waiting[0].strip()
            waiting = []


def _whole(lines: list[str]) -> bool:
    try:
        tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError:
        return False
    return True


def _header(text: str, counts: dict[Key, int]) -> Key:
    path = _path(tomllib.loads(text))
    if text.startswith("[["):
        counts[path] = counts.get(path, -1) + 1
    # A table below an array's stands in its newest entry.
    found: Key = ()
    for length in range(1, len(path) + 1):
        found = (*found, path[length - 1])
        if path[:length] in counts:
            found = (*found, counts[path[:length]])
    return found


def _left(text: str) -> Key:
    """The key of an assignment, which may be dotted, quoted, and hold an equals sign."""
    for at, sign in enumerate(text):
        if sign == "=":
            try:
                return _path(tomllib.loads(f"{text[:at]}= 0"))
            except tomllib.TOMLDecodeError:
                continue
    return ()


def _path(found: Any) -> Key:
    keys: list[str] = []
    while isinstance(found, (dict, list)) and found:
        if isinstance(found, list):
            found = found[0]
            continue
        key, found = next(iter(found.items()))
        keys.append(key)
    return tuple(keys)


def _unreadable(path: Path, reason: str) -> SettingError:
    return SettingError(
        f"the rules cannot be read: {reason}", where=str(path), hint="See VC_RULES_FILE"
    )


def _no_toml(path: Path, reason: str) -> SettingError:
    at = re.search(r"\(at line (\d+), column \d+\)", reason)
    where = f"{path}:{at.group(1)}" if at else str(path)
    what = reason.removesuffix(at.group(0)).strip() if at else reason
    return SettingError(f"it is no TOML: {what}", where=where)


class Followed(Generic[_Checked]):
    """A part of the file as it is followed while it changes: what it says, or said last.

    ``problem`` says, in one line, why the file as it stands now was refused; the part goes on with
    what it had. None while all is well.
    """

    def __init__(self, path: Path | None, check: Callable[[RulesFile], _Checked]) -> None:
        """Read the file. Raises SettingError: nothing begins with a file that is wrong."""
        self._path = path or BUILT_IN
        self._check = check
        self._stamp = _stamp(self._path)
        self.value: _Checked = check(RulesFile.read(self._path))
        self.problem: str | None = None

    def look(self) -> bool:
        """Read it anew where it has changed; whether ``value`` is another one now."""
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            self.value = self._check(RulesFile.read(self._path))
        except SettingError as error:
            self.problem = str(error)
            return False
        self.problem = None
        return True


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size
