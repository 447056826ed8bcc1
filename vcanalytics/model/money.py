"""Exact money: what is a readable amount, and how a currency rounds."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Final

from babel.core import get_global
from babel.numbers import get_currency_precision

_READABLE_TEXT: Final = re.compile(r"\s*-?[0-9]+(\.[0-9]+)?\s*", re.ASCII)
_CODE: Final = re.compile(r"[A-Z]{3}")
#: Beyond this no price exists; such a "number" is kept aside as unreadable, not summed.
AMOUNT_LIMIT: Final = Decimal(10) ** 13


def read_amount(value: object) -> Decimal | None:
    """The exact amount a source cell holds, or None where it holds no readable one.

    Readable (contract): a finite number, or text like ``49``, ``-49.00``; never ``49,00``. A float
    is read by its shortest decimal form (29.4 is 29.4), as the person who wrote it meant it.
    """
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int | Decimal):
        amount = Decimal(value)
        if not amount.is_finite():
            return None
    elif isinstance(value, float):
        if not math.isfinite(value):
            return None
        amount = Decimal(repr(value))
    elif isinstance(value, str) and _READABLE_TEXT.fullmatch(value):
        amount = Decimal(value.strip())
    else:
        return None
    # Compared, not abs(): arithmetic on a number of a million digits overflows.
    return amount if -AMOUNT_LIMIT < amount < AMOUNT_LIMIT else None


def read_currency(value: object) -> str | None:
    """A three-letter code in upper case, or None where the cell holds none."""
    if not isinstance(value, str):
        return None
    code = value.strip().upper()
    return code if _CODE.fullmatch(code) else None


@lru_cache(maxsize=512)
def minor_digits(currency: str) -> int:
    """Decimals of a currency's minor unit (USD 2, JPY 0, KWD 3), at most 4."""
    return min(get_currency_precision(currency), 4)


def round_money(amount: Decimal, currency: str) -> Decimal:
    """``amount`` rounded half-even to the currency's minor unit."""
    return amount.quantize(Decimal(1).scaleb(-minor_digits(currency)), rounding=ROUND_HALF_EVEN)


@lru_cache(maxsize=1)
def known_currencies() -> frozenset[str]:
    """Every ISO 4217 code, old ones too."""
    return frozenset(get_global("all_currencies"))


def code_column(amount: str, columns: Iterable[str]) -> str | None:
    """The column that says in which currency ``amount`` stands: its own, else the row's, if any."""
    known = set(columns)
    return next((name for name in (f"{amount}_currency", "currency") if name in known), None)
