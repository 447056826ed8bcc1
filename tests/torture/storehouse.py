"""A store by itself, its writers, and all that works on its files, killed at every step in turn.

Where ``Life`` has a shop and the whole of the collectors, here each actor is a process that can be
stopped at a step, or be given a full disk, a failing one, or no rights from a step on, while others
write and readers look at every snapshot. What was kept follows from the plan, to the row and the
cent.
"""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from tests.collectors.rig import environment
from tests.torture import disk, seeing, shim, writing
from tests.torture.actor import REFUSED
from tests.torture.nursery import Child, Nursery
from tests.torture.plan import BEGUN, CUSTOMERS, address, origin, payments
from tests.torture.rounds import Round, Wrong
from tests.torture.task import room, steps
from tests.torture.trouble import FILLER, Trouble
from tests.torture.watching import Watcher
from vcanalytics.store import Catalogue, Reader, Segments
from vcanalytics.store.checking.check import check
from vcanalytics.store.manifest import clean, manifests, orphaned
from vcanalytics.store.pseudonyms import load

WRITERS: Final = (1, 2)
#: Pieces a writer writes in a round, and within what: others are hindered meanwhile.
PIECES: Final = 25
WRITES_FOR_S: Final = 0.625
#: Within this an actor comes to its end. A busy machine is slow.
ENDS_WITHIN_S: Final = 60.0
#: How often the clock of an actor is off, and by how many hours.
CLOCK_SHARE: Final = 0.25
STEPS_H: Final = (-30, -3, -1, 1, 2, 26)
#: The plan's month is over.
AHEAD: Final = timedelta(days=15)
#: Between two rounds.
MINUTES: Final = 4


