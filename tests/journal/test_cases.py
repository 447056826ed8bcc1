"""Cases of the desk: whatever people and the source do in turn, nothing noted is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from vcanalytics.errors import UsageError
from vcanalytics.journal import Journal, case_following, cases
from vcanalytics.journal.case_following import Followed
from vcanalytics.journal.case_records import TO_DO, Asked, Case, CaseState, Facts, Key, Step
from vcanalytics.journal.cases import ChangedMeanwhile

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FACTS = Facts(NOW - MINUTE, Decimal("49.00"), "USD")
KEY = Key("paid_not_mailed", "VC_1")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Connection]:
    with closing(Journal.open(tmp_path)) as opened, opened.write() as connection:
        yield connection


def follow(connection: Connection, at: datetime, *keys: Key) -> Followed:
    return case_following.follow(
        connection, at, dict.fromkeys(keys, FACTS), only_known=frozenset({"stuck"})
    )


def step(connection: Connection, case: Case, what: Step, note: str = "", by: str = "asha") -> Case:
    asked = Asked(case.key, case.version, what, note, "ravi" if what is Step.ASSIGN else None)
    return cases.change(connection, NOW + MINUTE, asked, by=by)


def the_case(connection: Connection, key: Key = KEY) -> Case:
    found = cases.find(connection, key)
    assert found is not None
    return found


def kinds(connection: Connection, case: Case) -> list[tuple[str, str | None, str]]:
    return [(one.kind, one.by, one.note) for one in cases.events(connection, case.number)]


def test_a_case_closes_with_its_finding_and_comes_back_with_what_was_noted(
    journal: Connection,
) -> None:
    assert follow(journal, NOW, KEY) == Followed(opened=1)
    assert follow(journal, NOW, KEY) == Followed()
    step(journal, the_case(journal), Step.TAKE)
    step(journal, the_case(journal), Step.NOTE, " wrote to her ")
    assert follow(journal, NOW + MINUTE) == Followed(resolved=1)
    closed = the_case(journal)
    assert (closed.state, closed.closed_by, closed.standing) == (CaseState.DONE, None, False)
    assert follow(journal, NOW + 3 * MINUTE, KEY) == Followed(returned=1)
    back = the_case(journal)
    assert (back.state, back.returns, back.assignee) == (CaseState.OPEN, 1, "asha")
    assert (back.closed_at, back.waits_from) == (None, NOW + 3 * MINUTE)
    assert kinds(journal, back) == [
        ("opened", None, ""),
        ("taken", "asha", ""),
        ("noted", "asha", "wrote to her"),
        ("resolved", None, ""),
        ("returned", None, ""),
    ]


def test_what_a_person_closed_stays_closed_while_its_finding_stands(journal: Connection) -> None:
    follow(journal, NOW, KEY)
    step(journal, the_case(journal), Step.DONE)
    assert follow(journal, NOW, KEY) == Followed()
    assert the_case(journal).state is CaseState.DONE
    follow(journal, NOW)
    assert the_case(journal).closed_by == "asha"
    assert follow(journal, NOW, KEY) == Followed(returned=1)


def test_of_two_at_once_the_later_is_told_and_overwrites_nothing(journal: Connection) -> None:
    follow(journal, NOW, KEY)
    seen = the_case(journal)
    step(journal, seen, Step.TAKE, by="asha")
    with pytest.raises(ChangedMeanwhile, match="asha changed it: it is in work with asha now"):
        step(journal, seen, Step.DISMISS, "a test of ours", by="ravi")
    found = the_case(journal)
    assert (found.state, found.assignee) == (CaseState.IN_WORK, "asha")
    assert len(kinds(journal, found)) == 2


def test_a_case_nobody_opened_yet_is_opened_by_who_takes_it_up(journal: Connection) -> None:
    key = Key("stuck", "VC_9")
    assert follow(journal, NOW, key) == Followed()
    with pytest.raises(UsageError, match="no such case"):
        cases.change(journal, NOW, Asked(key, 0, Step.TAKE), by="asha")
    taken = cases.change(journal, NOW, Asked(key, 0, Step.TAKE), by="asha", facts=FACTS)
    assert (taken.state, taken.amount, taken.currency) == (CaseState.IN_WORK, Decimal(49), "USD")
    with pytest.raises(ChangedMeanwhile):
        cases.change(journal, NOW, Asked(key, 0, Step.TAKE), by="ravi", facts=FACTS)
    assert follow(journal, NOW, key) == Followed()
    assert follow(journal, NOW) == Followed(resolved=1)


@pytest.mark.parametrize(
    ("steps", "refused", "why"),
    [
        ([], Step.NOTE, "a note says something"),
        ([], Step.DISMISS, "say why"),
        ([], Step.GIVE_BACK, "it is open already"),
        ([], Step.REOPEN, "it is open already"),
        ([Step.DONE], Step.TAKE, "it is done with asha already"),
    ],
)
def test_what_is_not_allowed_is_refused_and_changes_nothing(
    journal: Connection, steps: list[Step], refused: Step, why: str
) -> None:
    follow(journal, NOW, KEY)
    for one in steps:
        step(journal, the_case(journal), one)
    before = the_case(journal)
    with pytest.raises(UsageError, match=why):
        step(journal, before, refused)
    assert the_case(journal) == before


def test_what_is_gone_at_the_source_is_not_opened_by_hand(journal: Connection) -> None:
    follow(journal, NOW, KEY)
    follow(journal, NOW)
    with pytest.raises(UsageError, match="gone at the source"):
        step(journal, the_case(journal), Step.REOPEN)


KEYS = (KEY, Key("suspicious", "VC_1"), Key("paid_not_mailed", "VC_2"), Key("stuck", "VC_1"))
actions = st.one_of(
    st.sets(st.sampled_from(KEYS)),
    st.tuples(st.sampled_from(KEYS), st.sampled_from(list(Step)), st.booleans()),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(actions, max_size=14))
def test_people_and_the_source_in_any_order(
    story: list[set[Key] | tuple[Key, Step, bool]],
) -> None:
    """Against the rules in a dozen lines of their own; every change moves the version by one."""
    told: dict[Key, tuple[str, bool]] = {}
    written: dict[Key, int] = {}
    with (
        TemporaryDirectory() as folder,
        closing(Journal.open(Path(folder))) as opened,
        opened.write() as journal,
    ):
        for action in story:
            if isinstance(action, set):
                follow(journal, NOW, *action)
                for key in KEYS:
                    state, stands = told.get(key, ("", False))
                    if key in action and not stands and (state or key.finding != "stuck"):
                        told[key] = ("open", True)
                    elif key not in action and stands:
                        told[key] = (state if state in {"done", "dismissed"} else "done", False)
                    else:
                        continue
                    written[key] = written.get(key, 0) + 1
                continue
            key, what, stale = action
            if key not in told:
                continue
            case, (state, stands) = the_case(journal, key), told[key]
            asked = Asked(key, case.version - stale, what, "why", "ravi")
            to_do = state in {"open", "in_work"}
            allowed = {
                Step.NOTE: True,
                Step.GIVE_BACK: state == "in_work",
                Step.REOPEN: not to_do and stands,
            }.get(what, to_do)
            if stale or not allowed:
                with pytest.raises(UsageError):
                    cases.change(journal, NOW, asked, by="asha")
                continue
            cases.change(journal, NOW, asked, by="asha")
            written[key] += 1
            to = {"take": "in_work", "assign": "in_work", "give_back": "open", "reopen": "open"}
            to |= {"done": "done", "dismiss": "dismissed", "note": state}
            told[key] = (to[what.value], stands)
        for key, (state, stands) in told.items():
            case = the_case(journal, key)
            assert (case.state.value, case.standing) == (state, stands)
            assert (case.closed_at is None) == (case.state in TO_DO)
            # Nothing that happened is lost: an event for each, and the version counts them.
            assert len(cases.events(journal, case.number)) == written[key] == case.version + 1
        assert {case.key for case in cases.every(journal)} == set(told)
