"""What Reconcile arranges: money at risk, findings as pills, the work list, one case."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st

from vcanalytics import cached
from vcanalytics.analytics.desk_list import ALL_WORK
from vcanalytics.display import formats, words
from vcanalytics.display.ranges import Defaults, Range
from vcanalytics.model.windows import Grain, window_start
from vcanalytics.ui import desk_case, desk_table, doing, live, panels, toolbar

_TO_DO = ("open", "in_work")


def draw(defaults: Defaults) -> None:
    """The whole desk; drawn anew when a case or what it is made of has moved."""
    view = toolbar.view(defaults)
    with panels.contained("findings", skeleton=600):
        whole = view.preset == "all"
        found = cached.desk.found(view.start, view.end, now=view.now, whole=whole, finding=None)
        rows = cached.desk.desk(found, gone=whole)
        metrics(rows, view)
        finding = pills(found, rows, view)
        listing(_asked(found, rows, finding, view), finding, view)
    # The last: they leave a gap.
    with panels.contained("desk_moves"), st.container(gap=None):
        live.listen((live.CASES,), key="desk_cases")
        live.listen(cached.BOOKS, key="desk_books", every_s=live.CALMLY_S)


def chosen() -> words.Finding:
    """The finding of the URL, else all work."""
    return words.FINDING.get(st.query_params.get("finding", ""), words.ALL_WORK)


def _asked(
    found: pl.DataFrame, rows: pl.DataFrame, finding: words.Finding, view: Range
) -> pl.DataFrame:
    """The rows of the chosen finding, filtered and in order."""
    name = None if finding == words.ALL_WORK else finding.name
    wanted = cached.desk.read(
        st.query_params.to_dict(), finding=name, currency=cached.settings().currency
    )
    if name is not None and name not in cached.desk.WORKED:
        if view.preset == "all" and name == "abandoned":
            found = cached.desk.found(view.start, view.end, now=view.now, whole=True, finding=name)
        return cached.desk.arranged_plain(found, wanted)
    return cached.desk.arranged(rows, wanted)


def _sums(frame: pl.DataFrame) -> list[str]:
    """What the rows are worth, a figure a currency, the console's own first: never added."""
    sums: dict[str, Decimal] = {}
    once = frame.unique("transaction_id", maintain_order=True)
    for amount, code in once.select("amount", "currency").iter_rows():
        if amount is not None:
            sums[code] = sums.get(code, Decimal(0)) + amount
    own = cached.settings().currency
    order = sorted(sums, key=lambda code: (code != own, code))
    return [formats.money(sums[code], code) for code in order] or [formats.money(Decimal(0), own)]


def _sum(frame: pl.DataFrame) -> str:
    """The same in one line."""
    return " and ".join(_sums(frame))


def metrics(rows: pl.DataFrame, view: Range) -> None:
    """What is at risk now, over the findings that are a person's work; and how fast it is done."""
    to_do = rows.filter(pl.col("state").is_in(_TO_DO))
    work = to_do.filter(pl.col("finding").is_in(words.OPEN_WORK))
    stuck = to_do.filter(pl.col("finding") == "stuck")
    new = work.filter(pl.col("since") >= window_start(view.now, Grain.DAY, view.zone))
    with st.grid(6, min_column_width=150, gap="xsmall"):
        people = work["transaction_id"].n_unique()
        first, *others = _sums(work)
        besides = f"and {' and '.join(others)}" if others else "not served"
        _metric("Money at risk", first, formats.counted(people, "payment", "payments"), besides)
        if work.height:
            oldest = work.sort("waits_from").row(0, named=True)
            waiting = formats.age((view.now - oldest["waits_from"]).total_seconds())
            since = formats.day(oldest["waits_from"], view.zone)
            _metric("Oldest open case", waiting, f"since {since}", _amount(oldest))
        else:
            _metric("Oldest open case", formats.ABSENT, None, "nobody waits")
        _metric(
            "New today", formats.count(new.height), _sum(new) if new.height else None, "at risk"
        )
        _metric("Stuck now", formats.count(stuck.height), _sum(stuck) if stuck.height else None, "")
        _closed(view)


