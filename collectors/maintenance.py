"""What upkeep does besides sealing, a step at a time, in the order it matters.

It books, folds, counts, settles, lets go and merges.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from collectors.capture import SOURCE_NAME
from collectors.daemon import LOG
from collectors.progress import Progress
from collectors.system import SOURCE as HOST
from vcanalytics.errors import StoreError
from vcanalytics.settings import Settings
from vcanalytics.store import Catalogue, Segments
from vcanalytics.store.books.rebuilding import brought_up
from vcanalytics.store.cells.counting import COUNTED
from vcanalytics.store.cells.filling import fill
from vcanalytics.store.derived import SHAPES, WAITING, Waiting
from vcanalytics.store.facts import DISK
from vcanalytics.store.newest.folding import add_texts, catch_up
from vcanalytics.store.segments import Damaged
from vcanalytics.store.upkeep.merging import merge_next
from vcanalytics.store.upkeep.retention import Due, due, earliest, let_go
from vcanalytics.store.upkeep.room import EASED, Room, measure, since_of
from vcanalytics.store.upkeep.settling import settle

#: Those whose place moves in the transaction of their rows: they never send a batch again.
_PLACED: Final = frozenset({HOST, SOURCE_NAME})
_LOOK_EVERY: Final = timedelta(minutes=1)
_STEADY_S: Final = 900.0
_STEP_S: Final = 60.0
_MERGING: Final = "merging files"
_BOOKING: Final = "booking rows"
_FOLDING: Final = "folding in newest versions"
_COUNTING: Final = "counting days"
_SEARCHING: Final = "making payments ready to be searched"
_LETTING_GO: Final = "letting go of old rows"


class Steady:
    """Whether the clock has gone evenly for a while.

    One that jumps ahead for a minute would otherwise have years of rows let go of.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._begun: tuple[float, datetime] | None = None

    def __call__(self, now: datetime) -> bool:
        moment = self._clock()
        if self._begun is not None:
            passed = moment - self._begun[0]
            if abs((now - self._begun[1]).total_seconds() - passed) <= _STEP_S:
                return passed >= _STEADY_S
        self._begun = (moment, now)
        return False


