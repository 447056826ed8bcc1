"""The shop's host and its watch: pages and queries served, health checks, load, alerts, reports."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from collectors.simulator.outages import Weather
from collectors.simulator.rhythm import bustle, chance, draw_around
from collectors.simulator.steps import (
    Cell,
    Step,
    as_json,
    insert,
    local_stamp,
    measured,
    stamp,
    update,
)
from vcanalytics.model.outages import Outage

#: (kind, endpoint, share, median ms)
_SERVED: Final = (
    ("request_time", "index", 20, 9.2),
    ("request_time", "dashboard", 14, 22.8),
    ("request_time", "admin_dashboard", 6, 74.8),
    ("request_time", "api_transactions", 8, 35.2),
    ("request_time", "api_health", 6, 679.0),
    ("request_time", "extract_palettes", 8, 479.0),
    ("database_query", "get_transactions", 10, 6.0),
    ("database_query", "get_upload_stats", 10, 3.1),
    ("database_query", "get_system_logs", 8, 9.6),
    ("database_query", "get_user_by_id", 10, 0.42),
)
_FAILED_SHARE: Final = 0.012
_COMPONENTS: Final = {
    "database": 1.8,
    "paypal_api": 430.0,
    "email_service": 3600.0,
    "application": 0.6,
}
_SERVICE_OF: Final = {"paypal_api": "paypal", "email_service": "mail"}
_CRITICAL: Final = {
    "paypal": "PayPal API error: HTTP 503",
    "mail": "Email service error: timed out",
}
_WARNING_SHARE: Final = 0.006


def served(rng: random.Random, at: datetime, zone: ZoneInfo) -> Step:
    """One page or query that stands in no other story."""
    kind, endpoint, _, median_ms = rng.choices(_SERVED, [share for _, _, share, _ in _SERVED])[0]
    status = "error" if rng.random() < _FAILED_SHARE else "success"
    return measured(at, zone, kind, endpoint, draw_around(rng, median_ms), status)


def health_checks(rng: random.Random, at: datetime, weather: Weather) -> list[Step]:
    """One check of each component."""
    steps = []
    for component, median_ms in _COMPONENTS.items():
        took_ms: int | None = int(draw_around(rng, median_ms, 0.3))
        status, message = "healthy", None
        if rng.random() < _WARNING_SHARE:
            slow_ms = int(max(took_ms or 1, 2) * rng.uniform(4, 9))
            status, took_ms = "warning", slow_ms
            message = f"Slow {component} response: {slow_ms}ms"
        service = _SERVICE_OF.get(component)
        if service and weather.down(service, at):
            status, message, took_ms = "critical", _CRITICAL[service], None
        values: dict[str, Cell] = {
            "component": component,
            "status": status,
            "response_time": took_ms,
            "error_message": message,
            "checked_at": stamp(at),
        }
        steps.append(insert(at, "system_health", values))
    return steps


def load_sample(rng: random.Random, at: datetime, opened: datetime, zone: ZoneInfo) -> Step:
    """CPU, memory and disk in percent: with the hour's bustle; the disk fills and is cleared."""
    busy = bustle(at)
    age_days = (at - opened).total_seconds() / 86_400
    values: dict[str, Cell] = {
        "metric_type": "system_resources",
        "cpu_percent": round(min(max(18 + 24 * busy + rng.gauss(0, 8), 1.0), 97.0), 1),
        "memory_percent": round(min(max(52 + 8 * busy + rng.gauss(0, 3), 5.0), 96.0), 1),
        "disk_percent": round(38 + 0.45 * (age_days % 60), 1),
        "timestamp": local_stamp(at + timedelta(microseconds=rng.randrange(900_000)), zone),
    }
    return insert(at, "system_metrics", values)


def outage_words(rng: random.Random, outage: Outage) -> list[Step]:
    """What the application's own watch says of an outage: alerts, resolved after it, and logs."""
    seen = outage.start + timedelta(minutes=rng.uniform(1, 6))
    over = outage.end + timedelta(minutes=rng.uniform(3, 40))
    if outage.service == "mail":
        return _alert(seen, over, "Email_Service Service Critical", "email_service")
    rate = rng.uniform(22, 61)
    details = {"failure_rate": round(rate / 100, 2), "failed_count": 10, "total_count": 50}
    log: dict[str, Cell] = {
        "level": "CRITICAL",
        "component": "alert_manager",
        "message": f"High payment failure rate: {rate:.1f}%",
        "details": as_json(details),
        "created_at": stamp(seen),
    }
    return [
        *_alert(seen, over, "Paypal_Api Service Critical", "paypal_api"),
        *_alert(seen + timedelta(minutes=2), over, "High Payment Failure Rate", "payment"),
        insert(seen, "system_logs", log),
    ]


def day_words(seed: int, day: datetime) -> list[Step]:
    """A day's report, the administrator's visits, and at times an alert of its own."""
    rng = chance(seed, "day", day.toordinal())
    at = day + timedelta(hours=6, seconds=rng.randrange(3600))
    steps = _alert(at, at + timedelta(hours=rng.uniform(1, 9)), "Daily report", None, "info")
    for _ in range(rng.randrange(3)):
        seen = day + timedelta(seconds=rng.randrange(25_000, 70_000))
        log: dict[str, Cell] = {
            "level": "INFO",
            "component": "admin",
            "message": "Admin action: dashboard accessed",
            "details": as_json({"section": "transactions"}),
            "user_email": "admin@vectorcraft.com",
            "created_at": stamp(seen),
        }
        steps.append(insert(seen, "system_logs", log))
    if rng.random() < 0.25:
        title, component, kind = rng.choice(
            (
                ("Revenue Drop Detected", "payment", "warning"),
                ("High Error Rate Detected", "system", "critical"),
                ("Payment System Alert: WARNING", "transaction_processing", "payment_timeout"),
            )
        )
        at = day + timedelta(seconds=rng.randrange(86_400))
        over = at + timedelta(minutes=rng.uniform(20, 500))
        steps += _alert(at, None if rng.random() < 0.3 else over, title, component, kind)
    return steps


def _alert(
    at: datetime,
    over: datetime | None,
    title: str,
    component: str | None,
    kind: str = "critical",
) -> list[Step]:
    name = f"{title}@{at.timestamp()}"
    values: dict[str, Cell] = {
        "type": kind,
        "title": title,
        "message": f"{title} at {stamp(at)}",
        "component": component,
        "resolved": 0,
        "email_sent": 0,
        "created_at": stamp(at),
    }
    steps = [insert(at, "admin_alerts", values, name)]
    if over:
        end: dict[str, Cell] = {"resolved": 1, "resolved_at": stamp(over)}
        steps.append(update(over, "admin_alerts", name, end))
    return steps
