"""Every setting of the console, as one table.

Read by everything that starts: the console, the collectors, the commands. A setting is a field of
``Settings`` in lower case and ``VC_`` plus its name in upper case outside. ``.env`` in the working
directory is read first, the environment wins. The README's table is held to this one by a test.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from annotated_types import Ge, Le
from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from vcanalytics.errors import SettingError, UsageError
from vcanalytics.model.money import known_currencies
from vcanalytics.model.outages import Outage, read_outage
from vcanalytics.model.windows import WEEKDAYS

PREFIX: Final = "VC_"

#: What the two failures after a capture leave in the row (see docs/source.md, trap 9).
CAPTURED_ERRORS: Final = (
    "name 'string' is not defined",
    "User with email*already exists",
)

_SHOWN_CHARS_MAX: Final = 120
_URL_CREDENTIALS: Final = re.compile(r"(?<=://).*@", re.DOTALL)
_URL_SECRET: Final = re.compile(
    r"([?&;][^=&;]*(?:pass|pwd|secret|token|key)[^=&;]*=)[^&;]*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a setting may hold, in words, where its limits do not say it already."""

    words: str


class Row(NamedTuple):
    """A row of the table of settings."""

    name: str
    default: str
    meaning: str
    allowed: str


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


def _filled(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not value.strip():
        raise ValueError("it is empty")
    return value.strip()


def _folder(path: Path) -> Path:
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


def _zone(name: str) -> str:
    return _one_of(name, available_timezones())


def _currency(code: str) -> str:
    return _one_of(code.strip().upper(), known_currencies())


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _listed(separator: str, value: object) -> object:
    """Text as its parts, without blanks around them; anything else as it is."""
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.split(separator) if part.strip())


def _source_url(text: str) -> str:
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


def _address(text: str) -> str:
    if text != "localhost":
        ipaddress.ip_address(text)
    return text


