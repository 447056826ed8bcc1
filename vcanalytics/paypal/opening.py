"""From a file to its lines: ZIP or plain, in whatever encoding, with its delimiter.

Nothing is held whole: bytes are read as they are needed, and again for a second look. A ZIP of many
parts (PayPal parts what has more than 50,000 lines) is read part by part, up to a bound.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from vcanalytics.errors import UsageError
from vcanalytics.paypal import header as _header
from vcanalytics.paypal.header import Header

#: More than this is no download of PayPal's, nor what a ZIP may come to.
BYTES_MAX: Final = 2 << 30
PARTS_MAX: Final = 200
_CHUNK: Final = 1 << 20
_HEAD: Final = 1 << 16
_CELL_CHARS_MAX: Final = 1 << 17
_ENDINGS: Final = (".csv", ".txt", ".tab", ".tsv")
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HINT: Final = "Download it from PayPal as CSV, or as the ZIP of several"


@dataclass(frozen=True, slots=True)
class Part:
    """One CSV: a file, or what lies in a ZIP."""

    name: str
    path: Path
    member: str | None
    size_bytes: int

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """Its bytes, from the first on. Raises UsageError where they cannot be read."""
        try:
            if self.member is None:
                with self.path.open("rb") as stream:
                    yield stream
            else:
                with zipfile.ZipFile(self.path) as folder, folder.open(self.member) as stream:
                    yield stream
        except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise UsageError(f"it cannot be read: {reason}", where=self.name, hint=_HINT) from None


@dataclass(frozen=True, slots=True)
class Text:
    """A part whose encoding and columns are known."""

    part: Part
    encoding: str
    header: Header

    @contextmanager
    def lines(self) -> Iterator[Iterator[tuple[int, list[str]]]]:
        """(number of the line a row ends on, its cells), the header left out.

        Raises UsageError where quotes are never closed, or bytes are no text.
        """
        with (
            self.part.opened() as stream,
            io.TextIOWrapper(stream, self.encoding, newline="") as text,
        ):
            yield self._rows(text)

    def _rows(self, text: io.TextIOWrapper) -> Iterator[tuple[int, list[str]]]:
        csv.field_size_limit(_CELL_CHARS_MAX)
        rows = csv.reader(text, delimiter=self.header.delimiter)
        begun = False
        try:
            for cells in rows:
                if not begun:
                    begun = any(cell.strip() for cell in cells)
                    continue
                yield rows.line_num, cells
        except csv.Error as error:
            line = rows.line_num
            raise UsageError(
                f"line {line:,} cannot be parted into cells: {error}; a quote may not be closed",
                where=self.part.name,
                hint=_HINT,
            ) from None
        except UnicodeError:
            raise UsageError(
                f"after line {rows.line_num:,} come bytes that are no text in {self.encoding}",
                where=self.part.name,
                hint=_HINT,
            ) from None


def parts_of(path: Path, name: str, bytes_max: int = BYTES_MAX) -> list[Part]:
    """The CSVs of a file. Raises UsageError where it is none, or holds more than is sensible.

    ``bytes_max`` bounds what it comes to, unpacked.
    """
    try:
        size = path.stat().st_size
        is_zip = zipfile.is_zipfile(path)
    except OSError as error:
        raise UsageError(f"it cannot be read: {error.strerror or error}", where=name) from None
    if size == 0:
        raise UsageError("it is empty", where=name, hint=_HINT)
    if size > bytes_max:
        raise UsageError(f"it has more than {bytes_max >> 20:,} MB", where=name, hint=_HINT)
    if not is_zip:
        return [Part(name, path, None, size)]
    return _in_zip(path, name, bytes_max)


def _in_zip(path: Path, name: str, bytes_max: int) -> list[Part]:
    try:
        with zipfile.ZipFile(path) as folder:
            members = [
                one
                for one in folder.infolist()
                if one.filename.lower().endswith(_ENDINGS)
                and not one.filename.startswith("__MACOSX/")
            ]
    except (OSError, zipfile.BadZipFile) as error:
        raise UsageError(f"the ZIP is damaged: {error}", where=name, hint=_HINT) from None
    if not members:
        raise UsageError("the ZIP holds no CSV", where=name, hint=_HINT)
    if any(one.flag_bits & 1 for one in members):
        raise UsageError("the ZIP is locked by a password", where=name, hint="Unlock it first")
    # Python reads no more of a member than it says to have: these sizes hold.
    if len(members) > PARTS_MAX or sum(one.file_size for one in members) > bytes_max:
        raise UsageError(
            f"the ZIP holds more than {PARTS_MAX} files or {bytes_max >> 20:,} MB",
            where=name,
            hint="Import its files one by one, or by the command `paypal import`",
        )
    return [
        Part(f"{name}: {one.filename}", path, one.filename, one.file_size)
        for one in sorted(members, key=lambda one: one.filename)
        if one.file_size
    ]


def text_of(part: Part) -> Text:
    """Find out the encoding and the columns of a part. Raises UsageError."""
    with part.opened() as stream:
        head = stream.read(_HEAD)
    encoding = _marked(head) or _guessed(part, head)
    with (
        part.opened() as stream,
        io.TextIOWrapper(stream, encoding, newline="", errors="replace") as text,
    ):
        first = _first_line(text)
    if not first.strip():
        raise UsageError("it holds no lines", where=part.name, hint=_HINT)
    best, cells = Header("English", ",", {}), [first]
    for sign in _header.delimiters(first):
        row = next(csv.reader([first], delimiter=sign), [])
        found = _header.read(row, sign)
        if len(found.places) > len(best.places):
            best, cells = found, row
    if not best.places:
        cells = next(csv.reader([first], delimiter=_header.delimiters(first)[0]), [])
    _header.check(best, cells, part.name)
    return Text(part, encoding, best)


def _first_line(text: io.TextIOWrapper) -> str:
    """The first line with anything in it, of what could be a header."""
    left = _HEAD
    while left > 0 and (line := text.readline(left)):
        if line.strip(' \r\n\t,;"'):
            return line.rstrip("\r\n")
        left -= len(line)
    return ""


def _marked(head: bytes) -> str | None:
    return next((name for mark, name in _MARKS if head.startswith(mark)), None)


def _guessed(part: Part, head: bytes) -> str:
    """Without a mark: UTF-16 has zeros in every other place; what is no UTF-8 is Windows' own."""
    if b"\0" in head:
        even, odd = head[0::2].count(0), head[1::2].count(0)
        if max(even, odd) > len(head) // 4 and min(even, odd) * 20 < max(even, odd):
            return "utf-16-be" if even > odd else "utf-16-le"
        raise UsageError("it is no text", where=part.name, hint=_HINT)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with part.opened() as stream:
            while chunk := stream.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def digest_of(path: Path) -> str:
    """What a file is known by, whatever its name."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
