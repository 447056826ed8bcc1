"""PayPal's side beside ours by brute force: every pair looked at, by docs/paypal.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from vcanalytics.analytics import paypal

Row = dict[str, Any]
Finding = tuple[str, str | None, str | None]


@dataclass(frozen=True)
class Ours:
    number: str
    at: datetime
    paypal_id: str
    typed: str
    payer: str
    status: str
    amount: Decimal
    currency: str

    @property
    def captured(self) -> bool:
        return self.status in {"completed", "refunded"}


def _when(one: Row) -> tuple[datetime, str]:
    return one["happened_at"], one["id"]


class Force:
    """What PayPal's payments and refunds and ours differ in."""

    def __init__(self, theirs: list[Row], back: list[Row], ours: list[Ours]) -> None:
        self.theirs, self.ours = theirs, ours
        self.done = sorted((one for one in theirs if one["state"] == "done"), key=_when)
        self.fits = {one["id"]: self._named(one) for one in theirs}
        self._by_customer()
        self.match: dict[str, Ours] = {}
        for number, some in self.fits.items():
            others = sum(some[:1] == [one] for fits in self.fits.values() for one in fits)
            if len(some) == 1 and (not some[0][1] or others == 1):
                self.match[number] = some[0][0]
        self.given: dict[str, list[Row]] = {}
        refunds = {one["id"]: one for one in back}
        for one in back:
            if one["state"] == "done":
                of = refunds.get(one["reference"], {}).get("reference")
                self.given.setdefault(of or one["reference"] or one["id"], []).append(one)
        self.sums = {of: -sum(one["gross"] for one in some) for of, some in self.given.items()}

    def _named(self, one: Row) -> list[tuple[Ours, bool]]:
        by_id = [mine for mine in self.ours if mine.paypal_id == one["id"]]
        named = by_id or [mine for mine in self.ours if mine.number == one["invoice"]]
        return [(mine, False) for mine in named]

    def _by_customer(self) -> None:
        taken = {mine.number for some in self.fits.values() for mine, _ in some}
        for one in self.theirs:
            if not self.fits[one["id"]] and one["state"] != "void":
                self.fits[one["id"]] = [
                    (mine, True)
                    for mine in self.ours
                    if mine.number not in taken
                    and one["payer"] in {mine.typed, mine.payer}
                    and (one["gross"], one["currency"]) == (mine.amount, mine.currency)
                    and abs(one["happened_at"] - mine.at) <= paypal.APART
                ]

    def _whose(self, of: str) -> Ours | None:
        """Our payment that a refund of this row's is of."""
        if of in self.fits:
            return self.match.get(of)
        sole = [mine for mine in self.ours if mine.paypal_id == of]
        return sole[0] if len(sole) == 1 else None

    def _rows(self, mine: Ours) -> list[Row]:
        return [one for one in self.done if self.match.get(one["id"]) == mine]

    def found(self) -> Iterator[Finding]:
        """All findings, in no order."""
        for number, some in self.fits.items():
            if some and number not in self.match:
                yield "ambiguous", number, None
        yield from (("unknown_here", o["id"], None) for o in self.done if not self.fits[o["id"]])
        for mine in self.ours:
            yield from self._captures(mine)
            yield from self._refunds(mine)
        yield from self._given_back()
        yield from self._charged_twice()

    def _captures(self, mine: Ours) -> Iterator[Finding]:
        rows = self._rows(mine)
        yield from (("captured_twice", one["id"], mine.number) for one in rows[1:])
        if not mine.captured:
            yield from (("not_captured", one["id"], mine.number) for one in rows[:1])
            return
        for one in rows:
            if (one["gross"], one["currency"]) != (mine.amount, mine.currency):
                yield "amount_differs", one["id"], mine.number
        if all(mine not in [one for one, _ in some] for some in self.fits.values()):
            yield "unknown_there", None, mine.number
        if not rows:
            for number, match in self.match.items():
                if match == mine:
                    yield "not_completed", number, mine.number

    def _refunds(self, mine: Ours) -> Iterator[Finding]:
        rows = self._rows(mine)
        total = sum(self.sums[of] for of in self.given if self._whose(of) == mine)
        if mine.status != "refunded" or not rows:
            return
        if total <= 0:
            yield "refund_unknown_there", rows[0]["id"], mine.number
        elif total != mine.amount or mine.currency != "USD":
            yield "refund_differs", rows[0]["id"], mine.number

    def _given_back(self) -> Iterator[Finding]:
        for of, some in self.given.items():
            whose, first = self._whose(of), min(one["id"] for one in some)
            if self.sums[of] <= 0:
                continue
            if whose is not None and whose.status != "refunded":
                yield "refund_unknown_here", first, whose.number
            elif whose is None and of not in self.fits:
                yield "refund_unknown_here", first, None

    def _charged_twice(self) -> Iterator[Finding]:
        second = {one["id"] for mine in self.ours for one in self._rows(mine)[1:]}
        kept = [one for one in self.done if self.sums.get(one["id"], 0) < one["gross"]]
        for at, one in enumerate(kept):
            near = any(
                one["happened_at"] - other["happened_at"] <= paypal.TWICE
                and all(one[name] == other[name] for name in ("payer", "currency", "gross"))
                for other in kept[:at]
            )
            if near and one["id"] not in second:
                whose = self.match.get(one["id"])
                yield "charged_twice", one["id"], None if whose is None else whose.number
