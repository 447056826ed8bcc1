"""Fonts as the renderers read them: the pages' own, in two fixed weights."""

from __future__ import annotations

from pathlib import Path
from typing import Final

FONTS: Final = Path(__file__).parents[2] / "static" / "fonts"
#: What a viewer of an SVG falls back to where it has no such font.
FAMILY: Final = "Hanken Grotesk, system-ui, sans-serif"
