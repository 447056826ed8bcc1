"""The colours of files: those of the pages, from ``.streamlit/config.toml`` alone."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

from vcanalytics.display.charts import ROLES
from vcanalytics.pictures.fonts import FAMILY

Theme = Literal["light", "dark"]
THEMES: Final[tuple[Theme, ...]] = ("light", "dark")
_ROOT: Final = Path(__file__).parents[2]


@lru_cache(maxsize=1)
def _themes() -> dict[str, Any]:
    with (_ROOT / ".streamlit" / "config.toml").open("rb") as file:
        found: dict[str, Any] = tomllib.load(file)["theme"]
    return found


def colours(theme: Theme) -> dict[str, str]:
    """The colour of each role, and of the ``page`` behind them."""
    found = _themes()[theme]
    named = dict(zip(ROLES, found["chartCategoricalColors"], strict=True))
    return named | {"page": found["backgroundColor"], "border": found["borderColor"]}


def config(theme: Theme) -> dict[str, Any]:
    """What Vega-Lite is told, as Streamlit tells it on a page."""
    steps = _themes()[theme]["chartSequentialColors"]
    return {
        "background": None,
        "font": FAMILY,
        "range": {
            "category": _themes()[theme]["chartCategoricalColors"],
            "ramp": steps,
            "heatmap": steps,
        },
    }
