"""Checks of single values: each gives the value to keep, or raises ValueError with the reason."""

from __future__ import annotations

import difflib
import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from babel import Locale, UnknownLocaleError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from vcanalytics.errors import UsageError
from vcanalytics.model.money import known_currencies
from vcanalytics.model.outages import read_outage
from vcanalytics.model.times import known_zones

_URL_CREDENTIALS: Final = re.compile(r"(?<=://).*@", re.DOTALL)
_URL_SECRET: Final = re.compile(
    r"([?&;][^=&;]*(?:pass|pwd|secret|token|key)[^=&;]*=)[^&;]*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a setting may hold, in words, where its limits do not say it already."""

    words: str


def mask_secrets(text: str) -> str:
    """``text`` with any user, password, token or key of a URL in it made unreadable."""
    # Greedy up to the last @: where a URL cannot be parsed, its password may hold one.
    return _URL_SECRET.sub(r"\1***", _URL_CREDENTIALS.sub("***@", text))


def is_loopback(address: str) -> bool:
    """Whether a listener on ``address`` can be reached from this host alone."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def filled(value: object) -> object:
    """Text without blanks around it; not an empty one."""
    if not isinstance(value, str):
        return value
    if not value.strip():
        raise ValueError("it is empty")
    return value.strip()


def folder(path: Path) -> Path:
    """A folder, or where one can be made."""
    try:
        path = path.expanduser()
    except RuntimeError:
        raise ValueError("there is no such user's home") from None
    if path.exists() and not path.is_dir():
        raise ValueError("it is no folder")
    return path


def _one_of(text: str, known: frozenset[str] | set[str]) -> str:
    if text in known:
        return text
    near = difflib.get_close_matches(text, sorted(known), n=1, cutoff=0.6)
    raise ValueError(f"did you mean {near[0]}?" if near else "unknown")


def zone(name: str) -> str:
    """A zone of the IANA database."""
    return _one_of(name, known_zones())


def locale(name: str) -> str:
    """A locale that Babel knows, and that writes its numbers in the digits 0 to 9."""
    try:
        found = Locale.parse(name.strip().replace("-", "_"))
    except (ValueError, TypeError, UnknownLocaleError):
        raise ValueError("unknown") from None
    if found.default_numbering_system != "latn":
        raise ValueError("its numbers have other digits")
    return str(found)


def currency(code: str) -> str:
    """A currency by its ISO 4217 code, in any case."""
    return _one_of(code.strip().upper(), known_currencies())


def lower(value: object) -> object:
    """Text in lower case."""
    return value.strip().lower() if isinstance(value, str) else value


def listed(separator: str, value: object) -> object:
    """Text as its parts, without blanks around them; anything else as it is."""
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.split(separator) if part.strip())


def source_url(text: str) -> str:
    """A database SQLAlchemy can reach; empty for none."""
    if not text.strip():
        return ""
    try:
        url = make_url(text.strip())
        url.get_dialect()
    except NoSuchModuleError:
        raise ValueError("no such kind of database") from None
    except ArgumentError:
        raise ValueError("not a URL") from None
    if url.get_backend_name() == "sqlite" and url.database in {None, "", ":memory:"}:
        raise ValueError("it names no file")
    return text.strip()


def address(text: str) -> str:
    """An IP address or localhost."""
    if text != "localhost":
        ipaddress.ip_address(text)
    return text


def public_url(text: str) -> str:
    """Where users see the console; empty for nowhere else."""
    if not text.strip():
        return ""
    parts = urlsplit(text.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("not such a URL")
    if parts.path.strip("/"):
        # Pages, API and socket all stand at the root.
        raise ValueError("the console is served from a host of its own, not below a path")
    return text.strip().rstrip("/")


def networks(proxies: tuple[str, ...]) -> tuple[str, ...]:
    """Addresses and networks, each as a network."""
    return tuple(str(ipaddress.ip_network(proxy, strict=False)) for proxy in proxies)


def none_if_empty(value: object) -> object:
    """Empty text as None; anything else as it is."""
    return None if isinstance(value, str) and not value.strip() else value


def rules_file(path: Path | None) -> Path | None:
    """A file there may be; what is in it is checked by those who read it."""
    if path is None:
        return None
    try:
        path = path.expanduser()
    except RuntimeError:
        raise ValueError("there is no such user's home") from None
    if path.is_dir():
        raise ValueError("it is a folder")
    return path


def days_kept(days: int | None) -> int | None:
    """How long rows are kept: questions of 24 h and forecasts of a week are made of them."""
    if days is not None and not 7 <= days <= 36_500:
        raise ValueError("questions look back up to a week" if days < 7 else "too many")
    return days


def budget(size_gb: float | None) -> float | None:
    """Room on the disk: below one GB a busy shop's first week would not find any."""
    if size_gb is not None and not 1 <= size_gb <= 1_000_000:
        raise ValueError("too little to begin with" if size_gb < 1 else "not a size")
    return size_gb


def readable_outages(outages: tuple[str, ...]) -> tuple[str, ...]:
    """Outages that can be read."""
    for outage in outages:
        try:
            read_outage(outage)
        except UsageError as error:
            raise ValueError(error.what) from None
    return outages
