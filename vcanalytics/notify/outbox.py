"""The outbox: tries what is due, one message a channel at a time, and keeps what became of it.

A try is written down before it is made, and its end after: a crash between the two costs a second
try of the same message, never a message. Channels do not wait for each other.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from vcanalytics.breakers import Breaker
from vcanalytics.errors import ConsoleError
from vcanalytics.journal import Journal, breakers, deliveries
from vcanalytics.journal.delivery_records import Delivery, State
from vcanalytics.notify import wording
from vcanalytics.notify.channels import Channel
from vcanalytics.notify.composing import compose
from vcanalytics.notify.errors import SendError
from vcanalytics.notify.messages import Message
from vcanalytics.notify.sending import send

#: Tries of one message, some three hours in all; then it stands in the dead-letter list.
ATTEMPTS_MAX: Final = 20
_FIRST_WAIT_S: Final = 5.0
_WAIT_MAX_S: Final = 900.0
#: More first tries than these that are due at once go out as one message.
_APART_MAX: Final = 3
_LOOKED_AT: Final = 20
#: What the names of channels' breakers begin with.
_BREAKERS: Final = "channel:"
_MINUTE: Final = timedelta(minutes=1)
_LOST: Final = "the console ended while it was being sent"

#: Runs a job, in a thread of its own or, in tests, at once.
Start: TypeAlias = Callable[[str, Callable[[], None]], None]
Send: TypeAlias = Callable[[Channel, Message], str | None]


def in_thread(name: str, job: Callable[[], None]) -> None:
    """Run a job beside everything else. It ends with the process, at the latest."""
    threading.Thread(target=job, name=f"send to {name}", daemon=True).start()


def wait_s(attempts: int, jitter: Callable[[float, float], float] = random.uniform) -> float:
    """How long to wait after so many tries in vain: twice as long each time, up to a quarter hour.

    Jitter keeps messages that failed together from coming back together.
    """
    seconds = min(_FIRST_WAIT_S * 2.0 ** max(attempts - 1, 0), _WAIT_MAX_S)
    return seconds * jitter(0.8, 1.2)


@dataclass(frozen=True, slots=True)
class Try:
    """A delivery that is to be tried now."""

    delivery: Delivery
    message: Message
    attempts: int


class Outbox:
    """Sends what is due. ``clock`` tells when a try has ended, ``start`` runs it."""

    def __init__(
        self,
        journal: Journal,
        *,
        zone: ZoneInfo,
        public_url: str,
        clock: Callable[[], datetime],
        start: Start = in_thread,
        send: Send = send,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._journal = journal
        self._breakers: dict[str, Breaker] = {}
        self._named: frozenset[str] | None = None
        self._zone = zone
        self._public_url = public_url
        self._clock = clock
        self._start = start
        self._send = send
        self._jitter = jitter
        self._lock = threading.Lock()
        self._busy: set[str] = set()
        self.problem: str | None = None

    def follow(self, channels: Collection[str]) -> None:
        """Forget the breakers of channels that the file names no more, once it has changed.

        Raises StoreError; then it is done at the next call.
        """
        named = frozenset(channels)
        if named == self._named:
            return
        with self._journal.write() as connection:
            for one in breakers.listed(connection):
                name = one.name.removeprefix(_BREAKERS)
                if name != one.name and name not in named:
                    breakers.forget(connection, one.name)
        self._named = named

    @property
    def busy(self) -> frozenset[str]:
        """The channels through which a message is on its way."""
        with self._lock:
            return frozenset(self._busy)

    def round(self, channels: Mapping[str, Channel], now: datetime) -> None:
        """Begin a try for each channel that has something due and none on its way."""
        with self._journal.read() as connection:
            names = deliveries.due_channels(connection, now)
        for name in names:
            if name in self.busy:
                continue
            if (channel := channels.get(name)) is None:
                self._without_channel(name, now)
                continue
            if (begun := self._begin(name, channel, now)) is not None:
                with self._lock:
                    self._busy.add(name)
                self._start(name, partial(self._try, name, channel, begun))

    def _without_channel(self, name: str, now: datetime) -> None:
        with self._journal.write() as connection:
            for one in deliveries.due(connection, name, now, deliveries.LISTED_MAX):
                deliveries.give_up(
                    connection, one.id, f"the rules file has no channel {name} any more"
                )

    def _begin(self, name: str, channel: Channel, now: datetime) -> Try | None:
        if not self._may(name, channel, now):
            return None
        with self._journal.write() as connection:
            deliveries.merge_due(connection, name, now, _APART_MAX)
            for one in deliveries.due(connection, name, now, _LOOKED_AT):
                if (found := self._next(connection, one, now)) is not None:
                    return found
        return None

    def _may(self, name: str, channel: Channel, now: datetime) -> bool:
        """Whether its rate and its breaker let another message through.

        What waits stays due: it goes out at once when they do, and as one where it is much.
        """
        with self._journal.read() as connection:
            tried = deliveries.tried_between(connection, name, now - _MINUTE, now)
        return tried < channel.rate_per_minute and self._breaker(name).allows(now)

    def _next(self, connection: Connection, one: Delivery, now: datetime) -> Try | None:
        if one.attempts >= ATTEMPTS_MAX:
            deliveries.give_up(connection, one.id, one.last_error or _LOST)
            return None
        if deliveries.comes_after(connection, one):
            deliveries.postpone(connection, one.id, now + timedelta(seconds=_FIRST_WAIT_S))
            return None
        if one.payload is not None:
            message: Message | None = Message.model_validate_json(one.payload)
        else:
            message = compose(
                connection, one, now=now, zone=self._zone, public_url=self._public_url
            )
        if message is None:
            deliveries.give_up(connection, one.id, "nothing was left to say", State.SUPPRESSED)
            return None
        attempts = one.attempts + 1
        deliveries.begin_try(
            connection,
            one.id,
            now=now,
            # For the case that the process ends before this try does.
            next_try_at=now + timedelta(seconds=wait_s(attempts, self._jitter)),
            subject=message.subject,
            body=wording.text(message),
            payload=message.model_dump_json(),
        )
        return Try(one, message, attempts)

    def _try(self, name: str, channel: Channel, begun: Try) -> None:
        error: SendError | None = None
        remark = None
        try:
            try:
                remark = self._send(channel, begun.message)
            except SendError as failure:
                error = failure
            self._end(name, begun, error, remark)
            self.problem = None
        except ConsoleError as failure:
            # It stays due and is tried once more: at least once.
            self.problem = str(failure)
        finally:
            with self._lock:
                self._busy.discard(name)

    def _end(self, name: str, begun: Try, error: SendError | None, remark: str | None) -> None:
        now = self._clock()
        number = begun.delivery.id
        with self._journal.write() as connection:
            if error is None:
                deliveries.sent(connection, number, now, remark)
            elif not error.heals or begun.attempts >= ATTEMPTS_MAX:
                deliveries.give_up(connection, number, str(error))
            else:
                wait = max(wait_s(begun.attempts, self._jitter), error.wait_s or 0.0)
                deliveries.failed(connection, number, str(error), now + timedelta(seconds=wait))
        if error is None:
            self._breaker(name).succeeded(now)
        elif error.heals:
            # A message that is refused for what it says is no fault of its channel.
            self._breaker(name).failed(now, str(error))

    def _breaker(self, name: str) -> Breaker:
        # One thread at a time: a channel that is busy is not looked at.
        return self._breakers.setdefault(name, Breaker(self._journal, f"{_BREAKERS}{name}"))
