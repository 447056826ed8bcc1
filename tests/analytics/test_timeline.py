"""The story of one payment, told from what was kept of it."""

from __future__ import annotations

from tests.analytics.conftest import Look
from tests.analytics.moments import NOON, Row, at, moment, only
from tests.shop import Shop
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.timeline import WHATS, timeline
from vcanalytics.store import Snapshot


def test_a_payment_from_its_begin_to_its_refund(engine: Engine, shop: Shop, look: Look) -> None:
    shop.transaction("VC_1", email="Ann@Example.com", amount=49, created_at="2026-11-20 09:00:00")
    look(at("2026-11-20T09:00:05"))
    shop.update("VC_1", status="awaiting_payment", paypal_order_id="ORDER1")
    look(at("2026-11-20T09:00:10"))
    shop.complete(
        "VC_1",
        amount=49.0,
        completed_at="2026-11-20 09:01:00",
        payer_email="payer@example.com",
        email_sent=0,
        user_created=0,
    )
    look(at("2026-11-20T09:01:05"))
    shop.update("VC_1", user_created=1, email_sent=1)
    shop.mail(
        recipient_email="PAYER@example.com",
        email_type="credentials",
        created_at="2026-11-20 09:01:10",
    )
    # To the same address, long after: another matter.
    shop.mail(recipient_email="payer@example.com", created_at="2026-11-20 10:01:01")
    look(at("2026-11-20T09:01:15"))
    shop.dispute("DISP_1", "VC_1", created_at="2026-11-20 10:00:00")
    look(at("2026-11-20T10:00:05"))
    shop.update_dispute("DISP_1", status="investigating")
    look(at("2026-11-20T10:05:00"))
    shop.refund("VC_1", case_id="DISP_1", resolved_at="2026-11-20 11:00:00")
    look(at("2026-11-20T11:00:05"))
    shop.delete("VC_1")
    snapshot = look(at("2026-11-20T12:00:00"))

    answer = timeline(engine, snapshot, "VC_1")

    assert [(f"{when:%H:%M:%S}", what, detail) for when, what, detail in answer.rows()] == [
        ("09:00:00", "begun", "49.00 USD by Ann@Example.com"),
        ("09:00:05", "first_read", "first read as pending"),
        ("09:00:10", "status", "pending to awaiting_payment (seen)"),
        ("09:00:10", "order", "PayPal order (none) to ORDER1 (seen)"),
        ("09:01:00", "captured", "49.00 USD captured, payer payer@example.com"),
        ("09:01:05", "payer", "payer (none) to payer@example.com (seen)"),
        ("09:01:05", "order", "PayPal payment (none) to PAYID-VC_1 (seen)"),
        (
            "09:01:10",
            "mail",
            "credentials to PAYER@example.com: sent (matched by address and time)",
        ),
        ("09:01:15", "account", "account made (seen)"),
        ("09:01:15", "mailed", "marked as mailed (seen)"),
        ("10:00:00", "case_opened", "case DISP_1, refund_request, 49.00 USD"),
        ("10:05:00", "case_changed", "case DISP_1 open to investigating (seen)"),
        ("11:00:00", "refunded", "49.00 USD refunded, case DISP_1"),
        ("11:00:00", "case_resolved", "case DISP_1 resolved"),
        ("12:00:00", "deleted", "gone from the source (seen); out of all figures since"),
    ]
    assert set(answer["what"]) <= set(WHATS)


def test_what_the_first_version_tells_of_the_time_before(
    engine: Engine, shop: Shop, look: Look
) -> None:
    shop.transaction("VC_1", created_at="2026-11-20 09:00:00", error_message="tried twice")
    shop.complete("VC_1", completed_at="2026-11-20 09:01:00")
    shop.refund("VC_1", with_case=False)
    answer = timeline(engine, look(NOON), "VC_1")
    assert only(answer, "happened_at", "what", "detail") == [
        (at("2026-11-20T09:00:00"), "begun", "49.00 USD by ann@example.com"),
        (at("2026-11-20T09:01:00"), "captured", "49.00 USD captured"),
        (at("2026-11-20T09:01:00"), "refunded", "49.00 USD refunded, case DISP_VC_1"),
        (
            NOON,
            "first_read",
            "first read as refunded; account made; marked as mailed; error: tried twice",
        ),
    ]


def test_a_failure_its_return_and_its_other_error(engine: Engine, shop: Shop, look: Look) -> None:
    shop.transaction("VC_1", created_at="2026-11-20 09:00:00")
    look(at("2026-11-20T09:00:01"))
    shop.update("VC_1", status="failed", error_message="declined")
    look(at("2026-11-20T09:00:02"))
    shop.update("VC_1", error_message=None)
    look(at("2026-11-20T09:00:03"))
    shop.complete("VC_1", completed_at=None)
    answer = timeline(engine, look(at("2026-11-20T09:00:04")), "VC_1")
    assert only(answer, "what", "detail")[2:5] == [
        ("failed", "pending to failed (seen): declined"),
        ("error", "no error any more (seen)"),
        # No time was stamped: it stands where it was seen.
        ("captured", "49.00 USD captured, payer ann@example.com (seen)"),
    ]


