"""``alerts``: what is firing, which rules hold, when one would have fired."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

from tests.commands.asked import NOW, Store
from tests.shop import Shop, utc_text
from vcanalytics.journal import Journal, alert_writing
from vcanalytics.journal.alert_records import Firing, Severity

DAY = timedelta(days=1)


def failed_for_a_while(shop: Shop) -> None:
    """A week of a payment an hour, every seventh fails; then, two days ago, ten of ten."""
    with shop.batch():
        for i in range(24 * 9):
            shop.transaction(
                f"VC_{i}",
                created_at=utc_text(NOW - timedelta(hours=i, minutes=7)),
                status="pending" if i % 7 else "failed",
            )
        for i in range(10):
            begun = NOW - 2 * DAY + timedelta(seconds=20 * i)
            shop.transaction(f"VC_BURST_{i}", created_at=utc_text(begun), status="error")


def test_what_is_firing_is_printed_and_nothing_where_nobody_watched(
    store: Store, shop: Shop
) -> None:
    store.keep(shop)
    assert store.csv("alerts") == []
    assert store.text("alerts").endswith("Nothing is firing.\n")
    with closing(Journal.open(store.data_dir)) as journal, journal.write() as connection:
        firing = Firing(
            "cpu", "web-1", Severity.WARNING, "Busy", False, NOW, 93.0, 80.0, "%", {"what": "93 %"}
        )
        alert_writing.opened(connection, NOW, firing)
        over = alert_writing.opened(connection, NOW - 3 * DAY, firing_of("memory"))
        alert_writing.resolved(connection, over, NOW - 2 * DAY, 3.0)
    (row,) = store.csv("alerts")
    assert (row["rule"], row["series"], row["state"], row["what"]) == (
        "cpu",
        "web-1",
        "firing",
        "93 %",
    )
    assert row["fired_at"] == "2026-11-22T12:00:00+00:00"
    assert [one["rule"] for one in store.csv("alerts", "--days", "1")] == ["cpu"]
    assert [one["rule"] for one in store.csv("alerts", "--days", "2")] == ["cpu", "memory"]


def firing_of(rule: str) -> Firing:
    return Firing(rule, "", Severity.INFO, "Short", False, NOW - 3 * DAY, 90.0, 85.0, "%", {})


def test_the_rules_that_hold_are_those_of_the_file(
    store: Store, shop: Shop, tmp_path: Path
) -> None:
    store.keep(shop)
    rules = tmp_path / "mine.toml"
    rules.write_text('[rules.cpu]\nabove = "95 %"\n[rules.memory]\nenabled = false\n')
    found = {row["rule"]: row for row in store.csv("alerts", "rules", "--rules-file", str(rules))}
    assert (found["cpu"]["limit"], found["cpu"]["clear"]) == ("above 95 %", "95 %")
    assert found["memory"]["enabled"] == "false"
    assert found["failure_rate"]["window"] == "5 min"
    store.env["VC_RULES_FILE"] = str(rules)
    assert store.csv("alerts", "rules") == list(found.values())
    rules.write_text('[rules.cpu]\nabove = "95 ms"\n')
    assert store.error("alerts", "rules") == (
        2,
        f"{rules}:2: above: cpu is measured in '%', not in 'ms'",
    )


def test_a_rule_is_tested_on_the_last_days(store: Store, shop: Shop, tmp_path: Path) -> None:
    failed_for_a_while(shop)
    store.keep(shop)
    (once,) = store.csv("alerts", "test", "failure_rate", "--days", "3")
    # The tenth second after the seventh failure, to the minute that history is replayed by.
    assert once["fired_at"] == "2026-11-20T12:03:00+00:00"
    assert once["resolved_at"].startswith("2026-11-20T12:")
    assert (float(once["peak"]), once["unit"]) == (100.0, "%")
    rules = tmp_path / "mine.toml"
    rules.write_text("[rules.failure_rate]\nmin_events = 11\n")
    args = ("alerts", "test", "failure_rate", "--days", "3", "--rules-file", str(rules))
    assert store.csv(*args) == []
    assert "never in 3 days, judged every 1 min" in store.text(*args)
    assert store.error("alerts", "test", "nothing")[0] == 2
    status, line = store.error("alerts", "test", "backup_old")
    assert (status, line.partition(". ")[0]) == (
        2,
        "alerts test: backup_age is known of this moment alone",
    )
