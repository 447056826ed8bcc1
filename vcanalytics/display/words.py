"""Plain words, icons and colours for the names VectorCraft and the store use.

A name that is not here is shown as it is, in grey: never dropped, never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Colour = Literal["blue", "green", "orange", "red", "violet", "gray"]
Role = Literal["subject", "comparison", "good", "warning", "critical", "refund", "ink", "muted"]


@dataclass(frozen=True, slots=True)
class Word:
    """How a state reads: its word, the chip's colour and icon, the mark's role in charts."""

    label: str
    colour: Colour
    icon: str
    role: Role


STATUSES: Final[dict[str, Word]] = {
    "completed": Word("Completed", "green", "check_circle", "good"),
    "awaiting_payment": Word("Awaiting", "orange", "schedule", "warning"),
    "pending": Word("Pending", "blue", "pending", "comparison"),
    "failed": Word("Failed", "red", "cancel", "critical"),
    "error": Word("Error", "red", "error", "critical"),
    "refunded": Word("Refunded", "violet", "undo", "refund"),
    "cancelled": Word("Cancelled", "gray", "block", "muted"),
    "disputed": Word("Disputed", "orange", "gavel", "warning"),
    "initiated": Word("Initiated", "blue", "pending", "comparison"),
    "processing": Word("Processing", "blue", "pending", "comparison"),
}


def status(name: str) -> Word:
    """The word for a payment's status; an unknown one keeps its own name."""
    known = STATUSES.get(name)
    return known or Word(f"{name or 'none'}, unknown", "gray", "help", "muted")


_EVENTS: Final[dict[str, Word]] = {
    "begun": Word("Begun", "blue", "add_circle", "comparison"),
    "captured": Word("Paid", "green", "check_circle", "good"),
    "refunded": Word("Refunded", "violet", "undo", "refund"),
}


def event(what: str, status_now: str) -> Word:
    """The word for what happened to a payment; a failure is named by its status."""
    return _EVENTS.get(what) or status(status_now)


@dataclass(frozen=True, slots=True)
class Finding:
    """How a finding of ``reconcile`` reads, most urgent first."""

    name: str
    label: str
    short: str
    icon: str
    colour: Colour
    why: str
    work: bool = False


FINDINGS: Final = (
    Finding(
        "captured_but_failed",
        "Charged, marked failed",
        "charged, marked failed",
        "error",
        "red",
        "PayPal took the money, then VectorCraft failed: the customer paid and has no access.",
        work=True,
    ),
    Finding(
        "paid_not_mailed",
        "Paid, no e-mail",
        "paid, no e-mail",
        "error",
        "red",
        "Paid, and the mail with the access did not go out within the grace time.",
        work=True,
    ),
    Finding(
        "paid_no_account",
        "Paid, no account",
        "paid, no account",
        "error",
        "red",
        "Paid, and no account was made within the grace time.",
        work=True,
    ),
    Finding(
        "stuck",
        "Stuck",
        "stuck at PayPal",
        "schedule",
        "orange",
        "Begun and not finished for longer than usual: at PayPal, or never sent there.",
    ),
    Finding(
        "abandoned",
        "Abandoned",
        "abandoned",
        "do_not_disturb_on",
        "gray",
        "Begun and left: older than the age at which a checkout counts as abandoned.",
    ),
    Finding(
        "amount_missing",
        "Amount missing",
        "without an amount",
        "money_off",
        "orange",
        "The amount column holds nothing readable: the row counts, but adds nothing to sums.",
    ),
    Finding(
        "amount_mismatch",
        "Amount differs",
        "with two amounts",
        "difference",
        "orange",
        "What the client sent and what PayPal captured differ.",
    ),
    Finding(
        "refund_without_case",
        "Refund without case",
        "refunded without a case",
        "undo",
        "violet",
        "Refunded, and no dispute case belongs to it.",
    ),
    Finding(
        "case_without_refund",
        "Case without refund",
        "case lost, no refund",
        "gavel",
        "violet",
        "A case was resolved or lost, and its payment is not refunded.",
    ),
    Finding(
        "suspicious",
        "Suspicious",
        "suspicious",
        "policy",
        "orange",
        "A tampered or huge amount, many tries by one e-mail, or a throw-away domain.",
    ),
    Finding(
        "sample_row",
        "Sample",
        "sample rows",
        "science",
        "gray",
        "A sample row of VectorCraft's own: in no figure, whatever its state.",
    ),
)

