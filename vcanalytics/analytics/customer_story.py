"""One customer's whole story: attempts, payments, account, uploads, mails, log lines, disputes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final

import polars as pl

from vcanalytics.analytics.accounts_of import accounts
from vcanalytics.analytics.activity import ECHO
from vcanalytics.analytics.by_file import Ask, within
from vcanalytics.analytics.customer_addresses import Customer, customer
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.timeline import money, refunded_at
from vcanalytics.errors import BudgetExceeded
from vcanalytics.model.payments import OPEN, REFUNDED
from vcanalytics.model.streams import INGEST, STREAMS
from vcanalytics.store import Snapshot
from vcanalytics.store.newest.searched import BY_COLUMNS, FIELDS, searchable, wanted
from vcanalytics.store.newest.searched import NAME as SEARCHED

#: More payments than that are nobody's in person; totals then are of the newest ones, and say so.
PAYMENTS_MAX: Final = 2_000
#: Events of each other kind, the newest.
EVENTS_MAX: Final = 200
#: Somebody looks for one customer and waits: ten million payments take some two seconds a pass.
BUDGET_S: Final = 8.0
#: Clocks of two hosts differ a little, and mails may come before the row that they are about.
_BEFORE: Final = timedelta(days=2)
_PAYMENT_COLUMNS: Final = (
    "transaction_id",
    "source_id",
    "created_at",
    "completed_at",
    "captured_at",
    "status",
    "email",
    "payer_email",
    "captured",
    "captured_amount",
    "amount_column",
    "currency",
    "currency_column",
    "user_created",
    "email_sent",
    "error_message",
    "deleted",
    "refund_case_id",
    "refund_seen_at",
    "paypal_order_id",
    "paypal_payment_id",
    "username",
)
# Grain: one row a payment, the newest first. Parameters: $addresses, normalised; $t0, $t1, ...:
# what stands in the text of every row that has one of them. Cost: one pass over the text, and all
# columns of the groups in which any fits.
_PAYMENTS: Final = """
SELECT {columns}
FROM transactions
WHERE ({fits}) AND (
    list_contains($addresses, lower(trim(email)))
    OR list_contains($addresses, lower(trim(payer_email)))
)
ORDER BY created_at DESC, source_id DESC
LIMIT $limit
"""
# Grain: one row a case, a mail, something done, a log line; the newest first. Parameters:
# $addresses, normalised; $ids of payments; $cases they name; $users: ids of accounts. Cost: one
# pass over two or three columns of the stream, from two days before the customer's first trace on.
# What VectorCraft logs besides is told by its log lines.
_CASES: Final = """
SELECT *
FROM disputes
WHERE list_contains($ids, transaction_id)
    OR list_contains($cases, case_id)
    OR list_contains($addresses, lower(trim(customer_email)))
ORDER BY created_at DESC, case_id
LIMIT $limit
"""
_MAILS: Final = """
SELECT created_at, email_type, recipient_email, status, error_message, bounced_at, transaction_id
FROM mails
WHERE NOT deleted AND (
    list_contains($ids, transaction_id)
    OR list_contains($addresses, lower(trim(recipient_email)))
)
ORDER BY created_at DESC, source_id DESC
LIMIT $limit
"""
_DONE: Final = """
SELECT happened_at, kind, outcome, description, file_name, strategy, duration_ms, source
FROM activity
WHERE source <> 'system_logs'
    AND (list_contains($users, user_id) OR list_contains($addresses, lower(trim(email))))
ORDER BY happened_at DESC, source_id DESC NULLS LAST
LIMIT $limit
"""
_LOGGED: Final = """
SELECT happened_at, level, component, message, transaction_id
FROM logs
WHERE list_contains($ids, transaction_id)
    OR list_contains($addresses, lower(trim(user_email)))
ORDER BY happened_at DESC, source_id DESC NULLS LAST
LIMIT $limit
"""
_EVENTS: Final = pl.Schema(
    {
        "happened_at": pl.Datetime("us", "UTC"),
        "what": pl.String(),
        "detail": pl.String(),
        "transaction_id": pl.String(),
    }
)
_WORTH: Final = pl.Schema(
    {
        "currency": pl.String(),
        "captured": pl.Int64(),
        "gross": pl.Decimal(38, 4),
        "refunded": pl.Int64(),
        "refunds": pl.Decimal(38, 4),
        "net": pl.Decimal(38, 4),
    }
)
#: Who tells of the same: what has more words goes first, tables that are not named before them.
_TRUST: Final = {"users": 2, "user_activities": 1, INGEST: 3}
Row = Mapping[str, Any]
Event = tuple[datetime, str, str, str | None]


@dataclass(frozen=True, slots=True)
class Story:
    """A customer and all that is known to have happened to them.

    ``payments``: the newest version of each of theirs, the newest first, deleted ones too.
    ``worth``: a row a currency: ``captured``, ``refunded`` (counts), ``gross``, ``refunds``,
    ``net`` (money), without samples and deleted rows. ``attempts``: how many stand behind them.
    ``events``: ``happened_at`` (UTC), ``what`` (a kind that ``ui.story`` has words for),
    ``detail``, ``transaction_id`` (or null), the oldest first. ``cut`` names what there is more of
    than is shown, ``missing`` what could not be looked through in time.
    """

    customer: Customer
    payments: pl.DataFrame
    worth: pl.DataFrame
    attempts: int
    events: pl.DataFrame
    cut: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether anything at all is known of the address."""
        return bool(self.payments.height or self.customer.accounts.height or self.events.height)


