"""The state machine: what fires, what ends, and that neither restarts nor clocks fire anything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from vcanalytics.alerts.judging import Verdict
from vcanalytics.alerts.machine import FLAPS, Change, Stand, Standing, Timing, look

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
EVERY = timedelta(seconds=10)
MINUTE = timedelta(minutes=1)
BREACH, CLEAR, BETWEEN, MISSING = (
    Verdict.BREACH,
    Verdict.CLEAR,
    Verdict.BETWEEN,
    Verdict.MISSING,
)

verdicts = st.sampled_from([BREACH, CLEAR, BETWEEN, MISSING])
timings = st.builds(
    Timing,
    every=st.just(EVERY),
    hold=st.sampled_from([timedelta(), EVERY, MINUTE]),
    clear_for=st.sampled_from([timedelta(), EVERY, MINUTE]),
    no_data=st.sampled_from(["ok", "keep", "no_data"]),
    no_data_for=st.sampled_from([EVERY, MINUTE]),
)
#: Seconds to the next look: mostly as it should be, at times a restart or a clock that was set.
gaps = st.one_of(st.floats(1, 12), st.sampled_from([-3_600.0, -5.0, 600.0, 86_400.0]))
looks = st.lists(st.tuples(gaps, verdicts), min_size=1, max_size=60)


def go(
    steps: list[tuple[float, Verdict]], timing: Timing
) -> list[tuple[Stand, tuple[Change, ...], datetime, float, Verdict]]:
    stand, now, found = Stand(), NOW, []
    for gap, verdict in steps:
        now += timedelta(seconds=gap)
        stand, changes = look(stand, verdict, now, timing)
        found.append((stand, changes, now, gap, verdict))
    return found


def told(*verdicts: Verdict, timing: Timing) -> list[str]:
    """What each look changed, in order, ten seconds apart."""
    found = go([(10.0, verdict) for verdict in verdicts], timing)
    return ["+".join(changes) or stand.standing for stand, changes, *_ in found]


def test_too_much_fires_once_it_has_held_and_ends_once_it_is_over_for_long_enough() -> None:
    timing = Timing(EVERY, hold=2 * EVERY, clear_for=2 * EVERY)
    seen = [BREACH, BREACH, BETWEEN, BREACH, BREACH, BREACH, BETWEEN, CLEAR, CLEAR, BREACH]
    assert told(*seen, CLEAR, CLEAR, CLEAR, timing=timing) == [
        "pending",
        "pending",
        "ok",
        "pending",
        "pending",
        "fired",
        "firing",
        "firing",
        "firing",
        "firing",
        "firing",
        "firing",
        "resolved",
    ]


def test_what_has_no_data_is_as_the_rule_wants_it() -> None:
    at_once = timedelta()
    ok = Timing(EVERY, at_once, at_once, "ok")
    assert told(BREACH, MISSING, timing=ok) == ["fired", "resolved"]
    keep = Timing(EVERY, at_once, at_once, "keep")
    assert told(BREACH, MISSING, CLEAR, MISSING, timing=keep) == [
        "fired",
        "firing",
        "resolved",
        "ok",
    ]
    tell = Timing(EVERY, at_once, at_once, "no_data", EVERY)
    assert told(MISSING, MISSING, MISSING, BREACH, MISSING, CLEAR, timing=tell) == [
        "pending",
        "no_data",
        "no_data",
        "resolved+fired",
        "firing",
        "resolved",
    ]


@settings(max_examples=30)
@given(looks, timings)
def test_it_fires_and_ends_in_turns(steps: list[tuple[float, Verdict]], timing: Timing) -> None:
    alerting = False
    for stand, changes, *_ in go(steps, timing):
        for change in changes:
            assert (change is Change.RESOLVED) is alerting
            alerting = change is not Change.RESOLVED
        assert stand.alerting is alerting
        assert (stand.since is not None) is (stand.standing is not Standing.OK)


@settings(max_examples=30)
@given(looks, timings)
def test_a_look_after_a_gap_changes_nothing(
    steps: list[tuple[float, Verdict]], timing: Timing
) -> None:
    for place, (_, changes, _, gap, _) in enumerate(go(steps, timing)):
        if place and not 0 <= gap <= 45:
            assert changes == ()


@settings(max_examples=30)
@given(looks, timings)
def test_it_fires_only_after_it_was_seen_for_long_enough(
    steps: list[tuple[float, Verdict]], timing: Timing
) -> None:
    seen = 0.0
    before = None
    for _, changes, _, gap, verdict in go(steps, timing):
        usable = before is None or 0 <= gap <= 45
        if before is BREACH and usable:
            seen += gap
        if (
            usable
            and verdict is not BREACH
            and not (verdict is MISSING and timing.no_data == "keep")
        ):
            seen = 0.0
        if Change.FIRED in changes:
            assert verdict is BREACH
            assert seen >= timing.hold.total_seconds()
            seen = 0.0
        if usable and not (verdict is MISSING and timing.no_data == "keep" and before is BREACH):
            before = verdict


@given(st.lists(st.sampled_from([CLEAR, BETWEEN, MISSING]), min_size=1, max_size=30), timings)
def test_without_too_much_nothing_fires(some: list[Verdict], timing: Timing) -> None:
    changes = [c for _, changed, *_ in go([(10.0, v) for v in some], timing) for c in changed]
    assert Change.FIRED not in changes
    assert timing.no_data == "no_data" or not changes


def test_what_changes_all_the_time_is_flapping_for_an_hour() -> None:
    timing = Timing(EVERY, timedelta(), timedelta())
    found = go(([(10.0, BREACH), (10.0, CLEAR)] * FLAPS)[:FLAPS], timing)
    assert [stand.flapping(now) for stand, _, now, *_ in found] == [False] * (FLAPS - 1) + [True]
    stand, _, now, *_ = found[-1]
    assert stand.flapping(now + timedelta(minutes=59))
    assert not stand.flapping(now + timedelta(minutes=60))


@settings(max_examples=30)
@given(looks, timings)
def test_changes_that_are_remembered_are_bounded(
    steps: list[tuple[float, Verdict]], timing: Timing
) -> None:
    assert all(len(stand.changes) <= 20 for stand, *_ in go(steps, timing))
