"""What can be searched of a payment: one text a row, so that one pass over one column finds it.

Seven columns, each put into lower case as it is read, take three times as long. The text is made of
its row whenever a file is written, so that no old name survives in it, and of hot rows when they
are asked for. Files that were written without it get it by and by; until then there is none.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from vcanalytics.errors import StoreError
from vcanalytics.model.streams import TEXT
from vcanalytics.store.relation import Relation
from vcanalytics.store.shapes import Computed

NAME: Final = "searched"
#: What the text holds, in this order, each on a line of its own: an empty one where there is none.
FIELDS: Final = (
    "transaction_id",
    "email",
    "payer_email",
    "username",
    "paypal_order_id",
    "paypal_payment_id",
    "error_message",
)
_LINE: Final = "\n"
_FINAL: Final = "\N{GREEK SMALL LETTER FINAL SIGMA}"
_SIGMA: Final = "\N{GREEK SMALL LETTER SIGMA}"
_FILES_KNOWN: Final = 10_000


def texts(rows: pa.Table) -> pa.Array:
    """The text of each row, in lower case; a payer's address that is the one typed stands once."""
    frame = pl.DataFrame(pl.from_arrow(rows.select(list(FIELDS))))
    lines = {name: _line(name) for name in FIELDS}
    typed, payer = lines["email"], lines["payer_email"]
    # Most pay by the address they typed.
    lines["payer_email"] = pl.when(payer != typed).then(payer).otherwise(pl.lit(""))
    found = frame.select(pl.concat_str(list(lines.values()), separator=_LINE).alias(NAME))
    return found.get_column(NAME).to_arrow().cast(TEXT)


def _line(name: str) -> pl.Expr:
    return _lowered(pl.col(name).fill_null(""))


def _lowered(text: pl.Expr) -> pl.Expr:
    # A sigma is written otherwise at the end of a word: a fragment may end anywhere.
    low = text.str.strip_chars().str.to_lowercase().str.replace_all(_FINAL, _SIGMA, literal=True)
    return low.str.replace_all(_LINE, " ", literal=True)


def wanted(fragment: str) -> str:
    """What stands in the text of every row that has ``fragment`` in one of its columns."""
    return str(pl.select(_lowered(pl.lit(fragment))).item())


#: The same text in SQL, of the columns themselves, for files that were written without.
BY_COLUMNS: Final = f"""replace(lower(concat_ws(chr(10), {
    ", ".join(f"coalesce(trim({name}), '')" for name in FIELDS)
})), '{_FINAL}', '{_SIGMA}')"""


SEARCHED: Final = Computed(pa.field(NAME, TEXT, nullable=False), texts)


def searchable(rows: Relation) -> Relation | None:
    """The newest versions of payments with their text; None while a file is without."""
    if not all(has_text(path) for path in rows.files):
        return None
    return replace(rows, hot=rows.hot.append_column(SEARCHED.field, texts(rows.hot)))


@lru_cache(_FILES_KNOWN)
def has_text(path: Path) -> bool:
    """Whether a file was written with its rows' text; looked up once, since files never change.

    Raises StoreError where it cannot be read.
    """
    try:
        return NAME in pq.read_schema(path).names
    except (OSError, pa.ArrowException) as error:
        raise StoreError(
            f"a segment cannot be read: {str(error).splitlines()[0]}",
            where=str(path),
            hint="Run `python -m vcanalytics check`",
        ) from error
