"""What pages are told of the source: what is wrong with it, and whether it is still the same."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from collectors.swapped import Swapped
from vcanalytics.store import Catalogue
from vcanalytics.store.facts import PROBLEM, RETRY_ASIDE, SWAPPED

#: The fact by which a person confirms that what vanished was meant to vanish: true.
CONSENT: Final = "accept_deletions"


def note_problem(catalogue: Catalogue, now: datetime, problem: str | None, hint: str = "") -> None:
    """Say what is wrong with the source, or with None that nothing is."""
    fact = None
    if problem is not None:
        fact = {"problem": problem, "hint": hint, "since": now.isoformat()}
    _keep(catalogue, now, PROBLEM, fact)


def note_swapped(catalogue: Catalogue, now: datetime, swapped: Swapped | None) -> None:
    """Say that a stream stands still because its source is another, or with None that none does."""
    fact = None
    if swapped is not None:
        fact = {"what": swapped.what, "hint": swapped.hint, "since": now.isoformat()}
        fact["stream"] = swapped.stream
    _keep(catalogue, now, SWAPPED, fact)


def _keep(catalogue: Catalogue, now: datetime, name: str, fact: dict[str, str] | None) -> None:
    before = catalogue.fact(name)
    if fact is not None and before and before.items() >= {**fact, "since": before["since"]}.items():
        return
    if fact is not None or before is not None:
        with catalogue.write(now) as writer:
            writer.set_fact(name, fact)


def ask_consent(catalogue: Catalogue) -> None:
    """Leave word for running daemons that what vanished was meant to vanish."""
    with catalogue.write() as writer:
        writer.set_fact(CONSENT, True)


def take_consent(catalogue: Catalogue, now: datetime) -> bool:
    """Whether word was left; it counts once."""
    if not catalogue.fact(CONSENT):
        return False
    with catalogue.write(now) as writer:
        writer.set_fact(CONSENT, None)
    return True


def take_retry(catalogue: Catalogue, now: datetime) -> bool:
    """Whether somebody asked to read rows kept aside once more; it counts once."""
    if not catalogue.fact(RETRY_ASIDE):
        return False
    with catalogue.write(now) as writer:
        writer.set_fact(RETRY_ASIDE, None)
    return True
