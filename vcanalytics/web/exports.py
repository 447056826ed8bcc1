"""Tables and charts as files: whole, streamed; CSV is safe for spreadsheets, Parquet keeps types.

GET /admin/export/NAME.csv?from=&to=&zone=&..., or NAME.parquet, answers with the figures of the
screen the link stood on: the link carries the version of the streams it was drawn from.
"""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from vcanalytics.errors import BudgetExceeded, ConsoleError, UsageError
from vcanalytics.model.money import code_column, minor_digits
from vcanalytics.web.doors import visit_of

_SLICE_ROWS: Final = 20_000
_PIECE_BYTES: Final = 256 * 1024
_NAME_MAX: Final = 40
#: What a spreadsheet runs as a formula when a cell begins with it, also after blanks and in the
#: wide forms some of them fold.
_FORMULA: Final = r"^[\s\x00-\x1f\u00a0\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20\t\r\n|%]"
_UNSAFE_NAME: Final = re.compile(r"[^A-Za-z0-9._+-]+")


@dataclass(frozen=True, slots=True)
class Export:
    """A table to send: its rows, when they were read, and what its file is called after."""

    name: str
    frame: pl.DataFrame
    as_of: datetime
    zone: ZoneInfo
    start: datetime | None = None
    end: datetime | None = None

    def file_name(self, form: str) -> str:
        """What the file is called: see ``file_name``."""
        return file_name(self.name, self.start, self.end, self.zone, self.as_of, form)


def file_name(
    name: str,
    start: datetime | None,
    end: datetime | None,
    zone: ZoneInfo,
    as_of: datetime,
    form: str,
) -> str:
    """``vectorcraft-NAME_FROM_TO_ZONE_as-of-TIME.FORM``, in characters every system takes."""
    parts = [f"vectorcraft-{name}"]
    if start is not None and end is not None:
        parts += [_stamp(start, zone), _stamp(end, zone)]
    parts += [zone.key.replace("/", "-"), f"as-of-{_stamp(as_of, zone)}"]
    return f"{_UNSAFE_NAME.sub('-', '_'.join(parts))}.{form}"


def _stamp(instant: datetime, zone: ZoneInfo) -> str:
    local = instant.astimezone(zone)
    whole_day = (local.hour, local.minute, local.second) == (0, 0, 0)
    return local.strftime("%Y-%m-%d" if whole_day else "%Y-%m-%dT%H%M%S")


def harmless(column: pl.Expr) -> pl.Expr:
    """Text a spreadsheet shows and does not run: such cells begin with an apostrophe."""
    return pl.when(column.str.contains(_FORMULA)).then(pl.lit("'") + column).otherwise(column)


def _money(name: str, currency: str, codes: list[str]) -> pl.Expr:
    """A money column as text with the digits of each row's currency."""
    text = pl.col(name).cast(pl.String)
    for code in codes:
        digits = minor_digits(code)
        exact = pl.col(name).cast(pl.Decimal(38, 4)).round(digits, mode="half_to_even")
        text = (
            pl.when(pl.col(currency) == code)
            .then(exact.cast(pl.Decimal(38, digits)).cast(pl.String))
            .otherwise(text)
        )
    return text.alias(name)


