"""The desk as pages and exports show it: findings with their cases, and what people do about them.

Cases are kept by the number of their newest event, so that what somebody did a moment ago is seen.
Who may do what is for the caller to know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

from vcanalytics.analytics import accounts_of as _accounts_of
from vcanalytics.analytics import desk_list
from vcanalytics.analytics.desk import WORKED, standing
from vcanalytics.analytics.desk_list import Closed, Wanted
from vcanalytics.analytics.reconcile import KEPT
from vcanalytics.analytics.transactions import Filters
from vcanalytics.cached import alerts
from vcanalytics.cached.books import by_status, findings, waiting, waiting_at
from vcanalytics.cached.console import (
    Answer,
    Version,
    open_console,
    settings,
    take_snapshot,
    version,
)
from vcanalytics.cached.first_look import BeingCounted
from vcanalytics.cached.regions import LIVE
from vcanalytics.errors import ConsoleError, StoreError, UsageError
from vcanalytics.journal import Journal
from vcanalytics.journal import cases as _cases
from vcanalytics.journal.case_records import Asked, Case, CaseEvent, CaseState, Facts, Key, Step
from vcanalytics.model.payments import OPEN

__all__ = [
    "WORKED",
    "Asked",
    "CaseEvent",
    "CaseState",
    "Closed",
    "Key",
    "Step",
    "Wanted",
    "abandoned_count",
    "accounts_of",
    "arranged",
    "arranged_plain",
    "change",
    "change_all",
    "closed",
    "desk",
    "events",
    "found",
    "newest",
    "open_work",
    "read",
    "still_to_do",
    "whole_list",
]

#: Ages are measured at steps of so long: a case shows within ten seconds of the grace period.
STEP_S: Final = 2
#: Cases that one click may change.
BULK_MAX: Final = 200


def newest() -> int:
    """The number of the newest event of any case: it moves with each."""
    journal = alerts.opened()
    if journal is None:
        return 0
    with journal.read() as connection:
        return _cases.newest(connection)


@LIVE.keep(entries=4)
def _kept_cases(number: int) -> pl.DataFrame:  # noqa: ARG001 - the key
    journal = alerts.opened()
    if journal is None:
        return desk_list.cases_frame([])
    with journal.read() as connection:
        return desk_list.cases_frame(_cases.every(connection))


def _moment(now: datetime) -> datetime:
    at = now.astimezone(UTC)
    return at.replace(second=at.second - at.second % STEP_S, microsecond=0)


def found(
    start: datetime, end: datetime, *, now: datetime, whole: bool, finding: str | None
) -> pl.DataFrame:
    """The findings, by the columns of ``analytics.reconcile.reconcile``.

    ``whole``: of all payments, without those that are abandoned unless that is the ``finding``;
    what is kept of files answers. Otherwise of those created in the range. Raises BeingCounted.
    """
    at = _moment(now)
    if whole and finding != "abandoned":
        kept: pl.DataFrame = waiting_at(KEPT, at)
        return kept
    if whole:
        return findings(None, None, now=now, as_of=at, only=("abandoned",)).frame
    return findings(start, end, now=now, as_of=at).frame


def abandoned_count(now: datetime) -> int:
    """How many payments were begun and left, of all there are."""
    left = _moment(now) - timedelta(hours=settings().abandoned_hours)
    wanted = Filters(statuses=tuple(sorted(OPEN)), end=left, samples=False)
    return int(by_status(wanted).frame["count"].sum())


def desk(findings_now: pl.DataFrame, *, gone: bool) -> pl.DataFrame:
    """Findings with their cases: the columns of ``analytics.desk_list.joined``."""
    return desk_list.joined(findings_now, _kept_cases(newest()), gone=gone)


read = desk_list.read


def arranged(rows: pl.DataFrame, wanted: Wanted) -> pl.DataFrame:
    """The rows that are wanted, in order: ``analytics.desk_list.arranged``."""
    return desk_list.arranged(rows, wanted)


def arranged_plain(findings_now: pl.DataFrame, wanted: Wanted) -> pl.DataFrame:
    """The same of findings that have no cases; they have no state to be filtered by."""
    every = replace(wanted, states=(), assignee=None)
    return desk_list.arranged(desk_list.unworked(findings_now), every)


def still_to_do(findings_now: pl.DataFrame) -> pl.DataFrame:
    """Those of the findings, as they are, whose case nobody has closed.

    All of them where the journal cannot be read, which Health says: no work is hidden.
    """
    try:
        cases = _kept_cases(newest())
    except StoreError:
        return findings_now
    return desk_list.still_to_do(findings_now, cases)


@LIVE.keep(entries=8, ttl=timedelta(seconds=20), refresh="background")
def open_work(names: tuple[str, ...]) -> int | None:
    """How many cases of the given findings are to do, as the navigation says it: up to 20 s old.

    None while that is not known yet.
    """
    try:
        found_now = waiting(names, now=datetime.now(UTC))
    except BeingCounted:
        return None
    return still_to_do(found_now).height


def closed(now: datetime, among: Sequence[str]) -> Closed:
    """How fast cases of these findings were done in the last 30 days."""
    return desk_list.closed(_kept_cases(newest()), now=now, among=among)


def events(key: Key) -> list[CaseEvent]:
    """What happened to a case, in order; nothing where nobody opened it yet."""
    journal = alerts.opened()
    if journal is None:
        return []
    with journal.read() as connection:
        case = _cases.find(connection, key)
        return [] if case is None else _cases.events(connection, case.number)


@LIVE.keep()
def _accounts(email: str, payer: str, username: str, at: Version) -> pl.DataFrame:  # noqa: ARG001
    return _accounts_of.accounts_of(
        open_console().engine, take_snapshot(), email=email, payer_email=payer, username=username
    )


def accounts_of(email: str, payer_email: str, username: str) -> pl.DataFrame:
    """Accounts that could be a buyer's: ``analytics.accounts_of.accounts_of``."""
    return _accounts(email, payer_email, username, version("activity"))


