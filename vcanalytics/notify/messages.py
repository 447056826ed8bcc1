"""What a message says, whatever it goes out as. It is kept as JSON beside its delivery.

A second try says the same as the first: what was made once is not made anew.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

Kind: TypeAlias = Literal["alert", "resolved", "summary", "test"]
Level: TypeAlias = Literal["critical", "warning", "info", "ok"]


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fact(_Kept):
    """A name and what stands beside it, both for people."""

    label: str
    value: str


class Part(_Kept):
    """One alert, or one section of a summary."""

    title: str
    level: Level
    facts: tuple[Fact, ...] = ()
    text: str = ""
    link: str = ""


class Message(_Kept):
    """A message. ``data`` is what programs get besides: ids, values and times as they are."""

    key: str
    kind: Kind
    level: Level
    made_at: datetime
    subject: str
    lead: str
    parts: tuple[Part, ...] = ()
    #: What is not listed, in words; empty where all is.
    more: str = ""
    link: str = ""
    data: tuple[dict[str, Any], ...] = ()


def trial_message(key: str, channel: str, now: datetime, link: str) -> Message:
    """What the test button sends."""
    at = now.astimezone(UTC).isoformat(" ", "seconds")
    return Message(
        key=key,
        kind="test",
        level="info",
        made_at=now,
        subject=f"Test of the channel {channel}",
        lead=f"This is a test, sent at {at}. If you can read it, the channel {channel} works.",
        link=link,
    )
