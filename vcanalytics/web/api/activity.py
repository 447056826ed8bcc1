"""What users do: who is active, and what was done last."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from vcanalytics import cached
from vcanalytics.analytics.activity import ACTIVE
from vcanalytics.analytics.performance import VECTORISATION
from vcanalytics.web.api.answers import Moment, Told, answer, clock, written
from vcanalytics.web.api.asked import Nothing
from vcanalytics.web.api.faults import Route

router: Final = APIRouter(route_class=Route, tags=["users"])
_RECENT: Final = 50
_VECTORISED: Final = 20


class Activity(BaseModel):
    """Something a user did."""

    happened_at: Moment
    kind: str = Field(description="sign_in, sign_up, upload, vectorisation, ...")
    outcome: str | None = Field(description="Of a vectorisation: done or failed")
    person: str | None = Field(description="The normalised e-mail, else the user's id")
    user_id: int | None
    username: str | None
    email: str | None
    description: str | None
    file_name: str | None
    size_bytes: int | None
    strategy: str | None
    duration_ms: float | None
    source: str | None = Field(description="The table it was read from")


class Person(BaseModel):
    """Somebody who did something in the last 30 minutes."""

    person: str
    user_id: int | None
    username: str | None
    email: str | None
    first_at: Moment
    last_at: Moment
    events: int
    kind: str = Field(description="What they did last")
    outcome: str | None
    description: str | None


class Summary(BaseModel):
    """Counts; those of active users are of all, however many are listed."""

    active_users_count: int
    recent_activities_count: int
    vectorization_count: int


class UserActivity(Told):
    """What users did in the last 24 hours, the newest first, and who is active."""

    recent_activities: list[Activity] = Field(max_length=_RECENT)
    active_users: list[Person] = Field(max_length=500)
    vectorization_activities: list[Activity] = Field(max_length=_VECTORISED)
    summary: Summary


@router.get("/user-activity", response_model=UserActivity)
async def user_activity(request: Request, _asked: Annotated[Nothing, Query()]) -> Response:
    """What users did last, and who is active now."""
    now = clock(request)
    return await answer(request, lambda: told(now))


def told(now: datetime) -> UserActivity:
    """The answer as of ``now``."""
    recent = cached.activity.feed(now=now, limit=_RECENT).frame
    vectorised = cached.activity.feed(now=now, limit=_VECTORISED, kinds=(VECTORISATION,)).frame
    people = cached.activity.active_now(now=now).frame
    count = people.height
    if count == _PEOPLE:
        # The list is cut there; the count is not.
        until = cached.minute(now)
        count = int(cached.activity.totals(until - ACTIVE, until).frame["people"][0])
    return UserActivity(
        timestamp=written(now),
        recent_activities=[Activity(**_row(Activity, row)) for row in recent.to_dicts()],
        active_users=[Person(**_row(Person, row)) for row in people.to_dicts()],
        vectorization_activities=[Activity(**_row(Activity, row)) for row in vectorised.to_dicts()],
        summary=Summary(
            active_users_count=count,
            recent_activities_count=recent.height,
            vectorization_count=vectorised.height,
        ),
    )


#: So many people analytics lists at most.
_PEOPLE: Final = 500


def _row(model: type[BaseModel], row: dict[str, Any]) -> dict[str, Any]:
    """A row's fields as ``model`` has them."""
    return {
        name: written(row[name]) if isinstance(row[name], datetime) else row[name]
        for name in model.model_fields
    }
