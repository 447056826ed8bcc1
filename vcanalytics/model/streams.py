"""Every stream the store keeps, and every column of it: type, unit, meaning.

The storage types (Arrow, Parquet) follow from this table and from nothing else. Types stay
portable: ``timestamp[us, UTC]``, ``int32``/``int64``, ``decimal``, ``float64``, ``bool``, UTF-8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pyarrow as pa

#: What programs send stands in the store under this name, where a source's table has its own.
INGEST: Final = "ingest"
INSTANT: Final = pa.timestamp("us", tz="UTC")
MONEY: Final = pa.decimal128(18, 4)
TEXT: Final = pa.string()
COUNT: Final = pa.int64()
FLAG: Final = pa.bool_()
REAL: Final = pa.float64()


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its storage type, its unit (empty for plain text) and what it means."""

    name: str
    type: pa.DataType
    unit: str
    meaning: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream. ``time`` is the column its rows are pruned and counted by.

    ``versioned`` streams hold each seen state of a row that VectorCraft updates in place; ``key``
    names the column that says which row a version belongs to. The others only grow.
    """

    name: str
    label: str
    time: str
    columns: tuple[Column, ...]
    key: str | None = None

    @property
    def versioned(self) -> bool:
        return self.key is not None

    @property
    def partition(self) -> str:
        """The column whose day decides which segment a row lies in.

        Versions lie by when they were seen, so that an old row's new state touches no old file.
        """
        return "observed_at" if self.versioned else self.time

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of a batch of this stream."""
        return pa.schema([pa.field(c.name, c.type, nullable=not c.required) for c in self.columns])


_VERSION = (
    Column("source_id", COUNT, "", "id of the row at the source", required=True),
    Column("observed_at", INSTANT, "UTC", "when the console saw this state", required=True),
    Column("deleted", FLAG, "", "the row was gone from the source", required=True),
    Column("notes", TEXT, "", "what of this state could not be read as given"),
)

TRANSACTIONS: Final = Stream(
    "transactions",
    "Payments",
    "created_at",
    (
        *_VERSION,
        Column("transaction_id", TEXT, "", "VectorCraft's id of the payment", required=True),
        Column("created_at", INSTANT, "UTC", "when the customer began", required=True),
        Column("completed_at", INSTANT, "UTC", "stamped at capture; proves nothing alone"),
        Column("status", TEXT, "", "as the source has it", required=True),
        Column("email", TEXT, "", "typed at checkout, not normalised"),
        Column("username", TEXT, "", "VectorCraft user name, mostly empty"),
        Column("payer_email", TEXT, "", "PayPal's payer, kept when a refund overwrites it"),
        Column("paypal_order_id", TEXT, "", "PayPal order"),
        Column("paypal_payment_id", TEXT, "", "PayPal payment"),
        Column("error_message", TEXT, "", "as the source has it"),
        Column("user_created", FLAG, "", "an account was made"),
        Column("email_sent", FLAG, "", "the mail with the access went out"),
        Column("amount_column", MONEY, "currency_column", "what the client sent, if readable"),
        Column("currency_column", TEXT, "ISO 4217", "the currency column, normalised"),
        Column("amount_metadata", MONEY, "currency_metadata", "what PayPal captured, this state"),
        Column("currency_metadata", TEXT, "ISO 4217", "its currency, this state"),
        Column("captured_amount", MONEY, "currency", "the captured amount (contract), rounded"),
        Column("currency", TEXT, "ISO 4217", "the currency this row stands in", required=True),
        Column(
            "captured", FLAG, "", "money was captured in this or an earlier state", required=True
        ),
        Column(
            "captured_at", INSTANT, "UTC", "completed_at, else created_at; empty if not captured"
        ),
        Column("refund_case_id", TEXT, "", "the case the metadata names"),
        Column(
            "refund_seen_at", INSTANT, "UTC", "first seen as refunded; empty if so when first read"
        ),
        Column("metadata", TEXT, "", "the source's JSON as text, if not oversized"),
    ),
    key="transaction_id",
)

DISPUTES: Final = Stream(
    "disputes",
    "Disputes",
    "created_at",
    (
        *_VERSION,
        Column("case_id", TEXT, "", "VectorCraft's id of the case", required=True),
        Column("transaction_id", TEXT, "", "the payment in dispute"),
        Column("customer_email", TEXT, "", "who complained"),
        Column("dispute_type", TEXT, "", "refund_request, chargeback, ..."),
        Column("status", TEXT, "", "as the source has it", required=True),
        Column("priority", TEXT, "", "as the source has it"),
        Column("amount", MONEY, "currency", "amount in dispute, if readable"),
        Column("currency", TEXT, "ISO 4217", "currency of the amount"),
        Column("created_at", INSTANT, "UTC", "when the case was opened", required=True),
        Column("due_at", INSTANT, "UTC", "answer due (the source writes local time)"),
        Column("resolved_at", INSTANT, "UTC", "when it was resolved"),
        Column("resolution_notes", TEXT, "", "as the source has it"),
        Column("paypal_case_id", TEXT, "", "PayPal's case"),
    ),
    key="case_id",
)