class Storehouse:
    """A store by a seed, in a folder of its own, on a small disk where one can be had."""

    def __init__(self, folder: Path, seed: int, pieces: int = PIECES) -> None:
        self._random = random.Random(seed)  # noqa: S311 not a secret
        self._seed = seed
        self._pieces = pieces
        self._folder = folder
        self.place = folder / "disk"
        # Every other store: the file systems that are real have their own ways.
        if not (seed % 2 and disk.mount_small(self.place)):
            self.place.mkdir(exist_ok=True)
        self._told = folder / "told"
        self.data = self.place / "data"
        self._log = folder / "actors.log"
        plain = environment(self.data, "sqlite:////none")
        self._nursery = Nursery(plain | shim.built(folder), self._log)
        self._catalogue = Catalogue.open(self.data)
        self._held = Reader(self._catalogue)
        self._engine = seeing.engine(Segments(self.data).root)
        self._eye = seeing.Eye(seed, self._engine)
        self._minutes = 0
        self._decks: dict[str, list[str]] = {}
        self._forgotten: set[str] = set()
        #: (actor, what befell it and where) of everything that befell.
        self.befell: Counter[tuple[str, str, str]] = Counter()
        self.wrong: Counter[str] = Counter()
        self.looked = 0
        self.refused: Counter[str] = Counter()
        self._watcher: Watcher | None = None
        self._stepped = False
        # Rows in files, and some that are hot: none of the first round's actors is idle.
        for _ in range(2):
            self.well("sealer")
            with self.writing(WRITERS):
                pass

    def close(self, *, keep: bool) -> None:
        self._nursery.close()
        self._catalogue.close()
        self._engine.close()
        if not keep:
            disk.take_away(self.place)

    @property
    def written(self) -> int:
        """Rows that were acknowledged."""
        figures = self._eye.figures
        return figures.kept + figures.versions["rows"] + figures.cases

    def round(self, kind: str) -> Round:
        """One round in which actors of the kind are killed and hindered."""
        began = time.monotonic()
        watcher = self._watcher = Watcher(self.data, self._seed, self._engine, self.acknowledged)
        # What was retired by a clock that was behind goes at once by one that is right.
        watcher.files_may_go, self._stepped = self._stepped, False
        watcher.start()
        try:
            did: list[str] = room(kind).play(self)
        finally:
            found = watcher.stop()
            self.wrong += watcher.eye.wrong
            self.looked += watcher.eye.looked
            self.refused += watcher.refused
        if found:
            raise Wrong("\n".join([*found[:20], self.log_tail()]))
        self._prove()
        return self._told_of(kind, did, time.monotonic() - began)

    # What rounds are made of

    def beside_writers(self, name: str, **options: str) -> list[str]:
        """The actor is hindered twice, then does its work, all while two writers write."""
        with self.writing(WRITERS):
            did = [self.hindered(name, **options) for _ in range(2)]
            self.well(name, **options)
        return did

    def someone(self) -> str:
        """The address of a customer who is to be forgotten now."""
        someone = address(self._random.randrange(CUSTOMERS))
        self._forgotten.add(someone)
        return someone

    def older(self) -> int:
        """So many days before the plan's beginning, for who lets go of what is older."""
        return self._random.randint(4, 11)

    # How

    @property
    def _now(self) -> datetime:
        """The clock of the store, which stands still but between rounds."""
        return BEGUN + AHEAD + timedelta(minutes=self._minutes)

    def acknowledged(self) -> dict[int, int]:
        return {w: writing.acknowledged(self.place / f"acks-{w}") for w in WRITERS}

    def pieces(self, writer: int, *, pause_ms: int, patience_s: int) -> dict[str, str]:
        return {
            "seed": str(self._seed),
            "writer": str(writer),
            "pieces": str(self._pieces),
            "pause_ms": str(pause_ms),
            "patience_s": str(patience_s),
        }

    def _start(
        self, name: str, now: datetime, trouble: Trouble | None, options: Mapping[str, str]
    ) -> Child:
        self._told.unlink(missing_ok=True)
        arguments = [name, str(self.data), "--now", now.isoformat(), "--told", str(self._told)]
        if trouble is not None:
            arguments += ["--trouble", trouble.dump()]
        for key, value in options.items():
            arguments += ["--option", key, value]
        return self._nursery.start(arguments)

    @contextmanager
    def writing(self, writers: Sequence[int]) -> Iterator[None]:
        """Writers beside what is done in the block; they end well by themselves."""
        pause_ms = round(1_000 * WRITES_FOR_S / self._pieces)
        processes = [
            self._start("writer", self._now, None, self.pieces(w, pause_ms=pause_ms, patience_s=30))
            for w in writers
        ]
        try:
            yield
            for process in processes:
                if self._end(process, "a writer that nothing befell"):
                    raise Wrong(f"a writer that nothing befell did not end well{self.log_tail()}")
        finally:
            for process in processes:
                process.kill()

    def hindered(self, name: str, **options: str) -> str:
        """Run an actor that something befalls; in words what it was, and how it ended."""
        trouble, pause_s = self._trouble(name)
        now = self._now
        hours = self._random.choice(STEPS_H) if self._random.random() < CLOCK_SHARE else 0
        if hours and self._watcher is not None:
            self._watcher.files_may_go = self._stepped = True
        process = self._start(name, now + timedelta(hours=hours), trouble, options)
        try:
            if pause_s is not None:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(pause_s)
                process.kill()
            ended = self._end(process, f"{name}, {trouble}")
        finally:
            process.kill()
            self._mend()
        if ended not in {0, REFUSED, -signal.SIGKILL}:
            raise Wrong(f"{name}, {trouble}: it ended with {ended}, not in a line{self.log_tail()}")
        if hours:
            self.befell[name, "clock", f"{hours:+} h"] += 1
        if trouble is None:
            where = "at a random instant"
            if ended == -signal.SIGKILL:
                self.befell[name, "kill", where] += 1
            return f"killed {where}"
        if not self._told.exists():
            return f"never came to {trouble.step} {trouble.nth}"
        if trouble.kind != "kill" or ended == -signal.SIGKILL:
            where = trouble.step if not trouble.calls else "a call that writes"
            self.befell[name, trouble.kind, where] += 1
        return f"{trouble}, clock {hours:+} h" if hours else str(trouble)

    def _trouble(self, name: str) -> tuple[Trouble | None, float | None]:
        """What befalls the actor next, or how long after its start it is killed."""
        chosen, nth = self._random.random(), self._random.choice((1, 1, 1, 1, 2))
        if chosen < 0.12:
            return None, self._random.uniform(0.0, 0.4)
        calls = self._random.randint(1, 40)
        if chosen < 0.27:
            return Trouble("kill", "start", calls=calls), None
        step = self._next_step(name)
        if chosen < 0.65:
            return Trouble("kill", step, nth), None
        if chosen < 0.80:
            lasting = self._random.random() < 0.5
            return Trouble("eio", step, nth, self._random.randint(1, 12), lasting), None
        return Trouble("full" if chosen < 0.92 else "rights", step, nth), None

    def _next_step(self, name: str) -> str:
        """Each step of the actor once, in a random order; then all again."""
        deck = self._decks.setdefault(name, [])
        if not deck:
            deck += steps(name)
            self._random.shuffle(deck)
        return deck.pop()

    def well(self, name: str, **options: str) -> None:
        ended = self._end(self._start(name, self._now, None, options), name)
        if ended:
            raise Wrong(f"{name}: it cannot do its work any more ({ended}){self.log_tail()}")

    def _end(self, process: Child, what: str) -> int:
        try:
            return process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise Wrong(f"{what}: it does not end{self.log_tail()}") from None

    def _mend(self) -> None:
        """There is room on the disk again, and rights."""
        (self.place / FILLER).unlink(missing_ok=True)
        for folder in (self.data / "segments").rglob("*/"):
            folder.chmod(0o700)

    # What is proved

    def prove_other(self, data_dir: Path, at_least: Mapping[int, int], what: str) -> None:
        """Raise Wrong unless the store there is whole and sound, of some moment."""
        catalogue = Catalogue.open(data_dir, create=False)
        engine = seeing.engine(Segments(data_dir).root)
        eye = seeing.Eye(self._seed, engine)
        try:
            found = eye.look(Reader(catalogue).snapshot(seeing.STREAMS), at_least)
            found += [f"check: {one.stream}: {one.what}" for one in check(catalogue)]
        finally:
            engine.close()
            catalogue.close()
        self.wrong += eye.wrong
        if found:
            raise Wrong("\n".join([what, *found[:20], self.log_tail()]))

    def _prove(self) -> None:
        found = []
        at_least = self.acknowledged()
        for who, reader in (("held", self._held), ("new", Reader(self._catalogue))):
            snapshot = reader.snapshot(seeing.STREAMS)
            found += [f"{who}: {one}" for one in self._eye.look(snapshot, at_least)]
            found += [f"{who}: damaged: {one}" for one in snapshot.damage]
        self.wrong += self._eye.wrong
        self._eye.wrong.clear()
        found += self._remembered()
        # What was left over is younger than what `check` complains of: it stays, to be cleared.
        found += [f"check: {one.stream}: {one.what}" for one in check(self._catalogue)]
        if found:
            raise Wrong("\n".join([*found[:20], self.log_tail()]))

    def _remembered(self) -> Iterator[str]:
        """Customers' addresses, which are pseudonyms once they are forgotten, and else theirs."""
        with self._catalogue.read() as connection:
            pseudonyms = load(connection)
        rows = Reader(self._catalogue).snapshot(["transactions"]).table("transactions")
        for row in rows.select(["email", "source_id"]).to_pylist():
            email, row_id = row["email"], row["source_id"]
            begun = payments(self._seed, *origin(row_id))[row_id % 1_000]
            wanted = pseudonyms.text(begun.email)
            if email != wanted or (begun.email in self._forgotten) == (wanted == begun.email):
                yield f"{begun.name} is {email}'s, and should be {wanted}'s"

    def log_tail(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines() if self._log.exists() else []
        return "\n".join(["", "the actors' last words:", *lines[-12:]])

    def _told_of(self, kind: str, did: Sequence[str], seconds: float) -> Round:
        segments = Segments(self.data)
        with self._catalogue.read() as connection:
            standing = sum(len(some) for some in manifests(connection).values())
        left = orphaned(self._catalogue, segments, timedelta(0))
        # As the next start of upkeep would.
        clean(self._catalogue, segments, self._now, timedelta(0))
        self._minutes += MINUTES
        return Round(
            kind=kind,
            did=f"{kind} {', '.join(did)}",
            versions=self._eye.figures.versions["rows"],
            requests=self._eye.figures.kept,
            segments=standing,
            left_over=len(left),
            seconds=seconds,
        )
