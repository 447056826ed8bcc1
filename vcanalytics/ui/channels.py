"""What Alerts shows of channels: a test for each, and messages that were given up, with a retry."""

from __future__ import annotations

from typing import Final

import streamlit as st

from vcanalytics.accounts import Principal, Role
from vcanalytics.cached import channels
from vcanalytics.cached.channels import Delivery, State
from vcanalytics.display import formats
from vcanalytics.display.ranges import Defaults, Range
from vcanalytics.errors import ConsoleError, SettingError
from vcanalytics.ui import doing, live, panels, toolbar, who

_PLACE: Final = "channels"
_DEAD: Final = 10


def draw(defaults: Defaults) -> None:
    """Each channel with what went through it, and the dead letters."""
    view = toolbar.view(defaults)
    with panels.contained("channels", skeleton=90):
        with st.container(gap=None):
            live.listen((live.ALERTS,), key="channels")
            panels.head("Channels", note="who is told")
        doing.tell(_PLACE)
        try:
            kinds = channels.kinds()
        except SettingError as error:
            st.warning(panels.sentence(error), title="The file of rules is refused")
            kinds = {}
        else:
            if not kinds:
                st.caption("No channel is named in the file of rules: nobody is told.")
        may, counts = who.may(Role.OPERATOR), channels.counts()
        for name, kind in kinds.items():
            _channel(name, kind, {s: counts.get((name, s), 0) for s in State}, may=may)
        _dead(channels.dead(limit=_DEAD + 1), view, may=may)


def _channel(name: str, kind: str, counts: dict[State, int], *, may: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        told = f"{kind}; {formats.count(counts[State.SENT])} sent"
        told += f", {formats.count(counts[State.WAITING])} waiting" * bool(counts[State.WAITING])
        told += f", {formats.count(counts[State.DEAD])} given up" * bool(counts[State.DEAD])
        st.markdown(f"**{formats.literal(name)}** :gray[{formats.literal(told)}]", width="content")
        st.space("stretch")
        if may:
            st.button(
                "Test",
                key=f"channel_test_{name}",
                help=f"Send a test to {name}",
                on_click=_test,
                args=(name,),
            )


def _test(name: str) -> None:
    def change(me: Principal) -> str:
        found = channels.send_test(name, by=me.actor)
        doing.note(me, "channel_tested", name, found.state.value)
        if found.state is not State.SENT:
            raise ConsoleError(
                f"the test did not go out: {found.last_error}", hint="Mend the channel, try again"
            )
        return f"A test was sent to {name}."

    doing.act(_PLACE, "test a channel", change, role=Role.OPERATOR, target=name)


def _dead(found: list[Delivery], view: Range, *, may: bool) -> None:
    if not found:
        return
    st.markdown("**Given up**")
    for one in found[:_DEAD]:
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            when = formats.moment(one.created_at, view.zone, view.now)
            told = f"{one.channel}, {when}: {one.last_error or 'no reason is known'}"
            subject = formats.literal(one.subject or one.kind)
            st.markdown(f"{subject} :gray[{formats.literal(told)}]", width="content")
            st.space("stretch")
            if may:
                st.button("Retry", key=f"dead_{one.id}", on_click=_retry, args=(one.id,))
    if len(found) > _DEAD:
        st.caption("And older ones: `python -m vcanalytics notify dead` lists them all.")


def _retry(number: int) -> None:
    def change(me: Principal) -> str:
        channels.retry(number, by=me.actor)
        doing.note(me, "message_retried", str(number), "")
        return "It is tried again."

    doing.act(_PLACE, "retry a message", change, role=Role.OPERATOR, target=f"message {number}")


_STATES: Final = {
    State.WAITING: "waits",
    State.SENT: "sent",
    State.DEAD: "given up",
    State.SUPPRESSED: "not needed any more",
}
_TOLD: Final = 20


def told(alert: int, view: Range) -> None:
    """What was sent to whom about an alert."""
    found = channels.told_of(alert, limit=_TOLD)
    st.markdown("**Sent to**")
    if not found:
        st.caption("Nobody was told.")
    for one in found:
        at = formats.moment(one.sent_at or one.created_at, view.zone, view.now)
        line = f"{one.channel}: {one.kind}, {_STATES[one.state]}"
        why = f" ({one.last_error})" if one.last_error and one.state is not State.SENT else ""
        st.markdown(f":small[{formats.literal(line + why)}\u2002:gray[{formats.literal(at)}]]")