def mail(number: int, when: str, recipient: str = "ann@example.com", **more: object) -> Row:
    usual: Row = {"observed_at": NOON, "deleted": False, "status": "sent"}
    row = {"source_id": number, "recipient_email": recipient, "created_at": at(when)}
    return usual | row | more


def captured(name: str, when: str, **more: object) -> Row:
    usual: Row = {"transaction_id": name, "email": "ann@example.com", "status": "completed"}
    return usual | {"captured_at": at(when)} | more


def mails_of(engine: Engine, snapshot: Snapshot, name: str) -> list[str]:
    """When the mails of a payment were queued."""
    answer = timeline(engine, snapshot, name)
    return [f"{when:%H:%M:%S}" for when, what, _ in answer.rows() if what == "mail"]


def test_a_mail_that_names_the_payment_needs_no_address_and_no_capture(engine: Engine) -> None:
    snapshot = moment(
        transactions=[{"transaction_id": "VC_1", "email": "ann@example.com"}],
        mails=[
            mail(
                1,
                "2026-11-25T00:00:00",
                "else@example.com",
                transaction_id="VC_1",
                email_type="receipt",
                status="failed",
                error_message="mailbox full",
                bounced_at=at("2026-11-25T01:00:00"),
            ),
            mail(4, "2026-11-20T12:30:00", transaction_id="VC_2"),
            mail(5, "2026-11-20T12:30:00", transaction_id="VC_1", deleted=True),
        ],
    )
    answer = timeline(engine, snapshot, "VC_1")
    assert only(answer, "what", "detail") == [
        ("begun", "no readable amount by ann@example.com"),
        ("first_read", "first read as pending"),
        ("mail", "receipt to else@example.com: failed, mailbox full"),
        ("mail_bounced", "receipt to else@example.com came back"),
    ]


def test_a_payment_that_was_not_captured_has_no_mail_by_its_address(engine: Engine) -> None:
    tried = {"email": "ann@example.com", "status": "failed", "created_at": at("2026-11-20T09:00")}
    snapshot = moment(
        transactions=[
            {"transaction_id": "VC_1", **tried},
            captured("VC_2", "2026-11-20T09:05:00", created_at=at("2026-11-20T09:04:00")),
        ],
        mails=[mail(1, "2026-11-20T09:05:01")],
    )
    assert mails_of(engine, snapshot, "VC_1") == []
    assert mails_of(engine, snapshot, "VC_2") == ["09:05:01"]


def test_mails_are_queued_from_shortly_before_the_capture_until_an_hour_after(
    engine: Engine,
) -> None:
    times = ("11:58:59", "11:59:00", "12:00:00", "13:00:00", "13:00:01")
    snapshot = moment(
        transactions=[
            captured("VC_1", "2026-11-20T12:00:00", created_at=at("2026-11-20T11:58:00")),
        ],
        mails=[mail(number, f"2026-11-20T{time}") for number, time in enumerate(times)],
    )
    assert mails_of(engine, snapshot, "VC_1") == ["11:59:00", "12:00:00", "13:00:00"]


def test_each_mail_belongs_to_one_payment_the_one_captured_last_before_it(engine: Engine) -> None:
    snapshot = moment(
        transactions=[
            captured("VC_1", "2026-11-20T12:00:00"),
            # The same person pays again; another's payment went to that address too.
            captured("VC_2", "2026-11-20T12:10:00", email=" ANN@example.com"),
            captured(
                *("VC_3", "2026-11-20T12:20:30"),
                email="bob@example.com",
                payer_email="Ann@Example.com ",
            ),
        ],
        mails=[
            mail(1, "2026-11-20T12:00:01"),
            mail(2, "2026-11-20T12:09:59", "Ann@example.com"),
            mail(3, "2026-11-20T12:10:00"),
            mail(4, "2026-11-20T12:20:00"),
            mail(5, "2026-11-20T12:20:30"),
            mail(6, "2026-11-20T12:25:00", "bob@example.com"),
        ],
    )
    assert mails_of(engine, snapshot, "VC_1") == ["12:00:01", "12:09:59"]
    assert mails_of(engine, snapshot, "VC_2") == ["12:10:00", "12:20:00"]
    assert mails_of(engine, snapshot, "VC_3") == ["12:20:30", "12:25:00"]


def test_an_unknown_payment_has_no_story(engine: Engine) -> None:
    assert timeline(engine, moment(), "VC_404").height == 0