def _closed(view: Range) -> None:
    done = cached.desk.closed(view.now, words.OPEN_WORK)
    by = f"{formats.count(done.by_people)} by people" if done.count else None
    _metric("Done, 30 days", formats.count(done.count), by, "others at the source" if by else "")
    median = formats.ABSENT if done.median_s is None else formats.age(done.median_s)
    _metric("Time to done", median, None, "median, 30 days" if done.count else "none yet")


def _metric(label: str, value: str, chip: str | None, description: str) -> None:
    with st.container(border=True, height="stretch"):
        st.metric(
            label,
            value.replace("$", "\\$"),
            chip,
            delta_color="gray",
            delta_arrow="off",
            delta_description=description or None,
        )


def _amount(row: dict[str, Any]) -> str:
    return "" if row["amount"] is None else formats.money(row["amount"], row["currency"])


def _pick() -> None:
    picked = st.session_state.get("finding_pills")
    if picked:
        desk_table.close()
        st.query_params["finding"] = picked
        st.query_params.pop("page", None)


def pills(found: pl.DataFrame, rows: pl.DataFrame, view: Range) -> words.Finding:
    """The findings with how many are to do, and all work; returns the one that is shown."""
    to_do = rows.filter(pl.col("state").is_in(_TO_DO))
    counts = dict(to_do.group_by("finding").len().iter_rows())
    counts[words.ALL_WORK.name] = to_do.filter(ALL_WORK).height
    for name in ("sample_row", "abandoned"):
        counts[name] = found.filter(pl.col("finding") == name).height
    if view.preset == "all":
        counts["abandoned"] = cached.desk.abandoned_count(view.now)
    shown = chosen()
    st.session_state["finding_pills"] = shown.name
    st.pills(
        "Finding",
        [finding.name for finding in (words.ALL_WORK, *words.FINDINGS)],
        format_func=lambda name: (
            f"**{words.FINDING[name].label}** {formats.count(counts.get(name, 0))}"
        ),
        key="finding_pills",
        required=True,
        label_visibility="collapsed",
        on_change=_pick,
    )
    return shown


def listing(rows: pl.DataFrame, finding: words.Finding, view: Range) -> None:
    """The work list of one finding, and beside it the case that is open, or those picked."""
    opened = desk_table.opened()
    if opened and toolbar.phone():
        st.button("All cases", icon=":material/chevron_left:", on_click=desk_table.close)
        with panels.box("case"), panels.contained("case"):
            _case(rows, finding, opened, view)
        return
    wide, narrow = st.columns([1.55, 1], gap="xsmall")
    with wide, panels.box("work"), panels.contained("work", skeleton=480):
        desk_table.filters(rows)
        desk_table.draw(rows, finding, _sum(rows), view)
    with narrow, panels.box("case"), panels.contained("case"):
        picked = desk_table.picked()
        if len(picked) > 1:
            mine = [row for row in rows.iter_rows(named=True) if _id(row) in picked]
            ids = [row["transaction_id"] for row in mine]
            worth = _sum(rows.filter(pl.col("transaction_id").is_in(ids)))
            desk_case.several(mine, worth)
        elif opened:
            _case(rows, finding, opened, view)
        else:
            doing.tell(desk_case.PLACE)
            st.header("Why these are here", anchor=False)
            st.markdown(finding.why)
            st.caption("Select a row to see its case, several to work on all of them.")


def _id(row: dict[str, Any]) -> desk_table.Id:
    return row["finding"], row["transaction_id"]


def _case(rows: pl.DataFrame, finding: words.Finding, opened: desk_table.Id, view: Range) -> None:
    """One case: of the list, or of the whole desk where the list's filters leave it out."""
    name, payment = opened
    key = (pl.col("transaction_id") == payment) & (pl.col("finding") == name)
    own = rows.filter(key)
    if not own.height:
        found = cached.desk.found(view.start, view.end, now=view.now, whole=True, finding=None)
        own = cached.desk.desk(found, gone=True).filter(key)
    row = own.row(0, named=True) if own.height else None
    desk_case.draw(row, words.FINDING.get(name, finding), payment, view)
