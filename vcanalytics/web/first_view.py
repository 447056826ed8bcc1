"""The takings of today as a part of the index: seen before a script of the page has run.

What Streamlit draws is there once its scripts are read, its socket is open and the page's script
has run. Until then this stands in its place (``page/first_view.js`` takes it away), without a
script of its own: the same figures as the first panel of Overview, by the same functions.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from vcanalytics import cached
from vcanalytics.accounts import Accounts, Principal
from vcanalytics.display import formats, ranges, takings
from vcanalytics.display.picture import SIGNS
from vcanalytics.display.ranges import Against, Defaults, Range
from vcanalytics.errors import ConsoleError
from vcanalytics.web import sketch

_LOG: Final = logging.getLogger(__name__)
#: The index does not wait for it any longer.
_WITHIN_S: Final = 0.2
_PAGE: Final = Path(__file__).parent / "page"
#: What was read longer ago is old, and only the page itself can say so.
_FRESH: Final = timedelta(seconds=60)
#: One at a time draws; who comes meanwhile goes without.
_DRAWING: Final = threading.Lock()


class _Line(NamedTuple):
    """One comparison in words."""

    mark: str
    label: str
    amount: str
    change: str
    colour: str


async def of(accounts: Accounts, who: Principal) -> str:
    """The panel as HTML; empty where it is not had at once, or another page is their start."""
    try:
        async with asyncio.timeout(_WITHIN_S):
            return await asyncio.to_thread(_asked, accounts, who)
    except TimeoutError:
        return ""


def _asked(accounts: Accounts, who: Principal) -> str:
    if not _DRAWING.acquire(blocking=False):
        return ""
    try:
        chosen, _ = accounts.start_of(who)
        return "" if chosen else _drawn(datetime.now(UTC))
    except ConsoleError:
        # The page itself says what is wrong, in the panel's place.
        return ""
    except Exception:  # noqa: BLE001 - the page comes without it
        _LOG.exception("the first view could not be drawn")
        return ""
    finally:
        _DRAWING.release()


def _drawn(now: datetime) -> str:
    payments = cached.streams()["transactions"]
    if payments.read_at is None or now - payments.read_at > _FRESH:
        return ""
    settings = cached.settings()
    code = settings.currency
    view = ranges.read(
        {},
        Defaults(zone=settings.timezone, week_start=settings.week_start),
        now,
        payments.first_at,
    )

    def ask(span: Range | Against) -> pl.DataFrame:
        step = takings.step(span)
        return cached.takings(span.start, span.end, currency=code, step=step).frame

    found = takings.of(ask, view, code)
    if not found.picture.data["value"].max():
        return ""
    return _template().render(
        title=found.picture.title,
        note=found.picture.note,
        sum=formats.money(found.total, code),
        lines=_lines(found, view, code),
        chart=sketch.of(found.picture.data),
        wide=sketch.WIDE,
        deep=sketch.DEEP,
    )


def _lines(found: takings.SoFar, view: Range, code: str) -> list[_Line]:
    """What the sum is compared with, as Overview says it."""
    clock = formats.clock(view.until, view.zone, seconds=False)
    lines = []
    for key, (name, amount) in zip(found.picture.legend[1:], found.before, strict=False):
        share = formats.share_of_change(found.total, amount)
        quiet = share is None or abs(share) < formats.QUIET_SHARE
        lines.append(
            _Line(
                SIGNS[key.mark],
                f"{name} to {clock}",
                formats.money(amount, code),
                "" if share is None else formats.signed_percent(share),
                "muted" if quiet else ("good" if found.total > amount else "critical"),
            )
        )
    return lines


@lru_cache(maxsize=1)
def style() -> str:
    """The panel's own style, in the colours that the index names."""
    return (_PAGE / "first_view.css").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_PAGE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("first_view.html")
