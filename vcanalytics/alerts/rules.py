"""Rules: what is measured, from where on it is too much, for how long, and what to do then.

They stand in ``defaults.toml``, and what ``[rules.NAME]`` of the operator's own file says is laid
over these, key by key: a file of three lines changes a threshold.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import cache, cached_property
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from vcanalytics.alerts.measures import MEASURES, Measure
from vcanalytics.alerts.quantities import length, quantity, written
from vcanalytics.journal.alert_records import Severity
from vcanalytics.rules_file import RulesFile

RULES_MAX: Final = 200
_MINUTE: Final = timedelta(minutes=1)
_LONGEST_WINDOW: Final = timedelta(hours=24)
#: Windows that are longer than this are asked less often.
_SHORT: Final = timedelta(minutes=10)
_SLOWER: Final = timedelta(seconds=30)
#: Keys that say where too much begins, and whether that is above.
_LIMITS: Final = {"above": True, "at_least": True, "below": False, "at_most": False}


def _length(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("write it with its unit, like '5 min'")  # noqa: TRY004 pydantic's
    return length(value)


def _quantity(value: object) -> object:
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError("write it with its unit, like '200 ms'")  # noqa: TRY004 pydantic's
    quantity(value)
    return value


Length = Annotated[timedelta, BeforeValidator(_length)]
Quantity = Annotated[str | None, BeforeValidator(_quantity)]


class Rule(BaseModel):
    """A rule as the file has it; docs/alerts.md says what each key means."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(min_length=1, max_length=120)
    measure: str
    severity: Severity
    enabled: bool = True
    above: Quantity = None
    at_least: Quantity = None
    below: Quantity = None
    at_most: Quantity = None
    clear: Quantity = None
    window: Length | None = None
    wider: Length | None = None
    narrower: tuple[Length, ...] = Field((), max_length=3)
    hold: Length = Field(timedelta(), alias="for")
    clear_for: Length = timedelta(minutes=2)
    min_volume: int = Field(0, ge=0, strict=True)
    min_events: int = Field(0, ge=0, strict=True)
    times_usual: float = Field(0.0, ge=0, le=1_000, allow_inf_nan=False)
    chance_below: float = Field(1.0, gt=0, le=1, allow_inf_nan=False)
    no_data: str = Field("ok", pattern="^(ok|no_data|keep)$")
    no_data_for: Length = timedelta(minutes=5)
    series: tuple[str, ...] = ()
    except_: tuple[str, ...] = Field((), alias="except")
    group: str = Field("", max_length=60)
    page: str = Field("/alerts", pattern="^/[a-z_/-]*$")
    runbook: str = Field("", max_length=4_000)
    named_max: int = Field(20, ge=1, le=200, strict=True)

    @model_validator(mode="after")
    def _measured(self) -> Self:
        measure = MEASURES.get(self.measure)
        if measure is None:
            near = difflib.get_close_matches(self.measure, MEASURES, n=1, cutoff=0.4)
            hint = f"; the nearest is {near[0]}" if near else ""
            raise ValueError(f"measure: there is no {self.measure!r}{hint}")
        given = [name for name in _LIMITS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("give one of above, at_least, below, at_most")
        for name in (*given, "clear"):
            text = getattr(self, name)
            if text is not None and (unit := quantity(text)[1]) != measure.unit:
                raise ValueError(
                    f"{name}: {self.measure} is measured in {measure.unit!r}, not in {unit!r}"
                )
        if self.rising and self.clear_at > self.limit:
            raise ValueError(f"clear: it would be over at {self.clear}, where it is still too much")
        if not self.rising and self.clear_at < self.limit:
            raise ValueError(f"clear: it would be over at {self.clear}, where it is too little")
        self._possible(measure)
        return self

    def _possible(self, measure: Measure) -> None:
        """Raises ValueError for what the measure cannot do."""
        if measure.unit == "%" and not 0 <= self.limit <= 100:
            raise ValueError(f"{self.given}: {written(self.limit, '%')} is no share")
        if self.limit < 0:
            raise ValueError(f"{self.given}: it is never below 0")
        self._windows(measure)
        if self.min_volume and not measure.volume:
            raise ValueError(f"min_volume: {self.measure} counts nothing beside its value")
        if self.min_events and not measure.events:
            raise ValueError(f"min_events: {self.measure} counts nothing beside its value")
        if self.times_usual and not (measure.usual and self.rising):
            raise ValueError(f"times_usual: {self.measure} has nothing it is usually")
        if self.chance_below < 1 and (measure.chance is None or not self.rising):
            raise ValueError(f"chance_below: of {self.measure} no chance can be told")
        if (self.series or self.except_) and not measure.series:
            raise ValueError(f"series: {self.measure} has one series alone")

    def _windows(self, measure: Measure) -> None:
        """Raises ValueError for windows that the measure cannot have."""
        if self.window is not None and measure.window is None:
            raise ValueError(f"window: {self.measure} has none")
        if self.window is not None and (self.window % _MINUTE or not _possible(self.window)):
            raise ValueError("window: it may be from 1 min to 24 h, in whole minutes")
        if self.wider is not None and not measure.wider:
            raise ValueError(f"wider: {self.measure} has one window alone")
        if self.wider is not None and (self.wider % self.span or not _possible(self.wider)):
            raise ValueError("wider: it is a multiple of the window, up to 24 h")
        if self.narrower and not measure.wider:
            raise ValueError(f"narrower: {self.measure} has one window alone")
        if any(one % _MINUTE or not timedelta() < one < self.span for one in self.narrower):
            raise ValueError("narrower: whole minutes, and less than the window")

    @cached_property
    def rising(self) -> bool:
        """Whether more is worse."""
        return self.above is not None or self.at_least is not None

    @cached_property
    def strict(self) -> bool:
        """Whether the limit itself is still well."""
        return self.above is not None or self.below is not None

    @cached_property
    def given(self) -> str:
        """Which of the keys says the limit."""
        return next(name for name in _LIMITS if getattr(self, name) is not None)

    @cached_property
    def limit(self) -> float:
        """From where on it is too much, in the measure's unit."""
        return quantity(getattr(self, self.given))[0]

    @cached_property
    def clear_at(self) -> float:
        """From where on it is over: the limit itself where nothing is said."""
        return self.limit if self.clear is None else quantity(self.clear)[0]

    @cached_property
    def of(self) -> Measure:
        return MEASURES[self.measure]

    @cached_property
    def every(self) -> timedelta:
        """How often it is evaluated: what looks back for long need not be asked so often."""
        return max(self.of.every, _SLOWER) if self.span > _SHORT else self.of.every

    @cached_property
    def span(self) -> timedelta:
        """How far it looks back; of a state, nothing."""
        return self.window or self.of.window or timedelta()

    def watches(self, series: str) -> bool:
        """Whether the rule is about that series."""
        wanted = not self.series or any(fnmatchcase(series, one) for one in self.series)
        return wanted and not any(fnmatchcase(series, one) for one in self.except_)


def _possible(window: timedelta) -> bool:
    return _MINUTE <= window <= _LONGEST_WINDOW


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules that hold, those switched off too, by name."""

    by_name: Mapping[str, Rule]

    @property
    def enabled(self) -> dict[str, Rule]:
        return {name: rule for name, rule in self.by_name.items() if rule.enabled}


@cache
def _built_in() -> RulesFile:
    return RulesFile.read()


def read_rules(file: RulesFile) -> Rules:
    """The built-in rules with those of ``file`` over them.

    Raises SettingError, with line and reason, for a rule that cannot be.
    """
    below: Mapping[str, Any] = {} if file.built_in else _built_in().table("rules")
    found = {
        name: _built_in().checked(Rule, "rules", name)
        for name in below
        if name not in file.table("rules")
    }
    for name in file.named("rules"):
        found[name] = file.checked(Rule, "rules", name, below=_under(below, file, name))
    if len(found) > RULES_MAX:
        raise file.refused(f"{len(found):,} rules are more than {RULES_MAX}", "rules")
    order = {name: place for place, name in enumerate(below)}
    return Rules(dict(sorted(found.items(), key=lambda one: order.get(one[0], len(order)))))


def _under(below: Mapping[str, Any], file: RulesFile, name: str) -> Mapping[str, Any]:
    """What holds of a built-in rule beside what the file says of it."""
    own = file.table("rules")[name]
    mine = dict(below.get(name, {}))
    if own.get("measure", mine.get("measure")) != mine.get("measure"):
        return {}
    # A limit given another way takes the place of the one there was, and so does what clears it.
    if any(limit in own for limit in _LIMITS):
        for limit in (*_LIMITS, "clear"):
            mine.pop(limit, None)
    return mine
