"""What a report is made of, from top to bottom. Text is literal: none of it is ever markup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from vcanalytics.display import formats
from vcanalytics.display.picture import Picture

Tone: TypeAlias = Literal["ink", "muted", "good", "critical", "warning"]


@dataclass(frozen=True, slots=True)
class Heading:
    """Where a subject begins."""

    title: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """A few words in the colour of what they mean."""

    text: str
    tone: Tone = "muted"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: what it is, how much, and against what."""

    label: str
    value: str
    said: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures side by side."""

    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table; with a ``link`` it leads to the rows behind it."""

    text: str
    tone: Tone = "ink"
    link: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its head, its share of the width, and whether it holds numbers."""

    head: str
    share: float = 1.0
    number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under heads; ``note`` says below what is not among them."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Charts:
    """Charts side by side, each with its share of the width."""

    pictures: tuple[tuple[Picture, float], ...]

    @classmethod
    def of(cls, *found: tuple[Picture | None, float]) -> Charts | None:
        """Those there are; None where there is none."""
        there = tuple((one, share) for one, share in found if one is not None)
        return cls(there) if there else None


Block: TypeAlias = Heading | Said | Figures | Table | Charts


def cells(*texts: str | Cell) -> tuple[Cell, ...]:
    """A row of a table."""
    return tuple(text if isinstance(text, Cell) else Cell(text) for text in texts)


def shortened(text: str, chars: int) -> str:
    """``text`` on one line of at most so many characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= chars else f"{flat[: chars - 1]}\u2026"


def rest(number: int, shown: int, one: str, several: str) -> str:
    """What a table says of the rows it leaves out; nothing where it has all."""
    left = number - shown
    return f"and {formats.counted(left, f'more {one}', f'more {several}')}" if left > 0 else ""


def blocks(*found: Block | None) -> Sequence[Block]:
    """Those of the blocks that are there."""
    return [one for one in found if one is not None]
