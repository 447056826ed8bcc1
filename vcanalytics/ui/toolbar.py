"""The row above every page: title, live state, pause, range and comparison.

The URL is the truth. Widgets here are set from it before each run and only write to it, so that a
link shows a colleague the same view, and back and forward work.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

import streamlit as st

from vcanalytics import cached
from vcanalytics.display import formats, ranges
from vcanalytics.display.ranges import Defaults, Range
from vcanalytics.model.windows import Grain
from vcanalytics.ui import account, keys, live, notes, views
from vcanalytics.ui.agents import phone as phone  # noqa: PLC0414 - what pages ask the toolbar for

_CARRIED: Final = "carried_params"
_GRAINS: Final[dict[str, str]] = {
    "auto": "Automatic",
    **{grain.value: f"By {grain.value}" for grain in Grain},
}


def now() -> datetime:
    """The moment a page shows: now, or when this viewer paused."""
    frozen = st.session_state.get("paused_now")
    return frozen if isinstance(frozen, datetime) else datetime.now(UTC)


def _with_settings(defaults: Defaults) -> Defaults:
    settings = cached.settings()
    return replace(defaults, zone=settings.timezone, week_start=settings.week_start)


def view(defaults: Defaults) -> Range:
    """The range of this page, by its URL, as of now."""
    params = {key: st.query_params[key] for key in ranges.KEYS if key in st.query_params}
    first = cached.streams()["transactions"].first_at
    return ranges.read(params, _with_settings(defaults), now(), first)


def params(view: Range, **filters: str) -> dict[str, str]:
    """What a link to another page carries: this range, and the filters it opens with."""
    return view.params() | filters


def _write(changes: dict[str, str | None]) -> None:
    for key, value in changes.items():
        if value is None:
            st.query_params.pop(key, None)
        else:
            st.query_params[key] = value
    carried = dict(st.session_state.get(_CARRIED, {})) | changes
    st.session_state[_CARRIED] = {key: value for key, value in carried.items() if value is not None}
    live.rerun_page()


def _carry_over(*, keep_range: bool) -> None:
    """A range picked on one page stays picked on the next: navigation links drop the URL's."""
    if any(key in st.query_params for key in ranges.KEYS):
        return
    for key, value in st.session_state.get(_CARRIED, {}).items():
        if keep_range or key in {"zone", "compare"}:
            st.query_params[key] = value


# A browser sends all its widgets with whatever it asks for. An update pushed just as a range is
# picked brings the other widgets once more as they were drawn before: that is no pick of theirs, so
# each callback is told what its widget showed when it was drawn.


def _pick(param: str, key: str, drawn: str | None, *drops: str) -> None:
    """Write what was picked; ``drops`` are parameters that it takes the place of."""
    picked = st.session_state.get(key)
    if picked and picked != drawn:
        _write(dict.fromkeys(drops) | {param: picked})


def _pick_fixed(
    start_key: str, end_key: str, drawn: tuple[datetime, datetime], zone: ZoneInfo
) -> None:
    start, end = st.session_state.get(start_key), st.session_state.get(end_key)
    if start and end and start < end and (start, end) != drawn:
        _write(
            {
                "range": None,
                "from": start.isoformat(timespec="minutes"),
                "to": end.isoformat(timespec="minutes"),
                "zone": zone.key,
                "grain": None,
            }
        )


def _pick_grain(key: str, drawn: str) -> None:
    grain = st.session_state.get(key)
    if grain and grain != drawn:
        _write({"grain": None if grain == "auto" else grain})


def _step(defaults: Defaults, way: int) -> None:
    """To the range before this one, or the one after it."""
    current = view(defaults)
    edges = ranges.stepped(current, way)
    if edges is None:
        return
    moved = replace(current, preset=None, start=edges[0], end=edges[1]).params()
    _write({"range": None, "from": moved["from"], "to": moved["to"], "zone": moved["zone"]})


@lru_cache(maxsize=1)
def _zones() -> list[str]:
    return sorted(name for name in available_timezones() if "/" in name or name == "UTC")


@lru_cache(maxsize=2048)
def _zone_label(name: str, day: str) -> str:
    offset = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(name)).strftime("%z")
    return f"{name}, UTC{offset[:3]}:{offset[3:5]}"


def _keys(view: Range, *names: str) -> list[str]:
    """Keys of widgets that show ``view``, and no other view."""
    shown = "_".join(view.params().values())
    return [f"{name}_{shown}" for name in names]


