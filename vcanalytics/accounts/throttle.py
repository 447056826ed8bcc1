"""Slowing guessers down, by account and by address, also across restarts.

Every try is counted before its password is looked at, so that many at once are no way around, and
taken back when the password was right. While a wait lasts, tries are refused and count for nothing:
who keeps trying makes nobody wait longer. An account is counted apart for addresses its user signed
in from lately: a stranger's guesses do not lock the user out of their own desk.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, case, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from vcanalytics.accounts.errors import Throttled
from vcanalytics.accounts.schema import throttle
from vcanalytics.instants import instant, micros

WAIT_S_MAX: Final = 900
#: An address may be that of a whole office: it has so many times the tries of an account.
ADDRESS_FACTOR: Final = 4
#: Counters are forgotten so long after the last failure.
FORGOTTEN_AFTER: Final = timedelta(hours=24)
#: Names that are no user's share so many counters: what is typed by mistake, a password perhaps,
#: is not kept, and guessing names fills no disk.
_UNKNOWN_NAMES: Final = 65_536


@dataclass(frozen=True, slots=True)
class Counter:
    """Whose failures are counted, and how many are free."""

    key: str
    tries: int


def place_of(address: str) -> str:
    """The address as it is counted: an IPv6 network of one customer (/64) is one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return f"other:{hashlib.sha256(address[:256].encode('utf-8', 'replace')).hexdigest()[:16]}"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((int(parsed), 64), strict=False))
    return str(parsed)


def counters(
    user_id: int | None, folded_name: str, address: str, *, known: bool, tries: int
) -> tuple[Counter, Counter]:
    """The account's counter and the address's. ``known``: the user signed in from there lately."""
    place = place_of(address)
    if user_id is not None:
        account = f"user:{user_id}:{place}" if known else f"user:{user_id}"
    else:
        whole = hashlib.sha256(folded_name.encode("utf-8", "replace")).digest()
        account = f"name:{int.from_bytes(whole[:4], 'big') % _UNKNOWN_NAMES}"
    return Counter(account, tries), Counter(f"address:{place}", tries * ADDRESS_FACTOR)


def wait_s(failures: int, tries: int) -> int:
    """Seconds to wait after the last of so many failures: none at first, then 1, 2, 4, ... 900."""
    over = failures - tries
    return 0 if over < 0 else min(2 ** min(over, 30), WAIT_S_MAX)


def _failures(
    connection: Connection, counted: Sequence[Counter], now: datetime
) -> Mapping[str, tuple[int, datetime]]:
    query = select(throttle).where(throttle.c.key.in_([counter.key for counter in counted]))
    found = {row.key: (row.failures, instant(row.failed_at)) for row in connection.execute(query)}
    return {key: value for key, value in found.items() if now - value[1] < FORGOTTEN_AFTER}


def check(connection: Connection, counted: Sequence[Counter], now: datetime) -> None:
    """Raise Throttled while one of the counters makes its tries wait."""
    longest = 0.0
    failures = _failures(connection, counted, now)
    for counter in counted:
        if counter.key in failures:
            count, failed_at = failures[counter.key]
            since = (now - failed_at).total_seconds()
            # A clock that was put back must lock nobody out until it is there again.
            left = wait_s(count, counter.tries) - since if since >= 0 else 0
            longest = max(longest, left)
    if longest > 0:
        raise Throttled(max(1, int(-(-longest // 1))))


def count(connection: Connection, counted: Sequence[Counter], now: datetime) -> None:
    """Count a try as failed, before it is known to be. Raises Throttled as ``check`` does."""
    check(connection, counted, now)
    kept = _failures(connection, counted, now)
    for counter in counted:
        failures = kept[counter.key][0] + 1 if counter.key in kept else 1
        row = insert(throttle).values(key=counter.key, failures=failures, failed_at=micros(now))
        connection.execute(
            row.on_conflict_do_update(
                index_elements=[throttle.c.key],
                set_={"failures": failures, "failed_at": micros(now)},
            )
        )
    oldest = micros(now - FORGOTTEN_AFTER)
    connection.execute(delete(throttle).where(throttle.c.failed_at < oldest))


def forgive(connection: Connection, account: Counter, address: Counter) -> None:
    """The try was right: the account starts afresh, the address has this one try back.

    It has no more back, or a guesser would sign in to an account of their own now and then.
    """
    connection.execute(delete(throttle).where(throttle.c.key == account.key))
    less = case((throttle.c.failures > 0, throttle.c.failures - 1), else_=0)
    connection.execute(update(throttle).where(throttle.c.key == address.key).values(failures=less))


def forget_user(connection: Connection, user_id: int) -> None:
    """Start afresh for a user whose password was set."""
    mine = throttle.c.key.like(f"user:{user_id}:%") | (throttle.c.key == f"user:{user_id}")
    connection.execute(delete(throttle).where(mine))
