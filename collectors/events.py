"""Source rows of tables that only grow, read into events.

Each reader takes one row as the source has it and gives the events it tells of, each with its
stream, or raises Unreadable: the row is then kept aside, whole, and costs no other row.
"""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from typing import Any, Final

from collectors.accounts import Account, Accounts
from collectors.rows import Reading, Unreadable, quoted
from vcanalytics.model import measures, streams
from vcanalytics.model.streams import Stream

#: A stream and a row of it.
Event = tuple[Stream, dict[str, object]]

#: What VectorCraft's log of activities calls what other tables tell of as well. Any other name is
#: kept as it is.
KINDS: Final = {
    "login": "sign_in",
    "logout": "sign_out",
    "register": "sign_up",
    "registration": "sign_up",
    "signup": "sign_up",
    "vectorize": "vectorisation",
    "vectorization": "vectorisation",
}
_ADMIN: Final = "admin"
_AUTH: Final = "auth"
_ADMIN_ACTION: Final = "admin action"
_SIGNED_IN: Final = "user login successful"
_REFUSED: Final = re.compile(r"failed login attempt(?: for username: *(.*))?", re.IGNORECASE)
_PERCENT: Final = ("cpu_percent", "memory_percent", "disk_percent")
_INT64: Final = 1 << 63


def request(reading: Reading) -> dict[str, object]:
    """One response time as VectorCraft recorded it."""
    value_ms = duration(reading, "value")
    if value_ms is None:
        raise Unreadable("value (empty) is not a number")
    return {
        "source_id": reading.row["id"],
        "happened_at": reading.required_instant("timestamp", local=True),
        "kind": reading.required_text("metric_type"),
        "endpoint": reading.required_text("endpoint"),
        "value_ms": value_ms,
        "status": reading.text("status") or "",
    }


def requests(reading: Reading, _accounts: Accounts) -> list[Event]:
    """A row of performance_metrics."""
    return [(streams.REQUESTS, request(reading))]


def upload(reading: Reading, accounts: Accounts) -> list[Event]:
    """A row of user_uploads: one vectorisation, failed where no result is named.

    VectorCraft writes the row once, when the vectorising is over; it is final as it is read.
    """
    seconds = duration(reading, "processing_time")
    user_id = whole(reading, "user_id")
    event: dict[str, object] = {
        **_whose(user_id, accounts.by_id(user_id)),
        "source": "user_uploads",
        "source_id": reading.row["id"],
        "happened_at": reading.required_instant("upload_date"),
        "kind": "vectorisation",
        "outcome": "done" if reading.text("svg_filename") else "failed",
        "file_name": reading.text("original_filename"),
        "size_bytes": whole(reading, "file_size"),
        "strategy": reading.text("strategy_used"),
        "duration_ms": None if seconds is None else seconds * 1000,
    }
    return [(streams.ACTIVITY, event)]


def activity(reading: Reading, accounts: Accounts) -> list[Event]:
    """A row of user_activities. What its details say of an upload or a result is read from them."""
    name = reading.required_text("activity_type").strip()
    kind = KINDS.get(name.lower(), name)
    user_id = whole(reading, "user_id")
    details = reading.text("details")
    event: dict[str, object] = {
        **_whose(user_id, accounts.by_id(user_id)),
        "source": "user_activities",
        "source_id": reading.row["id"],
        "happened_at": reading.required_instant("timestamp"),
        "kind": kind,
        # VectorCraft tells of those alone that came to a result.
        "outcome": "done" if kind == "vectorisation" else None,
        "description": reading.text("description"),
        "details": details,
    }
    return [(streams.ACTIVITY, event | _details(details))]


def system(reading: Reading, _accounts: Accounts) -> list[Event]:
    """A row of system_metrics: a value for each of its figures."""
    at = reading.required_instant("timestamp", local=True).replace(microsecond=0)
    found = {name: number(reading, name) for name in _PERCENT}
    if all(value is None for value in found.values()):
        raise Unreadable("it holds no figure")
    return [
        (
            streams.SYSTEM,
            {
                "happened_at": at,
                "host": measures.VECTORCRAFT,
                "measure": name,
                "item": "",
                "value": round(value, measures.MEASURES[name].digits),
            },
        )
        for name, value in found.items()
        if value is not None
    ]


