"""The cache in four regions: what is kept, how long, how much of it, how often it was of use.

Streamlit's ``cache_data`` does the keeping: one computation a key however many ask, so many entries
and bytes a question, counts of hits and misses. A region gives its questions their time to live and
their share of the room, and adds up what they come to. Its time to live never hides newer data: the
version of every stream an answer was read from is part of its key.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Generic, Literal, ParamSpec, TypeVar

import polars as pl
import streamlit as st
from streamlit.runtime.caching.cache_metrics import CACHE_LOOKUPS_FAMILY, get_cache_metrics
from streamlit.runtime.stats import CACHE_MEMORY_FAMILY, CounterStat

from vcanalytics.cached.console import Answer, settings
from vcanalytics.cached.lately import Lately
from vcanalytics.errors import UsageError
from vcanalytics.measured import questions

__all__ = [
    "ALL",
    "KINDS",
    "REGIONS",
    "Kept",
    "Region",
    "clear",
    "questions",
    "regions",
    "table",
]

P = ParamSpec("P")
R = TypeVar("R")
Refresh = Literal["foreground", "background"]

#: Answers kept of one question; the oldest looked at goes first.
ENTRIES: Final = 200
#: Last good answers kept of one question, for when it fails.
_LATELY: Final = 4
#: What a clear may name beside a region: all, what is of this moment, what adds up.
ALL: Final = "all"
KINDS: Final = ("live", "aggregated")


@dataclass(frozen=True, slots=True)
class Kept:
    """What a region holds now, and how often it answered.

    ``oldest_s`` and ``newest_s`` are the ages of its entries, None without any. ``hits`` and
    ``misses`` count since the console was started; who waits for an answer that another is just
    asking for is counted as a miss.
    """

    region: str
    entries: int
    bytes: int
    hits: int
    misses: int
    ttl_s: float
    bytes_max: int
    oldest_s: float | None
    newest_s: float | None

    @property
    def hit_ratio(self) -> float | None:
        """Hits of all look-ups, in [0, 1]; None before the first."""
        looked = self.hits + self.misses
        return self.hits / looked if looked else None


class Region:
    """Questions that are kept equally long. ``kind`` is what a clear calls it besides its name."""

    def __init__(self, name: str, kind: str, ttl_setting: str) -> None:
        self.name = name
        self.kind = kind
        self._ttl_setting = ttl_setting
        self._questions: list[_Question[..., Any]] = []

    @property
    def ttl(self) -> timedelta:
        """How long an answer is kept: a setting."""
        return timedelta(seconds=float(getattr(settings(), self._ttl_setting)))

    @property
    def bytes_max(self) -> int:
        """What its entries may take: an equal part of VC_CACHE_MB."""
        return settings().cache_mb * 1_000_000 // len(REGIONS)

    @property
    def share_bytes(self) -> int:
        """What the entries of one of its questions may take."""
        return max(1, self.bytes_max // max(1, len(self._questions)))

    def keep(
        self,
        *,
        entries: int = ENTRIES,
        ttl: timedelta | None = None,
        refresh: Refresh = "foreground",
        whole: bool = False,
    ) -> Callable[[Callable[P, R]], _Question[P, R]]:
        """Keep the answers of the function below: a decorator.

        ``ttl`` is for those that go sooner than their region's. ``whole`` is for single answers
        of any size, of which ``entries`` is the bound.
        """

        def decorate(ask: Callable[P, R]) -> _Question[P, R]:
            question = _Question(self, ask, entries, ttl, refresh, whole=whole)
            self._questions.append(question)
            return question

        return decorate

    def clear(self) -> int:
        """Forget every entry; how many there were."""
        count = self.kept().entries
        for question in self._questions:
            question.clear()
        return count

    def kept(self) -> Kept:
        """What it holds now, and how often it answered."""
        sizes = [size for question in self._questions for size in question.sizes()]
        ages = [age for question in self._questions for age in question.ages_s()]
        hits, misses = _looked_up({question.name for question in self._questions})
        return Kept(
            self.name,
            len(sizes),
            sum(sizes),
            hits,
            misses,
            self.ttl.total_seconds(),
            self.bytes_max,
            max(ages, default=None),
            min(ages, default=None),
        )


def _read_at(answer: object) -> datetime:
    return answer.as_of if isinstance(answer, Answer) else datetime.now(UTC)


def _hashable(key: tuple[object, ...]) -> bool:
    try:
        hash(key)
    except TypeError:
        return False
    return True


class _Question(Generic[P, R]):
    """One function whose answers are kept, as the settings of the moment it is asked say.

    They are not known yet when its module is imported.
    """

    def __init__(
        self,
        region: Region,
        ask: Callable[P, R],
        entries: int,
        ttl: timedelta | None,
        refresh: Refresh,
        *,
        whole: bool,
    ) -> None:
        functools.update_wrapper(self, ask)
        self.name = f"{ask.__module__}.{ask.__qualname__}"
        self._region = region
        self._ask = ask
        self._entries = entries
        self._ttl = ttl
        self._refresh: Refresh = refresh
        self._whole = whole
        self._lock = threading.Lock()
        self._bounds: tuple[timedelta, int | None] | None = None
        self._held: Any = None
        # What changes with every moment says nothing of what was asked.
        names = list(inspect.signature(ask).parameters)
        self._asked_by = [i for i, name in enumerate(names) if name not in {"now", "at"}]
        self._lately: Lately[R] = Lately(_LATELY)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        def ask() -> R:
            answer: R = (self._keeper() if settings().cache_mb else self._ask)(*args, **kwargs)
            return answer

        key = tuple(args[i] for i in self._asked_by if i < len(args))
        if kwargs or not _hashable(key):
            # What is made of others' answers: they stand in for themselves.
            return ask()
        return self._lately.ask(key, ask, _read_at)

    def _keeper(self) -> Any:
        ttl = min(self._ttl or self._region.ttl, self._region.ttl)
        bounds = (ttl, None if self._whole else self._region.share_bytes)
        with self._lock:
            if bounds != self._bounds:
                self._held = st.cache_data(
                    ttl=ttl,
                    max_entries=self._entries,
                    max_size=bounds[1],
                    refresh_mode=self._refresh,
                    show_spinner=False,
                )(self._ask)
                self._bounds = bounds
            return self._held

    def clear(self) -> None:
        self._lately.clear()
        if self._held is not None:
            self._held.clear()

    def _storage(self) -> Any:
        """Where Streamlit keeps the answers. Private to it, hence pinned and tested."""
        keeper = self._keeper()
        return keeper._info.get_function_cache(keeper._function_key).storage  # noqa: SLF001

    def sizes(self) -> list[int]:
        """The bytes of each entry, as it is kept: pickled."""
        if self._held is None:
            return []
        found = self._storage().get_stats().get(CACHE_MEMORY_FAMILY, [])
        return [stat.byte_length for stat in found]

    def ages_s(self) -> list[float]:
        """The age of each entry."""
        if self._held is None:
            return []
        storage = self._storage()
        with storage._mem_cache_lock:  # noqa: SLF001 - as in _storage
            kept = storage._mem_cache  # noqa: SLF001
            now = kept.timer()
            return [kept.ttl - (end - now) for end in kept._expirations.values() if end > now]  # noqa: SLF001


def _looked_up(names: set[str]) -> tuple[int, int]:
    """Hits and misses of the questions of these names, since the process was started."""
    counts = {"hit": 0, "miss": 0}
    found = get_cache_metrics().get_stats((CACHE_LOOKUPS_FAMILY,))
    for stat in found.get(CACHE_LOOKUPS_FAMILY, []):
        labels = stat.labels or {} if isinstance(stat, CounterStat) else {}
        if isinstance(stat, CounterStat) and labels.get("cache") in names:
            counts[labels["result"]] += stat.value
    return counts["hit"], counts["miss"]


#: Of this moment: lists, one payment, the feed, what needs a person.
LIVE: Final = Region("live", "live", "cache_live_s")
#: How VectorCraft, this host and the console are.
HEALTH: Final = Region("health", "live", "cache_health_s")
#: What users do and how fast they are answered, over time.
ACTIVITY: Final = Region("activity", "aggregated", "cache_activity_s")
#: Money, window by window.
REVENUE: Final = Region("revenue", "aggregated", "cache_revenue_s")
REGIONS: Final = (LIVE, HEALTH, ACTIVITY, REVENUE)


def regions() -> tuple[Kept, ...]:
    """What every region holds now, in a fixed order."""
    return tuple(region.kept() for region in REGIONS)


def table() -> pl.DataFrame:
    """``regions`` as a table, a row a region.

    Columns: ``region``, ``entries``, ``bytes``, ``hits``, ``misses``, ``hit_ratio``, ``ttl_s``,
    ``bytes_max``, ``oldest_s``, ``newest_s``.
    """
    return pl.DataFrame(
        [
            {
                "region": one.region,
                "entries": one.entries,
                "bytes": one.bytes,
                "hits": one.hits,
                "misses": one.misses,
                "hit_ratio": one.hit_ratio,
                "ttl_s": one.ttl_s,
                "bytes_max": one.bytes_max,
                "oldest_s": one.oldest_s,
                "newest_s": one.newest_s,
            }
            for one in regions()
        ],
        schema_overrides=dict.fromkeys(("hit_ratio", "oldest_s", "newest_s"), pl.Float64()),
    )


def clear(what: str) -> int:
    """Forget the entries of a region, of a kind (live, aggregated) or all; how many there were.

    Nobody sees other figures for it: what is asked next is read anew. Raises UsageError for a
    name that is none.
    """
    chosen = [region for region in REGIONS if what in {ALL, region.name, region.kind}]
    if not chosen:
        names = ", ".join(dict.fromkeys([ALL, *KINDS, *(region.name for region in REGIONS)]))
        raise UsageError(f"there is no part {what!r} of the cache", hint=f"It is one of {names}")
    return sum(region.clear() for region in chosen)
