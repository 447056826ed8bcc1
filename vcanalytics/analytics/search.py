"""Filters of payments as a link carries them: read by pages and exports alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from vcanalytics.analytics.transactions import Filters, Order
from vcanalytics.model.money import read_amount, read_currency

ORDERS: Final[dict[str, str]] = {
    "newest": "Newest first",
    "oldest": "Oldest first",
    "largest": "Largest first",
    "smallest": "Smallest first",
    "status": "By state",
    "email": "By e-mail",
}
#: What the URL may say besides the range.
KEYS: Final = ("q", "status", "order", "least", "most", "currency", "deleted", "page", "payment")
_TEXT_MAX: Final = 200
_PAGES_MAX: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Search:
    """Filters, order, page and the open payment. ``problems`` says what could not be used."""

    filters: Filters
    order: Order = Order.NEWEST
    page: int = 1
    payment: str | None = None
    problems: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """Whether anything beyond the range narrows the list."""
        own = replace(self.filters, start=None, end=None)
        return own != Filters()

    @property
    def without_status(self) -> Filters:
        """The filters of the state pills' counts: all but the states themselves."""
        return replace(self.filters, statuses=())

    def params(self) -> dict[str, str]:
        """What a link to this search carries, besides the range."""
        f = self.filters
        params = {
            "q": f.search or "",
            "status": join(f.statuses),
            "order": "" if self.order is Order.NEWEST else self.order.value,
            "least": "" if f.least is None else str(f.least),
            "most": "" if f.most is None else str(f.most),
            "currency": f.currency or "",
            "deleted": "1" if f.deleted else "",
        }
        return {key: value for key, value in params.items() if value}


def join(statuses: tuple[str, ...]) -> str:
    """Statuses as one parameter: any text may be one, also with a comma in it."""
    return ",".join(s.replace("\\", "\\\\").replace(",", "\\,") for s in statuses)


def split(text: str) -> tuple[str, ...]:
    """What ``join`` put together."""
    parts, part, escaped = [], "", False
    for char in text:
        if escaped:
            part, escaped = part + char, False
        elif char == "\\":
            escaped = True
        elif char == ",":
            parts.append(part)
            part = ""
        else:
            part += char
    return tuple(p for p in (*parts, part) if p)


def _amount(params: Mapping[str, str], key: str, problems: list[str]) -> Decimal | None:
    text = params.get(key, "")
    if not text:
        return None
    amount = read_amount(text)
    if amount is None:
        problems.append(f"The link's {key} amount is no number; it was left out.")
    return amount


def page_number(text: str) -> int | None:
    """The page a link names, at most a million; None where it names none."""
    if not (text.isascii() and text.isdigit()):
        return None
    return min(int(text[:12]), _PAGES_MAX) or None


def read(params: Mapping[str, str], start: datetime, end: datetime) -> Search:
    """The search a link asks for in ``[start, end)``; what cannot be used is left out and named."""
    problems: list[str] = []
    order = params.get("order", Order.NEWEST.value)
    if order not in ORDERS:
        problems.append("The link names an order that is unknown; the newest come first.")
        order = Order.NEWEST.value
    currency = read_currency(params["currency"]) if params.get("currency") else None
    if params.get("currency") and currency is None:
        problems.append("The link names a currency that is none; it was left out.")
    page = params.get("page", "1")
    filters = Filters(
        statuses=split(params.get("status", "")[:_TEXT_MAX]),
        start=start,
        end=end,
        least=_amount(params, "least", problems),
        most=_amount(params, "most", problems),
        currency=currency,
        search=params.get("q", "").strip()[:_TEXT_MAX] or None,
        deleted=params.get("deleted") == "1",
    )
    return Search(
        filters,
        Order(order),
        page_number(page) or 1,
        params.get("payment", "")[:_TEXT_MAX] or None,
        tuple(problems),
    )
