"""What the rules file says of notifications: channels, routes, quiet hours, summaries and more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from vcanalytics.model.windows import WEEKDAYS
from vcanalytics.notify.channels import KINDS, CaFile, Channel, Mail, Table
from vcanalytics.notify.http import Target, read_url
from vcanalytics.rules_file import ENV, RulesFile

CHANNELS_MAX: Final = 50
_CLOCK: Final = 'it must be a time of day like "07:00"'


def _clock(value: object) -> object:
    if isinstance(value, time):
        return value
    if not isinstance(value, str) or len(value) != 5:
        raise ValueError(_CLOCK)
    try:
        return time.fromisoformat(value)
    except ValueError:
        raise ValueError(_CLOCK) from None


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


_Clock = Annotated[time, BeforeValidator(_clock)]
_Names = Annotated[tuple[str, ...], Field(max_length=CHANNELS_MAX), AfterValidator(_each_once)]


class Escalation(Table):
    """Who is told when nobody has taken a critical alert up."""

    after_minutes: int = Field(15, ge=1, le=1440)
    channels: _Names = Field(min_length=1)


class Routes(Table):
    """Which channels are told of what. What is not named: every channel, of info none."""

    critical: _Names | None = None
    warning: _Names | None = None
    info: _Names = ()
    resolved: bool = True
    #: Events of one group that come within this are one message.
    group_wait_s: float = Field(5.0, ge=0, le=300)
    escalation: Escalation | None = None


class QuietHours(Table):
    """When only critical alerts pass, on the wall clock of the operator's zone."""

    start: _Clock = Field(alias="from")
    end: _Clock = Field(alias="to")

    @field_validator("end")
    @classmethod
    def _some_time(cls, value: time, info: ValidationInfo) -> time:
        if value == info.data.get("start"):
            raise ValueError("from and to are the same time")
        return value


class Summaries(Table):
    """Figures of the day and the week before, at a time of day in the operator's zone."""

    channels: _Names = Field(min_length=1)
    daily_at: _Clock | None = None
    weekly_at: _Clock | None = None
    weekly_on: Literal[
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
    ] = "monday"

    @property
    def weekday(self) -> int:
        """Of ``weekly_on``; Monday is 0."""
        return WEEKDAYS.index(self.weekly_on)


class Heartbeat(Table):
    """An outside monitor that raises the alarm when it hears nothing."""

    allow_private: bool = False
    url: SecretStr
    method: Literal["GET", "POST", "HEAD"] = "GET"
    every_s: int = Field(60, ge=30, le=3600)
    timeout_s: float = Field(10.0, ge=1, le=30)
    ca_file: CaFile | None = None

    @field_validator("url")
    @classmethod
    def _url(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        read_url(value.get_secret_value(), allow_private=bool(info.data.get("allow_private")))
        return value

    @property
    def target(self) -> Target:
        """Where to call."""
        return Target(self.url.get_secret_value(), self.allow_private, self.ca_file, self.timeout_s)


@dataclass(frozen=True, slots=True)
class Plan:
    """All of it. Without channels nobody is told of anything."""

    channels: Mapping[str, Channel] = field(default_factory=dict)
    routes: Routes = field(default_factory=Routes)
    quiet_hours: QuietHours | None = None
    summaries: Summaries | None = None
    heartbeat: Heartbeat | None = None

    def channels_for(self, severity: str) -> tuple[str, ...]:
        """The channels that are told of alerts of a severity."""
        everyone = tuple(self.channels)
        match severity:
            case "critical":
                return everyone if self.routes.critical is None else self.routes.critical
            case "warning":
                return everyone if self.routes.warning is None else self.routes.warning
            case _:
                return self.routes.info


def read_plan(file: RulesFile, environ: Mapping[str, str] | None = None) -> Plan:
    """What the file says of notifications.

    Raises SettingError with line and reason: an unknown key, a value that is not allowed, a channel
    that does not exist, a password that stands in the file.
    """
    names = list(file.named("channels"))
    if len(names) > CHANNELS_MAX:
        raise file.refused(f"there are more than {CHANNELS_MAX} channels", "channels")
    channels = {name: _channel(file, name, environ) for name in names}
    routes = file.checked(Routes, "routes", environ=environ)
    summaries = (
        file.checked(Summaries, "summaries", environ=environ) if file.table("summaries") else None
    )
    _must_exist(file, channels, routes.critical or (), "routes", "critical")
    _must_exist(file, channels, routes.warning or (), "routes", "warning")
    _must_exist(file, channels, routes.info, "routes", "info")
    if routes.escalation is not None:
        _must_exist(file, channels, routes.escalation.channels, "routes", "escalation", "channels")
    if summaries is not None:
        _must_exist(file, channels, summaries.channels, "summaries", "channels")
    return Plan(
        channels=channels,
        routes=routes,
        quiet_hours=(
            file.checked(QuietHours, "quiet_hours", environ=environ)
            if file.table("quiet_hours")
            else None
        ),
        summaries=summaries,
        heartbeat=(
            file.checked(Heartbeat, "heartbeat", environ=environ)
            if file.table("heartbeat")
            else None
        ),
    )


def _channel(file: RulesFile, name: str, environ: Mapping[str, str] | None) -> Channel:
    body = file.table("channels")[name]
    kind = body.get("type")
    if not isinstance(kind, str) or kind not in KINDS:
        raise file.refused(
            "a channel needs a type" if kind is None else f"there is no type {kind!r} of channels",
            "channels",
            name,
            "type",
            hint=f"Write one of {', '.join(KINDS)}",
        )
    model = KINDS[kind]
    password = body.get("password")
    if model is Mail and isinstance(password, str) and not password.startswith(ENV):
        raise file.refused(
            "password: the file is no place for a secret",
            "channels",
            name,
            "password",
            hint='Write "env:NAME" and set NAME in the environment',
        )
    return file.checked(model, "channels", name, environ=environ)


def _must_exist(
    file: RulesFile, channels: Mapping[str, Channel], names: Iterable[str], *at: str
) -> None:
    for name in names:
        if name not in channels:
            there = ", ".join(channels) or "none"
            raise file.refused(f"there is no channel {name!r}", *at, hint=f"There are: {there}")
