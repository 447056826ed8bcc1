"""Lines of a download as rows: what a line says, or why it could not be read.

    for text in texts:
        for found in read(text, decide(text, ...), zone): ...

A first look decides how a file writes its dates and amounts, and ends as soon as both are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from typing import Final

from xxhash import xxh3_64_intdigest

from vcanalytics.errors import UsageError
from vcanalytics.model.money import read_currency
from vcanalytics.paypal import cells as _cells
from vcanalytics.paypal.cells import Evidence, Order, Unreadable
from vcanalytics.paypal.header import Field
from vcanalytics.paypal.kinds import Kind, is_known, kind_of, state_of
from vcanalytics.paypal.opening import Text

_ID_CHARS_MAX: Final = 64
_TEXT_CHARS_MAX: Final = 320
_SIGNED: Final = 1 << 63
_NOTHING: Final = dict.fromkeys(Field, "")
#: Rows between two words on how far a file is.
_STEP_ROWS: Final = 5_000

#: Called with the number of rows read since the last time.
Course = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Row:
    """One line. Amounts are exact, in ``currency``; ``at_us`` is in microseconds since 1970 UTC.

    ``fee`` is negative where it was taken; ``payer`` is the other side's address; ``digest``
    differs where anything but that address does; ``known``: the type's name is.
    """

    line: int
    id: str
    at_us: int
    kind: str
    state: str
    type: str
    status: str
    currency: str
    gross: str
    fee: str | None
    net: str | None
    payer: str | None
    reference: str | None
    invoice: str | None
    custom: str | None
    digest: int
    known: bool


@dataclass(frozen=True, slots=True)
class Aside:
    """A line that could not be read, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Written:
    """How a file writes its dates and amounts; ``decimal`` is empty where no amount has any."""

    order: Order
    decimal: str


def decide(text: Text, wanted: Order | None) -> Written:
    """How the file is written: dates as ``wanted`` says, else by its own evidence.

    Raises UsageError where its lines contradict each other, or leave it open.
    """
    seen = Evidence()
    places, name = text.header.places, text.part.name
    day, gross = places[Field.DATE], places[Field.GROSS]
    widest = max(day, gross)
    with text.lines() as lines:
        for _, line in lines:
            if len(line) > widest:
                seen.see_date(line[day])
                seen.see_amount(line[gross])
                if seen.enough:
                    break
    if len(seen.signs) > 1:
        raise UsageError(
            "some of its amounts have decimal points and some decimal commas",
            where=name,
            hint="Download it anew: a spreadsheet may have changed it",
        )
    decimal = next(iter(seen.signs), "")
    if wanted is not None:
        return Written(wanted, decimal)
    if len(seen.orders) > 1:
        orders = " and ".join(sorted(order.value.upper() for order in seen.orders))
        raise UsageError(
            f"its dates are written in two ways ({orders})",
            where=name,
            hint="Download it anew: a spreadsheet may have changed it",
        )
    if not seen.orders and seen.doubtful:
        if text.header.language == "English":
            raise UsageError(
                f"{seen.doubtful} may be a day of two months, and no date of the file tells which",
                where=name,
                hint="Say how its dates are written: --dates dmy or --dates mdy",
            )
        return Written(Order.DMY, decimal)
    return Written(next(iter(seen.orders), Order.DMY), decimal)


def read(
    text: Text, written: Written, named: tzinfo, course: Course = lambda _rows: None
) -> Iterator[Row | Aside]:
    """What each line says, in order. Empty lines are passed over."""
    reader = _Reader(text.header.places, written, named)
    with text.lines() as lines:
        at = 0
        for at, (number, line) in enumerate(lines, 1):
            if at % _STEP_ROWS == 0:
                course(_STEP_ROWS)
            if not any(line):
                continue
            try:
                yield reader.row(number, line)
            except Unreadable as error:
                yield Aside(number, str(error))
        course(at % _STEP_ROWS)


