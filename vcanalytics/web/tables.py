"""Every table that can be had as a file: what a link's name stands for.

Each takes the link's parameters and answers with the rows of the screen the link stood on: a link
carries the version of the streams it was drawn from.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

import polars as pl

from vcanalytics import cached
from vcanalytics.analytics import search, slowest
from vcanalytics.cached import (
    alerts,
    buyers,
    changes,
    course,
    disputes,
    failures,
    outages,
    paypal,
    people,
)
from vcanalytics.cached.alerts import AlertFilters, AlertState, Severity
from vcanalytics.cached.changes import Compared
from vcanalytics.errors import UsageError
from vcanalytics.web.asked import Asked, Rows, instant

_FEED_ROWS: Final = 1_000
_KEPT_ASIDE_ROWS: Final = 1_000_000
#: A number with so many digits is that of no alert.
_DIGITS: Final = 16


def _revenue(asked: Asked) -> Rows:
    answer = cached.revenue(
        asked.start,
        asked.end,
        grain=asked.grain,
        zone=asked.zone.key,
        week_start=cached.settings().week_start,
        now=asked.now,
        seen=asked.seen,
    )
    frame = answer.frame
    if currency := asked.text("currency"):
        frame = frame.filter(pl.col("currency") == currency)
    # As the contract names its columns.
    return Rows(frame.drop("window_end", "window_label", "attempts_captured"), answer.as_of)


def _takings(asked: Asked) -> Rows:
    currency = asked.text("currency") or cached.settings().currency
    answer = cached.takings(asked.start, asked.end, currency=currency, seen=asked.seen)
    return Rows(answer.frame.with_columns(pl.lit(currency).alias("currency")), answer.as_of)


def _price_points(asked: Asked) -> Rows:
    currency = asked.text("currency") or cached.settings().currency
    answer = cached.price_points(asked.start, asked.end, currency=currency, seen=asked.seen)
    return Rows(answer.frame.with_columns(pl.lit(currency).alias("currency")), answer.as_of)


def _hours(asked: Asked) -> Rows:
    answer = cached.hours_of_week(
        asked.start,
        asked.until,
        currency=asked.text("currency") or cached.settings().currency,
        zone=asked.zone.key,
        now=asked.now,
        seen=asked.seen,
    )
    return Rows(answer.frame, answer.as_of)


def _changes(asked: Asked) -> Rows:
    by = asked.text("by") or changes.DEFAULT
    if by not in changes.BY:
        raise UsageError(f"by is one of {', '.join(changes.BY)}")
    currency = asked.text("currency") or cached.settings().currency
    before = [instant(asked.params, f"before_{end}", asked.zone) for end in ("from", "to")]
    compared = Compared(
        asked.start, asked.until, before[0], before[1], currency, asked.zone.key, asked.now
    )
    frame = changes.changed(by, compared)
    unit = currency if by in changes.MONEY else None
    return Rows(frame.with_columns(pl.lit(unit, pl.String).alias("currency")), asked.now)


def _transactions(asked: Asked) -> Rows:
    found = search.read(asked.params, asked.start, asked.end)
    answer = cached.all_payments(found.filters, order=found.order)
    return Rows(answer.frame, answer.as_of)


def _steps(asked: Asked) -> Rows:
    answer = cached.steps(asked.start, asked.end, seen=asked.seen)
    return Rows(answer.frame, answer.as_of)


def _states(asked: Asked) -> Rows:
    found = search.read(asked.params, asked.start, asked.end)
    answer = cached.by_status(found.filters, seen=asked.seen)
    return Rows(answer.frame, answer.as_of)


def _findings(asked: Asked) -> Rows:
    answer = cached.findings(asked.start, asked.end, now=asked.now, seen=asked.seen)
    finding = asked.text("finding")
    frame = answer.frame.filter(pl.col("finding") == finding) if finding else answer.frame
    return Rows(frame, answer.as_of)


def _cases(asked: Asked) -> Rows:
    answer = cached.desk.whole_list(
        asked.start, asked.end, asked.params, now=asked.now, whole=bool(asked.text("whole"))
    )
    return Rows(answer.frame, answer.as_of)


def _disputes(asked: Asked) -> Rows:
    answer = disputes.waiting(asked.seen)
    return Rows(answer.frame, answer.as_of)


def _failures(asked: Asked) -> Rows:
    answer = failures.patterns(asked.start, asked.end, seen=asked.seen)
    return Rows(answer.frame, answer.as_of)


def _failed_payments(asked: Asked) -> Rows:
    pattern = failures.Pattern(asked.text("finding") or failures.FAILED, asked.text("text") or "")
    answer = failures.payments_of(pattern, asked.start, asked.end, seen=asked.seen)
    return Rows(answer.frame, answer.as_of)


def _paypal_range(asked: Asked) -> tuple[datetime | None, datetime | None]:
    return (None, None) if asked.text("whole") else (asked.start, asked.end)


def _paypal_findings(asked: Asked) -> Rows:
    frame = paypal.all_findings(*_paypal_range(asked), now=asked.now)
    finding = asked.text("finding")
    return Rows(frame.filter(pl.col("finding") == finding) if finding else frame, asked.now)


def _paypal_totals(asked: Asked) -> Rows:
    start, end = _paypal_range(asked)
    grain, zone = asked.grain.value, asked.zone.key
    return Rows(paypal.totals(start, end, grain=grain, zone=zone, now=asked.now), asked.now)


def _paypal_imports(asked: Asked) -> Rows:
    return Rows(paypal.imports(), asked.now)


def _buyers(asked: Asked) -> Rows:
    answer = buyers.table(now=asked.now)
    return Rows(answer.frame, answer.as_of)


def _outages(asked: Asked) -> Rows:
    answer = outages.table(asked.start, asked.end, now=asked.now, seen=asked.seen)
    return Rows(answer.frame.drop("outage"), answer.as_of)


def _outage(asked: Asked) -> Rows:
    since, service = instant(asked.params, "since", asked.zone), asked.text("service") or ""
    answer = outages.hit(service, since, asked.start, asked.end, now=asked.now, seen=asked.seen)
    return Rows(answer.frame, answer.as_of)


def _latency(asked: Asked) -> Rows:
    answer = cached.endpoints(asked.start, asked.until, kind=asked.kind.value, seen=asked.seen)
    return Rows(answer.frame, answer.as_of)


def _response_times(asked: Asked) -> Rows:
    answer = cached.response_times(
        asked.start,
        asked.end,
        kind=asked.kind.value,
        endpoint=asked.text("endpoint"),
        zone=asked.zone.key,
        week_start=cached.settings().week_start,
        now=asked.now,
        seen=asked.seen,
    )
    return Rows(answer.frame.drop("window_label"), answer.as_of)


def _distribution(asked: Asked) -> Rows:
    answer = cached.response_heat(
        asked.start,
        asked.end,
        kind=asked.kind.value,
        endpoint=asked.text("endpoint"),
        zone=asked.zone.key,
        week_start=cached.settings().week_start,
        now=asked.now,
        seen=asked.seen,
    )
    return Rows(answer.frame.drop("window_label"), answer.as_of)


def _measurements(asked: Asked) -> Rows:
    answer = cached.single(
        asked.start,
        asked.until,
        kind=asked.kind.value,
        endpoint=asked.text("endpoint") or "",
        failed=asked.params.get("failed") == "1",
        limit=slowest.LIMIT_MAX,
        seen=asked.seen,
    )
    return Rows(answer.frame, answer.as_of)


def _strategies(asked: Asked) -> Rows:
    answer = cached.strategies(asked.start, asked.until, seen=asked.seen)
    return Rows(answer.frame, answer.as_of)


def _activity(asked: Asked) -> Rows:
    answer = cached.activity.over_time(
        asked.start,
        asked.end,
        zone=asked.zone.key,
        now=asked.now,
        week_start=cached.settings().week_start,
        grain=asked.grain,
        seen=asked.seen,
    )
    return Rows(answer.frame.drop("window_label"), answer.as_of)


def _activity_feed(asked: Asked) -> Rows:
    answer = cached.activity.feed(now=asked.now, limit=_FEED_ROWS, seen=asked.seen)
    return Rows(answer.frame, answer.as_of)


def _rhythm(asked: Asked) -> Rows:
    answer = cached.activity.heat(asked.start, asked.end, zone=asked.zone.key, seen=asked.seen)
    return Rows(answer.frame, answer.as_of)


def _funnel(asked: Asked) -> Rows:
    checkout = asked.params.get("funnel", "checkout") == "checkout"
    ask = cached.activity.checkout_funnel if checkout else cached.activity.sign_up_funnel
    answer = ask(asked.start, asked.until, seen=asked.seen)
    return Rows(answer.frame, answer.as_of)


def _system(asked: Asked) -> Rows:
    host = asked.text("host")
    answer = cached.system.over_time(
        asked.start,
        asked.end,
        measures=tuple((asked.text("measure") or "cpu_percent").split(",")),
        hosts=(host,) if host else (),
        zone=asked.zone.key,
        week_start=cached.settings().week_start,
        now=asked.now,
        seen=asked.seen,
    )
    return Rows(answer.frame.drop("window_label"), answer.as_of)


def _kept_aside(asked: Asked) -> Rows:
    return Rows(cached.kept_aside(_KEPT_ASIDE_ROWS), asked.now)


def _cache(asked: Asked) -> Rows:
    return Rows(cached.regions.table(), asked.now)


def _alerts(asked: Asked) -> Rows:
    state, severity, rule = asked.text("state"), asked.text("severity"), asked.text("rule")
    try:
        wanted = AlertFilters(
            states=(AlertState(state),) if state else (),
            severities=(Severity(severity),) if severity else (),
            rules=(rule,) if rule else (),
            start=asked.start,
            end=asked.end,
        )
    except ValueError:
        raise UsageError("the link names a state or a severity that is unknown") from None
    return Rows(alerts.whole_history(wanted), asked.now)


def alert(asked: Asked) -> alerts.Alert:
    """The alert that a link names. Raises UsageError where there is none."""
    number = asked.text("alert") or ""
    known = number.isascii() and number.isdigit() and len(number) < _DIGITS
    found = alerts.find(int(number)) if known else None
    if found is None:
        raise UsageError("the link names no alert that is known")
    return found


def _alert_course(asked: Asked) -> Rows:
    answer = course.course(alert(asked), now=asked.now, seen=asked.seen)
    return Rows(answer.frame, answer.as_of)


def _components(asked: Asked) -> Rows:
    return Rows(cached.watch.components(asked.now), asked.now)


def _uptime(asked: Asked) -> Rows:
    return Rows(cached.watch.uptime(asked.now), asked.now)


def _breakers(asked: Asked) -> Rows:
    return Rows(cached.watch.breaker_table(), asked.now)


def _errors(asked: Asked) -> Rows:
    component = asked.text("component")
    found = cached.watch.errors(asked.start, asked.end, now=asked.now, component=component)
    return Rows(found, asked.now)


def _rate_limits(asked: Asked) -> Rows:
    return Rows(cached.rate_limits(), asked.now)


def _audit(asked: Asked) -> Rows:
    """Admins only: the doors see to that."""
    actor = asked.text("actor")
    frame = people.whole_audit(
        asked.start,
        people.noted_until(asked.end, asked.now),
        actor=actor.strip() if actor else None,
        action=asked.text("action"),
    )
    return Rows(frame, asked.now)


TABLES: Final[dict[str, Callable[[Asked], Rows]]] = {
    "revenue": _revenue,
    "takings": _takings,
    "price-points": _price_points,
    "changes": _changes,
    "hours": _hours,
    "transactions": _transactions,
    "states": _states,
    "steps": _steps,
    "findings": _findings,
    "cases": _cases,
    "disputes": _disputes,
    "failures": _failures,
    "failed-payments": _failed_payments,
    "paypal-findings": _paypal_findings,
    "paypal-totals": _paypal_totals,
    "paypal-imports": _paypal_imports,
    "buyers": _buyers,
    "outages": _outages,
    "outage": _outage,
    "measurements": _measurements,
    "latency": _latency,
    "response-times": _response_times,
    "distribution": _distribution,
    "strategies": _strategies,
    "activity": _activity,
    "activity-feed": _activity_feed,
    "rhythm": _rhythm,
    "funnel": _funnel,
    "system": _system,
    "kept-aside": _kept_aside,
    "cache": _cache,
    "alerts": _alerts,
    "alert-course": _alert_course,
    "components": _components,
    "uptime": _uptime,
    "breakers": _breakers,
    "errors": _errors,
    "rate-limits": _rate_limits,
    "audit": _audit,
}
