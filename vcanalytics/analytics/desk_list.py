"""The desk's list: findings and their cases side by side, filtered, in order, and added up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

import polars as pl

from vcanalytics.analytics.desk import BY_HAND, WORKED
from vcanalytics.journal.case_records import TO_DO, Case, CaseState
from vcanalytics.model.money import read_amount

#: What money stands behind a finding, the most urgent first: a customer who paid and has nothing;
#: money that does not add up; what may come to nothing.
_URGENCY: Final = (
    ("captured_but_failed", "paid_not_mailed", "paid_no_account"),
    ("case_without_refund", "refund_without_case", "amount_mismatch", "amount_missing"),
    ("suspicious", "stuck"),
)
NOBODY: Final = "-"
#: What the URL may say besides the range and the finding.
KEYS: Final = ("state", "who", "q", "least", "order")
#: What stands in the list of all work: of what is stuck only what somebody took up.
ALL_WORK: Final = ~pl.col("finding").is_in(sorted(BY_HAND)) | (pl.col("version") > 0)
_TEXT_MAX: Final = 200
_INSTANT: Final = pl.Datetime("us", "UTC")
_MONEY: Final = pl.Decimal(38, 4)
#: How fast cases are closed is told of so long.
CLOSED_WITHIN: Final = timedelta(days=30)

_CASES: Final = pl.Schema(
    {
        "finding": pl.String(),
        "transaction_id": pl.String(),
        "state": pl.String(),
        "standing": pl.Boolean(),
        "assignee": pl.String(),
        "version": pl.Int64(),
        "returns": pl.Int64(),
        "waits_from": _INSTANT,
        "changed_at": _INSTANT,
        "closed_at": _INSTANT,
        "closed_by": pl.String(),
        "case_amount": _MONEY,
        "case_currency": pl.String(),
    }
)


class Order(StrEnum):
    """In which order cases are listed."""

    URGENT = "urgent"
    OLDEST = "oldest"
    NEWEST = "newest"
    LARGEST = "largest"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cases, and in which order; what is None or empty leaves nothing out.

    ``assignee`` is a name, or NOBODY; ``text`` a fragment, literal, in any case, of id, addresses,
    detail or assignee; ``least`` an amount in ``currency``, the console's own.
    """

    finding: str | None = None
    states: tuple[CaseState, ...] = ()
    assignee: str | None = None
    text: str = ""
    least: Decimal | None = None
    order: Order = Order.URGENT
    currency: str = "USD"


#: What a viewer picks; to do is where nothing is said.
STATES: Final[dict[str, tuple[CaseState, ...]]] = {
    "todo": tuple(state for state in CaseState if state in TO_DO),
    "open": (CaseState.OPEN,),
    "in_work": (CaseState.IN_WORK,),
    "done": (CaseState.DONE,),
    "dismissed": (CaseState.DISMISSED,),
    "any": tuple(CaseState),
}


def read(params: Mapping[str, str], *, finding: str | None, currency: str) -> Wanted:
    """What a link asks for; what of it cannot be used is left out."""
    order = params.get("order", "")
    return Wanted(
        finding=finding,
        states=STATES.get(params.get("state", ""), STATES["todo"]),
        assignee=params.get("who", "")[:_TEXT_MAX] or None,
        text=params.get("q", "")[:_TEXT_MAX].strip(),
        least=read_amount(params.get("least", "")[:20]),
        order=Order(order) if order in set(Order) else Order.URGENT,
        currency=currency,
    )


def cases_frame(cases: Sequence[Case]) -> pl.DataFrame:
    """Cases as rows: the columns of ``joined`` that are theirs."""
    rows = [
        (
            one.key.finding,
            one.key.transaction_id,
            one.state.value,
            one.standing,
            one.assignee,
            one.version,
            one.returns,
            one.waits_from,
            one.changed_at,
            one.closed_at,
            one.closed_by,
            one.amount,
            one.currency,
        )
        for one in cases
    ]
    return pl.DataFrame(rows, schema=_CASES, orient="row")


def joined(findings: pl.DataFrame, cases: pl.DataFrame, *, gone: bool) -> pl.DataFrame:
    """Findings with their cases, a row a case; with ``gone`` also cases whose finding is gone.

    Columns: those of ``reconcile`` (of what is gone, without the customer's), and ``state``,
    ``standing``, ``assignee``, ``version``, ``returns``, ``waits_from`` (since when it waits, UTC),
    ``changed_at``, ``closed_at``, ``closed_by``, ``times`` (in how many payments of the list the
    customer stands, by payer's address, else the one typed; both normalised).
    """
    payer = pl.col("payer_email").fill_null("").str.strip_chars()
    typed = pl.col("email").fill_null("").str.strip_chars()
    address = pl.when(payer != "").then(payer).otherwise(typed).str.to_lowercase()
    worked = findings.filter(pl.col("finding").is_in(WORKED)).with_columns(address.alias("address"))
    often = (
        worked.filter(pl.col("address") != "")
        .group_by("address")
        .agg(pl.col("transaction_id").n_unique().cast(pl.Int64).alias("times"))
    )
    key = ["finding", "transaction_id"]
    rows = (
        worked.sort("since", maintain_order=True)
        .unique(key, keep="first", maintain_order=True)
        .join(often, on="address", how="left")
        .join(cases, on=key, how="left")
        .with_columns(pl.col("standing").fill_null(value=True))
    )
    # What came back in this moment is open, whatever the watchman has seen of it yet.
    back = pl.col("standing").not_()
    rows = rows.with_columns(
        pl.when(back).then(pl.lit("open")).otherwise(pl.col("state")).alias("state"),
        pl.lit(value=True).alias("standing"),
    )
    if gone:
        over = cases.filter(~pl.col("standing")).join(rows.select(key), on=key, how="anti")
        over = over.with_columns(
            pl.col("case_amount").alias("amount"),
            pl.col("case_currency").alias("currency"),
            pl.col("waits_from").alias("since"),
            pl.lit("the finding is gone at the source").alias("detail"),
        )
        rows = pl.concat([rows, over], how="diagonal_relaxed")
    return rows.with_columns(
        pl.col("state").fill_null("open"),
        pl.col("version").fill_null(0),
        pl.col("returns").fill_null(0),
        pl.col("times").fill_null(1),
        pl.coalesce("waits_from", "since").alias("waits_from"),
    ).drop("address", "case_amount", "case_currency")


