"""The files of a backup that never change: segments, and what lies in quarantine."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from vcanalytics.errors import StoreError
from vcanalytics.store import copying
from vcanalytics.store.backups.record import Kept
from vcanalytics.store.catalogue import Catalogue
from vcanalytics.store.manifest import manifests
from vcanalytics.store.quarantine import FOLDER as QUARANTINE
from vcanalytics.store.quarantine import quarantined
from vcanalytics.store.segments import FOLDER as SEGMENTS
from vcanalytics.store.segments import Segments

#: Of every file in a backup, whatever mode it has at home: it may hold customers' addresses.
MODE: Final = 0o600
_REPAIR: Final = "Run `python -m vcanalytics check --repair`, then the backup again"

#: Called with (what is done, bytes done, bytes in all).
Progress = Callable[[str, int, int], None]
#: Called before each step by its name: crash tests stop the process there.
Step = Callable[[str], None]


@dataclass(slots=True)
class Course:
    """How far one stretch of work has come, in bytes."""

    progress: Progress
    what: str
    total: int
    done: int = 0

    def __call__(self, count: int) -> None:
        self.done += count
        self.progress(self.what, min(self.done, self.total), self.total)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file of a catalogue's moment: where it is, its name in the backup, how it is to be."""

    source: Path
    stored: str
    bytes: int
    sha256: str


def wanted(store_dir: Path, connection: Connection) -> list[Wanted]:
    """Every file that the catalogue names, as the caller's transaction sees it."""
    segments, aside = Segments(store_dir), store_dir / QUARANTINE
    files = [
        Wanted(segments.local(s.key), f"{SEGMENTS}/{s.key}", s.bytes, s.sha256)
        for named in manifests(connection).values()
        for s in named
    ]
    return files + [
        Wanted(aside / one.file, f"{QUARANTINE}/{one.file}", one.bytes, one.sha256)
        for one in quarantined(connection)
        if one.file
    ]


@dataclass(slots=True)
class Files:
    """Brings the files of one store into the folder of its backup."""

    catalogue: Catalogue
    folder: Path
    progress: Progress
    step: Step
    #: What each file that stands in the folder came to, once it was verified in this run.
    kept: dict[str, Kept] = field(default_factory=dict)
    copied: Counter[str] = field(default_factory=Counter)

    def bring(self, files: Sequence[Wanted], store: str) -> int:
        """Copy what is not there, how many bytes that were; what went meanwhile is left out.

        Raises StoreError for a file that is damaged or missing.
        """
        missing = [file for file in files if file.stored not in self.kept]
        course = Course(self.progress, "files", sum(file.bytes for file in missing))
        before = self.copied.total()
        for file in missing:
            try:
                mode = stat.S_IMODE(file.source.stat().st_mode)
                self._bring(file, course)
            except FileNotFoundError:
                self._must_have_gone(file)
                continue
            path = f"{store}/{file.stored}" if store else file.stored
            self.kept[file.stored] = Kept(path, file.stored, file.bytes, file.sha256, mode)
        return self.copied.total() - before

    def _bring(self, file: Wanted, course: Course) -> None:
        path = self.folder / file.stored
        if path.is_file() and path.stat().st_size == file.bytes:
            if copying.digest(path, course) == file.sha256:
                return
            course.done -= file.bytes
        copying.make_folder(path.parent, self.folder)
        try:
            copying.copy_file(file.source, path, MODE, file.sha256, course)
        except StoreError as error:
            raise StoreError(error.what, where=error.where, hint=_REPAIR) from None
        self.copied[file.stored] += file.bytes
        self.step("file")

    def _must_have_gone(self, file: Wanted) -> None:
        with self.catalogue.read() as connection:
            still = {one.stored for one in wanted(self.catalogue.path.parent, connection)}
        if file.stored in still and not file.source.exists():
            raise StoreError("the file is missing", where=str(file.source), hint=_REPAIR)
