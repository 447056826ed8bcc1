"""Cases of the desk as they are handed on, and which change is allowed in which state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final


class CaseState(StrEnum):
    """How far a case is. Open and in work are to do, the others are closed."""

    OPEN = "open"
    IN_WORK = "in_work"
    DONE = "done"
    DISMISSED = "dismissed"


TO_DO: Final = frozenset({CaseState.OPEN, CaseState.IN_WORK})


class CaseEventKind(StrEnum):
    """What happened to a case.

    RESOLVED: its finding was gone, which closed it; GONE: the same, where it was closed already.
    RETURNED: the finding came back, which opened it again; REOPENED: a person did.
    """

    OPENED = "opened"
    RESOLVED = "resolved"
    GONE = "gone"
    RETURNED = "returned"
    TAKEN = "taken"
    GIVEN_BACK = "given_back"
    ASSIGNED = "assigned"
    DONE = "done"
    DISMISSED = "dismissed"
    REOPENED = "reopened"
    NOTED = "noted"


class Step(StrEnum):
    """What a person does to a case."""

    TAKE = "take"
    GIVE_BACK = "give_back"
    ASSIGN = "assign"
    DONE = "done"
    DISMISS = "dismiss"
    REOPEN = "reopen"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Rule:
    """From which states a step leads, to which one (None: it stays), and what it is noted as."""

    of: frozenset[CaseState]
    to: CaseState | None
    noted: CaseEventKind


_ANY: Final = frozenset(CaseState)
RULES: Final = {
    Step.TAKE: Rule(TO_DO, CaseState.IN_WORK, CaseEventKind.TAKEN),
    Step.GIVE_BACK: Rule(frozenset({CaseState.IN_WORK}), CaseState.OPEN, CaseEventKind.GIVEN_BACK),
    Step.ASSIGN: Rule(TO_DO, CaseState.IN_WORK, CaseEventKind.ASSIGNED),
    Step.DONE: Rule(TO_DO, CaseState.DONE, CaseEventKind.DONE),
    Step.DISMISS: Rule(TO_DO, CaseState.DISMISSED, CaseEventKind.DISMISSED),
    Step.REOPEN: Rule(_ANY - TO_DO, CaseState.OPEN, CaseEventKind.REOPENED),
    Step.NOTE: Rule(_ANY, None, CaseEventKind.NOTED),
}


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What a case is known by, for ever."""

    finding: str
    transaction_id: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What a case is opened with: the money, and the time its finding dates from."""

    since: datetime
    amount: Decimal | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class Case:
    """One case. ``standing``: its finding is there still.

    ``version`` moves with every change; ``returns`` counts how often its finding came back.
    ``waits_from`` is the time the finding dates from, or came back. ``closed_by`` is None where the
    finding was gone, and of cases to do.
    """

    number: int
    key: Key
    state: CaseState
    standing: bool
    assignee: str | None
    version: int
    returns: int
    opened_at: datetime
    waits_from: datetime
    changed_at: datetime
    changed_by: str | None
    closed_at: datetime | None
    closed_by: str | None
    amount: Decimal | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """What happened to a case; ``by`` is who, None where it was the source."""

    number: int
    at: datetime
    kind: str
    by: str | None
    note: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A step to take with one case. ``version`` is that of the case as it was looked at."""

    key: Key
    version: int
    step: Step
    note: str = ""
    assignee: str | None = None