#: What waits for a person by its nature, as the navigation counts it.
OPEN_WORK: Final = tuple(finding.name for finding in FINDINGS if finding.work)
#: No finding of its own: everything that somebody is to work on.
ALL_WORK: Final = Finding(
    "all",
    "All work",
    "to work on",
    "assignment_late",
    "gray",
    "Everything that somebody is to work on: first customers who paid and have nothing, then money"
    " that does not add up, then the rest; in each the largest amount first.",
)
FINDING: Final = {finding.name: finding for finding in (ALL_WORK, *FINDINGS)}

STREAM_LABELS: Final[dict[str, str]] = {
    "transactions": "Payments",
    "mails": "E-mails",
    "disputes": "Disputes",
    "activity": "Activity",
    "requests": "Requests",
    "system": "System",
    "health": "Health",
    "logs": "Logs",
}


#: How a component is.
HEALTH: Final[dict[str, Word]] = {
    "critical": Word("Critical", "red", "error", "critical"),
    "warning": Word("Warning", "orange", "warning", "warning"),
    "unknown": Word("Unknown", "gray", "help", "muted"),
    "healthy": Word("Healthy", "green", "check_circle", "good"),
}
BREAKERS: Final[dict[str, Word]] = {
    "closed": Word("Closed", "green", "check_circle", "good"),
    "half_open": Word("Trying", "orange", "schedule", "warning"),
    "open": Word("Open", "red", "cancel", "critical"),
}
LEVELS: Final[dict[str, Word]] = {
    "warning": Word("Warning", "orange", "warning", "warning"),
    "error": Word("Error", "red", "error", "critical"),
    "critical": Word("Critical", "red", "error", "critical"),
}


def level(name: str) -> Word:
    """The word for a level of a log; an unknown one keeps its own name."""
    return LEVELS.get(name) or Word(name or "none", "gray", "help", "muted")


_COMPONENTS: Final[dict[str, str]] = {"vectorcraft": "VectorCraft", "paypal_api": "PayPal"}


def component(name: str) -> str:
    """A component in words: ``stream:requests`` is "Stream: requests"."""
    kind, _, rest = name.partition(":")
    head = _COMPONENTS.get(kind) or kind.replace("_", " ").capitalize()
    told = _COMPONENTS.get(rest) or rest.replace("_", " ")
    return f"{head}: {told}" if rest else head


_ACTIVITIES: Final[dict[str, str]] = {
    "sign_up": "New account",
    "sign_in": "Signed in",
    "sign_in_failed": "Sign-in refused",
    "sign_out": "Signed out",
    "upload": "Uploaded",
    "download": "Downloaded",
    "vectorisation": "Vectorised",
    "admin_action": "Admin action",
    "password_change": "Password changed",
    "profile_update": "Profile changed",
}


def activity(kind: str) -> str:
    """What somebody did; a kind that is unknown keeps its own name."""
    return _ACTIVITIES.get(kind) or kind.replace("_", " ").capitalize()


#: Steps of the funnels.
STEPS: Final[dict[str, str]] = {
    "opened": "Checkout opened",
    "at_paypal": "At PayPal",
    "captured": "Captured",
    "account": "Account made",
    "uploaded": "First upload",
    "signed_up": "Signed up",
    "signed_in": "Signed in",
    "began": "Began a checkout",
    "paid": "Paid",
}

ROLES: Final[dict[str, Word]] = {
    "viewer": Word("Viewer", "gray", "visibility", "muted"),
    "operator": Word("Operator", "blue", "build", "subject"),
    "admin": Word("Admin", "violet", "shield_person", "refund"),
}
ROLE_NOTES: Final[dict[str, str]] = {
    "viewer": "Viewers read.",
    "operator": "Operators also acknowledge, silence, work cases and write notes.",
    "admin": "Admins also clear caches, reset breakers, and manage users and tokens.",
}
USER_STATES: Final[dict[str, Word]] = {
    "active": Word("Active", "green", "check_circle", "good"),
    "invited": Word("Invited", "orange", "mail", "warning"),
    "disabled": Word("Disabled", "red", "block", "critical"),
}

SEVERITIES: Final[dict[str, Word]] = {
    "critical": Word("Critical", "red", "error", "critical"),
    "warning": Word("Warning", "orange", "warning", "warning"),
    "info": Word("Info", "blue", "info", "subject"),
}


def severity(name: str) -> Word:
    """How bad an alert is; an unknown name is kept."""
    return SEVERITIES.get(name) or Word(name, "gray", "help", "muted")