def still_to_do(findings: pl.DataFrame, cases: pl.DataFrame) -> pl.DataFrame:
    """Those of the findings, by their own columns and in their order, that nobody has closed."""
    to_do = [state.value for state in TO_DO]
    over = cases.filter(pl.col("standing"), ~pl.col("state").is_in(to_do))
    key = ["finding", "transaction_id"]
    return findings.join(over.select(key), on=key, how="anti", maintain_order="left")


def unworked(findings: pl.DataFrame) -> pl.DataFrame:
    """Findings that have no cases, by the same columns as ``joined``; their state is null."""
    none = cases_frame([]).drop("case_amount", "case_currency", "finding", "transaction_id")
    empty = [pl.lit(None, dtype=kind).alias(name) for name, kind in none.schema.items()]
    return findings.with_columns(empty).with_columns(
        pl.lit(value=True).alias("standing"),
        pl.lit(0, dtype=pl.Int64).alias("version"),
        pl.lit(0, dtype=pl.Int64).alias("returns"),
        pl.lit(1, dtype=pl.Int64).alias("times"),
        pl.col("since").alias("waits_from"),
    )


def arranged(rows: pl.DataFrame, wanted: Wanted) -> pl.DataFrame:
    """The rows that are wanted, in order: what is to do before what is closed, then by the order.

    Most urgent: a customer who paid and has nothing, then money that does not add up, then the
    rest; in each the largest amount first, of ``currency`` before others, then who waits longest.
    """
    parts = [pl.col("finding") == wanted.finding if wanted.finding else ALL_WORK]
    if wanted.states:
        parts.append(pl.col("state").is_in([state.value for state in wanted.states]))
    if wanted.assignee == NOBODY:
        parts.append(pl.col("assignee").is_null())
    elif wanted.assignee:
        parts.append(pl.col("assignee") == wanted.assignee)
    if wanted.least is not None:
        enough = (pl.col("amount") >= wanted.least) & (pl.col("currency") == wanted.currency)
        parts.append(enough)
    if wanted.text:
        text = wanted.text.lower()
        names = ("transaction_id", "email", "payer_email", "detail", "assignee")
        parts.append(
            pl.any_horizontal(
                pl.col(name).fill_null("").str.to_lowercase().str.contains(text, literal=True)
                for name in names
            )
        )
    return _ordered(rows.filter(*parts), wanted)


def _ordered(rows: pl.DataFrame, wanted: Wanted) -> pl.DataFrame:
    ranks = {name: rank for rank, names in enumerate(_URGENCY) for name in names}
    closed = ~pl.col("state").fill_null("open").is_in([state.value for state in TO_DO])
    urgency = pl.col("finding").replace_strict(ranks, default=len(_URGENCY), return_dtype=pl.Int8)
    other = pl.col("currency") != wanted.currency
    largest = [
        (other, False),
        (pl.col("currency"), False),
        (pl.col("amount"), True),
        (pl.col("waits_from"), False),
    ]
    by = {
        Order.URGENT: [(urgency, False), *largest],
        Order.LARGEST: largest,
        Order.OLDEST: [(pl.col("waits_from"), False)],
        Order.NEWEST: [(pl.col("waits_from"), True)],
        Order.CUSTOMER: [
            (pl.coalesce("payer_email", "email").str.to_lowercase(), False),
            (pl.col("waits_from"), False),
        ],
    }[wanted.order]
    keys = [(closed, False), *by, (pl.col("transaction_id"), False), (pl.col("finding"), False)]
    return rows.sort(
        [key for key, _ in keys], descending=[down for _, down in keys], nulls_last=True
    )


@dataclass(frozen=True, slots=True)
class Closed:
    """What was closed in the last 30 days: how many, and the median time they had waited."""

    count: int
    by_people: int
    median_s: float | None


def closed(cases: pl.DataFrame, *, now: datetime, among: Sequence[str]) -> Closed:
    """How fast cases were done, of these findings, by people or at the source."""
    done = cases.filter(
        pl.col("finding").is_in(list(among)),
        pl.col("state") == CaseState.DONE.value,
        pl.col("closed_at") > now - CLOSED_WITHIN,
    )
    waited = (done["closed_at"] - done["waits_from"]).dt.total_microseconds()
    median = waited.median()
    seconds = None if median is None else float(str(median)) / 1_000_000
    return Closed(done.height, done["closed_by"].drop_nulls().len(), seconds)
