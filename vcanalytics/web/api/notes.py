"""Notes on the time axis: those of a range, and a new one, for whoever deploys by a program."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from vcanalytics.cached import notes as _notes
from vcanalytics.model.notes import TEXT_CHARS_MAX, NoteDraft, NoteKind
from vcanalytics.model.notes import Note as Kept
from vcanalytics.model.times import EARLIEST, LATEST
from vcanalytics.web.api.answers import Moment, Told, answer, clock, done, written
from vcanalytics.web.api.asked import Nothing, Ranged, Time, Zone, in_order, time_of, zone_of
from vcanalytics.web.api.faults import Route
from vcanalytics.web.doors import visit_of

router: Final = APIRouter(route_class=Route, tags=["notes"])
LIMIT_MAX: Final = 1_000
_Kind = Literal["release", "outage", "campaign", "other"]


class Note(BaseModel):
    """One note: a moment, or the span from ``starts_at`` to before ``ends_at``."""

    note: int = Field(description="Its number")
    starts_at: Moment
    ends_at: Moment | None = Field(description="Null of a moment")
    kind: _Kind
    text: str
    by: str = Field(description="A user, token:NAME, or command:NAME")
    written_at: Moment
    edited_by: str | None
    edited_at: Moment | None


def _told(kept: Kept, zone: ZoneInfo) -> Note:
    def at(instant: datetime | None) -> str | None:
        return None if instant is None else written(instant, zone)

    return Note(
        note=kept.number,
        starts_at=written(kept.starts_at, zone),
        ends_at=at(kept.ends_at),
        kind=kept.kind.value,
        text=kept.text,
        by=kept.by,
        written_at=written(kept.written_at, zone),
        edited_by=kept.edited_by,
        edited_at=at(kept.edited_at),
    )


class Notes(Ranged):
    """Which notes: those of which any lies in the range; without one, all."""

    limit: Annotated[int, Field(ge=1, le=LIMIT_MAX, description="The newest so many")] = 100


class NotesTold(Told):
    """Notes, the newest first."""

    notes: list[Note]
    total: int = Field(description="Notes of the range, beyond the limit too")


@router.get("/notes", response_model=NotesTold)
async def notes(request: Request, asked: Annotated[Notes, Query()]) -> Response:
    """Notes on the time axis, the newest first."""
    now = clock(request)

    def ask() -> NotesTold:
        zone = zone_of(asked.zone)
        start, end = time_of(asked.start, zone, "from"), time_of(asked.end, zone, "to")
        in_order(start, end)
        found = _notes.within(start or EARLIEST, end or LATEST)
        told = [_told(one, zone) for one in found[: asked.limit]]
        return NotesTold(timestamp=written(now), notes=told, total=len(found))

    return await answer(request, ask)


class New(BaseModel):
    """A note to write."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(
        min_length=1, max_length=TEXT_CHARS_MAX, description="One line, without controls"
    )
    kind: _Kind = "other"
    at: Time = Field(None, description="When it was, or began; now without")
    until: Time = Field(None, description="When it ended; without, it is a moment")
    zone: Zone = None


class Written(Told):
    """The note as it stands now."""

    note: Note


@router.post("/notes", response_model=Written)
async def write_note(request: Request, asked: New, _none: Annotated[Nothing, Query()]) -> Response:
    """Write a note: it is on every open page at once. Operators and admins only."""
    now = clock(request)
    visit = visit_of(request.scope)
    actor = "" if visit.principal is None else visit.principal.actor

    def write() -> Written:
        zone = zone_of(asked.zone)
        draft = NoteDraft(
            NoteKind(asked.kind),
            asked.text,
            time_of(asked.at, zone, "at") or now,
            time_of(asked.until, zone, "until"),
        )
        kept = _notes.add(draft, by=actor)
        visit.accounts.note(
            "note_written",
            actor=actor,
            target=f"note {kept.number}",
            address=visit.address,
            detail=kept.written_out,
        )
        return Written(timestamp=written(now), note=_told(kept, zone))

    # Without a budget: what is begun is done, and noted.
    return done(await asyncio.to_thread(write))