def _journal() -> Journal:
    journal = alerts.opened()
    if journal is None:
        raise StoreError("cases are kept by the watchman", hint="Start it: VC_WATCHMAN=on")
    return journal


def _facts(asked: Sequence[Asked], now: datetime) -> dict[Key, Facts]:
    """What cases are opened with that nobody opened yet. Their finding must stand."""
    if any(one.key.finding not in WORKED for one in asked):
        raise UsageError("this finding asks nothing of anybody: it has no cases")
    return standing(waiting_at(KEPT, _moment(now)))


def change(asked: Asked, *, by: str) -> Case:
    """Take a step with a case. Raises as ``journal.cases.change``."""
    now = datetime.now(UTC)
    facts = _facts([asked], now)
    with _journal().write() as connection:
        return _cases.change(connection, now, asked, by=by, facts=facts.get(asked.key))


def change_all(asked: Sequence[Asked], *, by: str) -> tuple[list[Case], list[ConsoleError]]:
    """Take a step with each, in one transaction: what was done, and why the others were not."""
    if len(asked) > BULK_MAX:
        raise UsageError(f"at most {BULK_MAX} cases at once", hint="Select fewer")
    now = datetime.now(UTC)
    facts = _facts(asked, now)
    done: list[Case] = []
    refused: list[ConsoleError] = []
    with _journal().write() as connection:
        for one in asked:
            try:
                with connection.begin_nested():
                    case = _cases.change(connection, now, one, by=by, facts=facts.get(one.key))
            except UsageError as error:
                refused.append(error)
            else:
                done.append(case)
    return done, refused


def whole_list(
    start: datetime, end: datetime, params: Mapping[str, str], *, now: datetime, whole: bool
) -> Answer:
    """The whole list of a link, for a file: the columns of ``analytics.desk_list.joined``."""
    asked = params.get("finding") or None
    finding = None if asked == "all" else asked
    found_now = found(start, end, now=now, whole=whole, finding=finding)
    wanted = read(params, finding=finding, currency=settings().currency)
    if finding is not None and finding not in WORKED:
        return Answer(arranged_plain(found_now, wanted), now)
    return Answer(arranged(desk(found_now, gone=whole), wanted), now)
