"""What a person does with channels: send a test, and ask for one more try of what was given up.

Who may is for the caller to know.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from vcanalytics.errors import UsageError
from vcanalytics.journal import Journal, deliveries
from vcanalytics.journal.delivery_records import Delivery, New
from vcanalytics.notify import wording
from vcanalytics.notify.errors import SendError
from vcanalytics.notify.messages import trial_message
from vcanalytics.notify.outbox import Send
from vcanalytics.notify.plan import Plan
from vcanalytics.notify.sending import send as send_now

_MINUTE: Final = timedelta(minutes=1)


def send_test(
    journal: Journal,
    plan: Plan,
    name: str,
    *,
    by: str,
    now: datetime,
    key: str,
    public_url: str,
    send: Send = send_now,
) -> Delivery:
    """Send a test to a channel, at once and once, past its breaker; what became of it.

    It takes as long as the channel's timeout at most, and counts against its rate. Raises
    UsageError where there is no such channel or its rate is used up, StoreError.
    """
    if (channel := plan.channels.get(name)) is None:
        there = ", ".join(plan.channels) or "none"
        raise UsageError(f"there is no channel {name!r}", hint=f"There are: {there}")
    link = f"{public_url.rstrip('/')}/alerts" if public_url else ""
    message = trial_message(key, name, now, link)
    payload, body = message.model_dump_json(), wording.text(message)
    late = now + timedelta(seconds=channel.timeout_s) + _MINUTE
    with journal.write() as connection:
        tried = deliveries.tried_between(connection, name, now - _MINUTE, now)
        if tried >= channel.rate_per_minute:
            raise UsageError(
                f"{name} has had its {channel.rate_per_minute} messages of this minute",
                hint="Try again in a minute",
            )
        new = New(key, name, "test", "", late, message.subject, body, payload, by)
        number = deliveries.add(connection, [new], now)[key]
        deliveries.begin_try(
            connection,
            number,
            now=now,
            next_try_at=late,
            subject=message.subject,
            body=body,
            payload=payload,
        )
    error: SendError | None = None
    remark = None
    try:
        remark = send(channel, message)
    except SendError as failure:
        error = failure
    with journal.write() as connection:
        if error is None:
            deliveries.sent(connection, number, now, remark)
        else:
            # Who pressed the button reads what is wrong; nobody waits for a second try.
            deliveries.give_up(connection, number, str(error))
        found = deliveries.one(connection, number)
    if found is None:
        raise RuntimeError("a delivery that was just made is gone")
    return found


def retry(journal: Journal, number: int, *, by: str, now: datetime) -> None:
    """One more round of tries for a message in the dead-letter list.

    Raises UsageError where it is not there, StoreError.
    """
    with journal.write() as connection:
        if not deliveries.retry(connection, number, by=by, now=now):
            raise UsageError(
                f"there is no message {number} in the dead-letter list",
                hint="`python -m vcanalytics notify dead` lists them",
            )