def story(
    engine: Engine, snapshot: Snapshot, address: str, *, sample_prefixes: Sequence[str] = ()
) -> Story:
    """The story of whoever ``address`` (normalised) belongs to. Raises BudgetExceeded."""
    ask = within(engine, BUDGET_S)
    who, payments = customer(
        partial(_payments, ask, snapshot), partial(accounts, ask, snapshot), address
    )
    payments = payments.head(PAYMENTS_MAX)
    begun = [*payments["created_at"].to_list(), *who.accounts["made_at"].to_list()]
    since = min(begun, default=None)
    parts = _Parts(ask, snapshot, None if since is None else since - _BEFORE)
    asked = {"addresses": who.names, "ids": payments["transaction_id"].to_list()}
    named = asked | {"cases": payments["refund_case_id"].drop_nulls().to_list()}
    own = {"addresses": who.names, "users": who.accounts["user_id"].drop_nulls().to_list()}
    cases = parts.of("disputes", _CASES, named).to_dicts()
    events = [
        *_of_payments(payments.to_dicts(), cases),
        *_of_cases(cases),
        *_of_mails(parts.of("mails", _MAILS, asked).to_dicts()),
        *_of_activity(parts.of("activity", _DONE, own).to_dicts()),
        *_of_logs(parts.of("logs", _LOGGED, asked).to_dicts()),
    ]
    # A stable sort: what stands at one moment keeps the order it was told in.
    events.sort(key=lambda event: event[0])
    if payments.height == PAYMENTS_MAX:
        parts.cut.insert(0, "transactions")
    counted = payments.filter(~pl.col("deleted"))
    for prefix in sample_prefixes:
        counted = counted.filter(~pl.col("transaction_id").str.starts_with(prefix))
    return Story(
        who,
        payments,
        _worth(counted),
        counted.height,
        pl.DataFrame(events, schema=_EVENTS, orient="row"),
        tuple(parts.cut),
        tuple(parts.missing),
    )


class _Parts:
    """Asks each stream, and remembers which had more than is shown, or took too long."""

    def __init__(self, ask: Ask, snapshot: Snapshot, since: datetime | None) -> None:
        self._ask, self._snapshot, self._since = ask, snapshot, since
        self.cut: list[str] = []
        self.missing: list[str] = []

    def of(self, stream: str, question: str, asked: Mapping[str, Any]) -> pl.DataFrame:
        """The rows of a stream; of no columns where they could not be had in time."""
        # Mails and cases may be about what was begun long before; none is older than that.
        versioned = STREAMS[stream].versioned
        rows = self._snapshot.begun if versioned else self._snapshot.relation
        try:
            found = self._ask(
                question, {**asked, "limit": EVENTS_MAX + 1}, {stream: rows(stream, self._since)}
            )
        except BudgetExceeded:
            self.missing.append(stream)
            return pl.DataFrame()
        if found.height > EVENTS_MAX:
            self.cut.append(stream)
        return found.head(EVENTS_MAX)


def _payments(ask: Ask, snapshot: Snapshot, addresses: Sequence[str]) -> pl.DataFrame:
    """The newest payments of these addresses, typed or the payer's."""
    rows = snapshot.begun("transactions")
    ready = searchable(rows)
    rows, text = (rows, BY_COLUMNS) if ready is None else (ready, SEARCHED)
    texts = {f"t{number}": wanted(address) for number, address in enumerate(addresses)}
    fits = " OR ".join(f"contains({text}, CAST(${name} AS VARCHAR))" for name in texts)
    read = dict.fromkeys((*_PAYMENT_COLUMNS, *FIELDS, *({SEARCHED} & set(rows.columns))))
    return ask(
        _PAYMENTS.replace("{columns}", ", ".join(_PAYMENT_COLUMNS)).replace("{fits}", fits),
        {"addresses": list(addresses), "limit": PAYMENTS_MAX} | texts,
        {"transactions": rows.select(list(read))},
    )