class _Reader:
    """Reads the lines of one file."""

    def __init__(self, places: dict[Field, int], written: Written, named: tzinfo) -> None:
        self._places = list(places.items())
        self._needed = max(places.values()) + 1 if places else 0
        self._written = written
        self._named = named

    def row(self, number: int, line: list[str]) -> Row:
        """The row of a line. Raises Unreadable."""
        if len(line) < self._needed:
            if len(line) == 1:
                raise Unreadable("the line has a single cell")
            # Some spreadsheets leave out empty cells at the end.
            line = line + [""] * (self._needed - len(line))
        said = dict(_NOTHING)
        for field, at in self._places:
            said[field] = line[at].strip(" \t\u00a0")
        number_of = said[Field.ID]
        if not number_of or len(number_of) > _ID_CHARS_MAX or not number_of.isascii():
            what = "no Transaction ID" if not number_of else "a Transaction ID that is none"
            raise Unreadable(what)
        if " " in number_of or not number_of.isprintable():
            raise Unreadable("a Transaction ID that is none")
        currency = read_currency(said[Field.CURRENCY])
        if currency is None:
            raise Unreadable("no currency, or one that is no code of three letters")
        gross = self._amount(said, Field.GROSS, currency)
        if gross is None:
            raise Unreadable("no gross amount")
        fee, net = (self._amount(said, one, currency) for one in (Field.FEE, Field.NET))
        if fee is None and net is not None:
            fee = net - gross
        elif net is None and fee is not None:
            net = gross + fee
        at_us = self._instant(said)
        state = state_of(said[Field.STATUS], said[Field.IMPACT])
        payer = said[Field.FROM if gross > 0 or not said[Field.TO] else Field.TO]
        texts = [
            _bounded(said[one], one)
            for one in (Field.TYPE, Field.STATUS, Field.REFERENCE, Field.INVOICE, Field.CUSTOM)
        ]
        if len(payer) > _TEXT_CHARS_MAX:
            raise Unreadable(f"an e-mail address of {len(payer):,} characters")
        kind = kind_of(
            said[Field.TYPE],
            said[Field.EVENT],
            gross=gross,
            state=state,
            address=payer,
            reference=said[Field.REFERENCE],
        )
        shown, status, reference, invoice, custom = texts
        parts = (str(gross), _text(fee), _text(net), reference, invoice, custom)
        content = [str(at_us), kind, state, shown, status, currency, *(one or "" for one in parts)]
        digest = xxh3_64_intdigest("\x1f".join(content).encode("utf-8", "replace"))
        return Row(
            number,
            number_of,
            at_us,
            kind.value,
            state.value,
            shown or said[Field.EVENT][:_TEXT_CHARS_MAX],
            status,
            currency,
            str(gross),
            _text(fee),
            _text(net),
            payer or None,
            reference or None,
            invoice or None,
            custom or None,
            digest - _SIGNED,
            is_known(said[Field.TYPE], said[Field.EVENT]),
        )

    def _amount(self, said: dict[Field, str], field: Field, currency: str) -> Decimal | None:
        text = said[field]
        if not text or text in {"...", "…", "-", "--"}:
            return None
        try:
            return _cells.read_amount(text, self._written.decimal, currency)
        except Unreadable as error:
            raise Unreadable(f"{field}: {error}") from None

    def _instant(self, said: dict[Field, str]) -> int:
        day = _cells.read_day(said[Field.DATE], self._written.order)
        second = _cells.read_clock(said[Field.TIME])
        return _cells.instant_us(day, second, _cells.read_offset(said[Field.ZONE], self._named))


def is_item(row: Row) -> bool:
    """A line of a cart: it repeats part of its payment, under the same Transaction ID."""
    return row.kind == Kind.ITEM.value


def _bounded(text: str, field: Field) -> str:
    if len(text) > _TEXT_CHARS_MAX:
        raise Unreadable(f"{field}: a text of {len(text):,} characters")
    return text


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)