MAILS: Final = Stream(
    "mails",
    "E-mails",
    "created_at",
    (
        *_VERSION,
        Column("transaction_id", TEXT, "", "the payment, mostly empty"),
        Column("email_type", TEXT, "", "purchase_confirmation, credentials, ..."),
        Column("recipient_email", TEXT, "", "to whom"),
        Column("subject", TEXT, "", "as sent"),
        Column("status", TEXT, "", "pending, sent, failed, simulated", required=True),
        Column("smtp_response", TEXT, "", "the mail server's word"),
        Column("error_message", TEXT, "", "as the source has it"),
        Column("delivery_attempts", COUNT, "", "tries so far"),
        Column("created_at", INSTANT, "UTC", "when it was queued", required=True),
        Column("delivered_at", INSTANT, "UTC", "when it was handed over"),
        Column("bounced_at", INSTANT, "UTC", "when it came back"),
    ),
    key="source_id",
)

ACTIVITY: Final = Stream(
    "activity",
    "Activity",
    "happened_at",
    (
        Column("source", TEXT, "", "the table of VectorCraft's, or ingest: sent in", required=True),
        Column("source_id", COUNT, "", "id of the row there"),
        Column("happened_at", INSTANT, "UTC", "when", required=True),
        Column("kind", TEXT, "", "sign_in, vectorisation, admin_action, ...", required=True),
        Column("outcome", TEXT, "", "of a vectorisation: done or failed"),
        Column("user_id", COUNT, "", "VectorCraft's id of the user"),
        Column("username", TEXT, "", "the user's name when it was read"),
        Column("email", TEXT, "", "the user's address when it was read, not normalised"),
        Column("description", TEXT, "", "as the source has it"),
        Column("file_name", TEXT, "", "what was uploaded, by the name the user gave it"),
        Column("size_bytes", COUNT, "bytes", "size of what was uploaded"),
        Column("strategy", TEXT, "", "how it was vectorised"),
        Column("duration_ms", REAL, "ms", "how long vectorising took"),
        Column("details", TEXT, "", "the source's JSON as text, if not oversized"),
    ),
)

REQUESTS: Final = Stream(
    "requests",
    "Requests",
    "happened_at",
    (
        Column("source_id", COUNT, "", "id of the row at the source"),
        Column("happened_at", INSTANT, "UTC", "when (the source writes local time)", required=True),
        Column("kind", TEXT, "", "request_time, database_query, ...", required=True),
        Column("endpoint", TEXT, "", "what was asked", required=True),
        Column("value_ms", REAL, "ms", "how long it took", required=True),
        Column("status", TEXT, "", "success, error, healthy, ...", required=True),
    ),
)

# Long and narrow: a host has as many cores, disks and processes as it has, and none of some. Sorted
# by measure, a value takes less than two bytes in a segment.
SYSTEM: Final = Stream(
    "system",
    "System",
    "happened_at",
    (
        Column("happened_at", INSTANT, "UTC", "when, to the second", required=True),
        Column("host", TEXT, "", "which host; vectorcraft: its own samples", required=True),
        Column("measure", TEXT, "", "what was measured: model.measures", required=True),
        Column("item", TEXT, "", "which core, disk or process; empty: the host", required=True),
        Column("value", REAL, "that of the measure", "how much", required=True),
    ),
)

HEALTH: Final = Stream(
    "health",
    "Health",
    "happened_at",
    (
        Column("source_id", COUNT, "", "id of the row at the source"),
        Column("happened_at", INSTANT, "UTC", "when it was checked", required=True),
        Column("component", TEXT, "", "database, paypal_api, email_service, ...", required=True),
        Column(
            "status", TEXT, "", "healthy, warning, critical, as the source has it", required=True
        ),
        Column("response_ms", REAL, "ms", "how long the check took"),
        Column("error_message", TEXT, "", "as the source has it"),
    ),
)

LOGS: Final = Stream(
    "logs",
    "Logs",
    "happened_at",
    (
        Column("source_id", COUNT, "", "id of the row at the source"),
        Column("happened_at", INSTANT, "UTC", "when it was written", required=True),
        Column("level", TEXT, "", "DEBUG to CRITICAL, as the source has it", required=True),
        Column("component", TEXT, "", "what wrote it", required=True),
        Column("message", TEXT, "", "as the source has it", required=True),
        Column("details", TEXT, "", "the source's JSON as text, if not oversized"),
        Column("user_email", TEXT, "", "whom it is about, not normalised"),
        Column("transaction_id", TEXT, "", "the payment it is about"),
    ),
)

STREAMS: Final[dict[str, Stream]] = {
    stream.name: stream
    for stream in (
        TRANSACTIONS,
        DISPUTES,
        MAILS,
        ACTIVITY,
        REQUESTS,
        SYSTEM,
        HEALTH,
        LOGS,
    )
}
