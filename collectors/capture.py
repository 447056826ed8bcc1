"""Change capture of a table whose rows are updated in place.

VectorCraft stamps no change time, so a row's state is compared with what was last seen of it: a
fingerprint of the whole row. ``poll`` looks at what is likely to move (new rows, open ones);
``sweep`` goes through the table in short reads and misses nothing: changes at any age, deletions,
and a source that was swapped for another, which it refuses to take for deletions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import partial
from typing import Any, Final, Self

import polars as pl
import xxhash

from collectors.known import Known, fingerprint
from collectors.rows import Reading, Unreadable, quoted, read_key
from collectors.subjects import Subject
from collectors.swapped import Guard, Renames, Swapped
from vcanalytics.source import Source
from vcanalytics.source.connection import LONG_TEXT_MAX, READ_ROWS_MAX
from vcanalytics.store import Catalogue, CurrentRow, Reader, Writer
from vcanalytics.store.batches import make_batch

SOURCE_NAME: Final = "vectorcraft"
#: Rows that are looked at with every poll; the sweep finds the others.
WATCHED_MAX: Final = 50_000


@dataclass(slots=True)
class Tally:
    """What a read came to: source rows read, versions kept, rows set aside, rows gone.

    ``problem`` names what could not be read beside it.
    """

    read: int = 0
    kept: int = 0
    rejected: int = 0
    deleted: int = 0
    problem: str = ""

    def __iadd__(self, other: Tally) -> Self:
        self.read += other.read
        self.kept += other.kept
        self.rejected += other.rejected
        self.deleted += other.deleted
        return self


@dataclass(slots=True)
class _Change:
    """What one chunk of rows leads to, before it is written."""

    versions: list[dict[str, object]] = field(default_factory=list)
    current: list[CurrentRow] = field(default_factory=list)
    renamed: list[int] = field(default_factory=list)
    rejects: dict[int, tuple[int, str, str]] = field(default_factory=dict)
    duplicates: set[int] = field(default_factory=set)
    resolved: list[int] = field(default_factory=list)


class Capture:
    """The changes of one table, appended as versions. One writer per stream, one thread."""

    def __init__(
        self, subject: Subject, source: Source, catalogue: Catalogue, zone: tzinfo
    ) -> None:
        self.subject = subject
        self._source = source
        self._catalogue = catalogue
        self._reader = Reader(catalogue, books=False)
        self._guard = Guard(subject.name, subject.table, source, catalogue)
        self._zone = zone
        self._names = (*subject.table.columns, *(("long_size",) if subject.table.long else ()))
        self._key_at = self._names.index(subject.key)
        self._known = Known()
        # Rows set aside, so that they are not set aside anew with every sweep.
        self._aside: dict[int, int] = {}
        self._duplicates: set[int] = set()
        # Whether a key was let go since the duplicates were last looked at.
        self._freed = False
        self._watched: dict[int, datetime] = {}
        self._first = True

    def open(self) -> None:
        """Load what was last seen of each row."""
        rows = self._catalogue.current_rows(self.subject.name)
        self._known = Known((source_id, print_) for _, source_id, print_, gone in rows if not gone)
        # No fingerprint is kept of rows set aside: after a start each is looked at once more.
        self._aside = {
            int(row["row_key"]): 0
            for row in self._catalogue.rejected(self.subject.name, limit=None)
        }
        self._duplicates.clear()
        self._watched.clear()
        self._first = True

    def look_at_aside_again(self) -> None:
        """Have the next sweep read every row set aside once more, changed or not."""
        self._aside = dict.fromkeys(self._aside, 0)

    def poll(self, now: datetime) -> Tally | None:
        """New rows and watched ones.

        None where the newest known row is gone, or a row is another than it was: only a sweep can
        tell what happened then.
        """
        try:
            return self._poll(now)
        except Swapped:
            return None

    def _poll(self, now: datetime) -> Tally | None:
        tally = Tally()
        top = self._known.top
        for row_id in [i for i, until in self._watched.items() if until < now]:
            del self._watched[row_id]
        wanted = sorted({*self._watched, *([top] if top else [])})
        for start in range(0, len(wanted), READ_ROWS_MAX):
            rows = self._source.by_ids(self.subject.table, wanted[start : start + READ_ROWS_MAX])
            if top and start + READ_ROWS_MAX >= len(wanted) and (not rows or rows[-1][0] != top):
                return None
            tally += self._apply(rows, now, renames=Renames(self._guard.refuse_renamed))
        while rows := self._source.after(self.subject.table, max(top, self._highest_aside())):
            tally += self._apply(rows, now, renames=Renames(self._guard.refuse_renamed))
            if len(rows) < READ_ROWS_MAX:
                break
            top = rows[-1][0]
        return tally

    def _highest_aside(self) -> int:
        return max(self._aside, default=0)

    def sweep(self, now: Callable[[], datetime], *, accept: bool = False) -> Iterator[Tally]:
        """Compare the whole table, a short read a step; the last step keeps the deletions.

        Raises Swapped where the table is not the one read before, unless ``accept``.
        """
        if not accept:
            self._guard.check_ids()
        judge = None if accept else partial(self._guard.check_renamed, self._known)
        after, renames = 0, Renames(judge)
        vanished: list[int] = []
        total = self._source.top_id(self.subject.table) if self._first else 0
        while True:
            rows = self._source.after(self.subject.table, after)
            last = rows[-1][0] if len(rows) == READ_ROWS_MAX else None
            present = {row[0] for row in rows}
            vanished.extend(i for i in self._known.between(after, last) if i not in present)
            if not accept:
                self._guard.check_vanished(len(vanished), self._known)
            within = [i for i in self._aside if after < i and (last is None or i <= last)]
            self._forget_aside([i for i in within if i not in present], now())
            tally = self._apply(rows, now(), renames=renames)
            if self._first:
                self._watch_all(rows, now())
            if total:
                self._note_progress(last or total, total, now())
            if last is None:
                break
            yield tally
            after = last
        tally += self._delete(vanished, now())
        if self._freed:
            healed = self._look_again(now(), renames).kept
            tally += Tally(kept=healed, rejected=-healed)
        self._guard.keep_ids(now())
        self._first = False
        yield tally

    def _look_again(self, now: datetime, renames: Renames) -> Tally:
        """A duplicate's elder may have gone: the younger takes its place."""
        tally = Tally()
        again = sorted(self._duplicates)
        self._duplicates.clear()
        self._freed = False
        for start in range(0, len(again), READ_ROWS_MAX):
            some = again[start : start + READ_ROWS_MAX]
            for row_id in some:
                self._aside[row_id] = 0
            rows = self._source.by_ids(self.subject.table, some)
            tally += self._apply(rows, now, renames=renames)
        return tally

    def _note_progress(self, done: int, total: int, now: datetime) -> None:
        with self._catalogue.write(now, durable=False) as writer:
            writer.note_read(self.subject.name, now, done=min(done, total), total=total)

    def _watch_all(self, rows: Sequence[tuple[Any, ...]], now: datetime) -> None:
        for row in rows:
            self._watch(row[0], dict(zip(self._names, row, strict=True)), now)

    def _watch(self, row_id: int, row: Mapping[str, Any], now: datetime) -> None:
        until = self.subject.watch(row, now)
        if until is None or until < now:
            self._watched.pop(row_id, None)
        elif len(self._watched) < WATCHED_MAX or row_id in self._watched:
            self._watched[row_id] = until

    def _apply(self, rows: Sequence[tuple[Any, ...]], now: datetime, *, renames: Renames) -> Tally:
        """Keep what changed among ``rows`` in one transaction."""
        prints = {row[0]: fingerprint(row) for row in rows}
        changed = self._changed(rows, prints, now)
        if not changed:
            return Tally(read=len(rows))
        change = self._read_changed(changed, prints, now, renames)
        if change.versions or change.rejects or change.resolved:
            with self._catalogue.write(now) as writer:
                self._write(writer, change)
        self._remember(change)
        for raw in changed:
            if raw[0] not in change.rejects:
                self._watch(raw[0], dict(zip(self._names, raw, strict=True)), now)
        return Tally(len(rows), len(change.versions), len(change.rejects))

    def _changed(
        self, rows: Sequence[tuple[Any, ...]], prints: Mapping[int, int], now: datetime
    ) -> list[tuple[Any, ...]]:
        """Those of ``rows`` that are not as they were last seen."""
        changed, healed = [], []
        for row, was in zip(rows, self._known.get(list(prints)), strict=True):
            aside = self._aside.get(row[0])
            if prints[row[0]] == was:
                # A row set aside since, that is again what its last good version says.
                if aside is not None:
                    healed.append(row[0])
            elif aside != prints[row[0]]:
                changed.append(row)
        self._forget_aside(healed, now)
        return changed

    def _remember(self, change: _Change) -> None:
        for row_id in change.renamed:
            # What it was is gone, and what it is may be set aside.
            self._known.put(row_id, None)
            self._freed = True
        for row in change.current:
            if not row.deleted:
                self._known.put(row.source_id, row.fingerprint)
                self._aside.pop(row.source_id, None)
        for row_id, (print_, _, _) in change.rejects.items():
            self._aside[row_id] = print_
        self._duplicates |= change.duplicates

    def _write(self, writer: Writer, change: _Change) -> None:
        name = self.subject.name
        for row_id, (_, reason, text) in change.rejects.items():
            writer.reject(name, str(row_id), reason, text)
        writer.resolve(name, [str(row_id) for row_id in change.resolved])
        if change.versions:
            batch = make_batch(self.subject.stream, change.versions)
            writer.append(name, SOURCE_NAME, self._batch_key(change.current), batch, change.current)

    def _batch_key(self, current: Sequence[CurrentRow]) -> str:
        # The position in the stream is part of it: a row that goes A, B, A is three versions.
        seq = self._catalogue.seqs().get(self.subject.name, 0)
        content = repr([(row.row_key, row.fingerprint, row.deleted) for row in current])
        return f"{self.subject.name}:{seq}:{xxhash.xxh3_64_hexdigest(content.encode())}"

    def _read_changed(
        self,
        rows: Sequence[tuple[Any, ...]],
        prints: Mapping[int, int],
        now: datetime,
        renames: Renames,
    ) -> _Change:
        name = self.subject.name
        ids = [row[0] for row in rows]
        seen = [i for i, was in zip(ids, self._known.get(ids), strict=True) if was is not None]
        held = self._catalogue.current_by_source(name, seen)
        keys = {row[0]: key for row in rows if (key := read_key(row[self._key_at])) is not None}
        by_key = self._catalogue.current_by_key(name, list(keys.values()))
        renamed = [
            held[row_id]
            for row_id, key in keys.items()
            if row_id in held and held[row_id].row_key != key
        ]
        change = _Change(renamed=[row.source_id for row in renamed])
        renames.count(change.renamed)
        self._mark_deleted(renamed, change, now)
        gone = {row.row_key for row in renamed}
        taken: dict[str, int] = {}
        for row in rows:
            row_id = row[0]
            try:
                key = self._own_key(row, keys.get(row_id), by_key, gone, taken, change)
                known = held.get(row_id)
                before = known if known and known.row_key == key else by_key.get(key)
                version, state = self._read_row(row, before, now)
            except Unreadable as unreadable:
                text = self._whole_row(row)
                change.rejects[row_id] = (prints[row_id], str(unreadable), text)
                continue
            taken[key] = row_id
            change.versions.append(version)
            change.current.append(CurrentRow(key, row_id, prints[row_id], state))
            if row_id in self._aside:
                change.resolved.append(row_id)
        # A key may be marked deleted and taken again in one batch: its last state counts.
        keep = {row.row_key: i for i, row in enumerate(change.current)}
        order = sorted(keep.values())
        change.versions = [change.versions[i] for i in order]
        change.current = [change.current[i] for i in order]
        return change

    def _own_key(
        self,
        row: tuple[Any, ...],
        key: str | None,
        by_key: Mapping[str, CurrentRow],
        gone: set[str],
        taken: Mapping[str, int],
        change: _Change,
    ) -> str:
        if key is None:
            raise Unreadable(f"{self.subject.key} {quoted(row[self._key_at])} is no key")
        other = by_key.get(key)
        elder = taken.get(key)
        if elder is None and other and not other.deleted and key not in gone:
            elder = other.source_id if other.source_id != row[0] else None
        if elder is not None and elder != row[0]:
            change.duplicates.add(row[0])
            raise Unreadable(f"{self.subject.key} stands in row {elder} already")
        return key

    def _read_row(
        self, row: tuple[Any, ...], before: CurrentRow | None, now: datetime
    ) -> tuple[dict[str, object], str]:
        reading = Reading(self._fetch_long(row), now, self._zone, [])
        version, state = self.subject.read(reading, before.state if before else "")
        # Notes taken after the version was begun belong to it as well.
        version["notes"] = "; ".join(reading.notes) or None
        return version, state

    def _fetch_long(self, row: tuple[Any, ...]) -> dict[str, Any]:
        named = dict(zip(self._names, row, strict=True))
        long = self.subject.table.long
        if long and named[long] is None and (named["long_size"] or 0) > LONG_TEXT_MAX:
            named[long] = self._source.long_text(self.subject.table, row[0])
        return named

    def _whole_row(self, row: tuple[Any, ...]) -> str:
        whole = {
            name: value for name, value in self._fetch_long(row).items() if name != "long_size"
        }
        # ensure_ascii spells out bytes that are no text, so that nothing of the row is lost.
        return json.dumps(whole, default=repr, ensure_ascii=True)

    def _forget_aside(self, row_ids: Sequence[int], now: datetime) -> None:
        """Rows set aside that are gone, or as they were before."""
        if not row_ids:
            return
        with self._catalogue.write(now) as writer:
            writer.resolve(self.subject.name, [str(row_id) for row_id in row_ids])
        for row_id in row_ids:
            self._aside.pop(row_id, None)
            self._duplicates.discard(row_id)

    def _delete(self, vanished: Sequence[int], now: datetime) -> Tally:
        for start in range(0, len(vanished), READ_ROWS_MAX):
            some = vanished[start : start + READ_ROWS_MAX]
            held = self._catalogue.current_by_source(self.subject.name, some)
            change = _Change()
            self._mark_deleted(list(held.values()), change, now)
            if change.versions:
                with self._catalogue.write(now) as writer:
                    self._write(writer, change)
            for row_id in some:
                self._known.put(row_id, None)
                self._watched.pop(row_id, None)
        self._freed = self._freed or bool(vanished)
        return Tally(kept=len(vanished), deleted=len(vanished))

    def _mark_deleted(self, rows: Sequence[CurrentRow], change: _Change, now: datetime) -> None:
        """Add a version "deleted" of each row: its last version, seen gone at ``now``."""
        if not rows:
            return
        key = self.subject.stream.key or ""
        last = self._reader.whole(self.subject.name, {row.seq for row in rows})
        wanted = pl.DataFrame(
            {"row_key": [r.row_key for r in rows], "seq": [r.seq for r in rows]},
            schema={"row_key": pl.String, "seq": pl.Int64},
        )
        last = last.with_columns(pl.col(key).cast(pl.String).alias("row_key"))
        found = {row["row_key"]: row for row in last.join(wanted, on=["row_key", "seq"]).to_dicts()}
        for row in rows:
            if row.row_key not in found:
                # Its last version cannot be read any more (``check`` says so): nothing is known of
                # it that could be marked.
                continue
            change.versions.append(found[row.row_key] | {"deleted": True, "observed_at": now})
            change.current.append(
                CurrentRow(row.row_key, row.source_id, row.fingerprint, row.state, deleted=True)
            )