def _public_url(text: str) -> str:
    if not text.strip():
        return ""
    parts = urlsplit(text.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("not such a URL")
    return text.strip().rstrip("/")


def _networks(proxies: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(ipaddress.ip_network(proxy, strict=False)) for proxy in proxies)


def _readable_outages(outages: tuple[str, ...]) -> tuple[str, ...]:
    for outage in outages:
        try:
            read_outage(outage)
        except UsageError as error:
            raise ValueError(error.what) from None
    return outages


_ZONE: Final = Allowed("a name of the IANA zone database, like Asia/Kolkata")
_Zone = Annotated[str, AfterValidator(_zone), _ZONE]
_List = Annotated[tuple[str, ...], BeforeValidator(partial(_listed, ","))]


class Settings(BaseSettings):
    """What the console was told, checked. Make it with ``load_settings``."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid")

    data_dir: Annotated[
        Path,
        BeforeValidator(_filled),
        AfterValidator(_folder),
        Allowed("a folder; it is made if it is missing"),
    ] = Field(Path("data"), description="Everything the console writes")
    source_url: Annotated[
        str,
        AfterValidator(_source_url),
        Allowed("an SQLAlchemy URL, like sqlite:////srv/vectorcraft.db; empty for none"),
    ] = Field("", description="VectorCraft's database, opened read-only", repr=False)
    source_timezone: _Zone = Field(
        "UTC", description="Zone of the source's naive local columns: that of VectorCraft's host"
    )
    timezone: _Zone = Field(
        "UTC", description='The operator\'s zone: what "today" means until a viewer picks another'
    )
    week_start: Annotated[
        Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
        BeforeValidator(_lower),
        Allowed(", ".join(WEEKDAYS)),
    ] = Field("monday", description="First day of a week")
    currency: Annotated[str, AfterValidator(_currency), Allowed("an ISO 4217 code, like EUR")] = (
        Field("USD", description="Currency of headline figures")
    )
    collectors: Annotated[
        Literal["embedded", "external"], BeforeValidator(_lower), Allowed("embedded or external")
    ] = Field(
        "embedded",
        description="`embedded`: the console starts and minds them; "
        "`external`: they run on their own",
    )
    port: int = Field(8501, ge=1, le=65_535, description="Port `make run` listens on")
    address: Annotated[
        str,
        BeforeValidator(_filled),
        AfterValidator(_address),
        Allowed("an IP address of this machine, 0.0.0.0 or :: for all, or localhost"),
    ] = Field("127.0.0.1", description="Address `make run` listens on")
    public_url: Annotated[
        str,
        AfterValidator(_public_url),
        Allowed("a URL with http or https and a host; empty for none"),
    ] = Field("", description="The address users see; https there makes cookies Secure")
    trusted_proxies: Annotated[
        _List,
        AfterValidator(_networks),
        Allowed("addresses or networks, parted by commas; empty for none"),
    ] = Field((), description="Proxies whose forwarding headers count")
    idle_minutes: int = Field(
        720, ge=1, le=43_200, description="A session that stands idle so long has ended"
    )
    session_days: int = Field(7, ge=1, le=90, description="A session ends after so many days")
    invitation_hours: int = Field(
        72, ge=1, le=720, description="Hours in which an invitation may be taken up"
    )
    sign_in_tries: int = Field(
        5,
        ge=1,
        le=100,
        description="Wrong passwords before an account must wait; "
        "an address has four times as many",
    )
    grace_minutes: int = Field(
        10, ge=1, le=525_600, description="A paid order without mail or account is a finding after"
    )
    stuck_minutes: int = Field(
        5, ge=1, le=525_600, description="An open payment counts as stuck after"
    )
    abandoned_hours: int = Field(
        24, ge=1, le=87_600, description="An open payment counts as abandoned after"
    )
    sample_prefixes: Annotated[
        _List, Allowed("beginnings of transaction ids, parted by commas; empty for none")
    ] = Field(("TEST_", "TXN_"), description="Ids of sample rows, which are in no figure")
    exact_rows: int = Field(
        5_000_000,
        ge=1,
        le=1_000_000_000,
        description="Up to so many rows a percentile of 24 h or less is exact",
    )
    captured_errors: Annotated[
        tuple[str, ...],
        BeforeValidator(partial(_listed, "|")),
        Allowed("whole messages, parted by a bar, * for any text; empty for none"),
    ] = Field(CAPTURED_ERRORS, description="Error messages that mean: money was taken")
    query_budget_s: float = Field(
        2.0,
        ge=0.1,
        le=600,
        allow_inf_nan=False,
        description="Seconds a page's question may take before it is interrupted",
    )
    seal_rows: int = Field(
        50_000, ge=1_000, le=500_000, description="Rows of a stream that are sealed to Parquet"
    )
    seal_minutes: int = Field(
        60, ge=1, le=10_080, description="Age at which fewer rows are sealed all the same"
    )

    demo_payments_per_minute: float = Field(
        1,
        ge=0,
        le=600,
        allow_inf_nan=False,
        description="How fast the demo shop goes on selling; 0: nobody comes",
    )
    demo_outages: Annotated[
        _List,
        AfterValidator(_readable_outages),
        Allowed(
            "like paypal@2026-11-20T10:00/30m or mail@.../2h, parted by commas; empty for none"
        ),
    ] = Field((), description="Outages the demo shop is to have, in UTC")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # load_settings reads environment and .env itself, to tell a misspelt name from none, and so
        # that a Settings made in a test hangs on nothing outside.
        return (init_settings,)

    @model_validator(mode="after")
    def _ages_in_order(self) -> Self:
        if self.stuck_minutes >= self.abandoned_hours * 60:
            raise SettingError(
                f"{self.stuck_minutes} minutes are not less than VC_ABANDONED_HOURS "
                f"({self.abandoned_hours} hours)",
                where="VC_STUCK_MINUTES",
                hint="A payment is stuck before it is abandoned",
            )
        return self

    @property
    def store_dir(self) -> Path:
        """Where the store lies: the demo shop has one of its own, apart from real payments."""
        return self.data_dir if self.source_url else self.demo_dir

    @property
    def demo_dir(self) -> Path:
        """Everything of the demo shop."""
        return self.data_dir / "demo"

    @property
    def zone(self) -> ZoneInfo:
        """The operator's zone."""
        return ZoneInfo(self.timezone)

    @property
    def source_zone(self) -> ZoneInfo:
        """The zone of the source's naive local columns."""
        return ZoneInfo(self.source_timezone)

    @property
    def outages(self) -> tuple[Outage, ...]:
        """The outages the demo shop is to have."""
        return tuple(read_outage(outage) for outage in self.demo_outages)


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
    return str(value)


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


def main() -> int:
    """Print where Streamlit is to listen, for ``make run``, or stop it: one line, exit status 2."""
    try:
        settings = load_settings()
    except SettingError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"--server.address {settings.address} --server.port {settings.port}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
