"""Rows of the tables that only grow, and of users, for tests of how they are read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.collectors.rig import Console
from tests.shop import SHOP_TIME, Shop

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def rows(console: Console, stream: str = "activity") -> list[dict[str, Any]]:
    """What is kept of a stream, without the empty cells."""
    table: list[dict[str, Any]] = console.reader.snapshot([stream]).table(stream).to_pylist()
    return [{k: v for k, v in row.items() if v is not None and k != "seq"} for row in table]


def add_user(shop: Shop, name: str = "ann", **values: object) -> int:
    given = {"email": f"{name}@example.com", "created_at": SHOP_TIME, **values}
    return shop.insert("users", username=name, password_hash="h4sh", salt="s4lt", **given)


def add_upload(shop: Shop, user_id: object = 1, **values: object) -> int:
    row: dict[str, object] = {
        "filename": "5a1f_logo.png",
        "original_filename": "logo.png",
        "file_size": 52_000,
        "upload_date": SHOP_TIME,
        "svg_filename": "5a1f_result.svg",
        "processing_time": 2.25,
        "strategy_used": "vtracer_high_fidelity",
    }
    return shop.insert("user_uploads", user_id=user_id, **{**row, **values})


def add_activity(shop: Shop, kind: str = "login", **values: object) -> int:
    row: dict[str, object] = {"user_id": 1, "description": kind, "timestamp": SHOP_TIME}
    return shop.insert("user_activities", activity_type=kind, **{**row, **values})


def add_log(shop: Shop, message: str = "m", component: str = "payment", **values: object) -> int:
    row: dict[str, object] = {"level": "INFO", "created_at": SHOP_TIME}
    return shop.insert("system_logs", message=message, component=component, **{**row, **values})


def add_load(shop: Shop, **values: object) -> int:
    row: dict[str, object] = {"cpu_percent": 12.34, "timestamp": "2026-11-20 17:30:00.250000"}
    return shop.insert("system_metrics", metric_type="system_resources", **{**row, **values})


def add_health(shop: Shop, **values: object) -> int:
    row: dict[str, object] = {"status": "healthy", "response_time": 3, "checked_at": SHOP_TIME}
    return shop.insert("system_health", component="database", **{**row, **values})
