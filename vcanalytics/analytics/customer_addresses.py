"""Which addresses are one customer's: the one typed at checkout, PayPal's payer, the account's.

A link is a payment that names both. Where one payer pays for many, those are people of their own:
that is said, and they are left apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from vcanalytics.analytics.by_file import Ask
from vcanalytics.store import Snapshot
from vcanalytics.store.newest.searched import BY_COLUMNS, FIELDS, searchable, wanted
from vcanalytics.store.newest.searched import NAME as SEARCHED

#: Who is paid for by one address: so many are taken for one customer, with several addresses.
SAME_MAX: Final = 3
ADDRESSES_MAX: Final = 10
#: Pairs of addresses that are looked at.
_PAIRS_MAX: Final = 200
#: From the address that is asked for to the payer, and from there to what else they typed.
_STEPS: Final = 2
_ACCOUNTS_MAX: Final = 20
_ACCOUNT_COLUMNS: Final = ("happened_at", "kind", "user_id", "username", "email")
# Grain: one row a pair of addresses and a user name. Table: transactions. Parameters: $addresses,
# normalised; $t0, $t1, ...: what stands in the text of every row that has one of them. Cost: one
# pass over the text, as a search.
_PAIRS: Final = """
SELECT
    coalesce(lower(trim(email)), '') AS typed,
    coalesce(lower(trim(payer_email)), '') AS payer,
    coalesce(trim(username), '') AS username,
    count(*) AS payments
FROM transactions
WHERE ({fits}) AND (
    list_contains($addresses, lower(trim(email)))
    OR list_contains($addresses, lower(trim(payer_email)))
)
GROUP BY ALL
ORDER BY payments DESC, typed, payer, username
LIMIT $limit
"""
# Grain: one row an account, the oldest first. Parameters: $addresses, $names. Cost: one pass over
# the rows of activity, of which four columns are read.
_ACCOUNTS: Final = """
SELECT
    any_value(user_id) AS user_id,
    coalesce(any_value(username), '') AS username,
    coalesce(lower(trim(any_value(email))), '') AS address,
    min(happened_at) AS made_at
FROM activity
WHERE kind = 'sign_up'
    AND (list_contains($addresses, lower(trim(email))) OR list_contains($names, username))
GROUP BY coalesce(CAST(user_id AS VARCHAR), lower(trim(email)), username)
ORDER BY made_at, username
LIMIT $limit
"""


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

    ``apart``: payers of theirs that pay for many, and for how many. ``accounts``: ``user_id``,
    ``username``, ``address`` (normalised), ``made_at`` (UTC). ``more``: there are further addresses
    or pairs of them, which are left out.
    """

    addresses: tuple[Address, ...]
    accounts: pl.DataFrame
    apart: tuple[tuple[str, int], ...] = ()
    more: bool = False

    @property
    def names(self) -> list[str]:
        """The addresses alone, normalised, the one that was asked for first."""
        return [one.address for one in self.addresses]


def customer(ask: Ask, snapshot: Snapshot, address: str) -> Customer:
    """All that belongs to ``address``, which is normalised. Raises BudgetExceeded."""
    found = {address: Address(address, "asked")}
    apart: dict[str, int] = {}
    names: list[str] = []
    more = False
    fresh = [address]
    for step in range(_STEPS + 1):
        pairs = _pairs(ask, snapshot, fresh)
        more = more or pairs.height == _PAIRS_MAX
        many = _pay_for_many(pairs, fresh)
        apart |= many
        for payer in many.keys() - {address}:
            # What a payer of many paid for others is not this customer's.
            del found[payer]
        if step == 0:
            own = pairs.filter((pl.col("typed") == address) & (pl.col("username") != ""))
            names = own["username"].unique(maintain_order=True).to_list()
        known = set(found)
        if step < _STEPS:
            for row in pairs.iter_rows(named=True):
                _link(found, row, [one for one in fresh if one in known], apart)
        fresh = [one for one in found if one not in known]
        if not fresh:
            break
    accounts = _accounts(ask, snapshot, list(found), names)
    for row in accounts.iter_rows(named=True):
        if row["address"] and row["address"] not in apart:
            _add(found, row["address"], "account", row["username"], 0)
    every = tuple(found.values())
    return Customer(
        every[:ADDRESSES_MAX],
        accounts,
        tuple(sorted(apart.items())),
        more or len(every) > ADDRESSES_MAX,
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


def of_addresses(snapshot: Snapshot, addresses: Sequence[str]) -> tuple[str, dict[str, Any], Any]:
    """A condition that rows of these addresses meet, its parameters, and the table to ask.

    Others may meet it as well: the question itself says which column has to be what.
    """
    rows = snapshot.begun("transactions")
    ready = searchable(rows)
    text = BY_COLUMNS if ready is None else SEARCHED
    params = {f"t{number}": wanted(address) for number, address in enumerate(addresses)}
    fits = " OR ".join(f"contains({text}, CAST(${name} AS VARCHAR))" for name in params)
    return fits, params, rows if ready is None else ready


def _pairs(ask: Ask, snapshot: Snapshot, addresses: Sequence[str]) -> pl.DataFrame:
    fits, params, rows = of_addresses(snapshot, addresses)
    return ask(
        _PAIRS.replace("{fits}", fits),
        {"addresses": list(addresses), "limit": _PAIRS_MAX} | params,
        {"transactions": rows.select([*FIELDS, *({SEARCHED} & set(rows.columns))])},
    )


def _accounts(
    ask: Ask, snapshot: Snapshot, addresses: Sequence[str], names: Sequence[str]
) -> pl.DataFrame:
    return ask(
        _ACCOUNTS,
        {"addresses": list(addresses), "names": list(names), "limit": _ACCOUNTS_MAX},
        {"activity": snapshot.relation("activity").select(_ACCOUNT_COLUMNS)},
    )
