"""Which addresses are one customer's: the one typed at checkout, PayPal's payer, the account's.

A link is a payment that names both. Where one payer pays for many, those are people of their own:
that is said, and they are left apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

#: Who is paid for by one address: so many are taken for one customer, with several addresses.
SAME_MAX: Final = 3
ADDRESSES_MAX: Final = 10
#: From the address that is asked for to the payer, and from there to what else they typed.
_STEPS: Final = 2


@dataclass(frozen=True, slots=True)
class Address:
    """One address of a customer. ``how``: asked, payer, typed or account; ``by`` what links it.

    ``payments``: how many name both (none for an account).
    """

    address: str
    how: str
    by: str = ""
    payments: int = 0


@dataclass(frozen=True, slots=True)
class Customer:
    """Who belongs together.

    ``apart``: payers of theirs that pay for many, and for how many. ``accounts``: as
    ``accounts_of.accounts`` has them. ``more``: there are further addresses, which are left out.
    """

    addresses: tuple[Address, ...]
    accounts: pl.DataFrame
    apart: tuple[tuple[str, int], ...] = ()
    more: bool = False

    @property
    def names(self) -> list[str]:
        """The addresses alone, normalised, the one that was asked for first."""
        return [one.address for one in self.addresses]


def customer(
    payments_of: Callable[[Sequence[str]], pl.DataFrame],
    accounts_of: Callable[[Sequence[str], Sequence[str]], pl.DataFrame],
    address: str,
) -> tuple[Customer, pl.DataFrame]:
    """Who belongs to ``address``, which is normalised, and the payments of all of them.

    ``payments_of`` gives the payments of addresses, the newest first, with ``transaction_id``,
    ``email``, ``payer_email``, ``username``; ``accounts_of`` the accounts of addresses and names.
    Raises what they raise.
    """
    found = {address: Address(address, "asked")}
    apart: dict[str, int] = {}
    parts: dict[str, pl.DataFrame] = {}

    def look_at(fresh: Sequence[str]) -> pl.DataFrame:
        """The pairs of addresses that were not looked at yet; those that pay for many go."""
        payments = payments_of(fresh)
        pairs = _pairs(payments)
        many = _pay_for_many(pairs, fresh)
        apart.update(many)
        for payer in many.keys() - {address}:
            # What a payer of many paid for others is not this customer's.
            del found[payer]
        parts.update({one: payments for one in fresh if one in found})
        return pairs

    fresh, names = [address], []
    for step in range(_STEPS + 1):
        pairs = look_at(fresh)
        if step == 0:
            own = pairs.filter((pl.col("typed") == address) & (pl.col("username") != ""))
            names = own["username"].unique(maintain_order=True).to_list()
        known = [one for one in fresh if one in found]
        if step < _STEPS:
            for row in pairs.iter_rows(named=True):
                _link(found, row, known, apart)
        fresh = [one for one in found if one not in parts]
        if not fresh:
            break
    accounts = accounts_of(list(found), names)
    for row in accounts.iter_rows(named=True):
        if row["address"] and row["address"] not in apart:
            _add(found, row["address"], "account", row["username"] or "", 0)
    if fresh := [one for one in found if one not in parts]:
        look_at(fresh)
    every = tuple(found.values())
    kept = every[:ADDRESSES_MAX]
    who = Customer(kept, accounts, tuple(sorted(apart.items())), len(every) > ADDRESSES_MAX)
    return who, _of(who.names, parts.values())


def _of(names: Sequence[str], parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The payments of these addresses among the parts, each once, the newest first."""
    mine = _normalised("email").is_in(list(names)) | _normalised("payer_email").is_in(list(names))
    return (
        pl.concat(list(parts))
        .filter(mine)
        .unique("transaction_id", maintain_order=True)
        .sort("created_at", descending=True, maintain_order=True)
    )


def _normalised(name: str) -> pl.Expr:
    return pl.col(name).fill_null("").str.strip_chars().str.to_lowercase()


def _pairs(payments: pl.DataFrame) -> pl.DataFrame:
    """``typed``, ``payer``, ``username``, ``payments``: each pair once, the most frequent first."""
    return (
        payments.select(
            _normalised("email").alias("typed"),
            _normalised("payer_email").alias("payer"),
            pl.col("username").fill_null("").str.strip_chars(),
        )
        .group_by("typed", "payer", "username", maintain_order=True)
        .agg(pl.len().alias("payments"))
        .sort("payments", descending=True, maintain_order=True)
    )


def _pay_for_many(pairs: pl.DataFrame, addresses: Sequence[str]) -> dict[str, int]:
    """Those of the addresses that pay for many, and for how many."""
    typed = (
        pairs.filter((pl.col("typed") != "") & pl.col("payer").is_in(list(addresses)))
        .group_by("payer")
        .agg(pl.col("typed").n_unique().alias("count"))
    )
    return {payer: count for payer, count in typed.iter_rows() if count > SAME_MAX}


def _link(
    found: dict[str, Address], row: dict[str, Any], known: Sequence[str], apart: dict[str, int]
) -> None:
    """Add what a pair leads to from the addresses that are known."""
    typed, payer = row["typed"], row["payer"]
    if typed in known and payer and payer not in apart:
        _add(found, payer, "payer", typed, row["payments"])
    elif payer in known and typed and payer not in apart and typed not in apart:
        _add(found, typed, "typed", payer, row["payments"])


def _add(found: dict[str, Address], address: str, how: str, by: str, payments: int) -> None:
    if address not in found:
        found[address] = Address(address, how, by, payments)
    elif found[address].how == how and found[address].by == by:
        known = found[address]
        found[address] = Address(address, how, by, known.payments + payments)
