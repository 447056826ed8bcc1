"""Facts: small values that collectors leave in the catalogue for whoever shows them.

``source`` {problem, hint, since} and ``swapped`` {what, hint, since, stream} stand there while
something is wrong, ``demo`` {done, total, what, since, problem, hint} while the demo shop is being
made, ``daemons`` {name: state} always.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

PROBLEM: Final = "source"
SWAPPED: Final = "swapped"
DEMO: Final = "demo"
DAEMONS: Final = "daemons"


def trouble(facts: Mapping[str, Any]) -> str | None:
    """What keeps the figures from being new, in one line; None where nothing does."""
    for name, words in ((PROBLEM, "problem"), (SWAPPED, "what")):
        fact = facts.get(name)
        if isinstance(fact, dict) and fact.get(words):
            return str(fact[words])
    return None