_ALERT_EVENTS: Final[dict[str, Word]] = {
    "fired": Word("Fired", "red", "notifications_active", "critical"),
    "reopened": Word("Fired again", "red", "notifications_active", "critical"),
    "resolved": Word("Over", "green", "check_circle", "good"),
    "acknowledged": Word("Taken", "blue", "pan_tool", "subject"),
    "unacknowledged": Word("Given back", "gray", "undo", "muted"),
    "silenced": Word("Silenced", "gray", "notifications_off", "muted"),
    "silence_ended": Word("Silence ended", "gray", "notifications", "muted"),
    "escalated": Word("Escalated", "orange", "priority_high", "warning"),
    "no_data": Word("No data", "gray", "help", "muted"),
}


def alert_event(kind: str) -> Word:
    """What happened to an alert; a kind that is unknown keeps its own name."""
    known = _ALERT_EVENTS.get(kind)
    return known or Word(kind.replace("_", " ").capitalize(), "gray", "help", "muted")


#: How far a case of the desk is.
CASES: Final[dict[str, Word]] = {
    "open": Word("Open", "orange", "schedule", "warning"),
    "in_work": Word("In work", "blue", "pan_tool", "subject"),
    "done": Word("Done", "green", "check_circle", "good"),
    "dismissed": Word("Dismissed", "gray", "close", "muted"),
}
_CASE_EVENTS: Final[dict[str, Word]] = {
    "opened": Word("Found", "orange", "assignment_late", "warning"),
    "resolved": Word("Resolved at the source", "green", "check_circle", "good"),
    "gone": Word("Gone at the source", "gray", "check", "muted"),
    "returned": Word("Came back, open again", "orange", "replay", "warning"),
    "taken": Word("Taken", "blue", "pan_tool", "subject"),
    "given_back": Word("Given back", "gray", "undo", "muted"),
    "assigned": Word("Given", "blue", "person", "subject"),
    "done": Word("Done", "green", "check_circle", "good"),
    "dismissed": Word("Dismissed", "gray", "close", "muted"),
    "reopened": Word("Opened again", "orange", "replay", "warning"),
    "noted": Word("Noted", "gray", "edit_note", "muted"),
}


def case_event(kind: str) -> Word:
    """What happened to a case; a kind that is unknown keeps its own name."""
    known = _CASE_EVENTS.get(kind)
    return known or Word(kind.replace("_", " ").capitalize(), "gray", "help", "muted")


#: What a note on the time axis is about.
NOTES: Final[dict[str, Word]] = {
    "release": Word("Release", "blue", "rocket_launch", "ink"),
    "outage": Word("Outage", "red", "error", "critical"),
    "campaign": Word("Campaign", "violet", "campaign", "ink"),
    "other": Word("Note", "gray", "sticky_note_2", "ink"),
}


_NOTED: Final[dict[str, str]] = {
    "note_written": "Note written",
    "note_changed": "Note changed",
    "note_deleted": "Note deleted",
    "case_take": "Case taken",
    "case_give_back": "Case given back",
    "case_assign": "Case given",
    "case_done": "Case done",
    "case_dismiss": "Case dismissed",
    "case_reopen": "Case opened again",
    "case_note": "Case noted",
    "sign_in": "Signed in",
    "sign_in_failed": "Sign-in refused",
    "sign_out": "Signed out",
    "session_ended": "Session ended",
    "user_added": "User added",
    "user_disabled": "User disabled",
    "user_enabled": "User enabled",
    "role_changed": "Role changed",
    "password_changed": "Password changed",
    "link_made": "Invited",
    "link_withdrawn": "Invitation withdrawn",
    "token_created": "Token created",
    "token_revoked": "Token revoked",
    "view_saved": "View saved",
    "view_changed": "View changed",
    "view_deleted": "View deleted",
    "start_chosen": "Start chosen",
    "refused": "Refused",
    "export": "Exported",
    "cache_cleared": "Cache cleared",
    "alert_acknowledged": "Alert taken",
    "alert_unacknowledged": "Alert given back",
    "silence_begun": "Silenced",
    "silence_ended": "Silence ended",
    "maintenance_begun": "Maintenance begun",
    "channel_tested": "Channel tested",
    "message_retried": "Message retried",
    "breaker_reset": "Breaker reset",
    "rows_read_again": "Rows read again",
}


def noted(action: str) -> str:
    """What the audit log noted; an action that is unknown keeps its own name."""
    return _NOTED.get(action) or action.replace("_", " ").capitalize()
