"""An answer as a table for people, or as CSV or JSON for programs.

CSV and JSON carry the same text: exact numbers with a point, money with its currency's digits,
times with their offset. Nothing is changed in the data's own text. A table shows the same rows for
people: grouped numbers, one line a row, what would move the cursor made visible.
"""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from enum import Enum, auto
from typing import Any, Final

import polars as pl
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vcanalytics.model.money import code_column, minor_digits

#: Rows written at once, and rows of a table that people read; more than these are a file's matter.
_SLICE_ROWS: Final = 20_000
TABLE_ROWS_MAX: Final = 5_000
_SHOWN_CHARS_MAX: Final = 200
_FOLDED_CHARS_MIN: Final = 12
#: Blanks between two columns.
_GAP: Final = 3
_REAL_DIGITS: Final = 6
#: Code points that end a line, move the cursor, change colours or turn the direction of writing.
_UNSEEN: Final = {
    code: f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    for code in (
        *range(0x20),
        *range(0x7F, 0xA0),
        *range(0x200B, 0x2010),
        *range(0x2028, 0x202F),
        *range(0x2060, 0x2070),
        0xFEFF,
    )
} | {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t"}


class Kind(Enum):
    """What a column holds. Money stands in the currency of its row's ``currency``.

    Where there is a column of its own name and ``_currency``, it stands in that one.
    """

    TEXT = auto()
    TIME = auto()
    MONEY = auto()
    COUNT = auto()
    REAL = auto()
    RATE = auto()
    FLAG = auto()


#: Kinds whose text is a number or a truth value to JSON too.
_BARE: Final = frozenset({Kind.COUNT, Kind.REAL, Kind.RATE, Kind.FLAG})
_LEFT: Final = frozenset({Kind.TEXT, Kind.TIME, Kind.FLAG})


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows to print. ``columns`` says which of the frame, in what order, and what they hold.

    ``head`` and ``foot`` are lines around a table, for people alone.
    """

    frame: pl.DataFrame
    columns: Mapping[str, Kind]
    head: Sequence[str] = ()
    foot: Sequence[str] = ()


def write(answer: Answer, form: str, zone: tzinfo) -> None:
    """Print ``answer`` on stdout in the format ``form``, its times in ``zone``."""
    stream = sys.stdout.buffer
    if form == "table":
        stream.write(as_table(answer, zone).encode(sys.stdout.encoding, "replace"))
    else:
        for piece in as_csv(answer, zone) if form == "csv" else as_json(answer, zone):
            stream.write(piece.encode("utf-8"))
    stream.flush()


def as_csv(answer: Answer, zone: tzinfo) -> Iterator[str]:
    """CSV in pieces: a line of names, then a line a row; absent values are empty."""
    schema = dict.fromkeys(answer.columns, pl.String)
    yield pl.DataFrame(schema=schema).write_csv()
    for piece in answer.frame.iter_slices(_SLICE_ROWS):
        cells = _cells(piece, answer.columns, zone)
        yield pl.DataFrame(cells, schema=schema).write_csv(include_header=False)


def as_json(answer: Answer, zone: tzinfo) -> Iterator[str]:
    """A JSON list in pieces, an object a row and a line; absent values are null."""
    names = [json.dumps(name) for name in answer.columns]
    between = "[\n"
    for piece in answer.frame.iter_slices(_SLICE_ROWS):
        cells = _cells(piece, answer.columns, zone)
        tokens = [_tokens(cells[name], kind) for name, kind in answer.columns.items()]
        rows = (
            "{"
            + ", ".join(f"{name}: {token}" for name, token in zip(names, row, strict=True))
            + "}"
            for row in zip(*tokens, strict=True)
        )
        text = ",\n".join(rows)
        if text:
            yield between + text
            between = ",\n"
    yield "[]\n" if between == "[\n" else "\n]\n"


def _tokens(texts: Sequence[str | None], kind: Kind) -> list[str]:
    if kind in _BARE:
        return ["null" if text is None else text for text in texts]
    encode = json.JSONEncoder(ensure_ascii=False).encode
    return ["null" if text is None else encode(text) for text in texts]


def _cells(
    frame: pl.DataFrame, columns: Mapping[str, Kind], zone: tzinfo
) -> dict[str, list[str | None]]:
    """Each column's cells as exact text, None where absent."""
    cells = {}
    for name, kind in columns.items():
        code = code_column(name, frame.columns)
        codes = [None] * frame.height if code is None else frame[code].to_list()
        cells[name] = [
            None if value is None else _exact(value, kind, zone, one)
            for value, one in zip(frame[name].to_list(), codes, strict=True)
        ]
    return cells


def _exact(value: Any, kind: Kind, zone: tzinfo, currency: str | None) -> str:
    match kind:
        case Kind.TIME:
            # By Python's zone database: the windows' edges are made with it too.
            moment: datetime = value.astimezone(zone)
            return moment.isoformat()
        case Kind.MONEY:
            return f"{value:.{minor_digits(currency or '')}f}"
        case Kind.REAL | Kind.RATE:
            return f"{value:.{_REAL_DIGITS}f}"
        case Kind.FLAG:
            return "true" if value else "false"
        case _:
            return str(value)


def as_table(answer: Answer, zone: tzinfo) -> str:
    """The rows for people: a table as wide as it needs to be, unless it is for a terminal.

    There, long text folds; what is too wide even so comes as a block of lines a row.
    """
    shown = answer.frame.head(TABLE_ROWS_MAX)
    rows = [
        [
            ""
            if row[name] is None
            else _shown(row[name], kind, zone, row.get(code_column(name, row) or ""))
            for name, kind in answer.columns.items()
        ]
        for row in shown.iter_rows(named=True)
    ]
    foot = list(answer.foot)
    if answer.frame.height > shown.height:
        foot.append(f"{shown.height:,} of {answer.frame.height:,} rows: --format csv gives all")
    body: list[str] = []
    if rows:
        # Folded cells stay this wide at least.
        widths = [
            min(width, _FOLDED_CHARS_MIN) if kind is Kind.TEXT else width
            for width, kind in zip(_widths(answer, rows), answer.columns.values(), strict=True)
        ]
        room = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        wide = sum(widths) + _GAP * (len(widths) - 1)
        too_wide = room is not None and wide > room
        body = _blocks(answer, rows) if too_wide else _drawn(answer, rows, widths, room)
    lines = [*map(visible, answer.head), *body, *map(visible, foot)]
    return "\n".join(lines) + "\n"


def _widths(answer: Answer, rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(cell_len, column)) for column in zip(answer.columns, *rows, strict=True)]


