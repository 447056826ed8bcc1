"""The story of one payment: its facts, and what happened to it, step by step.

It is customers' text through and through, so it goes to the browser as data and is set there as
text: Markdown would make links of e-mails and pictures of anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Final, Literal

import polars as pl
import streamlit as st

from vcanalytics.display import formats

Tone = Literal["", "good", "warning", "critical", "refund", "muted", "quiet"]

_CSS: Final = """
:host, div { font-family: var(--st-font); font-size: 13px; color: var(--st-text-color); }
dl { margin: 0 0 8px; }
.fact { display: grid; grid-template-columns: 112px 1fr; border-bottom: 1px solid
  var(--st-border-color); padding: 4px 6px; line-height: 20px; }
.fact:last-child { border-bottom: 0; }
dt { color: var(--st-gray-text-color); }
dd { margin: 0; overflow-wrap: anywhere; }
.code { font-family: var(--st-code-font); font-size: 12px; color: var(--st-code-text-color);
  background: var(--st-code-background-color); border-radius: 3px; padding: 1px 4px; }
.chip { border-radius: 3px; padding: 1px 5px; }
.chip.good { color: var(--st-green-text-color); background: var(--st-green-background-color); }
.chip.warning { color: var(--st-yellow-text-color); background: var(--st-yellow-background-color); }
.chip.critical { color: var(--st-red-text-color); background: var(--st-red-background-color); }
.chip.refund { color: var(--st-violet-text-color); background: var(--st-violet-background-color); }
.chip.muted { color: var(--st-gray-text-color); background: var(--st-gray-background-color); }
ol { list-style: none; margin: 0; padding: 0; }
li { display: grid; grid-template-columns: 88px 32px 1fr auto; line-height: 18px; padding: 4px 0; }
li.quiet { color: var(--st-gray-text-color); }
li strong { font-weight: 600; }
li.quiet strong { font-weight: 400; }
.what { overflow-wrap: anywhere; padding-right: 8px; }
time, .gap { white-space: nowrap; }
.icon { font-family: "Material Symbols Rounded"; font-size: 16px; line-height: 18px; width: 16px;
  overflow: hidden; color: var(--st-gray-text-color); font-feature-settings: "liga"; }
.icon.good { color: var(--st-green-text-color); }
.icon.warning { color: var(--st-yellow-text-color); }
.icon.critical { color: var(--st-red-text-color); }
.icon.refund { color: var(--st-violet-text-color); }
"""
_STORY = st.components.v2.component(
    "vectorcraft_story",
    html="<div data-vc></div>\n",
    css=_CSS,
    js=(Path(__file__).parent / "story.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a fact: plain, as code, or as a chip of a tone."""

    text: str
    code: bool = False
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and what stands beside it."""

    label: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One event: when, what, and how long after the one before."""

    time: str
    full: str
    iso: str
    icon: str
    tone: Tone
    what: str
    detail: str
    gap: str


#: Icon, tone and words for each kind of event of ``analytics.timeline``.
_KINDS: Final[dict[str, tuple[str, Tone, str]]] = {
    "begun": ("add_circle", "", "Created,"),
    "first_read": ("visibility", "muted", "Console:"),
    "status": ("arrow_circle_right", "", "State:"),
    "captured": ("check_circle", "good", "Paid:"),
    "failed": ("error", "critical", "Failed:"),
    "refunded": ("undo", "refund", "Refund:"),
    "account": ("person_add", "good", "Account:"),
    "mailed": ("mail", "good", "E-mail:"),
    "payer": ("badge", "", "Payer:"),
    "order": ("tag", "", "Order:"),
    "amount": ("payments", "warning", "Amount:"),
    "error": ("error", "critical", "Error:"),
    "times": ("schedule", "", "Times:"),
    "note": ("flag", "warning", "Note:"),
    "case_opened": ("gavel", "warning", "Case opened:"),
    "case_changed": ("gavel", "", "Case:"),
    "case_resolved": ("gavel", "good", "Case resolved:"),
    "case_deleted": ("delete", "muted", "Case:"),
    "mail": ("mail", "", "E-mail:"),
    "mail_bounced": ("unsubscribe", "critical", "E-mail came back:"),
    "deleted": ("delete", "critical", "Deleted:"),
    "returned": ("restore_from_trash", "warning", "Returned:"),
    "sign_up": ("person_add", "good", "Signed up:"),
    "sign_in": ("login", "", "Signed in:"),
    "sign_in_failed": ("lock", "warning", "Could not sign in:"),
    "vectorisation": ("draw", "", "Vectorised:"),
    "upload": ("upload", "", "Uploaded:"),
    "admin_action": ("admin_panel_settings", "muted", "By an admin:"),
    "log": ("notes", "muted", "Log:"),
    "alert": ("notifications_active", "warning", "Alert:"),
}


def steps(events: pl.DataFrame, zone: tzinfo, now: datetime, *, last: str = "") -> list[Step]:
    """The events as steps; ``last`` is what is to be said of now, as a quiet last row."""
    rows: list[Step] = []
    before: datetime | None = None
    for at, what, detail in events.select("happened_at", "what", "detail").iter_rows():
        own = f"{what.replace('_', ' ').capitalize()}:"
        icon, tone, word = _KINDS.get(what, ("circle", "", own))
        if (what == "mail" and ": failed" in detail) or (
            what == "vectorisation" and detail.endswith("failed")
        ):
            icon, tone = "error", "critical"
        rows.append(_step(at, before, zone, now, icon, tone, word, detail))
        before = at
    if last:
        rows.append(_step(now, before, zone, now, "more_horiz", "quiet", "Now.", last))
    return rows


def _step(
    at: datetime,
    before: datetime | None,
    zone: tzinfo,
    now: datetime,
    icon: str,
    tone: Tone,
    what: str,
    detail: str,
) -> Step:
    gap = formats.spread(at - before) if before is not None and at > before else ""
    return Step(
        formats.moment(at, zone, now),
        formats.full(at, zone),
        at.isoformat(),
        icon,
        tone,
        what,
        detail,
        gap,
    )


def draw(facts: Sequence[Fact], events: Sequence[Step], *, key: str) -> None:
    """Draw facts above events."""
    _STORY(
        key=f"story_{key}",
        data={"facts": [asdict(f) for f in facts], "events": [asdict(e) for e in events]},
    )