def health(reading: Reading, _accounts: Accounts) -> list[Event]:
    """A row of system_health: one check of one component."""
    event: dict[str, object] = {
        "source_id": reading.row["id"],
        "happened_at": reading.required_instant("checked_at"),
        "component": reading.required_text("component"),
        "status": reading.required_text("status"),
        "response_ms": duration(reading, "response_time"),
        "error_message": reading.text("error_message"),
    }
    return [(streams.HEALTH, event)]


def log(reading: Reading, accounts: Accounts) -> list[Event]:
    """A row of system_logs, and the activity it tells of, if any."""
    event: dict[str, object] = {
        "source_id": reading.row["id"],
        "happened_at": reading.required_instant("created_at"),
        "level": reading.required_text("level"),
        "component": reading.required_text("component"),
        "message": reading.text("message") or "",
        "details": reading.text("details"),
        "user_email": reading.text("user_email"),
        "transaction_id": reading.text("transaction_id"),
    }
    told = _told(event, accounts)
    return [(streams.LOGS, event), *([(streams.ACTIVITY, told)] if told else [])]


def _told(event: dict[str, Any], accounts: Accounts) -> dict[str, object] | None:
    """The activity a log line tells of: an admin's action, a sign-in, or one that was refused.

    Analytics count once what another table tells of as well.
    """
    component, message = event["component"].strip().lower(), event["message"].strip()
    email, name = event["user_email"], None
    if component == _ADMIN or message.lower().startswith(_ADMIN_ACTION):
        kind = "admin_action"
    elif component != _AUTH:
        return None
    elif message.lower().startswith(_SIGNED_IN):
        kind = "sign_in"
    elif refused := _REFUSED.fullmatch(message):
        kind, name = "sign_in_failed", refused[1] or None
    else:
        return None
    account = accounts.by_email(email) or accounts.by_name(name)
    whose = _whose(account.user_id if account else None, account)
    return {
        "source": "system_logs",
        "source_id": event["source_id"],
        "happened_at": event["happened_at"],
        "kind": kind,
        "user_id": whose["user_id"],
        "username": whose["username"] or name,
        "email": email or whose["email"],
        "description": event["message"],
        "details": event["details"],
    }


def _whose(user_id: int | None, account: Account | None) -> dict[str, object]:
    return {
        "user_id": user_id,
        "username": account.username if account else None,
        "email": account.email if account else None,
    }


def _details(text: str | None) -> dict[str, object]:
    """File, size, strategy and duration, as far as the details name them readably."""
    try:
        found = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    told: dict[str, object] = {}
    name, strategy = found.get("filename"), found.get("strategy")
    size, seconds = found.get("file_size"), found.get("processing_time")
    if isinstance(name, str):
        told["file_name"] = _plain(name)
    if isinstance(strategy, str):
        told["strategy"] = _plain(strategy)
    if isinstance(size, int) and not isinstance(size, bool) and 0 <= size < _INT64:
        told["size_bytes"] = size
    if isinstance(seconds, int | float) and not isinstance(seconds, bool):
        duration_ms = _finite(seconds)
        if duration_ms is not None and duration_ms >= 0:
            told["duration_ms"] = duration_ms * 1000
    return told


def _plain(text: str) -> str:
    # JSON can spell out half a character.
    return text.encode("utf-8", "replace").decode()


def _finite(value: float | Decimal) -> float | None:
    try:
        as_float = float(value)
    except OverflowError:
        return None
    return as_float if math.isfinite(as_float) else None


def number(reading: Reading, name: str) -> float | None:
    """The number in a cell, None where it is empty. Raises Unreadable for anything else."""
    value = reading.row.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise Unreadable(f"{name} {quoted(value)} is not a number")
    as_float = _finite(value)
    if as_float is None:
        raise Unreadable(f"{name} {quoted(value)} is not finite")
    return as_float


def duration(reading: Reading, name: str) -> float | None:
    """The duration in a cell, None where it is empty. Raises Unreadable for anything else."""
    value = reading.row.get(name)
    if isinstance(value, int | float) and not (math.isfinite(value) and value >= 0):
        raise Unreadable(f"{name} {quoted(value)} is no duration")
    return number(reading, name)


def whole(reading: Reading, name: str) -> int | None:
    """The whole number in a cell, None where it is empty. Raises Unreadable for anything else."""
    value, raw = number(reading, name), reading.row.get(name)
    if value is None:
        return None
    as_int = raw if isinstance(raw, int) else int(value)
    if as_int != raw or not -_INT64 <= as_int < _INT64:
        raise Unreadable(f"{name} {quoted(raw)} is no whole number")
    return as_int
