"""Reading the log back: what went wrong, grouped by message."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from vcanalytics.logbook.writing import FOLDER
from vcanalytics.model.messages import fold

#: Levels that say something is wrong.
LEVELS: Final = ("warning", "error", "critical")
#: Messages told apart in one file; a line is about 300 bytes.
GROUPS_MAX: Final = 1_000
#: What stands for all messages beyond these.
OTHERS: Final = "Other messages, too many kinds to list"
FILES_MAX: Final = 200
_LINE_BYTES_MAX: Final = 64_000


@dataclass(frozen=True, slots=True)
class Stamp:
    """A file of the log as it stands: what was read of it is good while this is the same."""

    path: Path
    inode: int
    size: int


@dataclass(frozen=True, slots=True)
class Group:
    """Occurrences of one folded message. ``example`` is the newest, whole."""

    level: str
    process: str
    logger: str
    message: str
    example: str
    count: int
    first_at: datetime
    last_at: datetime

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes two occurrences the same."""
        return self.level, self.process, self.logger, self.message


def stamps(store_dir: Path) -> tuple[Stamp, ...]:
    """The files of the log beside a store, in order; none where it was never written."""
    found = []
    for path in islice(sorted((store_dir / FOLDER).glob("*.jsonl*")), FILES_MAX):
        try:
            status = path.stat()
        except OSError:
            continue  # rotated away just now
        found.append(Stamp(path, status.st_ino, status.st_size))
    return tuple(found)


def group(stamp: Stamp) -> tuple[Group, ...]:
    """What went wrong by one file, grouped. A line that cannot be read is no event.

    Empty where the file is gone. Some 60 ms for 2 MB.
    """
    try:
        with stamp.path.open(encoding="utf-8", errors="replace") as lines:
            return merge(found for line in _bounded(lines) if (found := _read(line)) is not None)
    except OSError:
        return ()


def merge(groups: Iterable[Group], limit: int = GROUPS_MAX) -> tuple[Group, ...]:
    """Groups of several files as one: the first ``limit``, and what is beyond in one a level.

    So no occurrence is left out of the counts; ``example`` is then the newest of all of these.
    """
    merged: dict[tuple[str, str, str, str], Group] = {}
    others: dict[str, Group] = {}
    for one in groups:
        if one.message != OTHERS and (one.key in merged or len(merged) < limit):
            merged[one.key] = _both(merged.get(one.key), one)
        else:
            beyond = replace(one, logger="logbook", message=OTHERS)
            others[one.level] = _both(others.get(one.level), beyond)
    return (*merged.values(), *others.values())


def newest(groups: Iterable[Group], limit: int) -> tuple[Group, ...]:
    """The ``limit`` groups that occurred last, the newest first, and the others in one a level."""
    ordered = sorted(groups, key=lambda one: one.last_at, reverse=True)
    return (*ordered[:limit], *merge(ordered[limit:], limit=0))


def _both(known: Group | None, one: Group) -> Group:
    if known is None:
        return one
    return replace(
        known,
        example=max(known, one, key=lambda which: which.last_at).example,
        count=known.count + one.count,
        first_at=min(known.first_at, one.first_at),
        last_at=max(known.last_at, one.last_at),
    )


def _bounded(lines: Any) -> Iterable[str]:
    while line := lines.readline(_LINE_BYTES_MAX):
        yield line


def _read(line: str) -> Group | None:
    # Most lines are no errors: those are not even parsed.
    if not any(f'"level": "{level}"' in line for level in LEVELS):
        return None
    try:
        entry = json.loads(line)
        at = datetime.fromisoformat(entry["at"])
        message = str(entry["event"])
        level, process, logger = (str(entry[name]) for name in ("level", "process", "logger"))
    except (ValueError, KeyError, TypeError):
        return None
    if at.tzinfo is None or level not in LEVELS:
        return None
    return Group(level, process, logger, fold(message), message, 1, at, at)
