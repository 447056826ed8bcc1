"""Deliveries: what was sent, is to be sent, or was given up, and who was told of an alert."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from vcanalytics.instants import instant, micros
from vcanalytics.journal.delivery_records import Delivery, Link, New, State, read
from vcanalytics.journal.delivery_tables import delivery, delivery_event

#: Of a list that people read.
LISTED_MAX: Final = 1_000
ERROR_CHARS_MAX: Final = 500
#: What lies further ahead than this is no matter of two clocks.
_CLOCKS_DIFFER: Final = timedelta(minutes=1)


_WAITING: Final = delivery.c.state == State.WAITING
#: Nobody has tried it yet, so that more may be said in it.
_OPEN: Final = _WAITING & (delivery.c.attempts == 0) & delivery.c.payload.is_(None)


def add(connection: Connection, new: Sequence[New], now: datetime) -> dict[str, int]:
    """Make deliveries; the number of each by its key."""
    if not new:
        return {}
    before = connection.execute(select(func.max(delivery.c.id))).scalar() or 0
    rows = [
        {
            "key": one.key,
            "channel": one.channel,
            "kind": one.kind,
            "group": one.group,
            "created_at": micros(now),
            "due_at": micros(one.due_at),
            "attempts": 0,
            "state": State.WAITING.value,
            "subject": one.subject,
            "body": one.body,
            "payload": one.payload,
            "asked_by": one.asked_by,
            "asked_at": None if one.asked_by is None else micros(now),
        }
        for one in new
    ]
    connection.execute(insert(delivery), rows)
    made = select(delivery.c.key, delivery.c.id).where(delivery.c.id > before)
    return {row.key: row.id for row in connection.execute(made)}


def link(connection: Connection, links: Sequence[Link]) -> None:
    """Note which events are told of where."""
    if links:
        connection.execute(
            insert(delivery_event),
            [
                {
                    "delivery_id": one.delivery_id,
                    "event_id": one.event_id,
                    "alert_id": one.alert_id,
                    "announces": int(one.announces),
                }
                for one in links
            ],
        )


def still_open(connection: Connection) -> dict[tuple[str, str, str], int]:
    """Deliveries that events may still join, by channel, kind and group."""
    query = select(delivery.c.channel, delivery.c.kind, delivery.c.group, delivery.c.id)
    rows = connection.execute(query.where(_OPEN).order_by(delivery.c.id.desc()))
    return {(row.channel, row.kind, row.group): row.id for row in rows}


def announced(connection: Connection, alert_ids: Iterable[int]) -> dict[int, set[str]]:
    """The channels that were told of an alert's beginning, or still are to be.

    Of at most some thousand alerts at once.
    """
    found: dict[int, set[str]] = {}
    query = (
        select(delivery_event.c.alert_id, delivery.c.channel)
        .join_from(delivery_event, delivery)
        .where(
            delivery_event.c.alert_id.in_(list(alert_ids)),
            delivery_event.c.announces == 1,
            delivery.c.state.in_((State.WAITING, State.SENT)),
        )
        .distinct()
    )
    for row in connection.execute(query):
        found.setdefault(row.alert_id, set()).add(row.channel)
    return found


def _is_due(now: datetime) -> ColumnElement[bool]:
    """Its time has come, or it is of a time that has not: then a clock stood wrong."""
    ahead = micros(now + _CLOCKS_DIFFER)
    return _WAITING & (
        (delivery.c.due_at <= micros(now))
        | (delivery.c.created_at > ahead)
        | (delivery.c.tried_at > ahead)
    )


def next_due(connection: Connection, now: datetime) -> datetime | None:
    """When the next delivery is due, ``now`` where one is already; None where none waits."""
    if connection.execute(select(delivery.c.id).where(_is_due(now)).limit(1)).first() is not None:
        return now
    query = select(func.min(delivery.c.due_at)).where(_WAITING)
    return instant(connection.execute(query).scalar())


def due_channels(connection: Connection, now: datetime) -> list[str]:
    """Channels with a delivery that is due."""
    query = select(delivery.c.channel).where(_is_due(now))
    return list(connection.execute(query.distinct().order_by(delivery.c.channel)).scalars())


def _due(channel: str, now: datetime) -> Select[Any]:
    return (
        select(delivery)
        .where(delivery.c.channel == channel, _is_due(now))
        .order_by(delivery.c.due_at, delivery.c.id)
    )


def due(connection: Connection, channel: str, now: datetime, limit: int) -> list[Delivery]:
    """What is due in a channel, what has waited longest first."""
    return [read(row) for row in connection.execute(_due(channel, now).limit(limit))]


def comes_after(connection: Connection, one: Delivery) -> bool:
    """Whether an earlier delivery to the same channel tells of one of its alerts and still waits.

    That an alert is over is not said before it was said that it is there.
    """
    mine = delivery_event.alias()
    theirs = delivery_event.alias()
    query = select(
        exists(
            select(mine.c.alert_id)
            .join(theirs, theirs.c.alert_id == mine.c.alert_id)
            .join(delivery, delivery.c.id == theirs.c.delivery_id)
            .where(
                mine.c.delivery_id == one.id,
                theirs.c.delivery_id < one.id,
                delivery.c.channel == one.channel,
                _WAITING,
            )
        )
    )
    return bool(connection.execute(query).scalar())


def merge_due(connection: Connection, channel: str, now: datetime, apart_max: int) -> None:
    """Where more than so many first tries are due in a channel, make one message of them all."""
    open_now = _OPEN & (delivery.c.channel == channel) & _is_due(now)
    kinds = select(func.count(), func.min(delivery.c.kind)).where(open_now)
    number, kind = connection.execute(kinds).one()
    if number <= apart_max:
        return
    query = select(delivery.c.id).where(open_now).order_by(delivery.c.due_at, delivery.c.id)
    first = connection.execute(query.limit(1)).scalar_one()
    rest = select(delivery.c.id).where(open_now, delivery.c.id != first).scalar_subquery()
    moved = delivery_event.c.delivery_id.in_(rest)
    # An event that stands in several of them stays once.
    connection.execute(
        update(delivery_event)
        .prefix_with("OR IGNORE", dialect="sqlite")
        .where(moved)
        .values(delivery_id=first)
    )
    connection.execute(delete(delivery_event).where(moved))
    connection.execute(delete(delivery).where(open_now, delivery.c.id != first))
    # "alert" comes before "resolved": one that begins makes it news.
    _change(connection, delivery.c.id == first, kind=kind, group="")


def tried_between(connection: Connection, channel: str, since: datetime, now: datetime) -> int:
    """How many deliveries of a channel were tried from ``since`` to ``now``."""
    query = select(func.count()).where(
        delivery.c.channel == channel,
        delivery.c.tried_at > micros(since),
        # Not those of a clock that stood wrong.
        delivery.c.tried_at <= micros(now + _CLOCKS_DIFFER),
    )
    return connection.execute(query).scalar_one()


def begin_try(
    connection: Connection,
    number: int,
    *,
    now: datetime,
    next_try_at: datetime,
    subject: str,
    body: str,
    payload: str,
) -> None:
    """Note that a delivery is being tried, so that a crash meanwhile costs one of its tries."""
    _change(
        connection,
        delivery.c.id == number,
        attempts=delivery.c.attempts + 1,
        tried_at=micros(now),
        due_at=micros(next_try_at),
        subject=subject,
        body=body,
        payload=payload,
    )


def sent(connection: Connection, number: int, now: datetime, remark: str | None = None) -> None:
    """It was handed over; ``remark`` says what was not quite so."""
    _change(
        connection,
        delivery.c.id == number,
        state=State.SENT,
        sent_at=micros(now),
        last_error=_cut(remark),
    )


def failed(connection: Connection, number: int, error: str, next_try_at: datetime) -> None:
    """It was not handed over, and will be tried again."""
    _change(connection, delivery.c.id == number, last_error=_cut(error), due_at=micros(next_try_at))


def give_up(connection: Connection, number: int, error: str, state: State = State.DEAD) -> None:
    """It will not be tried again, unless a person asks for it."""
    _change(connection, delivery.c.id == number, state=state, last_error=_cut(error))


def postpone(connection: Connection, number: int, until: datetime) -> None:
    """One delivery is not due before ``until``."""
    _change(connection, delivery.c.id == number, due_at=micros(until))


def _change(connection: Connection, which: ColumnElement[bool], **values: Any) -> int:
    return connection.execute(update(delivery).where(which).values(**values)).rowcount


def _cut(text: str | None) -> str | None:
    return None if text is None else " ".join(text.split())[:ERROR_CHARS_MAX]


def retry(connection: Connection, number: int, *, by: str, now: datetime) -> bool:
    """One more round of tries for a delivery that was given up; whether there is such a one."""
    given_up = (delivery.c.id == number) & (delivery.c.state == State.DEAD)
    changed = _change(
        connection,
        given_up,
        state=State.WAITING,
        attempts=0,
        due_at=micros(now),
        asked_by=by,
        asked_at=micros(now),
    )
    return changed == 1


def one(connection: Connection, number: int) -> Delivery | None:
    """The delivery of that number."""
    row = connection.execute(select(delivery).where(delivery.c.id == number)).one_or_none()
    return None if row is None else read(row)


def listed(
    connection: Connection,
    states: Sequence[State] = tuple(State),
    *,
    channel: str | None = None,
    limit: int = LISTED_MAX,
) -> list[Delivery]:
    """Deliveries in those states, the newest first."""
    query = select(delivery).where(delivery.c.state.in_(states))
    if channel is not None:
        query = query.where(delivery.c.channel == channel)
    rows = connection.execute(query.order_by(delivery.c.id.desc()).limit(min(limit, LISTED_MAX)))
    return [read(row) for row in rows]


def of_alert(connection: Connection, alert_id: int, limit: int = LISTED_MAX) -> list[Delivery]:
    """What was sent to whom about one alert, the oldest first."""
    told = select(delivery_event.c.delivery_id).where(delivery_event.c.alert_id == alert_id)
    query = select(delivery).where(delivery.c.id.in_(told)).order_by(delivery.c.id)
    return [read(row) for row in connection.execute(query.limit(limit))]


def counts(connection: Connection) -> dict[tuple[str, State], int]:
    """How many deliveries there are, by channel and state."""
    query = select(delivery.c.channel, delivery.c.state, func.count().label("number"))
    rows = connection.execute(query.group_by(delivery.c.channel, delivery.c.state))
    return {(row.channel, State(row.state)): row.number for row in rows}


def links(connection: Connection, number: int) -> Iterator[Link]:
    """The events a delivery tells of, the oldest first."""
    query = select(delivery_event).where(delivery_event.c.delivery_id == number)
    for row in connection.execute(query.order_by(delivery_event.c.event_id)):
        yield Link(row.delivery_id, row.event_id, row.alert_id, bool(row.announces))


def prune(connection: Connection, before: datetime, limit: int = 10_000) -> int:
    """Delete what was made before a time and waits for nothing any more; how many that were."""
    query = select(delivery.c.id).where(
        delivery.c.created_at < micros(before), delivery.c.state != State.WAITING
    )
    old = query.order_by(delivery.c.id).limit(limit).scalar_subquery()
    connection.execute(delete(delivery_event).where(delivery_event.c.delivery_id.in_(old)))
    return connection.execute(delete(delivery).where(delivery.c.id.in_(old))).rowcount