class Maintenance:
    """The jobs, in the order they matter. Nothing is sealed or forgotten while a step runs.

    ``clock`` gives seconds that only grow; ``waiting`` tells which rows nothing is made of yet.
    """

    def __init__(
        self,
        settings: Settings,
        catalogue: Catalogue,
        segments: Segments,
        *,
        clock: Callable[[], float] = time.monotonic,
        waiting: Mapping[str, Waiting] = WAITING,
    ) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._segments = segments
        self._waiting = waiting
        self._steady = Steady(clock)
        self.progress = Progress(catalogue, clock)
        self._for_ever = frozenset(SHAPES.keys() - settings.keep.keys())
        # Files that were found damaged: named once, then left to `check --repair`.
        self._damaged: set[str] = set()
        self._books: Iterator[tuple[int, int]] = iter(())
        self._done = 0
        self._looked_at: datetime | None = None
        self._easing = False
        self._room: Room | None = None
        self._measured_at: datetime | None = None
        self._said: set[str] = set()

    def open(self) -> None:
        self.progress.open()
        self._looked_at = None
        self._said.clear()
        self._books = brought_up(self._catalogue, self._settings.sample_prefixes)

    def step(self, now: datetime) -> bool:
        """Do a little of what is due; whether there is more to do at once."""
        if self._book() or self._fold(now) or self._add_texts(now) or self._count(now):
            return True
        looks = self._looked_at is None or abs(now - self._looked_at) >= _LOOK_EVERY
        if not looks:
            return False
        try:
            if settle(self._catalogue, _PLACED, now) or self._let_go(now) or self._merge(now):
                return True
        except Damaged as damaged:
            LOG.warning("%s; it is left as it is", damaged)
            self._damaged.add(damaged.key)
            return True
        self._looked_at = now
        return False

    def _book(self) -> bool:
        """A slice of books that are older than the store, or than what is said to be a sample."""
        booked = next(self._books, None)
        if booked is None:
            return False
        self.progress.report(_BOOKING, *booked)
        return True

    def _fold(self, now: datetime) -> bool:
        """A slice of versions that were sealed without their place among the newest."""
        if _FOLDING in self._said:
            return False
        try:
            caught = catch_up(self._catalogue, self._segments, now)
        except StoreError as error:
            if error.heals:
                raise
            # Until the next start: readers lay the rest over by themselves.
            self._said.add(_FOLDING)
            LOG.warning("newest versions cannot be folded in: %s", error)
            return False
        if caught is None:
            return False
        words = "newest versions of %s: %d of %d batches folded in"
        LOG.info(words, caught.stream, caught.seq, caught.of)
        self.progress.report(f"{_FOLDING} of {caught.stream}", caught.seq, caught.of)
        return True

    def _add_texts(self, now: datetime) -> bool:
        """A file of payments that was written before they could be searched in one pass."""
        if _SEARCHING in self._said:
            return False
        try:
            added = add_texts(self._catalogue, self._segments, now)
        except StoreError as error:
            if error.heals:
                raise
            # Until the next start: they are searched column by column meanwhile.
            self._said.add(_SEARCHING)
            LOG.warning("payments cannot be made ready to be searched: %s", error)
            return False
        if added is None:
            # All files that are written from now on have it.
            self._said.add(_SEARCHING)
            return False
        self._report(_SEARCHING, added[1])
        return True

    def _count(self, now: datetime) -> bool:
        """The cells of one day that was sealed before there were any."""
        return any(self._count_day(stream, now) for stream in COUNTED)

    def _count_day(self, stream: str, now: datetime) -> bool:
        what = f"{_COUNTING} of {stream}"
        if what in self._said:
            return False
        try:
            filled = fill(self._catalogue, self._segments, stream, now)
        except StoreError as error:
            if error.heals:
                raise
            # Until the next start: its rows answer by themselves meanwhile.
            self._said.add(what)
            LOG.warning("cells of %s cannot be made: %s", stream, error)
            return False
        if filled is None:
            # All that will be sealed from now on is counted as it is.
            self._said.add(what)
            return False
        LOG.info("counted %s of %s: %d rows", stream, filled.day, filled.rows)
        self._report(what, filled.left)
        return True

    def _let_go(self, now: datetime) -> bool:
        room = self._room_at(now)
        # Begun at the limit, gone on with until there is some room again.
        self._easing = room.full or (self._easing and room.share > EASED)
        if not self._steady(now):
            return False
        wanted = self._wanted(now)
        left = sum(len(one.files) for one in wanted)
        return any(self._go(one, left, now) for one in wanted)

    def _wanted(self, now: datetime) -> list[Due]:
        asked: dict[str, Any] = {"waiting": self._waiting, "avoid": self._damaged}
        with self._catalogue.read() as connection:
            wanted = due(connection, self._settings.keep, now, **asked)
            if self._easing and not any(one.files for one in wanted):
                first = earliest(connection, now, **asked)
                wanted = [first] if first else []
        for one in wanted:
            if one.waiting and one.stream not in self._said:
                self._said.add(one.stream)
                words = "%d files of %s are past their days, and stay until they are summed up"
                LOG.info(words, one.waiting, one.stream)
        return wanted

    def _go(self, due: Due, left: int, now: datetime) -> bool:
        gone = let_go(self._catalogue, self._segments, due, now)
        if gone is None:
            return False
        LOG.info("let go of %d rows of %s before %s", gone.rows, gone.stream, gone.before)
        self._report(_LETTING_GO, left - 1)
        return True

    def _merge(self, now: datetime) -> bool:
        if self._easing:
            # A merge needs room for as long as the files it replaces are still read.
            return False
        merged = merge_next(
            self._catalogue,
            self._segments,
            now,
            kept_for_ever=self._for_ever,
            avoid=self._damaged,
        )
        if merged is None:
            return False
        LOG.info("merged %d files of %s: %d rows", merged.files, merged.series, merged.rows)
        self._report(_MERGING, merged.left)
        return True

    def _report(self, what: str, left: int) -> None:
        self._done += 1
        self.progress.report(what, self._done, self._done + left)
        if not left:
            self._done = 0

    def _room_at(self, now: datetime) -> Room:
        fresh = self._measured_at is not None and abs(now - self._measured_at) < _LOOK_EVERY
        if self._room is None or self._easing or not fresh:
            self._room, self._measured_at = self._measure(now), now
        return self._room

    def _measure(self, now: datetime) -> Room:
        before = self._catalogue.fact(DISK) or {}
        room = measure(self._catalogue, self._settings, before, now)
        fact = room.fact(now, since_of(before))
        if fact["what"] and not before.get("what"):
            LOG.warning("%s. %s", fact["what"], fact["hint"])
        with self._catalogue.write(now, durable=False) as writer:
            writer.set_fact(DISK, fact)
        return room
