"""Who buys at the demo shop: newcomers, returning customers, and their accounts."""

from __future__ import annotations

import random
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from collectors.simulator.rhythm import REGIONS, Region

#: So many customers and accounts are remembered; older ones do not come back.
REMEMBERED_MAX: Final = 5000
NEWCOMERS_SHARE: Final = 0.55
THROW_AWAY_SHARE: Final = 0.0008
_THROW_AWAY: Final = ("mailinator.com", "guerrillamail.com", "10minutemail.com", "yopmail.com")


@dataclass(frozen=True, slots=True)
class Account:
    """A row of ``users``."""

    user_id: int
    username: str
    email: str


class People:
    """The customers the shop remembers. ``next_user_id`` is the id its next account gets."""

    def __init__(self, next_user_id: int = 1) -> None:
        self.next_user_id = next_user_id
        self.accounts: OrderedDict[str, Account] = OrderedDict()
        self._regulars: list[str] = []

    def remember(self, account: Account) -> None:
        """Know an account again, the oldest first."""
        self.accounts[account.email] = account
        self._add_regular(account.email)
        self.next_user_id = max(self.next_user_id, account.user_id + 1)
        if len(self.accounts) > REMEMBERED_MAX:
            self.accounts.popitem(last=False)

    def visitor(self, rng: random.Random, region: Region) -> str:
        """The address someone at the checkout goes by."""
        if self._regulars and rng.random() >= NEWCOMERS_SHARE:
            return rng.choice(self._regulars)
        address = self.address(rng, region)
        self._add_regular(address)
        return address

    def address(self, rng: random.Random, region: Region) -> str:
        """A new e-mail address."""
        name = f"{rng.choice(region.first_names)}.{rng.choice(region.last_names)}"
        throw_away = rng.random() < THROW_AWAY_SHARE
        domain = rng.choice(_THROW_AWAY if throw_away else region.domains)
        return f"{name}{rng.randrange(1, 100_000)}@{domain}"

    def open_account(self, rng: random.Random, email: str) -> tuple[Account, bool]:
        """The account of an address, and whether it had to be made."""
        known = self.accounts.get(email)
        if known:
            return known, False
        # The id in the name keeps it unique, as the column wants it.
        username = f"user_{rng.randrange(10, 100)}{self.next_user_id:03d}"
        account = Account(self.next_user_id, username, email)
        self.remember(account)
        return account, True

    def user(self, rng: random.Random) -> Account | None:
        """Someone who has an account, or None while nobody has."""
        # Names keep their place in the list of regulars, so drawing there costs no copy.
        for _ in range(20):
            if not self._regulars:
                return None
            account = self.accounts.get(rng.choice(self._regulars))
            if account:
                return account
        return next(reversed(self.accounts.values()), None)

    def _add_regular(self, address: str) -> None:
        self._regulars.append(address)
        if len(self._regulars) > 2 * REMEMBERED_MAX:
            del self._regulars[:REMEMBERED_MAX]


def region_of(rng: random.Random) -> Region:
    """Any region, by its share."""
    return rng.choices(REGIONS, [region.share for region in REGIONS])[0]


def as_typed(rng: random.Random, email: str) -> str:
    """An address as its owner types it at the checkout: mostly so, at times Otherwise or LOUD."""
    draw = rng.random()
    if draw < 0.025:
        return email.capitalize()
    if draw < 0.035:
        return email.upper()
    if draw < 0.05:
        local, _, domain = email.partition("@")
        return f"{local}+vc@{domain}"
    return email