def _drawn(
    answer: Answer, rows: Sequence[Sequence[str]], widths: Sequence[int], room: int | None
) -> list[str]:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for (name, kind), width in zip(answer.columns.items(), widths, strict=True):
        table.add_column(
            Text(name),
            justify="left" if kind in _LEFT else "right",
            min_width=width,
            no_wrap=kind is not Kind.TEXT,
            overflow="fold",
        )
    for row in rows:
        # Text, not a string: nothing in the data is markup.
        table.add_row(*map(Text, row))
    # Of the terminal's encoding, so that rules are drawn in signs it has.
    drawn = io.TextIOWrapper(io.BytesIO(), sys.stdout.encoding, "replace", newline="\n")
    console = Console(
        file=drawn,
        width=room or 1_000_000,
        force_terminal=room is not None,
        highlight=False,
        markup=False,
        emoji=False,
    )
    console.print(table)
    drawn.seek(0)
    return [line.rstrip() for line in drawn.read().split("\n")[:-1]]


def _blocks(answer: Answer, rows: Sequence[Sequence[str]]) -> list[str]:
    width = max(map(len, answer.columns))
    lines = []
    for row in rows:
        cells = zip(answer.columns, row, strict=True)
        lines += [f"{name:<{width}}  {cell}" for name, cell in cells if cell]
        lines.append("")
    return lines


def visible(text: str) -> str:
    """``text`` in one line, with what does not print written out."""
    return text.translate(_UNSEEN)


def short(text: str) -> str:
    """``text`` as a cell shows it: visible, and cut where it is very long."""
    cut = text if len(text) <= _SHOWN_CHARS_MAX else f"{text[:_SHOWN_CHARS_MAX]}…"
    return visible(cut)


def _shown(value: Any, kind: Kind, zone: tzinfo, currency: str | None) -> str:
    match kind:
        case Kind.TIME:
            moment: datetime = value.astimezone(zone)
            return moment.isoformat(" ", "seconds")
        case Kind.MONEY:
            amount: Decimal = value
            return f"{amount:,.{minor_digits(currency or '')}f}"
        case Kind.COUNT:
            return f"{value:,}"
        case Kind.REAL:
            return f"{value:,.2f}"
        case Kind.RATE:
            return f"{value * 100:.2f} %"
        case Kind.FLAG:
            return "yes" if value else "no"
        case _:
            return short(str(value))
