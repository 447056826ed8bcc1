"""The tables the console reads, and what it needs of them.

Source: VectorCraft's own schema. A table without its required columns is left alone and said so;
a missing optional column reads as empty. Hashes, salts and other secrets are never named here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class SourceTable:
    """One table of the source, as far as it is read.

    ``time`` is the column its newest row is known by, ``local`` names columns in the host's naive
    local time (the others are UTC), ``long`` text that may be huge and is read apart.
    """

    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    time: str
    local: frozenset[str] = field(default_factory=frozenset)
    long: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        return ("id", *self.required, *self.optional)


TRANSACTIONS: Final = SourceTable(
    "transactions",
    ("transaction_id", "status", "created_at"),
    (
        "email",
        "username",
        "amount",
        "currency",
        "paypal_order_id",
        "paypal_payment_id",
        "error_message",
        "user_created",
        "email_sent",
        "completed_at",
        "metadata",
    ),
    time="created_at",
    long="metadata",
)
DISPUTES: Final = SourceTable(
    "dispute_cases",
    ("case_id", "transaction_id", "status", "created_at"),
    (
        "customer_email",
        "dispute_type",
        "priority",
        "amount",
        "currency",
        "due_date",
        "resolved_at",
        "resolution_notes",
        "paypal_case_id",
    ),
    time="created_at",
    local=frozenset({"due_date"}),
)
MAILS: Final = SourceTable(
    "email_logs",
    ("recipient_email", "status", "created_at"),
    (
        "transaction_id",
        "email_type",
        "subject",
        "smtp_response",
        "error_message",
        "delivery_attempts",
        "delivered_at",
        "bounced_at",
    ),
    time="created_at",
)
REQUESTS: Final = SourceTable(
    "performance_metrics",
    ("metric_type", "endpoint", "value", "status", "timestamp"),
    (),
    time="timestamp",
    local=frozenset({"timestamp"}),
)
UPLOADS: Final = SourceTable(
    "user_uploads",
    ("user_id", "original_filename", "upload_date"),
    ("file_size", "svg_filename", "processing_time", "strategy_used"),
    time="upload_date",
)
ACTIVITIES: Final = SourceTable(
    "user_activities",
    ("user_id", "activity_type", "timestamp"),
    ("description", "details"),
    time="timestamp",
    long="details",
)
USERS: Final = SourceTable(
    "users",
    ("created_at",),
    ("username", "email", "last_login"),
    time="created_at",
)
SYSTEM: Final = SourceTable(
    "system_metrics",
    ("timestamp",),
    ("cpu_percent", "memory_percent", "disk_percent"),
    time="timestamp",
    local=frozenset({"timestamp"}),
)
HEALTH: Final = SourceTable(
    "system_health",
    ("component", "status", "checked_at"),
    ("response_time", "error_message"),
    time="checked_at",
)
LOGS: Final = SourceTable(
    "system_logs",
    ("level", "component", "message", "created_at"),
    ("details", "user_email", "transaction_id"),
    time="created_at",
    long="details",
)

TABLES: Final[dict[str, SourceTable]] = {
    table.name: table
    for table in (
        TRANSACTIONS,
        DISPUTES,
        MAILS,
        REQUESTS,
        UPLOADS,
        ACTIVITIES,
        USERS,
        SYSTEM,
        HEALTH,
        LOGS,
    )
}
