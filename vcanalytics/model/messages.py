"""Messages folded: what differs from one occurrence to the next is taken out, the rest compares."""

from __future__ import annotations

import re
from typing import Final

#: Patterns and what takes their place, one after the other: text in quotes; addresses; words with a
#: digit in them (numbers, ids, amounts, times); long words of hexadecimal digits alone; runs of
#: those. Read alike by Python and by DuckDB (RE2).
FOLDS: Final = (
    (r"(^|[^A-Za-z0-9_])(?:'[^'\n]*'|\"[^\"\n]*\")", r"\1(text)"),
    (r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+", "(address)"),
    (r"[A-Za-z0-9_-]*[0-9][A-Za-z0-9_-]*", "#"),
    (r"\b[A-Fa-f]{8,}\b", "#"),
    (r"#([.,:/ ]#)+", "#"),
    (r"[\t\n\f\r ]+", " "),
)
#: Longer messages that begin alike are one.
CHARS_MAX: Final = 300
_COMPILED: Final = tuple((re.compile(pattern, re.ASCII), put) for pattern, put in FOLDS)


def fold(message: str) -> str:
    """``message`` without what its occurrences differ in: ``payment # of (address) failed``."""
    text = message
    for pattern, put in _COMPILED:
        text = pattern.sub(put, text)
    return text.strip(" ")[:CHARS_MAX]
