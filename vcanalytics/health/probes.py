"""Probes that the rules file names: what may stand in ``[probes.<name>]``, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from vcanalytics.rules_file import RulesFile

PROBES_MAX: Final = 20


def _web_address(url: str) -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or not url.isprintable() or " " in url:
        raise ValueError("it is no address with http or https and a host")
    return url


_Host = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9._:-]+$")]
_Port = Annotated[int, Field(ge=1, le=65_535)]


class _Probe(BaseModel):
    """What every probe has: seconds until it gives up, and between two askings."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")

    timeout_s: float = Field(5.0, ge=0.1, le=10, allow_inf_nan=False)
    every_s: float = Field(60.0, ge=10, le=3_600, allow_inf_nan=False)


class HttpProbe(_Probe):
    """A GET that must be answered with ``status``, and hold ``word`` where one is given."""

    kind: Literal["http"]
    url: Annotated[str, Field(max_length=2_000), AfterValidator(_web_address)]
    status: int = Field(200, ge=100, le=599)
    word: str = Field("", max_length=200)


class TcpProbe(_Probe):
    """A port that must take a connection."""

    kind: Literal["tcp"]
    host: _Host
    port: _Port


class SmtpProbe(_Probe):
    """A mail server that must greet and take a NOOP, over TLS where ``tls`` says so."""

    kind: Literal["smtp"]
    host: _Host
    port: _Port = 25
    tls: Literal["none", "starttls", "implicit"] = "none"


Probe: TypeAlias = HttpProbe | TcpProbe | SmtpProbe
_KINDS: Final[dict[object, type[HttpProbe | TcpProbe | SmtpProbe]]] = {
    "http": HttpProbe,
    "tcp": TcpProbe,
    "smtp": SmtpProbe,
}


def probes(file: RulesFile) -> Mapping[str, Probe]:
    """The probes of the file by name. Raises SettingError with line and reason."""
    found: dict[str, Probe] = {}
    for name in file.named("probes"):
        if len(found) == PROBES_MAX:
            raise file.refused(f"there are more than {PROBES_MAX} probes", "probes", name)
        kind = file.table("probes")[name].get("kind")
        model = _KINDS.get(kind) if isinstance(kind, str) else None
        if model is None:
            what = "kind is missing" if kind is None else "there is no such kind of probe"
            hint = f"Allowed: {', '.join(map(str, _KINDS))}"
            raise file.refused(what, "probes", name, "kind", hint=hint)
        found[name] = file.checked(model, "probes", name)
    return found
