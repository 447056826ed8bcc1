"""One case of the desk, or several at once: where they stand, what can be done, what was done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import streamlit as st

from vcanalytics import cached
from vcanalytics.accounts import Principal, Role
from vcanalytics.cached import people
from vcanalytics.cached.desk import Asked, Key, Step
from vcanalytics.display import formats, words
from vcanalytics.display.ranges import Range
from vcanalytics.ui import doing, evidence, panels, payment, replies, toolbar, who

PLACE: Final = "desk"
_NOTE: Final = "desk_note"
_WHO: Final = "desk_assignee"
_EVENTS: Final = 30
_MAILS: Final = ("mail", "mail_bounced")
#: What a step is called on its button, its icon and its key, and what the audit log calls it.
_STEPS: Final = {
    Step.TAKE: ("Take", "pan_tool", "t"),
    Step.DONE: ("Done", "check", "d"),
    Step.DISMISS: ("Dismiss", "close", "x"),
    Step.GIVE_BACK: ("Give back", "undo", None),
    Step.REOPEN: ("Open again", "replay", None),
    Step.NOTE: ("Add note", "edit_note", None),
}
_OFFERED: Final = {
    "open": (Step.TAKE, Step.DONE, Step.DISMISS, Step.NOTE),
    "in_work": (Step.DONE, Step.DISMISS, Step.GIVE_BACK, Step.NOTE),
    "done": (Step.REOPEN, Step.NOTE),
    "dismissed": (Step.REOPEN, Step.NOTE),
}
#: Version, finding and payment of each case, as it was drawn.
Drawn = tuple[tuple[str, str, int], ...]


def draw(row: dict[str, Any] | None, finding: words.Finding, opened: str, view: Range) -> None:
    """One case with its proof; ``row`` is None where the list does not have it now."""
    doing.tell(PLACE)
    if row is not None and row["state"]:
        _standing(row, view)
    details = payment.draw(opened, view, page_link=True, why=_why(row, finding, opened, view))
    if not details:
        return
    found = cached.payment(opened)
    if found is not None and row is not None and row["state"]:
        _reply(finding.name, found, view)
        if who.may(Role.OPERATOR):
            _actions(((row["finding"], opened, row["version"]),), str(row["state"]))
        _history(Key(row["finding"], opened), view)
    payment.actions(opened, view)


def several(rows: Sequence[dict[str, Any]], worth: str) -> None:
    """Several cases at once: what can be done to all of them."""
    doing.tell(PLACE)
    st.header(f"{formats.count(len(rows))} cases", anchor=False)
    st.caption(formats.literal(worth))
    if not who.may(Role.OPERATOR):
        st.caption("Operators work cases.")
        return
    drawn = tuple((row["finding"], row["transaction_id"], row["version"]) for row in rows)
    _actions(drawn, "")


def _standing(row: dict[str, Any], view: Range) -> None:
    word = words.CASES[row["state"]]
    chips = [panels.chip(word.label, word.colour, word.icon)]
    if row["returns"]:
        chips.append(panels.chip("Came back", "orange", "replay"))
    if not row["standing"]:
        chips.append(panels.chip("Resolved at the source", "gray", "check"))
    parts = [f"waiting {formats.age((view.now - row['waits_from']).total_seconds())}"]
    if row["closed_at"] is not None:
        by = f" by {row['closed_by']}" if row["closed_by"] else ""
        parts = [f"closed {formats.moment(row['closed_at'], view.zone, view.now)}{by}"]
    elif row["assignee"]:
        parts.append(f"with {row['assignee']}")
    if row["times"] > 1:
        parts.append(f"this customer is here {row['times']} times")
    said = formats.literal(", ".join(parts))
    st.markdown(f"{' '.join(chips)} :small[:gray[{said}]]")


def _why(
    row: dict[str, Any] | None, finding: words.Finding, opened: str, view: Range
) -> tuple[str, str]:
    if row is None:
        return "This payment is not in this list now.", ""
    found = cached.payment(opened)
    if found is None:
        return finding.why, row["detail"] or ""
    what = cached.timeline(opened)["what"]
    proof = evidence.told(finding.name, found, int(what.is_in(_MAILS).sum()), view)
    return f"{finding.why}\n\n{proof}", row["detail"] or ""


def _reply(finding: str, row: dict[str, Any], view: Range) -> None:
    text = replies.reply(finding, row, view)
    if text:
        address = (row["payer_email"] or row["email"] or "").strip()
        st.caption(f"Reply to copy, to {formats.code(address)}" if address else "Reply to copy")
        st.code(text, language=None, wrap_lines=True)


def _actions(drawn: Drawn, state: str) -> None:
    offered = _OFFERED.get(state, tuple(_STEPS))
    with st.form("desk_form", border=False):
        st.text_input("Note for colleagues", key=_NOTE, max_chars=2_000)
        with st.container(horizontal=True, gap="xsmall"):
            for step in offered:
                label, icon, shortcut = _STEPS[step]
                st.form_submit_button(
                    label,
                    key=f"desk_step_{step.value}",
                    icon=f":material/{icon}:",
                    shortcut=None if toolbar.phone() else shortcut,
                    on_click=take,
                    args=(drawn, step),
                )
    if state in {"open", "in_work", ""}:
        _assign(drawn)


def _assign(drawn: Drawn) -> None:
    users = people.users()
    names = [
        name
        for name, role, active in users.select("name", "role", "state").iter_rows()
        if active == "active" and role != Role.VIEWER.value
    ]
    st.session_state[_WHO] = None
    st.selectbox(
        "Give to",
        names,
        index=None,
        key=_WHO,
        placeholder="Give to a colleague",
        label_visibility="collapsed",
        on_change=take,
        args=(drawn, Step.ASSIGN),
    )


def take(drawn: Drawn, step: Step) -> None:
    """Take a step with the cases as they were drawn; what changed meanwhile is left alone."""
    note = str(st.session_state.get(_NOTE) or "").strip()
    assignee = st.session_state.get(_WHO) if step is Step.ASSIGN else None
    if step is Step.ASSIGN and not assignee:
        return
    asked = [
        Asked(Key(finding, payment_id), version, step, note, assignee)
        for finding, payment_id, version in drawn
    ]
    target = asked[0].key.transaction_id if len(asked) == 1 else f"{len(asked)} cases"

    def change(me: Principal) -> str:
        if len(asked) == 1:
            done, refused = [cached.desk.change(asked[0], by=me.actor)], 0
            why = ""
        else:
            done, errors = cached.desk.change_all(asked, by=me.actor)
            refused, why = len(errors), errors[0].what if errors else ""
        for case in done:
            key = case.key
            doing.note(me, f"case_{step.value}", key.transaction_id, key.finding)
        said = _said(step, len(done), assignee)
        if refused:
            said += f" {refused} left as they are: {why}."
        return said

    if doing.act(
        PLACE, f"{step.value.replace('_', ' ')} a case", change, role=Role.OPERATOR, target=target
    ):
        st.session_state[_NOTE] = ""


def _said(step: Step, count: int, assignee: str | None) -> str:
    many = "" if count == 1 else f"{count} cases: "
    said = {
        Step.TAKE: "taken, in work with you.",
        Step.DONE: "marked done.",
        Step.DISMISS: "dismissed.",
        Step.GIVE_BACK: "given back, open to all.",
        Step.REOPEN: "open again.",
        Step.NOTE: "noted.",
        Step.ASSIGN: f"given to {assignee}.",
    }[step]
    return many + (said if many else said[0].upper() + said[1:])


def _history(key: Key, view: Range) -> None:
    """Who did what and when, the newest first."""
    found = cached.desk.events(key)
    if not found:
        return
    st.markdown("**What was done**")
    for one in reversed(found[-_EVENTS:]):
        word = words.case_event(one.kind)
        by = f" by {one.by}" if one.by else ""
        told = f"{word.label}{by}" + (f": {one.note}" if one.note else "")
        when = formats.literal(formats.moment(one.at, view.zone, view.now))
        icon = f":{word.colour}[:material/{word.icon}:]"
        st.markdown(f":small[{icon} {formats.literal(told)}\u2002:gray[{when}]]")
