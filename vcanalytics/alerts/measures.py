"""What rules may measure: each a question with a name, a unit, a window and series of its own.

This is the vocabulary alone, so that a file of rules can be checked without asking anything;
``alerts.asking`` has the questions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import Final


class Chance(Enum):
    """By what law the chance of a value is told from what is usual."""

    #: ``events`` of ``volume``, each of them with the usual share.
    SHARE = auto()
    #: So many, where so many are usual.
    COUNT = auto()
    #: So few of two that should be alike.
    DROP = auto()


_FAST: Final = timedelta(seconds=10)
_SLOW: Final = timedelta(seconds=30)
_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure.

    ``series`` says what there is one of for each value, empty where there is one alone. ``window``
    is how far it looks back (None: it is a state, not a count), ``volume`` and ``events`` are what
    it is told from, in words; ``usual`` says that it knows its own figure of the last 7 days.
    ``every`` is how often it is asked, ``step`` how finely history is replayed (None: it cannot).
    ``wider``: other windows may be looked at besides: a longer one where one is too short to tell,
    shorter ones that tell sooner.
    """

    name: str
    unit: str
    meaning: str
    series: str = ""
    window: timedelta | None = None
    volume: str = ""
    events: str = ""
    usual: bool = False
    chance: Chance | None = None
    every: timedelta = _FAST
    step: timedelta | None = _MINUTE
    wider: bool = False


_5_MIN: Final = timedelta(minutes=5)
_ALL: Final = (
    Measure(
        "failure_share",
        "%",
        "payments begun in the window that failed, of all begun in it",
        window=_5_MIN,
        wider=True,
        volume="payments",
        events="failed",
        usual=True,
        chance=Chance.SHARE,
    ),
    Measure(
        "stuck_share",
        "%",
        "payments that are still open after VC_STUCK_MINUTES, of all that came to that age in "
        "the window",
        window=timedelta(minutes=30),
        volume="payments",
        events="stuck",
        usual=True,
        chance=Chance.SHARE,
    ),
    Measure(
        "takings_drop",
        "%",
        "how much less was captured in VC_CURRENCY than in the same hours of yesterday, by the "
        "clock of VC_TIMEZONE",
        window=timedelta(hours=3),
        volume="payments yesterday",
        chance=Chance.DROP,
        every=_SLOW,
        step=timedelta(minutes=15),
    ),
    Measure(
        "paid_not_mailed",
        "payments",
        "findings of reconcile that came up in the window: paid, and no mail after "
        "VC_GRACE_MINUTES",
        window=timedelta(hours=6),
        usual=True,
        chance=Chance.COUNT,
    ),
    Measure(
        "paid_no_account",
        "payments",
        "findings of reconcile that came up in the window: paid, and no account after "
        "VC_GRACE_MINUTES",
        window=timedelta(hours=6),
        usual=True,
        chance=Chance.COUNT,
    ),
    Measure(
        "captured_but_failed",
        "payments",
        "findings of reconcile among payments begun in the window: charged, and marked as failed",
        window=timedelta(hours=6),
        usual=True,
        chance=Chance.COUNT,
    ),
    Measure(
        "error_logs",
        "lines",
        "lines of VectorCraft's log of the levels ERROR and CRITICAL in the window",
        series="component",
        window=_5_MIN,
        usual=True,
        chance=Chance.COUNT,
    ),
    *(
        Measure(
            f"{of}_{figure}",
            unit,
            f"{meaning} of {what} in the window",
            series=series,
            window=_5_MIN,
            volume=many,
            events="errors" if figure == "errors" else "",
            usual=True,
            chance=Chance.SHARE if figure == "errors" else None,
        )
        for of, what, series, many in (
            ("response", "requests", "endpoint", "requests"),
            ("query", "database queries", "query", "queries"),
            ("paypal", "calls of PayPal's API", "endpoint", "calls"),
        )
        for figure, unit, meaning in (
            ("p95", "ms", "95th percentile of the time"),
            ("mean", "ms", "mean time"),
            ("errors", "%", "share of failures"),
        )
    ),
    Measure(
        "cpu",
        "%",
        "mean share of all cores' time in use in the window",
        series="host",
        window=_5_MIN,
        volume="samples",
        every=_FAST,
    ),
    Measure(
        "memory",
        "%",
        "mean share of memory in use in the window",
        series="host",
        window=_5_MIN,
        volume="samples",
    ),
    Measure(
        "disk",
        "%",
        "mean share of a disk's room in use in the window",
        series="host and disk",
        window=timedelta(minutes=10),
        volume="samples",
        every=_SLOW,
        step=timedelta(minutes=10),
    ),
    Measure(
        "disk_full_in",
        "d",
        "days until a disk is full, by a straight line through the last 7 days",
        series="host and disk",
        every=_MINUTE,
        step=timedelta(hours=6),
    ),
    Measure(
        "component_critical",
        "s",
        "for how long a component has been critical; 0 while it is not",
        series="component",
        step=_MINUTE,
    ),
    Measure(
        "stream_lag",
        "s",
        "how long ago the source was last read with success",
        series="stream",
        step=None,
    ),
    Measure(
        "backup_age",
        "h",
        "how long ago a backup was last taken",
        every=_SLOW,
        step=None,
    ),
)

MEASURES: Final[dict[str, Measure]] = {measure.name: measure for measure in _ALL}
