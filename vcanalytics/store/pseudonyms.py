"""Customers who were forgotten: recognised by a salted digest, and a pseudonym in their place.

Only digests are kept, so the list of the forgotten names nobody. Whatever is written to the store
passes through here, so that an address does not come back when its row is read again.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, select

from vcanalytics.model.streams import TEXT, Stream
from vcanalytics.store import schema

DOMAIN: Final = "forgotten.invalid"
#: Columns that say whose row it is.
_OWNERS: Final = frozenset(
    {"email", "payer_email", "customer_email", "recipient_email", "user_email"}
)
#: Columns of such a row that name the customer in other words, and those that tell of their host.
_NAMES: Final = frozenset({"username", "file_name"})
_DROPPED: Final = frozenset({"details"})
#: A name shorter than this is not looked for within other text: it would be found in any word.
_NAME_CHARS_MIN: Final = 3

# What stands between two signs that no address holds; an escape of JSON is one sign.
_WORD: Final = re.compile(r"""(?:\\u[0-9a-fA-F]{4}|[^\s"'<>(),;:\\\[\]{}|=&?/])+""")
_AT: Final = re.compile(r"@|%40|\\u0040")
_ESCAPE: Final = re.compile(r"\\u([0-9a-fA-F]{4})")
_AROUND: Final = "._-*~`!#$"


def normalised(address: str) -> str:
    """The same for all spellings of an address that differ in case or blanks around."""
    return unicodedata.normalize("NFC", address.strip()).casefold()


def digest(salt: bytes, address: str) -> str:
    """What is kept of a forgotten address."""
    text = normalised(address).encode("utf-8", "replace")
    return hmac.new(salt, text, hashlib.sha256).hexdigest()


def tag(kept: str) -> str:
    """The name a forgotten customer has instead; the same in every row of theirs."""
    return f"forgotten-{kept[:16]}"


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Those who are forgotten. False where nobody is: then nothing is looked at."""

    salt: bytes = field(default=b"", repr=False)
    digests: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.digests)

    def text(self, text: str) -> str:
        """``text`` without forgotten addresses, be they plain or escaped for JSON or a URL."""
        if not self.digests or not _AT.search(text):
            return text
        whole = digest(self.salt, text)
        if whole in self.digests:
            return f"{tag(whole)}@{DOMAIN}"
        return _WORD.sub(self._word, text)

    def _word(self, match: re.Match[str]) -> str:
        word = match.group()
        if not _AT.search(word):
            return word
        left = word[: len(word) - len(word.lstrip(_AROUND))]
        right = word[len(word.rstrip(_AROUND)) :]
        core = word[len(left) : len(word) - len(right)]
        for before, candidate, after in (("", word, ""), (left, core, right)):
            kept = digest(self.salt, _plain(candidate))
            if kept in self.digests:
                return f"{before}{tag(kept)}@{DOMAIN}{after}"
        return word

    def rows(self, stream: Stream, rows: pa.Table) -> tuple[pa.Table, int]:
        """The rows without forgotten customers, and how many changed; all columns may be there.

        Each address is replaced wherever it stands. Where a row is the customer's own, their names
        go as well, and the raw details, which may hold their host's address.
        """
        if not self.digests:
            return rows, 0
        names = [c.name for c in stream.columns if c.type == TEXT and c.name in rows.column_names]
        new: dict[str, dict[int, str | None]] = {name: {} for name in names}
        owned: dict[int, str] = {}
        for name in names:
            for at, old in _suspects(rows.column(name)):
                text = self.text(old)
                if text != old:
                    new[name][at] = text
                    if name in _OWNERS:
                        owned[at] = text.removesuffix(f"@{DOMAIN}")
        for at, own in owned.items():
            _hide_names(rows, names, at, own, new)
        for name, cells in new.items():
            if cells:
                values = rows.column(name).to_pylist()
                for at, cell in cells.items():
                    values[at] = cell
                place = rows.schema.get_field_index(name)
                rows = rows.set_column(place, rows.schema.field(place), pa.array(values, TEXT))
        return rows, len({at for cells in new.values() for at in cells})


def _plain(text: str) -> str:
    return unquote(_ESCAPE.sub(lambda escape: chr(int(escape.group(1), 16)), text))


def _suspects(column: pa.ChunkedArray) -> Iterator[tuple[int, str]]:
    """The cells of a column that may hold an address, and where."""
    found = pc.indices_nonzero(pc.fill_null(pc.match_substring_regex(column, _AT.pattern), False))
    yield from zip(found.to_pylist(), column.take(found).to_pylist(), strict=True)


def _hide_names(
    rows: pa.Table, names: list[str], at: int, own: str, new: dict[str, dict[int, str | None]]
) -> None:
    """Replace what else names the customer in their own row."""
    known = []
    for name in names:
        old = rows.column(name)[at].as_py()
        if old is None:
            continue
        if name in _DROPPED:
            new[name][at] = None
        elif name in _NAMES:
            new[name][at] = own
            if len(old) >= _NAME_CHARS_MIN:
                known.append(re.escape(old))
    if not known:
        return
    mention = re.compile(rf"(?<!\w)(?:{'|'.join(known)})(?!\w)", re.IGNORECASE)
    for name in names:
        if name in _NAMES or name in _OWNERS or name in _DROPPED:
            continue
        text = new[name].get(at, rows.column(name)[at].as_py())
        if text is not None and (said := mention.sub(own, text)) != text:
            new[name][at] = said


def load(connection: Connection) -> Pseudonyms:
    """Those who are forgotten, as of the caller's transaction."""
    kept = frozenset(connection.execute(select(schema.forgotten.c.digest)).scalars())
    if not kept:
        return Pseudonyms()
    salt = connection.execute(select(schema.salt.c.value)).scalar_one()
    return Pseudonyms(salt, kept)
