"""Outages as intervals: signs of one service that overlap or lie near each other are one outage.

Here stand the signs that streams tell of by themselves, how signs make outages, and whom these hit.
How payments and PayPal's times are judged is the rules' (``alerts.outages``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import polars as pl

from vcanalytics.analytics.books import STATUSES, payments, sample_pattern
from vcanalytics.analytics.by_file import moment
from vcanalytics.analytics.engine import Engine, Table, sql
from vcanalytics.analytics.latency import Kind
from vcanalytics.store import Snapshot

PAYPAL: Final = "paypal"
MAIL: Final = "mail"
#: Signs that lie no further apart are of one outage.
GAP: Final = timedelta(minutes=15)
#: What was bad holds until the next good check, and no longer than so long after the last bad one.
HOLDS: Final = timedelta(minutes=30)
#: One call that fails is no outage, one of VectorCraft's own checks is; and customers in a row who
#: got no mail.
CALLS_LEAST: Final = 2
CHECKS_LEAST: Final = 1
UNMAILED_LEAST: Final = 3
#: Bad ones further apart are none in a row: some shops are checked every hour.
CALLS_APART: Final = timedelta(minutes=30)
CHECKS_APART: Final = timedelta(hours=2)
UNMAILED_APART: Final = timedelta(hours=3)
#: Mails fail: at least this share of so many in so long.
MAILS_SHARE: Final = 0.5
MAILS_LEAST: Final = 5
MAILS_WINDOW: Final = timedelta(minutes=30)
#: Who tried in vain and paid within so long paid after all.
PAID_WITHIN: Final = timedelta(hours=24)
SIGNS_MAX: Final = 20_000
_US: Final = timedelta(microseconds=1)
ROWS_MAX: Final = 1_000_000
_PAYMENTS: Final = ("email", "payer_email", "email_sent", "error_message")
_HEALTH: Final = {PAYPAL: "paypal_api", MAIL: "email_service"}
_AFFECTED: Final = pl.Schema(
    {
        "outage": pl.Int64(),
        "transaction_id": pl.String(),
        "created_at": pl.Datetime("us", "UTC"),
        "status": pl.String(),
        "email": pl.String(),
        "payer_email": pl.String(),
        "customer": pl.String(),
        "amount": pl.Decimal(18, 4),
        "currency": pl.String(),
        "error_message": pl.String(),
        "paid_at": pl.Datetime("us", "UTC"),
    }
)


@dataclass(frozen=True, slots=True)
class Sign:
    """What says that ``service`` was down in ``[start, end)``; ``open``: it says so still.

    ``name`` is one of failing, slow, reported_down, calls_fail, mails_fail, not_mailed; ``told``
    says it with figures, ``said`` is what the source says of it: an endpoint, an error.
    """

    service: str
    name: str
    start: datetime
    end: datetime
    open: bool
    told: str
    said: str = ""

    @property
    def whole(self) -> str:
        """Both in one line."""
        return f"{self.told} ({self.said})" if self.said else self.told


@dataclass(frozen=True, slots=True)
class Outage:
    """``service`` was down in ``[start, end)``, by these signs; ``open``: it is still."""

    service: str
    start: datetime
    end: datetime
    open: bool
    signs: tuple[Sign, ...]


def merged(signs: Iterable[Sign], gap: timedelta = GAP) -> list[Outage]:
    """Outages made of signs, the newest first: what of one service is at most ``gap`` apart."""
    found: list[list[Sign]] = []
    ends: dict[str, datetime] = {}
    last: dict[str, list[Sign]] = {}
    for sign in sorted(signs, key=lambda one: (one.start, one.end, one.name)):
        near = sign.service in ends and sign.start <= ends[sign.service] + gap
        if near:
            last[sign.service].append(sign)
        else:
            last[sign.service] = [sign]
            found.append(last[sign.service])
        ends[sign.service] = max(sign.end, ends[sign.service]) if near else sign.end
    outages = [
        Outage(
            mine[0].service,
            mine[0].start,
            max(one.end for one in mine),
            any(one.open for one in mine),
            tuple(mine),
        )
        for mine in found
    ]
    return sorted(outages, key=lambda one: (one.start, one.service), reverse=True)


def told_by_streams(
    engine: Engine,
    snapshot: Snapshot,
    *,
    start: datetime,
    end: datetime,
    now: datetime,
    grace: timedelta,
    sample_prefixes: Sequence[str] = (),
) -> list[Sign]:
    """Signs in ``[start, end)`` that checks, calls and mails tell of. Raises BudgetExceeded.

    ``reported_down``: VectorCraft's check of paypal_api or email_service said critical.
    ``calls_fail``: two calls of PayPal's API in a row, of one endpoint, were unhealthy or in error.
    ``mails_fail``: half of at least five mails within 30 minutes failed or came back.
    ``not_mailed``: three captured payments in a row have no mail, ``grace`` after the capture.
    """
    span = {"from": start, "to": min(end, now)}
    found: list[Sign] = []
    for service, component in _HEALTH.items():
        rows = engine.ask(
            sql("outages_health", "outages_runs"),
            span
            | {
                "component": component,
                "least": CHECKS_LEAST,
                "apart": CHECKS_APART,
                "limit": SIGNS_MAX,
            },
            {"health": snapshot.relation("health", span["from"], span["to"])},
        )
        words = f"checks of {component} were critical"
        found += _runs(rows, service, "reported_down", words, now, HOLDS)
    rows = engine.ask(
        sql("outages_calls", "outages_runs"),
        span
        | {
            "kind": Kind.PAYPAL.value,
            "least": CALLS_LEAST,
            "apart": CALLS_APART,
            "limit": SIGNS_MAX,
        },
        {"requests": snapshot.relation("requests", span["from"], span["to"])},
    )
    found += _runs(rows, PAYPAL, "calls_fail", "calls of PayPal's API failed", now, HOLDS)
    found += _mails(engine, snapshot, span, now)
    tables = payments(snapshot, *_PAYMENTS, since=span["from"], until=span["to"])
    rows = engine.ask(
        sql("payments", "outages_unmailed", "outages_runs"),
        span
        | {
            "samples": sample_pattern(sample_prefixes),
            "as_of": now,
            "grace": grace,
            "least": UNMAILED_LEAST,
            "apart": UNMAILED_APART,
            "limit": SIGNS_MAX,
        },
        tables,
    )
    words = "captured payments in a row without a mail"
    found += _runs(rows, MAIL, "not_mailed", words, now, grace)
    return found


def _runs(
    rows: pl.DataFrame, service: str, name: str, words: str, now: datetime, holds: timedelta
) -> list[Sign]:
    found = []
    for row in rows.iter_rows(named=True):
        until = row["last_at"] + holds
        end = until if row["good_at"] is None else min(row["good_at"], until)
        where = [row["series"]] if name == "calls_fail" else []
        said = ", ".join([*where, *([f"at last: {row['said']}"] if row["said"] else [])])
        told = f"{row['count']:,} {words}"
        # Where nothing good came it goes on, for as long as it holds.
        still = row["good_at"] is None and until > now
        found.append(Sign(service, name, row["first_at"], min(end, now), still, told, said))
    return [one for one in found if one.start < one.end]


def _mails(
    engine: Engine, snapshot: Snapshot, span: dict[str, datetime], now: datetime
) -> list[Sign]:
    """Mails fail: judged at each that does, by those of the window before it.

    In arrays: windows that slide over 300,000 mails took the engine a second.
    """
    rows = engine.ask(
        sql("outages_mails"), span, {"mails": snapshot.begun("mails", span["from"], span["to"])}
    )
    at, bad = rows["at_us"].to_numpy(), rows["bad"].to_numpy()
    failing, well = at[bad], at[~bad]
    since = failing - MAILS_WINDOW // _US
    mails = np.searchsorted(at, failing, "right") - np.searchsorted(at, since)
    first = np.searchsorted(failing, since)
    failed = np.searchsorted(failing, failing, "right") - first
    nexts = np.searchsorted(well, failing)
    found: list[Sign] = []
    for place in np.flatnonzero((mails >= MAILS_LEAST) & (failed >= MAILS_SHARE * mails)):
        here = moment(int(failing[place]))
        good = moment(int(well[nexts[place]])) if nexts[place] < len(well) else None
        share = failed[place] / mails[place] * 100
        told = (
            f"{failed[place]:,} of {mails[place]:,} mails within 30 minutes failed or came back,"
            f" {share:.0f} %"
        )
        still = good is None and here + HOLDS > now
        end = min(here + HOLDS, now) if good is None else min(good, here + HOLDS, now)
        start, end = moment(int(failing[first[place]])), max(end, here + timedelta(seconds=1))
        if found and start <= found[-1].end + GAP:
            # Of what goes on, the figures of its last moment.
            start, end = found[-1].start, max(end, found.pop().end)
        found.append(Sign(MAIL, "mails_fail", start, end, still, told))
    return found


def affected(
    engine: Engine,
    snapshot: Snapshot,
    outages: Sequence[Outage],
    *,
    limit: int = ROWS_MAX,
    sample_prefixes: Sequence[str] = (),
) -> pl.DataFrame:
    """Everyone whom the outages hit: a row an outage and payment.

    Of PayPal's: payments begun in it that failed or are open, and were not captured. Of the
    mail's: payments captured in it without a mail that is marked as sent, or whose mail failed or
    came back.
    Columns: ``outage`` (its place in ``outages``), ``transaction_id``, ``created_at`` (UTC),
    ``status``, ``email``, ``payer_email``, ``customer`` (the address to write to: the payer's, else
    the one typed, normalised), ``amount`` (money in ``currency``), ``currency``, ``error_message``,
    ``paid_at`` (UTC; PayPal's: when the same customer, by either address, was captured within the
    24 hours after). Raises BudgetExceeded.
    """
    parts = [pl.DataFrame(schema=_AFFECTED)]
    for service, question in ((PAYPAL, "outages_tried"), (MAIL, "outages_unserved")):
        mine = [(n, one) for n, one in enumerate(outages) if one.service == service]
        if not mine:
            continue
        since = min(one.start for _, one in mine)
        until = max(one.end for _, one in mine)
        rows = payments(snapshot, *_PAYMENTS, since=since, until=until + PAID_WITHIN)
        table = pl.DataFrame(
            [(n, one.start, one.end) for n, one in mine],
            schema={
                "outage": pl.Int64,
                "start_at": pl.Datetime("us", "UTC"),
                "end_at": pl.Datetime("us", "UTC"),
            },
            orient="row",
        )
        tables: dict[str, Table] = rows | {"outages": table}
        params: dict[str, Any] = {
            "samples": sample_pattern(sample_prefixes),
            "limit": min(limit, ROWS_MAX),
        }
        if service == PAYPAL:
            params |= {"failed": STATUSES["failed"], "open": STATUSES["open"]}
        else:
            tables["mails"] = snapshot.begun("mails", since, until)
        found = engine.ask(sql("payments", question), params, tables)
        parts.append(found.match_to_schema(_AFFECTED))
    return pl.concat(parts).sort("outage", "created_at", "transaction_id")


_TOLD: Final = pl.Schema(
    {
        "service": pl.String(),
        "from": pl.Datetime("us", "UTC"),
        "to": pl.Datetime("us", "UTC"),
        "open": pl.Boolean(),
        "length_s": pl.Float64(),
        "signs": pl.String(),
        "outage": pl.Int64(),
    }
)


def table(outages: Sequence[Outage], hit: pl.DataFrame) -> pl.DataFrame:
    """Outages with whom they hit, a row an outage and currency; the newest first.

    ``hit`` as ``affected`` answers. Columns: ``service`` (paypal, mail), ``from``, ``to`` (UTC; of
    an open one, until when it is known), ``open``, ``length_s`` (seconds), ``signs`` (what made it,
    with figures), ``outage`` (its place), ``currency`` (null where nobody was hit), ``payments``,
    ``customers``, ``amount`` (money in ``currency``), ``paid_later`` (payments of PayPal's outages
    whose customer was captured within 24 hours; null of the mail's).
    """
    rows = [
        (
            one.service,
            one.start,
            one.end,
            one.open,
            (one.end - one.start).total_seconds(),
            "; ".join(dict.fromkeys(sign.whole for sign in one.signs)),
            place,
        )
        for place, one in enumerate(outages)
    ]
    sums = hit.group_by("outage", "currency").agg(
        pl.len().cast(pl.Int64).alias("payments"),
        pl.col("customer").drop_nulls().n_unique().cast(pl.Int64).alias("customers"),
        pl.col("amount").cast(pl.Decimal(38, 4)).sum().alias("amount"),
        pl.col("paid_at").count().cast(pl.Int64).alias("paid_later"),
    )
    return (
        pl.DataFrame(rows, _TOLD, orient="row")
        .join(sums, on="outage", how="left")
        .sort("outage", "currency", nulls_last=True)
        .with_columns(
            pl.col("payments", "customers").fill_null(0),
            pl.when(pl.col("service") == PAYPAL)
            .then(pl.col("paid_later").fill_null(0))
            .alias("paid_later"),
        )
    )
