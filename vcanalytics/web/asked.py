"""What a link to a file asks for, and the rows it is answered with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import polars as pl

from vcanalytics import cached
from vcanalytics.analytics.latency import Kind
from vcanalytics.display.ranges import COMPARISONS, PRESETS, Range
from vcanalytics.errors import UsageError
from vcanalytics.model.times import read_typed_time, read_zone
from vcanalytics.model.windows import Grain


@dataclass(frozen=True, slots=True)
class Asked:
    """What a link asks for. Raises UsageError, when made by ``read``, for what is none."""

    params: Mapping[str, str]
    start: datetime
    end: datetime
    zone: ZoneInfo
    now: datetime

    @classmethod
    def read(cls, params: Mapping[str, str]) -> Asked:
        """The range, zone and moment of a link."""
        zone = read_zone(params.get("zone", "UTC"))
        start, end = instant(params, "from", zone), instant(params, "to", zone)
        if end <= start:
            raise UsageError("the range ends before it begins")
        now = instant(params, "as_of", zone) if "as_of" in params else datetime.now(UTC)
        return cls(params, start, end, zone, now)

    @property
    def seen(self) -> cached.Version | None:
        """The version of the streams that the screen was drawn from, where the link says it."""
        return cached.load_version(self.params.get("seen", ""))

    @property
    def until(self) -> datetime:
        """How far the range had come."""
        return min(max(self.now, self.start), self.end)

    @property
    def view(self) -> Range:
        """The range as the page showed it that the link stood on, with what it compared with."""
        compare = self.params.get("compare", "none")
        if compare not in COMPARISONS:
            raise UsageError(f"the comparison is one of {', '.join(COMPARISONS)}")
        preset = self.text("range")
        return Range(
            preset if preset in PRESETS else None,
            self.start.astimezone(UTC),
            self.end.astimezone(UTC),
            self.zone.key,
            self.grain,
            grain_by_hand=True,
            compare=compare,
            now=self.now,
            week_start=cached.settings().week_start,
            oldest=cached.streams()["transactions"].first_at,
        )

    def text(self, name: str) -> str | None:
        return self.params.get(name) or None

    @property
    def grain(self) -> Grain:
        try:
            return Grain(self.params.get("grain", "day"))
        except ValueError:
            raise UsageError("the grain is hour, day, week or month") from None

    @property
    def kind(self) -> Kind:
        try:
            return Kind(self.params.get("kind", Kind.REQUEST.value))
        except ValueError:
            raise UsageError(f"the kind is one of {', '.join(Kind)}") from None


@dataclass(frozen=True, slots=True)
class Rows:
    """A table's rows, and when they were read."""

    frame: pl.DataFrame
    as_of: datetime


def instant(params: Mapping[str, str], key: str, zone: ZoneInfo) -> datetime:
    """The time that a parameter says. Raises UsageError where it is none, or missing."""
    try:
        return read_typed_time(params[key], zone)
    except KeyError:
        raise UsageError(f"the link says no {key!r}") from None
