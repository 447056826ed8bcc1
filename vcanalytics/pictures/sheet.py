"""What stands around a chart that left its page: title, range and as-of, legend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from PIL import ImageFont

from vcanalytics.pictures.fonts import FAMILY, FONTS

_MARGIN: Final = 20.0
_TITLE_PX: Final = 15
_TEXT_PX: Final = 12
_SWATCH: Final = 18.0
_GAP: Final = 16.0
_LINE: Final = 20.0


@lru_cache(maxsize=8)
def _font(px: int, weight: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONTS / f"hanken-grotesk-{weight}.ttf"), px)


def wide(text: str, px: int = _TEXT_PX, weight: str = "regular") -> float:
    """How wide a text is, in pixels."""
    return float(_font(px, weight).getlength(text))


def cut(text: str, room: float, px: int = _TEXT_PX, weight: str = "regular") -> str:
    """``text`` on one line within ``room`` pixels, with an ellipsis where it was cut."""
    text = " ".join(text.split())
    if wide(text, px, weight) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        fits = wide(text[:middle] + "\u2026", px, weight) <= room
        low, high = (middle, high) if fits else (low, middle - 1)
    return text[:low] + "\u2026"


def _text(x: float, y: float, text: str, colour: str, px: int = _TEXT_PX, weight: int = 400) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{px}px" font-weight="{weight}" fill="{colour}">'
        f"{escape(text)}</text>"
    )


def _swatch(x: float, y: float, mark: str, colour: str) -> str:
    """What a key stands for, drawn: no font need have such signs. ``y`` is the text's baseline."""
    middle = y - 4
    if mark in ("line", "dots"):
        dash = ' stroke-dasharray="1.5 3"' if mark == "dots" else ""
        return (
            f'<path d="M{x:g},{middle:g}h12" stroke="{colour}" stroke-width="2" fill="none"{dash}/>'
        )
    box = f'x="{x:g}" y="{middle - 5:g}" width="10" height="10"'
    if mark == "open":
        hatched = (
            f"M{x:g},{middle + 5:g}l10,-10M{x:g},{middle:g}l5,-5M{x + 5:g},{middle + 5:g}l5,-5"
        )
        return (
            f'<rect {box} fill="{colour}" fill-opacity="0.16"/>'
            f'<path d="{hatched}" stroke="{colour}" stroke-width="1" fill="none"/>'
        )
    return f'<rect {box} fill="{colour}"/>'


def _legend(
    keys: Sequence[tuple[str, str, str]], y: float, right: float, colours: Mapping[str, str]
) -> tuple[list[str], float]:
    """The swatches and words, on as many lines as they need, and where the last line stands."""
    parts: list[str] = []
    x = _MARGIN
    for words, role, mark in keys:
        told = cut(words, right - _MARGIN - _SWATCH)
        length = _SWATCH + wide(told)
        if x > _MARGIN and x + length > right:
            x, y = _MARGIN, y + _LINE
        parts.append(_swatch(x, y, mark, colours[role]))
        parts.append(_text(x + _SWATCH, y, told, colours["muted"]))
        x += length + _GAP
    return parts, y


def composed(
    chart: str,
    width: float,
    height: float,
    *,
    title: str,
    note: str,
    caption: str,
    alt: str,
    legend: Sequence[tuple[str, str, str]],
    colours: Mapping[str, str],
) -> str:
    """One SVG: ``chart`` with its title and note above, the legend and the caption below."""
    right = _MARGIN + width
    told = cut(title, width, _TITLE_PX, "semibold")
    beside = _MARGIN + wide(told, _TITLE_PX, "semibold") + 8
    y = _MARGIN + 14
    parts = [_text(_MARGIN, y, told, colours["ink"], _TITLE_PX, 600)]
    if note and right - beside > 2 * _SWATCH:
        parts.append(_text(beside, y, cut(note, right - beside), colours["muted"]))
    y += 12
    parts.append(f'<g transform="translate({_MARGIN:g},{y:g})">{chart}</g>')
    y += height
    if legend:
        keys, y = _legend(legend, y + 24, right, colours)
        parts += keys
    y += 24
    parts.append(_text(_MARGIN, y, cut(caption, width), colours["muted"]))
    outer, deep = width + 2 * _MARGIN, y + _MARGIN
    named = quoteattr(" ".join(alt.split()))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{outer:g}" height="{deep:g}"'
        f' viewBox="0 0 {outer:g} {deep:g}" role="img" aria-label={named}'
        f" font-family={quoteattr(FAMILY)}>"
        f'<rect width="{outer:g}" height="{deep:g}" fill="{colours["page"]}"/>'
        f"{''.join(parts)}</svg>\n"
    )
