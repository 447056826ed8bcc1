"""Plain words for names: all of the contract's, and an unknown one as it is."""

from __future__ import annotations

import pytest

from vcanalytics.display import words
from vcanalytics.model.streams import STREAMS

#: As the contract names them.
FINDINGS = {
    "paid_not_mailed",
    "paid_no_account",
    "captured_but_failed",
    "stuck",
    "abandoned",
    "amount_missing",
    "amount_mismatch",
    "refund_without_case",
    "case_without_refund",
    "suspicious",
    "sample_row",
}
#: The states VectorCraft writes, and those that exist there as names.
STATUSES = {
    "pending",
    "awaiting_payment",
    "completed",
    "failed",
    "error",
    "refunded",
    "cancelled",
    "disputed",
    "initiated",
    "processing",
}


def test_each_finding_status_and_stream_has_its_words() -> None:
    assert {finding.name for finding in words.FINDINGS} == FINDINGS
    assert set(words.STATUSES) == STATUSES
    assert set(words.STREAM_LABELS) == set(STREAMS)


def test_no_two_states_read_alike() -> None:
    labels = [word.label for word in words.STATUSES.values()]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("name", ["on_hold", "COMPLETED", "<b>", "cancelled "])
def test_an_unknown_status_keeps_its_name_in_grey(name: str) -> None:
    word = words.status(name)
    assert word.label == f"{name}, unknown"
    assert (word.colour, word.role) == ("gray", "muted")


def test_no_status_at_all_is_said() -> None:
    assert words.status("").label == "none, unknown"


def test_an_event_is_named_by_what_happened_a_failure_by_its_status() -> None:
    assert words.event("captured", "refunded").label == "Paid"
    assert words.event("failed", "error").label == "Error"
    assert words.event("failed", "on_hold").label == "on_hold, unknown"


def test_what_waits_for_a_person_is_money_taken_and_nothing_given() -> None:
    assert set(words.OPEN_WORK) == {"captured_but_failed", "paid_not_mailed", "paid_no_account"}
