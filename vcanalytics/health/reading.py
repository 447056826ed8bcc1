"""Judging what reads: the source, each stream, each collector."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from vcanalytics.health.ages import ago, spoken
from vcanalytics.health.seen import Seen
from vcanalytics.model.health import Status, Verdict
from vcanalytics.model.health_thresholds import (
    ASIDE_LATELY,
    DAEMON_DEAD_AFTER,
    DAEMON_HUNG_AFTER,
    DAEMON_SLOW_AFTER,
    LATE_AFTER,
    SOURCE_PATIENCE,
    STOPPED_AFTER,
)
from vcanalytics.model.streams import STREAMS
from vcanalytics.store.facts import (
    DAEMONS,
    DEMO,
    PROBLEM,
    SILENT_AFTER,
    SUPERVISOR,
    SWAPPED,
    as_time,
)
from vcanalytics.store.state import StreamState

#: The host's samples are no reading of the source.
_HOST_STREAM: Final = "system"
_START: Final = "Start them with `python -m collectors`, or let the console: VC_COLLECTORS=embedded"
_ASIDE: Final = "Look at them on the Health page; they are kept whole, and read again when mended"


def source(seen: Seen) -> Verdict:
    """VectorCraft's database: what collectors say is wrong, and when it was last read."""
    name = "source"
    swapped, problem = seen.fact(SWAPPED), seen.fact(PROBLEM)
    read_at = max(
        (s.read_at for s in seen.states.values() if s.read_at and s.stream != _HOST_STREAM),
        default=None,
    )
    if swapped.get("what"):
        return Verdict(
            name, Status.CRITICAL, str(swapped["what"]), str(swapped.get("hint", "")), read_at
        )
    if problem.get("problem"):
        age = seen.age(as_time(problem.get("since"))) or timedelta(0)
        status = Status.CRITICAL if age >= SOURCE_PATIENCE else Status.WARNING
        what, hint = str(problem["problem"]), str(problem.get("hint") or "")
        return Verdict(name, status, f"{what}, for {spoken(age)}", hint, read_at)
    if seen.fact(DEMO):
        return Verdict(name, Status.UNKNOWN, "the demo shop is being made", "", read_at)
    return _by_age(
        name, "it was", seen.age(read_at), Verdict(name, Status.HEALTHY, "", "", read_at)
    )


def _by_age(name: str, what: str, age: timedelta | None, well: Verdict) -> Verdict:
    if age is None:
        return Verdict(name, Status.UNKNOWN, f"{what} not read yet")
    words = f"{what} read {ago(age)}"
    if age >= STOPPED_AFTER:
        status = Status.CRITICAL
    elif age >= LATE_AFTER:
        status = Status.WARNING
    else:
        return Verdict(name, Status.HEALTHY, well.what or words, well.hint, well.data_at)
    return Verdict(name, status, words, "See the collectors and the source", well.data_at)


def streams(seen: Seen) -> Iterator[Verdict]:
    """Each stream: late, stopped, rejecting."""
    for name in STREAMS:
        yield _stream(seen, seen.states.get(name) or StreamState(name))


def _stream(seen: Seen, state: StreamState) -> Verdict:
    name, at = f"stream:{state.stream}", state.read_at
    swapped = seen.fact(SWAPPED)
    if swapped.get("stream") == state.stream:
        return Verdict(
            name, Status.CRITICAL, str(swapped["what"]), str(swapped.get("hint", "")), at
        )
    what = ""
    if state.reading_history:
        what = f"its history is being read: {state.done:,} of {state.total:,} rows"
    found = _by_age(name, "it was", seen.age(at), Verdict(name, Status.HEALTHY, what, "", at))
    aside = seen.aside.get(state.stream, 0)
    if aside and found.status is Status.HEALTHY:
        rows = "row was" if aside == 1 else "rows were"
        what = f"{aside:,} {rows} kept aside in the last {spoken(ASIDE_LATELY)}"
        return Verdict(name, Status.WARNING, what, _ASIDE, at)
    return found


def collectors(seen: Seen) -> Iterator[Verdict]:
    """Each daemon of the collectors; the one that minds the watchman shows in that."""
    supervisor = seen.fact(SUPERVISOR)
    told = {name: d for name, d in seen.fact(DAEMONS).items() if name != "watchman"}
    beat_at = as_time(supervisor.get("beat_at"))
    silent = seen.age(beat_at)
    for name, daemon in told.items():
        component = f"collector:{name}"
        if silent is None or silent > SILENT_AFTER:
            what = "no sign of it" if silent is None else f"no sign of it for {spoken(silent)}"
            yield Verdict(component, Status.CRITICAL, what, _START, beat_at)
        elif supervisor.get("stopped"):
            yield Verdict(component, Status.CRITICAL, "it was stopped", _START, beat_at)
        else:
            yield daemon_verdict(seen, component, daemon)


def daemon_verdict(seen: Seen, name: str, daemon: Mapping[str, Any]) -> Verdict:
    """One daemon by what its runner told: failing, hung, or at work."""
    beat_at = as_time(daemon.get("beat_at"))
    silent = seen.age(beat_at or as_time(daemon.get("since"))) or timedelta(0)
    if daemon.get("state") == "stopped":
        return Verdict(name, Status.CRITICAL, "it has stopped", _START, beat_at)
    error, hint = daemon.get("last_error"), "It is started again by itself, with growing pauses"
    failing = daemon.get("state") == "waiting" or (error and _after(daemon))
    if failing:
        dead = beat_at is None or silent >= DAEMON_DEAD_AFTER
        status = Status.CRITICAL if dead else Status.WARNING
        return Verdict(name, status, f"it fails: {error}", hint, beat_at)
    if silent >= DAEMON_SLOW_AFTER:
        status = Status.CRITICAL if silent >= DAEMON_HUNG_AFTER else Status.WARNING
        what = f"its round has not ended for {spoken(silent)}"
        return Verdict(name, status, what, "Restart the collectors if it goes on", beat_at)
    return Verdict(name, Status.HEALTHY, "it is at work", "", beat_at)


def _after(daemon: Mapping[str, Any]) -> bool:
    """Whether it has failed since its last good round: it was started again, and may fail again."""
    failed_at, beat_at = as_time(daemon.get("last_error_at")), as_time(daemon.get("beat_at"))
    return failed_at is not None and (beat_at is None or failed_at > beat_at)


def watchman(
    seen: Seen, daemons: Mapping[str, Mapping[str, Any]], problems: Iterable[str]
) -> Verdict:
    """The watchman by its own daemons, and by what keeps it from doing as it was told."""
    found = [daemon_verdict(seen, name, daemon) for name, daemon in daemons.items()]
    bad = [one for one in found if one.status in {Status.WARNING, Status.CRITICAL}]
    if bad:
        first = max(bad, key=lambda one: one.status is Status.CRITICAL)
        return Verdict(
            "watchman", first.status, f"{first.name}: {first.what}", first.hint, seen.now
        )
    for problem in problems:
        hint = "What was read before holds on; mend the file, it is read again by itself"
        return Verdict("watchman", Status.WARNING, problem, hint, seen.now)
    return Verdict("watchman", Status.HEALTHY, "it watches", "", seen.now)
