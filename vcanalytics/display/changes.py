"""What changed against before, as a picture: bars of the largest parts of the difference."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import polars as pl

from vcanalytics.display import charts, formats, words
from vcanalytics.display.picture import Picture
from vcanalytics.model.parts import MONEY, REFUNDS

#: So many parts have a bar; the rest is one more.
SHOWN: Final = 6
_ROW_PX: Final = 30
_UNIT: Final = {"state": "attempts", "error": "failed payments"}
#: States of which more is worse.
_WORSE: Final = frozenset({"failed", "error", "awaiting_payment", "pending", "cancelled"})


def unit(by: str, code: str) -> str:
    """What the bars of one way to part are counted in."""
    return _UNIT.get(by, f"net, {code}")


def picture(parts: pl.DataFrame, by: str, code: str, *, room: float = 0.34) -> Picture:
    """The largest changes, "everything else" last: of ``analytics.changes.largest``, not empty."""
    rows = [_bar(by, row, code) for row in parts.iter_rows(named=True)]
    frame = pl.DataFrame(rows, schema=["name", "value", "role", "label", "text"], orient="row")
    return Picture(
        "What changed",
        unit(by, code),
        f"What changed: {frame['text'][0]}",
        frame,
        charts.changes(_ROW_PX * frame.height + 8, tuple(frame["name"]), _reach(frame), room),
    )


def _reach(frame: pl.DataFrame) -> tuple[float, float]:
    """How far the bars go to either side of the zero rule."""
    values = [float(value) for value in frame["value"]]
    return min(0.0, *values), max(0.0, *values)


def _bar(by: str, row: dict[str, Any], code: str) -> tuple[str, float, str, str, str]:
    name = _name(by, row, code)
    label = worth(by, row["difference"], code)
    before, now = (_plain(by, row[side], code) for side in ("before", "now"))
    text = f"{name}: {label}, from {before} to {now}"
    return name, float(row["difference"]), _role(by, row), label, text


def worth(by: str, difference: Decimal, code: str) -> str:
    """A difference with its sign, in its unit."""
    sign = "+" if difference >= 0 else "-"
    return f"{sign}{_plain(by, abs(difference), code)}"


def _plain(by: str, value: Decimal, code: str) -> str:
    return formats.money(value, code) if by in MONEY else formats.count(int(value))


def _name(by: str, row: dict[str, Any], code: str) -> str:
    name, rises = row["name"], row["difference"] > 0
    if name is None:
        return "Everything else"
    match by:
        case "price" if name == REFUNDS:
            return "Fewer refunds" if rises else "More refunds"
        case "price":
            at = formats.money(Decimal(name), code)
            return f"{'More' if rises else 'Fewer'} payments at {at}"
        case "hour":
            return f"{name}:00 to {(int(name) + 1) % 24:02d}:00"
        case "weekday":
            return f"{name.capitalize()}s"
        case "state":
            return words.status(name).label
        case _:
            return name or "No message"


def _role(by: str, row: dict[str, Any]) -> str:
    rises = row["difference"] > 0
    if by == "error" or (by == "state" and row["name"] in _WORSE):
        return "critical" if rises else "good"
    if by == "state" and row["name"] == "refunded":
        return "refund"
    if by == "state" and row["name"] != "completed":
        return "muted"
    return "good" if rises else "critical"
