"""Components in the journal: changes only, days in seconds, and gaps that nobody watched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from vcanalytics.journal import Journal, components
from vcanalytics.model.health import Status, Verdict

T0 = datetime(2026, 11, 22, 23, 59, 0, tzinfo=UTC)
EARLY, LATE = date(2026, 11, 22), date(2026, 11, 23)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal.open(tmp_path)) as journal:
        yield journal


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def found(
    journal: Journal, second: float, status: Status, name: str = "source"
) -> dict[str, Status | None]:
    with journal.write() as connection:
        return components.keep(connection, at(second), [Verdict(name, status, f"it is {status}")])


def seconds(journal: Journal, name: str = "source") -> list[tuple[date, float, float, float]]:
    with journal.read() as connection:
        kept = components.days(connection, EARLY, LATE)[name]
    return [(one.day, one.healthy_s, one.critical_s, one.unknown_s) for one in kept]


def test_a_change_is_noted_and_what_stays_is_not(journal: Journal) -> None:
    assert found(journal, 0, Status.HEALTHY) == {"source": None}
    assert found(journal, 30, Status.HEALTHY) == {}
    assert found(journal, 60, Status.CRITICAL) == {"source": Status.HEALTHY}
    with journal.read() as connection:
        noted = components.changes(connection, "source")
        (now,) = components.listed(connection)
    assert [(one.at, one.status) for one in noted] == [
        (at(60), Status.CRITICAL),
        (at(0), Status.HEALTHY),
    ]
    assert (now.status, now.since, now.checked_at) == (Status.CRITICAL, at(60), at(60))


def test_time_counts_as_what_the_earlier_round_found_in_the_day_it_lies_in(
    journal: Journal,
) -> None:
    for second, status in ((0, Status.HEALTHY), (30, Status.CRITICAL), (90, Status.HEALTHY)):
        found(journal, second, status)
    assert seconds(journal) == [(EARLY, 30, 30, 0), (LATE, 0, 30, 0)]


def test_a_gap_is_unknown_and_since_outlives_it(journal: Journal, tmp_path: Path) -> None:
    found(journal, 0, Status.HEALTHY)
    with closing(Journal.open(tmp_path)) as restarted:
        assert found(restarted, 600, Status.HEALTHY) == {}
        assert seconds(restarted) == [(EARLY, 0, 0, 60), (LATE, 0, 0, 540)]
        with restarted.read() as connection:
            assert components.listed(connection)[0].since == at(0)


def test_a_clock_that_was_set_back_counts_nothing(journal: Journal) -> None:
    found(journal, 30, Status.HEALTHY)
    found(journal, 0, Status.HEALTHY)
    found(journal, 30, Status.HEALTHY)
    assert seconds(journal) == [(EARLY, 30, 0, 0)]


def test_uptime_is_of_what_is_known(journal: Journal) -> None:
    day = components.Day(EARLY, healthy_s=60, warning_s=30, critical_s=10, unknown_s=900)
    assert day.uptime == 0.9
    assert components.Day(EARLY, unknown_s=900).uptime is None


def test_what_is_judged_no_more_goes_and_its_days_stay(journal: Journal) -> None:
    found(journal, 0, Status.HEALTHY, "probe:shop")
    found(journal, 30, Status.HEALTHY)
    with journal.read() as connection:
        assert [one.name for one in components.listed(connection)] == ["source"]
    assert seconds(journal, "probe:shop") == [(EARLY, 30, 0, 0)]


def test_old_changes_and_days_are_let_go_but_for_the_last_word(journal: Journal) -> None:
    found(journal, 0, Status.HEALTHY)
    found(journal, 30, Status.CRITICAL)
    found(journal, 86_400, Status.CRITICAL)
    with journal.write() as connection:
        assert components.let_go(connection, at(86_400)) == 2
        assert [one.at for one in components.changes(connection, "source")] == [at(30)]
        assert next(iter(components.days(connection, EARLY, LATE)["source"])).day == LATE
