"""A breaker opens after failures in a row, tries, grows patient, closes, and is kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vcanalytics.breakers import Breaker, Open, State, listed, reset
from vcanalytics.errors import SourceError
from vcanalytics.journal import Journal

T0 = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal.open(tmp_path)) as journal:
        yield journal


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def opened(journal: Journal) -> Breaker:
    breaker = Breaker(journal, "probe:shop", pauses_s=(30, 60))
    for second in range(3):
        assert breaker.allows(at(second))
        breaker.failed(at(second), "refused")
    return breaker


def test_it_opens_after_three_failures_in_a_row_and_not_before(journal: Journal) -> None:
    breaker = Breaker(journal, "probe:shop")
    for second in (0, 1):
        breaker.failed(at(second), "refused")
    breaker.succeeded(at(2))
    for second in (3, 4):
        assert breaker.failed(at(second), "refused").state is State.CLOSED
    state = breaker.failed(at(5), "refused again")
    assert (state.state, state.failures, state.opened_at) == (State.OPEN, 3, at(5))
    assert state.next_try_at == at(35)
    assert not breaker.allows(at(34.9))


def test_one_try_when_its_time_has_come_and_longer_pauses_after_each_failed_one(
    journal: Journal,
) -> None:
    breaker = opened(journal)
    assert breaker.allows(at(32))
    assert breaker.state().state is State.HALF_OPEN
    assert not breaker.allows(at(33))
    state = breaker.failed(at(33), "timed out")
    assert (state.state, state.next_try_at) == (State.OPEN, at(93))
    assert state.opened_at == at(2)
    assert breaker.allows(at(93))
    breaker.succeeded(at(94))
    closed = breaker.state()
    assert (closed.state, closed.failures, closed.opened_at) == (State.CLOSED, 0, None)
    assert (closed.last_error, closed.last_error_at) == ("timed out", at(33))


def test_a_try_whose_process_was_killed_is_not_the_last_one(journal: Journal) -> None:
    breaker = opened(journal)
    assert breaker.allows(at(32))
    assert not breaker.allows(at(61))
    assert breaker.allows(at(62))


def test_it_is_kept_across_restarts_and_reset_from_another_process(
    journal: Journal, tmp_path: Path
) -> None:
    opened(journal)
    with closing(Journal.open(tmp_path)) as other:
        again = Breaker(other, "probe:shop", pauses_s=(30, 60))
        assert not again.allows(at(10))
        with journal.write() as connection:
            assert reset(connection, "probe:shop", "ada", now=at(11))
            assert not reset(connection, "probe:none", "ada", now=at(11))
        assert again.allows(at(12))
        again.failed(at(12), "refused")
        with other.read() as connection:
            (state,) = listed(connection)
        assert (state.state, state.failures) == (State.CLOSED, 1)
        assert (state.reset_by, state.reset_at) == ("ada", at(11))


def test_a_call_behind_it_is_not_made_while_it_is_open(journal: Journal) -> None:
    breaker = Breaker(journal, "source", opens_after=1)
    with pytest.raises(SourceError, match="gone"), breaker.trying(at(0)):
        raise SourceError("the file is gone")
    with pytest.raises(Open, match="keeps failing: the file is gone"), breaker.trying(at(1)):
        raise AssertionError("it was called")
    with breaker.trying(at(31)):
        pass
    assert breaker.allows(at(32))


def test_what_works_writes_nothing(journal: Journal) -> None:
    breaker = Breaker(journal, "probe:shop")
    before = journal.token()
    assert breaker.allows(at(0))
    breaker.succeeded(at(0))
    assert journal.token() == before
