"""What concerns every page: a source in trouble, rows that cannot be read, room, history."""

from __future__ import annotations

from typing import Final

import streamlit as st

from vcanalytics import cached
from vcanalytics.display import formats
from vcanalytics.ui import live, toolbar

#: Progress is followed this closely; news of trouble comes by itself.
_BUSY_EVERY_S: Final = 1.0
_QUIET_EVERY_S: Final = 30.0


def draw() -> None:
    """Draw what there is to say, and keep it up to date."""
    busy = _busy()
    every_s = None if live.paused_at() else (_BUSY_EVERY_S if busy else _QUIET_EVERY_S)
    st.fragment(_told, run_every=every_s)(busy)


def _busy() -> bool:
    """Whether something is under way whose progress a viewer wants to follow."""
    reading = any(state.reading_history for state in cached.streams().values())
    return reading or bool(cached.demo())


def _told(was_busy: bool) -> None:
    if _busy() != was_busy:
        # What was under way is over, or begins: every figure of the page is another one now.
        st.rerun()
    with st.container(gap=None):
        live.listen_for_trouble("; ".join(trouble.what for trouble in cached.trouble()))
    _making()
    _troubles()
    _missing()
    _room()
    _reading()


def _sentence(what: object, *more: object) -> str:
    """Words of the collectors as sentences, with every mark of Markdown taken literally."""
    parts = [str(part).rstrip(".") for part in (what, *more) if part]
    return formats.literal(" ".join(f"{part[:1].upper()}{part[1:]}." for part in parts))


def _making() -> None:
    demo = cached.demo()
    if demo.get("problem"):
        words = _sentence(demo["problem"], demo.get("hint"))
        st.markdown(f":orange-badge[:material/science: Demo shop] :small[{words}]")
    elif demo.get("total"):
        done = min(1.0, demo["done"] / demo["total"])
        st.progress(done, f"Making the demo shop: {formats.percent(done * 100)}, {demo['what']}.")


def _troubles() -> None:
    last = cached.streams()["transactions"].read_at
    zone, now = cached.settings().zone, toolbar.now()
    good = f"Last good data from {formats.moment(last, zone, now)}" if last else ""
    for trouble in cached.trouble():
        since = trouble.since
        age = f" for {formats.age((now - since).total_seconds())}" if since else ""
        if trouble.stands:
            badge = f":red-badge[:material/swap_horiz: Stands still{age}]"
            words = _sentence(trouble.what, trouble.hint)
        else:
            label = "Stale" if last else "Not read"
            badge = f":orange-badge[:material/history: {label}{age}]"
            words = _sentence(trouble.what, good, trouble.hint)
        st.markdown(f"{badge} :small[{words}]")


def _missing() -> None:
    zone, now = cached.settings().zone, toolbar.now()
    for one in cached.missing():
        rows = formats.counted(one.rows, "row", "rows")
        times = ""
        if one.first_at is not None and one.last_at is not None:
            bounds = (formats.moment(at, zone, now) for at in (one.first_at, one.last_at))
            times = " from {} to {}".format(*bounds)
        what = f"{rows} of {one.label.lower()}{times} cannot be read and are in no figure"
        hint = (
            "They are kept in quarantine; a backup may still hold them"
            if one.aside
            else "Run `python -m vcanalytics check --repair`"
        )
        badge = ":red-badge[:material/broken_image: Rows missing]"
        st.markdown(f"{badge} :small[{_sentence(what, hint)}]")


def _room() -> None:
    room = cached.room()
    if room.get("what"):
        badge = ":orange-badge[:material/hard_drive: Room]"
        st.markdown(f"{badge} :small[{_sentence(room['what'], room.get('hint'))}]")


def _reading() -> None:
    reading = [state for state in cached.streams().values() if state.reading_history]
    if reading:
        done, total = sum(s.done for s in reading), sum(s.total for s in reading)
        st.progress(
            min(1.0, done / total) if total else 0.0,
            f"Reading history: {formats.count(done)} of {formats.count(total)} rows. "
            "Figures are not whole yet.",
        )
