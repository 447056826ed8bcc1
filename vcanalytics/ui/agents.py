"""Which browser it is, in a few words, by what it says of itself."""

from __future__ import annotations

import re
from typing import Final

import streamlit as st

#: In this order: most browsers also name those they want to be taken for.
_BROWSERS: Final = (
    ("Edge", re.compile(r"\bEdg(?:e|A|iOS)?/(\d+)")),
    ("Opera", re.compile(r"\bOPR/(\d+)")),
    ("Samsung Internet", re.compile(r"\bSamsungBrowser/(\d+)")),
    ("Firefox", re.compile(r"\b(?:Firefox|FxiOS)/(\d+)")),
    ("Chrome", re.compile(r"\b(?:Chrome|CriOS|HeadlessChrome)/(\d+)")),
    ("Safari", re.compile(r"\bVersion/(\d+)[^ ]* (?:Mobile/\S+ )?Safari/")),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)
_SHOWN_CHARS_MAX: Final = 40


def browser(agent: str) -> str:
    """``Firefox 131 on Linux``; what says nothing known is shown as it is, cut short."""
    name = next((f"{n} {m[1]}" for n, r in _BROWSERS if (m := r.search(agent))), "")
    system = next((spoken for mark, spoken in _SYSTEMS if mark in agent), "")
    if name:
        return f"{name} on {system}" if system else name
    return agent[:_SHOWN_CHARS_MAX] or "Not said"


def _said() -> str:
    """What the viewer's browser says of itself."""
    try:
        return str(st.context.headers.get("User-Agent", ""))
    except AttributeError:
        return ""


def browsing() -> bool:
    """Whether a browser is at the other end: Streamlit's test runner says nothing of itself."""
    return bool(_said())


def phone() -> bool:
    """Whether the viewer's browser says it is a phone's: width is unknown to the server."""
    return "Mobi" in _said()
