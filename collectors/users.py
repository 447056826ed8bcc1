"""Sign-ups and sign-ins, from the users' own rows.

``users`` is updated in place: ``last_login`` is overwritten with every sign-in. So all rows are
compared in turn, and each value of ``last_login`` that is newly seen is one sign-in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from collectors.accounts import Account
from collectors.capture import SOURCE_NAME, Tally
from collectors.known import Known, fingerprint
from collectors.place import Place
from collectors.rows import Reading, Unreadable, quoted
from vcanalytics.model import streams
from vcanalytics.model.times import read_instant
from vcanalytics.source import Source, SourceTable
from vcanalytics.source.connection import READ_ROWS_MAX
from vcanalytics.source.tables import USERS
from vcanalytics.store import Catalogue, CurrentRow
from vcanalytics.store.batches import make_batch

_NAME: Final = "users"
_Row = Mapping[str, Any]


def _cell(value: object) -> object:
    """A cell as it comes back from JSON."""
    return value if value is None or isinstance(value, str | int | float) else repr(value)


def _print(row: _Row) -> int:
    """Of what is compared: a new name or address is no event."""
    return fingerprint((row["id"], _cell(row["created_at"]), _cell(row["last_login"])))


class Users:
    """Compares the users, a short read a step. One writer, one thread.

    What was last seen of each user stands in the store's current rows and moves in the transaction
    of its events: a crash repeats none, and skips none.
    """

    name: str = _NAME
    table: SourceTable = USERS
    stream: str = streams.ACTIVITY.name

    def __init__(self, source: Source, catalogue: Catalogue) -> None:
        self._source = source
        self._catalogue = catalogue
        self._place = Place(_NAME, self.stream, USERS, source, catalogue)
        self._known = Known()
        # Rows set aside, so that they are not set aside anew with every pass.
        self._aside: dict[int, int] = {}
        self._cursor = 0
        self._accept = False

    def open(self) -> None:
        """Load what was last seen of each user."""
        self._place.open()
        begun = self._key("")
        rows = self._catalogue.current_rows(self.stream)
        self._known = Known(
            (source_id, p) for key, source_id, p, _ in rows if key.startswith(begun)
        )
        # No fingerprint is kept of rows set aside: after a start each is looked at once more.
        self._aside = {
            int(row["row_key"].removeprefix(begun)): 0
            for row in self._catalogue.rejected(self.stream, limit=None)
            if row["row_key"].startswith(begun)
        }
        self._cursor = 0

    def look_at_aside_again(self, now: datetime) -> None:  # noqa: ARG002 - as Feed has it
        """Have the next pass read every row set aside once more, changed or not."""
        self._aside = dict.fromkeys(self._aside, 0)

    def check(self, now: datetime, *, accept: bool = False) -> None:
        """Begin a pass.

        Raises Swapped where the table is another, unless ``accept``: then it begins anew.
        """
        self._accept, self._cursor = accept, 0
        if self._place.check(now, accept=accept):
            self.open()

    @property
    def progress(self) -> tuple[int, int]:
        """The id of the last row read, and the highest there was when it was last looked at."""
        after = self._place.position.after
        return after, max(after, self._place.top)

    def step(self, now: datetime) -> tuple[Tally, bool]:
        """One short read and what came of it; the flag says whether the pass goes on.

        Raises Swapped where a known user is another person now.
        """
        found = self._source.after(USERS, self._cursor)
        if not found:
            self._cursor = 0
            return Tally(), False
        changed = self._changed(found, now)
        try:
            kept, rejected = self._keep(changed, found[-1], now)
        except _Anew:
            return Tally(), True
        more = len(found) == READ_ROWS_MAX
        self._cursor = found[-1][0] if more else 0
        return Tally(len(found), kept, rejected), more

    def _key(self, row_id: int | str) -> str:
        return f"{_NAME}:{self._place.position.epoch}:{row_id}"

    def _changed(self, found: Sequence[tuple[Any, ...]], now: datetime) -> list[_Row]:
        rows = [dict(zip(USERS.columns, row, strict=True)) for row in found]
        changed: list[_Row] = []
        healed: list[int] = []
        known = self._known.get([row["id"] for row in rows])
        for row, was in zip(rows, known, strict=True):
            print_, aside = _print(row), self._aside.get(row["id"])
            if print_ != was:
                if print_ != aside:
                    changed.append(row)
            elif aside is not None:
                healed.append(row["id"])
        if healed:
            with self._catalogue.write(now) as writer:
                writer.resolve(self.stream, [self._key(i) for i in healed])
            for row_id in healed:
                del self._aside[row_id]
        return changed

    def _keep(self, rows: list[_Row], last: tuple[Any, ...], now: datetime) -> tuple[int, int]:
        """Keep what changed in one transaction; returns rows kept and rows set aside."""
        before = self._before(rows, now)
        events: list[dict[str, object]] = []
        current: list[CurrentRow] = []
        aside: dict[int, tuple[int, str, str]] = {}
        for row in rows:
            row_id = row["id"]
            try:
                events.extend(self._events(row, before.get(row_id), now))
            except Unreadable as unreadable:
                text = json.dumps(row, default=repr, ensure_ascii=True)
                aside[row_id] = (_print(row), str(unreadable), text)
                continue
            state = json.dumps([_cell(row["created_at"]), _cell(row["last_login"])])
            current.append(CurrentRow(self._key(row_id), row_id, _print(row), state))
        position = self._place.position
        moved = position.moved_to(USERS, last) if last[0] > position.after else position
        if events or aside or moved != position:
            with self._catalogue.write(now) as writer:
                for row_id, (_, reason, text) in aside.items():
                    writer.reject(self.stream, self._key(row_id), reason, text)
                if events:
                    keys = fingerprint(tuple((row.row_key, row.fingerprint) for row in current))
                    batch = make_batch(streams.ACTIVITY, events)
                    key = f"{self._key(current[0].source_id)}:{keys & (1 << 64) - 1:016x}"
                    writer.append(self.stream, SOURCE_NAME, key, batch, current)
                read = [self._key(r.source_id) for r in current if r.source_id in self._aside]
                writer.resolve(self.stream, read)
                self._place.keep(writer, moved)
            self._place.position = moved
        for known in current:
            self._known.put(known.source_id, known.fingerprint)
            self._aside.pop(known.source_id, None)
        self._aside |= {row_id: print_ for row_id, (print_, _, _) in aside.items()}
        return len(current), len(aside)

    def _before(self, rows: list[_Row], now: datetime) -> dict[int, tuple[object, object]]:
        """What was last seen of the changed ones: created_at and last_login, as written.

        Raises Swapped where one of them is another person now.
        """
        keys = [self._key(row["id"]) for row in rows]
        found = self._catalogue.current_by_key(self.stream, keys)
        before = {}
        for row in rows:
            if (was := found.get(self._key(row["id"]))) is None:
                continue
            created_at, last_login = json.loads(was.state)
            # VectorCraft never changes it; what is not readable is a matter of its own.
            if read_instant(row["created_at"]) not in (read_instant(created_at), None):
                what = f"row {row['id']:,} is another one than before"
                if not self._accept:
                    raise self._place.guard.swapped(what)
                self._place.begin_anew(now)
                self.open()
                raise _Anew
            before[row["id"]] = (created_at, last_login)
        return before

    def _events(
        self, row: _Row, before: tuple[object, object] | None, now: datetime
    ) -> list[dict[str, object]]:
        reading = Reading(row, now, UTC, [])
        created_at = reading.required_instant("created_at")
        last_login = read_instant(row["last_login"])
        if last_login is None and row["last_login"] not in (None, ""):
            raise Unreadable(f"last_login {quoted(row['last_login'])} is not a time")
        account = Account.read(tuple(row.values()))
        told = []
        if before is None:
            told.append(_event(account, "sign_up", created_at))
        # One that lies before the last is no new sign-in.
        was = read_instant(before[1]) if before else None
        if last_login and (was is None or last_login > was):
            told.append(_event(account, "sign_in", last_login))
        return told


class _Anew(Exception):
    """The users are others, which was accepted: they are read from the first one."""


def _event(account: Account, kind: str, at: datetime) -> dict[str, object]:
    return {
        "source": _NAME,
        "source_id": account.user_id,
        "happened_at": at,
        "kind": kind,
        "user_id": account.user_id,
        "username": account.username,
        "email": account.email,
    }
