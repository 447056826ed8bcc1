"""The tests' shop is what VectorCraft is, and does what its methods say."""

from __future__ import annotations

import json
from pathlib import Path

from tests.shop import SHOP_TIME, make_shop, open_shop


def test_a_payment_lives_through_capture_and_refund(tmp_path: Path) -> None:
    with make_shop(tmp_path / "shop.db") as shop:
        shop.transaction("VC_1", email="Ann@Example.com", amount=29.4)
        shop.update("VC_1", status="awaiting_payment")
        shop.complete("VC_1", amount="29.40", currency="EUR", completed_at="2026-11-20 12:01:00")
        case = shop.refund("VC_1", resolved_at="2026-11-22 09:00:00")
        assert shop.rows(
            "SELECT email, amount, status, completed_at, email_sent, metadata FROM transactions"
        ) == [
            (
                "Ann@Example.com",
                29.4,
                "refunded",
                "2026-11-20 12:01:00",
                1,
                json.dumps({"refund_case_id": case}),
            )
        ]
        assert shop.rows("SELECT case_id, status, resolved_at FROM dispute_cases") == [
            ("DISP_VC_1", "resolved", "2026-11-22 09:00:00")
        ]


def test_every_kind_of_row_can_be_made_and_seen_from_a_second_connection(tmp_path: Path) -> None:
    with make_shop(tmp_path / "shop.db", journal_mode="wal") as shop:
        shop.transaction("VC_1", amount=None)
        shop.transaction("VC_2", amount="49,00")
        shop.delete("VC_1")
        mail = shop.mail(status="pending")
        shop.update_mail(mail, status="failed")
        shop.metric(value=12.5)
        shop.insert_many("system_logs", [{"level": "INFO", "component": "a", "message": "m"}] * 3)
        with open_shop(shop.path) as other:
            assert other.rows("SELECT transaction_id, amount FROM transactions") == [
                ("VC_2", "49,00")
            ]
            assert other.rows("SELECT status FROM email_logs") == [("failed",)]
            assert other.rows("SELECT value, timestamp FROM performance_metrics") == [
                (12.5, SHOP_TIME)
            ]
            assert other.rows("SELECT count(*) FROM system_logs") == [(3,)]


def test_a_shop_without_a_table_lacks_its_indexes_too(tmp_path: Path) -> None:
    with make_shop(tmp_path / "shop.db", without=("dispute_cases",)) as shop:
        assert shop.rows("SELECT name FROM sqlite_master WHERE tbl_name = 'dispute_cases'") == []