def _worth(payments: pl.DataFrame) -> pl.DataFrame:
    paid = payments.filter(pl.col("captured"))
    refunded = pl.col("status") == REFUNDED
    # Of no readable amount nothing is added: an empty sum is none at all.
    sums = paid.group_by("currency").agg(
        pl.len().cast(pl.Int64).alias("captured"),
        pl.col("captured_amount").sum().cast(pl.Decimal(38, 4)).alias("gross"),
        refunded.sum().cast(pl.Int64).alias("refunded"),
        pl.col("captured_amount").filter(refunded).sum().cast(pl.Decimal(38, 4)).alias("refunds"),
    )
    net = (pl.col("gross") - pl.col("refunds")).cast(pl.Decimal(38, 4)).alias("net")
    told = sums.with_columns(net).sort("captured", "currency", descending=[True, False])
    return pl.concat([_WORTH.to_frame(), told.select(_WORTH.names())])


def _of_payments(payments: Sequence[Row], cases: list[dict[str, Any]]) -> Iterator[Event]:
    for row in payments:
        key = row["transaction_id"]
        mine = [
            case
            for case in cases
            if case["transaction_id"] == key or case["case_id"] == row["refund_case_id"]
        ]
        if row["captured"]:
            yield row["captured_at"], "captured", _captured(row), key
        else:
            yield (
                row["created_at"],
                "failed" if row["status"] not in OPEN else "begun",
                _tried(row),
                key,
            )
        if row["status"] == REFUNDED:
            worth = money(row["captured_amount"], row["currency"])
            at = refunded_at(row, mine)
            yield at or row["created_at"], "refunded", f"{worth} refunded", key


def _captured(row: Row) -> str:
    worth = money(row["captured_amount"], row["currency"])
    after = (
        "" if row["status"] in {"completed", REFUNDED} else f", and the row says {row['status']}"
    )
    error = f": {row['error_message']}" if row["error_message"] else ""
    missing = [
        words
        for flag, words in (("user_created", "no account"), ("email_sent", "no e-mail"))
        if not row[flag] and row["status"] == "completed"
    ]
    lacks = f"; {' and '.join(missing)}" if missing else ""
    gone = "; the row is gone from the source" if row["deleted"] else ""
    return f"{worth} captured{_payer(row)}{after}{error}{lacks}{gone}"


def _payer(row: Row) -> str:
    typed, payer = (str(row[name] or "").strip() for name in ("email", "payer_email"))
    return f", paid by {payer}" if payer and payer.lower() != typed.lower() else ""


def _tried(row: Row) -> str:
    worth = money(row["amount_column"], row["currency_column"])
    error = f": {row['error_message']}" if row["error_message"] else ""
    gone = "; the row is gone from the source" if row["deleted"] else ""
    return f"{worth}, {row['status'] or 'without status'}{error}{gone}"


def _of_cases(cases: Sequence[Row]) -> Iterator[Event]:
    for case in cases:
        name, key = f"case {case['case_id']}", case["transaction_id"]
        worth = _worth_of(case["amount"], case["currency"])
        yield case["created_at"], "case_opened", f"{name}, {case['dispute_type']}{worth}", key
        if case["deleted"]:
            yield case["observed_at"], "case_deleted", f"{name} is gone from the source (seen)", key
        elif case["resolved_at"] is not None:
            yield case["resolved_at"], "case_resolved", f"{name} {case['status']}", key


def _worth_of(amount: Decimal | None, currency: str | None) -> str:
    return f", {money(amount, currency)}" if amount is not None else ""


def _of_mails(mails: Sequence[Row]) -> Iterator[Event]:
    for mail in mails:
        name = mail["email_type"] or "mail"
        error = f", {mail['error_message']}" if mail["error_message"] else ""
        told = f"{name} to {mail['recipient_email']}: {mail['status']}{error}"
        yield mail["created_at"], "mail", told, mail["transaction_id"]
        if mail["bounced_at"] is not None:
            back = f"{name} to {mail['recipient_email']} came back"
            yield mail["bounced_at"], "mail_bounced", back, mail["transaction_id"]


def _of_activity(done: Sequence[Row]) -> Iterator[Event]:
    kept: dict[str, list[Row]] = {}
    for row in sorted(done, key=lambda row: _TRUST.get(row["source"], 0)):
        same = kept.setdefault(row["kind"], [])
        if any(_echoes(row, other) for other in same):
            continue
        same.append(row)
        words = [row["file_name"], row["strategy"], row["outcome"]]
        told = ", ".join(str(word) for word in words if word) or row["description"] or ""
        yield row["happened_at"], row["kind"], told, None


def _echoes(row: Row, other: Row) -> bool:
    """Whether VectorCraft told of the same twice: in a table of its own, and in another."""
    apart: timedelta = abs(row["happened_at"] - other["happened_at"])
    return row["source"] != other["source"] and apart <= ECHO


def _of_logs(lines: Sequence[Row]) -> Iterator[Event]:
    for line in lines:
        told = f"{line['level']} {line['component']}: {line['message']}"
        yield line["happened_at"], "log", told, line["transaction_id"]
