"""Components as programs are told of them: by name, the whole first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from pydantic import BaseModel, Field

from vcanalytics.cached.watch import Watched
from vcanalytics.journal.components import Component as Found
from vcanalytics.model.health import Status
from vcanalytics.web.api.answers import Moment, written

_Status = Literal["healthy", "warning", "critical", "unknown"]
_BAD: Final = frozenset({Status.WARNING, Status.CRITICAL, Status.UNKNOWN})


class Overall(BaseModel):
    """The worst that is known, and a sentence."""

    status: _Status
    message: str


class Component(BaseModel):
    """One component as the watchman found it last."""

    status: _Status
    message: str = Field(description="What was found")
    hint: str = Field(description="What to do about it; empty where nothing is")
    error_message: str | None = Field(description="The same as message where not all is well")
    since: Moment = Field(description="Since when it is so")
    checked_at: Moment
    data_at: Moment | None = Field(description="The time of what the finding rests on")


def overall(found: Watched) -> Overall:
    """The worst status, and which components are in it."""
    status = found.overview.status
    worst = [one.name for one in found.overview.components if one.status is status]
    if found.problem:
        message = found.problem
    elif status is Status.HEALTHY:
        message = "All components are well"
    elif not worst:
        message = "Nothing is known yet"
    else:
        message = f"{status.value.capitalize()}: {', '.join(worst)}"
    return Overall(status=status.value, message=message)


def components(found: Iterable[Found]) -> dict[str, Component]:
    """Every component by name, the worst first."""
    return {
        one.name: Component(
            status=one.status.value,
            message=one.what,
            hint=one.hint,
            error_message=one.what if one.status in _BAD else None,
            since=written(one.since),
            checked_at=written(one.checked_at),
            data_at=None if one.data_at is None else written(one.data_at),
        )
        for one in found
    }