def as_text(frame: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    """``frame`` as a file carries it: exact money, times with offset, harmless text."""
    columns: list[pl.Expr] = []
    for name, kind in frame.schema.items():
        if isinstance(kind, pl.Datetime):
            local = pl.col(name).dt.convert_time_zone(zone.key)
            columns.append(local.dt.strftime("%Y-%m-%dT%H:%M:%S%.f%:z").alias(name))
        elif (
            isinstance(kind, pl.Decimal)
            and (currency := code_column(name, frame.columns)) is not None
        ):
            codes = frame.get_column(currency).drop_nulls().unique().to_list()
            columns.append(_money(name, currency, codes))
        elif kind == pl.String:
            columns.append(harmless(pl.col(name)).alias(name))
        elif kind == pl.Boolean:
            columns.append(pl.col(name).cast(pl.String))
        else:
            columns.append(pl.col(name))
    return frame.select(columns)


async def _csv(table: Export) -> AsyncIterator[str]:
    yield as_text(table.frame.clear(), table.zone).write_csv()
    for start in range(0, table.frame.height, _SLICE_ROWS):
        piece = table.frame.slice(start, _SLICE_ROWS)
        text = await asyncio.to_thread(as_text, piece, table.zone)
        yield text.write_csv(include_header=False)


async def _parquet(table: Export) -> AsyncIterator[bytes]:
    """Amounts exact, times in the link's zone, text as it is: nothing runs it."""
    zoned = [name for name, kind in table.frame.schema.items() if isinstance(kind, pl.Datetime)]
    frame = table.frame.with_columns(pl.col(zoned).dt.convert_time_zone(table.zone.key))
    # In memory, as the rows are: customers' addresses are left on no disk.
    file = io.BytesIO()
    await asyncio.to_thread(frame.write_parquet, file, compression="zstd")
    file.seek(0)
    while piece := file.read(_PIECE_BYTES):
        yield piece


#: What a table can be had as: how it is called, and what makes it.
FORMS: Final[
    dict[str, tuple[str, Callable[[Export], AsyncIterator[str] | AsyncIterator[bytes]]]]
] = {
    "csv": ("text/csv; charset=utf-8", _csv),
    "parquet": ("application/vnd.apache.parquet", _parquet),
}


#: What a chart can be had as.
PICTURE_FORMS: Final = {"png": "image/png", "svg": "image/svg+xml"}
#: What the audit log calls it.
EXPORTED: Final = "export"


def note(
    request: Request, name: str, start: datetime | None, end: datetime | None, what: str
) -> None:
    """Write down who took which file, of which range. No filter: one may be somebody's address."""
    visit = visit_of(request.scope)
    span = ""
    if start is not None and end is not None:
        span = f"{start.isoformat()} to {end.isoformat()}, "
    visit.accounts.note(
        EXPORTED,
        actor="" if visit.principal is None else visit.principal.actor,
        target=name,
        address=visit.address,
        detail=f"{span}{what}",
    )


def refused(status: int, code: str, message: str) -> JSONResponse:
    """A refusal, as the contract has it."""
    return JSONResponse(
        {
            "success": False,
            "timestamp": datetime.now(UTC).isoformat(),
            "error": {"code": code, "message": message},
        },
        status_code=status,
    )


def build(name: str, params: Mapping[str, str]) -> Export:
    """The table a link asks for. Raises UsageError for a name or a parameter that is none."""
    # Its caches want Streamlit's runtime, which is not there yet when the app is put together.
    from vcanalytics.web.asked import Asked  # noqa: PLC0415
    from vcanalytics.web.tables import TABLES  # noqa: PLC0415

    if name not in TABLES:
        raise UsageError(f"there is no export {name!r}")
    asked = Asked.read(params)
    rows = TABLES[name](asked)
    return Export(
        "-".join([name, *_which(params)]),
        rows.frame,
        rows.as_of,
        asked.zone,
        asked.start,
        asked.end,
    )


#: Parameters that make of one table several: a file's name says which.
_NAMING: Final = (
    "finding",
    "kind",
    "endpoint",
    "measure",
    "funnel",
    "host",
    "rule",
    "severity",
    "alert",
    "by",
)


def _which(params: Mapping[str, str]) -> list[str]:
    found = [params[name].split(",")[0] for name in _NAMING if params.get(name)]
    return [text[:_NAME_MAX] for text in found]


def attachment(name: str) -> dict[str, str]:
    """The headers of a file that is kept nowhere on its way."""
    return {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }


#: Pictures and reports wait for each other; tables and pages need not wait for them as well.
_DRAWING: Final = ThreadPoolExecutor(2, thread_name_prefix="drawing")


async def refusing(work: Callable[[], Response], *, draws: bool = False) -> Response:
    """What ``work`` answers, off the loop; what it refuses, as the JSON of all refusals.

    ``draws``: it makes a picture or a report, which takes its time.
    """
    pool = _DRAWING if draws else None
    try:
        return await asyncio.get_running_loop().run_in_executor(pool, copy_context().run, work)
    except UsageError as error:
        return refused(400, "bad_request", error.what)
    except BudgetExceeded as error:
        return refused(503, "over_budget", error.what)
    except ConsoleError:
        return refused(503, "unavailable", "The store did not answer. Try again in a moment.")


async def export(request: Request) -> Response:
    """Answer one link."""
    form, name = request.path_params["form"], request.path_params["name"]
    params = dict(request.query_params)
    if form in PICTURE_FORMS:
        return await refusing(lambda: _picture(request, name, form, params), draws=True)
    if form not in FORMS:
        known = ", ".join([*FORMS, *PICTURE_FORMS])
        return refused(404, "not_found", f"A file comes as one of {known}.")
    return await refusing(lambda: _table(request, name, form, params))


def _table(request: Request, name: str, form: str, params: Mapping[str, str]) -> Response:
    media_type, body = FORMS[form]
    table = build(name, params)
    note(request, table.name, table.start, table.end, f"{table.frame.height} rows")
    return StreamingResponse(
        body(table), media_type=media_type, headers=attachment(table.file_name(form))
    )


def _picture(request: Request, name: str, form: str, params: Mapping[str, str]) -> Response:
    # As with tables; and what draws is imported where a picture is asked for.
    from vcanalytics.web.pictures import picture  # noqa: PLC0415

    found = picture(name, params)
    # A picture has a name of its own; the measures of its table would only make it long.
    told = {key: value for key, value in params.items() if key != "measure" or "," not in value}
    called = "-".join([name, *_which(told)])
    note(request, called, found.start, found.end, f"a picture, {form}")
    return Response(
        found.drawn(form),
        media_type=PICTURE_FORMS[form],
        headers=attachment(
            file_name(called, found.start, found.end, found.zone, found.as_of, form)
        ),
    )
