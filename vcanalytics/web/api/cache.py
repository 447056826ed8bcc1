"""The cache: what it holds, and emptying it."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from vcanalytics.cached import regions
from vcanalytics.web.api.answers import Told, answer, clock, done, written
from vcanalytics.web.api.asked import Nothing
from vcanalytics.web.api.faults import Route
from vcanalytics.web.doors import visit_of

router: Final = APIRouter(route_class=Route, tags=["cache"])
#: What the audit log calls it, as the Cache page does.
CLEARED: Final = "cache_cleared"


class Region(BaseModel):
    """One part of the cache: what it holds now, and how often it answered since the start."""

    entries: int
    bytes: int
    hits: int
    misses: int
    hit_ratio: float | None = Field(description="Of all look-ups, 0 to 1; null before the first")
    ttl_s: float


class CacheStats(Told):
    """Every part of the cache, by name."""

    cache_stats: dict[str, Region]


def stats() -> dict[str, Region]:
    """Every part of the cache, by name, in a fixed order."""
    return {
        one.region: Region(
            entries=one.entries,
            bytes=one.bytes,
            hits=one.hits,
            misses=one.misses,
            hit_ratio=one.hit_ratio,
            ttl_s=one.ttl_s,
        )
        for one in regions.regions()
    }


@router.get("/cache/stats", response_model=CacheStats)
async def cache_stats(request: Request, _asked: Annotated[Nothing, Query()]) -> Response:
    """What each part of the cache holds, and of what use it is."""
    now = clock(request)
    return await answer(request, lambda: CacheStats(timestamp=written(now), cache_stats=stats()))


class Clear(BaseModel):
    """What to forget."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["all", "live", "aggregated"] = "all"


class Cleared(Told):
    """What was forgotten."""

    type: str
    cleared: int = Field(description="Answers forgotten")
    message: str


@router.post("/cache/clear", response_model=Cleared)
async def cache_clear(
    request: Request, asked: Clear, _none: Annotated[Nothing, Query()]
) -> Response:
    """Forget answers: what is asked next is read anew. No figure changes for it. Admins only."""
    now = clock(request)
    visit = visit_of(request.scope)

    def clear() -> Cleared:
        count = regions.clear(asked.type)
        said = f"{count} {'entry' if count == 1 else 'entries'}"
        visit.accounts.note(
            CLEARED,
            actor="" if visit.principal is None else visit.principal.actor,
            target=asked.type,
            address=visit.address,
            detail=said,
        )
        return Cleared(
            timestamp=written(now),
            type=asked.type,
            cleared=count,
            message=f"{said} of {asked.type} cleared",
        )

    # Without a budget: what is begun is done, and noted.
    return done(await asyncio.to_thread(clear))
