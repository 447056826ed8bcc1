"""Reports as files: GET /admin/report/day.pdf or week.pdf, ?date=&zone=; noted like exports."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from vcanalytics.model.times import read_zone
from vcanalytics.web.exports import attachment, file_name, note, refusing

_MEDIA_TYPE: Final = "application/pdf"


async def report(request: Request) -> Response:
    """Answer one link; without a date of yesterday, or of the last whole week."""
    return await refusing(lambda: _made(request), draws=True)


def _made(request: Request) -> Response:
    # Its caches want Streamlit's runtime, which is not there yet when the app is put together.
    from vcanalytics.cached import report as reports  # noqa: PLC0415

    kind = reports.Kind(PurePosixPath(request.url.path).stem)
    day, zone = request.query_params.get("date"), request.query_params.get("zone")
    found = reports.made(
        kind,
        reports.read_date(day) if day else None,
        zone=read_zone(zone) if zone else None,
        now=datetime.now(UTC),
    )
    one, name = found.period, f"report-{kind.value}"
    note(request, name, one.start, one.end, "a report")
    called = file_name(name, one.start, one.end, one.zone, found.as_of, "pdf")
    return Response(found.content, media_type=_MEDIA_TYPE, headers=attachment(called))
