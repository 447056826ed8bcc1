"""A line of text as a person writes it: what may be kept, of notes and of names."""

from __future__ import annotations

import unicodedata
from typing import Final

from vcanalytics.errors import UsageError

#: Controls, halves of surrogate pairs, ends of lines and paragraphs.
_NOT_WRITTEN: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
#: Signs that turn the direction of all that follows: a text would read otherwise than it is.
_TURNING: Final = frozenset(chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A)))


def read_line(text: str, chars_max: int, *, what: str, where: str) -> str:
    """``text`` as it is kept: one line, without blanks around it. ``what`` is it, like "a note".

    Raises UsageError where it is empty, longer than ``chars_max``, or holds controls or signs that
    turn the direction of writing.
    """
    # Cut before anything else looks at it: a text of megabytes is refused at no cost.
    kept = text[: chars_max * 4].strip()
    if not kept:
        raise UsageError(f"{what} says something", where=where, hint="Write a few words")
    if len(text) > chars_max * 4 or len(kept) > chars_max:
        raise UsageError(f"{what} has at most {chars_max} characters", where=where)
    if any(unicodedata.category(sign) in _NOT_WRITTEN or sign in _TURNING for sign in kept):
        raise UsageError(
            f"{what} is one line of plain text",
            where=where,
            hint="Leave out tabs, line ends and other signs that do not print",
        )
    return kept