def _range_picker(view: Range, defaults: Defaults) -> None:
    zone = view.zone
    preset, first, last, zone_key, grain_key = _keys(
        view, "range_preset", "range_from", "range_to", "range_zone", "range_grain"
    )
    st.pills(
        "Preset",
        list(ranges.PRESETS),
        default=view.preset,
        format_func=ranges.PRESETS.__getitem__,
        key=preset,
        on_change=_pick,
        args=("range", preset, view.preset, "from", "to", "grain"),
    )
    with st.container(horizontal=True, gap="xsmall"):
        for way, label, icon in ((-1, "Earlier", "arrow_back"), (1, "Later", "arrow_forward")):
            st.button(
                label,
                key=f"range_step_{way}",
                icon=f":material/{icon}:",
                disabled=ranges.stepped(view, way) is None,
                on_click=_step,
                args=(defaults, way),
            )
    left, right = st.columns(2, gap="xsmall")
    # To the minute, as the inputs give them back.
    start, end = (
        edge.astimezone(zone).replace(tzinfo=None, second=0, microsecond=0)
        for edge in (view.start, view.end)
    )
    for column, label, key, edge in (
        (left, "From", first, start),
        (right, "To, not included", last, end),
    ):
        column.datetime_input(
            label,
            edge,
            key=key,
            min_value=datetime.fromisoformat("2000-01-01"),
            max_value=datetime.fromisoformat("2100-01-01"),
            format="YYYY-MM-DD",
            step=timedelta(minutes=15),
            on_change=_pick_fixed,
            args=(first, last, (start, end), zone),
        )
    left, right = st.columns([3, 2], gap="xsmall")
    day = view.now.astimezone(zone).date().isoformat()
    zones = _zones() if view.zone_name in _zones() else [view.zone_name, *_zones()]
    left.selectbox(
        "Zone",
        zones,
        zones.index(view.zone_name),
        format_func=lambda name: _zone_label(name, day),
        key=zone_key,
        on_change=_pick,
        args=("zone", zone_key, view.zone_name),
    )
    grain = view.grain.value if view.grain_by_hand else "auto"
    right.selectbox(
        "Grain",
        list(_GRAINS),
        list(_GRAINS).index(grain),
        format_func=lambda name: (
            f"Automatic: {ranges.auto_grain(view.start, view.end).value}"
            if name == "auto"
            else _GRAINS[name]
        ),
        key=grain_key,
        on_change=_pick_grain,
        args=(grain_key, grain),
    )
    st.caption(f"Windows are [from, to). Weeks start on {view.week_start.capitalize()}.")


def _range_label(view: Range) -> str:
    """The range in words that stay as they are while time goes on.

    To the browser a popover with another label is another popover: a click on the old one would be
    lost, and an open one would close, each time the clock moves.
    """
    if view.preset and phone():
        # The account's button stands in the same row there.
        return f"**{view.name}**"
    moving = view.preset in {"today", "hour"} and not live.paused_at()
    return f"**{view.name}** :gray[{'to now' if moving else view.extent}]"


def _comparison_label(view: Range) -> str:
    against = view.against()
    if against is None:
        return ":gray[vs] nothing"
    same_time = ", same time" if view.open and view.preset in {"today", "yesterday"} else ""
    return f":gray[vs] {against.label}{same_time}"


def _toggle_pause(zone: ZoneInfo) -> None:
    state = st.session_state
    if state.get("paused_at"):
        state["paused_at"] = state["paused_now"] = None
    else:
        moment = datetime.now(UTC)
        state["paused_at"], state["paused_now"] = formats.clock(moment, zone), moment
    live.rerun_page()


_CONNECT: Final = """
These payments are made up. To see your own:

1. In `.env` beside `Home.py`, name the database of your VectorCraft, like
   `VC_SOURCE_URL=sqlite:////srv/vectorcraft/vectorcraft.db`. It is only ever read.
2. Ask what the console finds there: `.venv/bin/python -m vcanalytics source`
3. Start again: `make run`. What this demo sold stays apart.
"""


def _demo() -> None:
    """The chip that says so, and behind it how to connect a real database."""
    label = ":violet[:material/science: Demo shop]"
    with st.popover(label, type="tertiary", key="demo_shop"):
        st.markdown(_CONNECT)


def _range_popover(current: Range, defaults: Defaults) -> None:
    picker = st.popover(
        _range_label(current),
        icon=":material/calendar_today:",
        key="range_picker",
        on_change="rerun",
    )
    if picker.open:
        with picker:
            _range_picker(current, defaults)


def _row(title: str, defaults: Defaults, *, compares: bool, picks: bool) -> None:
    current = view(defaults)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="toolbar"):
        st.title(title, anchor=False, width="content")
        if not cached.settings().source_url:
            _demo()
        # Unseen, so here, where its gap shows least.
        keys.draw(partial(_step, defaults) if picks else None)
        st.space("stretch")
        offset = current.now.astimezone(current.zone).utcoffset()
        with st.container(gap=None, width="content"):
            live.status(offset_s=int(offset.total_seconds()) if offset else 0)
            notes.follow()
        paused = live.paused_at()
        st.button(
            "Resume" if paused else "Pause",
            key="pause",
            icon=":material/play_arrow:" if paused else ":material/pause:",
            type="tertiary",
            shortcut=None if phone() else "p",
            on_click=_toggle_pause,
            args=(current.zone,),
        )
        if picks:
            _range_popover(current, defaults)
        if compares:
            with st.popover(_comparison_label(current), key="compare_picker"):
                (key,) = _keys(current, "range_compare")
                st.pills(
                    "Compare with",
                    list(ranges.COMPARISONS),
                    default=current.compare,
                    format_func=ranges.COMPARISONS.__getitem__,
                    key=key,
                    on_change=_pick,
                    args=("compare", key, current.compare),
                )
        if phone():
            # There is room for no more in two rows.
            account.menu(
                (notes.label(current), "notes_open", partial(notes.open_dialog, current)),
                (views.LABEL, "views_open", partial(views.open_dialog, current)),
            )
        else:
            notes.button(current)
            views.button(current)
            account.menu()


def draw(
    title: str,
    defaults: Defaults,
    *,
    compares: bool = True,
    keep_range: bool = True,
    picks: bool = True,
) -> Range:
    """Draw the row and say what of the URL could not be used; returns the page's range.

    ``picks`` is false for a page that is about now, and offers no range.
    """
    _carry_over(keep_range=keep_range)
    live.page_begins()
    notes.page_begins()
    views.page_begins()
    live.fragment(lambda: _row(title, defaults, compares=compares, picks=picks))
    views.tell_lost()
    current = view(defaults)
    for problem in current.problems:
        st.caption(f":orange[:material/link_off:] {formats.literal(problem)}")
    return current
