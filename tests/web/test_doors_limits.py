"""How much and how often: refused at once, in bounded memory, with when to come back."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.web.rig import COOKIE, ORIGIN, House, form
from vcanalytics.web import limits, sign_in
from vcanalytics.web.limits import Rate, Rates

ROOT = Path(__file__).resolve().parents[2]
FORM = (b"content-type", b"application/x-www-form-urlencoded")
HOST = (b"host", b"127.0.0.1:8501")


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rates that are soon used up."""
    for name in ("ADDRESS", "SIGN_IN", "STRANGER", "PRINCIPAL", "EXPORTS", "SOCKETS"):
        monkeypatch.setattr(limits, name, Rate(name.lower(), 6))


def test_a_body_that_says_it_is_long_is_not_read(home: House) -> None:
    length = (b"content-length", str(limits.BODY_BYTES_MAX + 1).encode())
    answer = home.raw(b"/login", FORM, length, method="POST", body=[b"x" * 1_000] * 100)
    assert (answer.status, answer.unread) == (413, 100)


def test_a_body_that_does_not_say_is_read_no_further_than_allowed(home: House) -> None:
    pieces = [b"username=" + b"x" * 10_000] * 1_000
    answer = home.raw(b"/login", FORM, method="POST", body=pieces)
    assert answer.status == 413
    assert answer.unread > 990


@pytest.mark.parametrize("length", [b"-1", b"1e9", b"", b"9" * 400, b"0x10", b"5, 5"])
def test_a_length_that_is_none_is_refused(home: House, length: bytes) -> None:
    answer = home.raw(b"/login", FORM, (b"content-length", length), method="POST")
    assert answer.status == 413


def test_events_may_be_longer_than_forms() -> None:
    assert limits.body_bytes_max("/admin/api/ingest/requests") == limits.INGEST_BYTES_MAX
    assert limits.body_bytes_max("/admin/api/ingest") == limits.BODY_BYTES_MAX
    # As Streamlit is told, with room for what a form adds.
    told = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    allowed = told["server"]["maxUploadSize"] * 1024 * 1024
    assert 0 < limits.body_bytes_max("/_stcore/upload_file/a/b") - allowed <= 1024 * 1024


def test_headers_are_bounded_in_number_and_size(home: House) -> None:
    many = [(b"x-%d" % number, b"1") for number in range(limits.HEADERS_MAX + 1)]
    assert home.raw(b"/healthz", HOST, *many).status == 431
    assert home.raw(b"/healthz", HOST, (b"x-a", b"1" * limits.HEADER_BYTES_MAX)).status == 431
    assert home.raw(b"/healthz", HOST, *many[:90]).status == 200
    cookie = (b"cookie", f"{COOKIE}=a; ".encode() * 2_000)
    assert home.raw(b"/transactions", HOST, cookie).status == 431


def test_a_query_is_bounded(home: House) -> None:
    assert home.raw(b"/login?next=" + b"a" * limits.QUERY_BYTES_MAX).status == 414


def test_whoever_hangs_up_amid_a_form_is_forgotten(home: House) -> None:
    answer = home.raw(b"/login", FORM, (b"origin", ORIGIN.encode()), method="POST", body=[])
    assert answer.status == 400


def test_a_form_that_never_ends_is_not_waited_for(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "_FORM_WITHIN_S", 0.05)
    answer = home.raw(b"/login", FORM, (b"origin", ORIGIN.encode()), method="POST", stalls=True)
    assert answer.status == 408


@pytest.mark.parametrize("path", ["/healthz", "/login", "/transactions", "/admin/api/health"])
def test_an_address_that_asks_too_often_is_told_when_to_come_back(
    fresh: House, slow: None, path: str
) -> None:
    answers = [fresh.client().get(path) for _ in range(8)]
    assert answers[0].status_code != 429
    assert answers[-1].status_code == 429
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert answers[-1].headers["x-content-type-options"] == "nosniff"
    # Another one is not kept out for it.
    assert fresh.client(client=("192.0.2.1", 1)).get("/healthz").status_code == 200


def test_sign_in_is_limited_whatever_name_is_tried(fresh: House, slow: None) -> None:
    statuses = [
        fresh.client(client=("192.0.2.1", 1))
        .post("/login", **form(username=f"name {number}", password="x"))
        .status_code
        for number in range(8)
    ]
    assert statuses[0] == 401
    assert statuses[-1] == 429


def test_a_principal_is_limited_wherever_they_ask_from(fresh: House, slow: None) -> None:
    secret = fresh.enter("vera")
    asked = [
        fresh.client(secret, client=(f"192.0.2.{number}", 1)).get("/media/x").status_code
        for number in range(8)
    ]
    assert (asked[0], asked[-1]) == (200, 429)
    assert fresh.as_("olga", client=("192.0.2.99", 1)).get("/media/x").status_code == 200


def test_a_network_of_one_customer_is_one_address() -> None:
    rates, rate = Rates(), Rate("test", 3)
    waits = [rates.place_wait_s(rate, f"2001:db8:1:2::{number:x}") for number in range(5)]
    assert waits[:3] == [0, 0, 0]
    assert waits[4] > 0
    assert rates.place_wait_s(rate, "2001:db8:1:3::1") == 0


def test_counters_are_bounded_however_many_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_BUCKETS", 16)
    rates, rate = Rates(), Rate("test", 1_000)
    for number in range(500):
        rates.wait_s(rate, f"somebody {number}")
    kept = vars(rates._limiter.storage)["storage"]
    assert 0 < len(kept) <= 32


def test_hashes_have_threads_and_a_queue_of_their_own(
    fresh: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many sign in at once: the rest hear at once that they have to come back."""
    monkeypatch.setattr(sign_in, "_HASHING", 0)
    answer = fresh.client().post("/login", **form(username="vera", password="x"))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
