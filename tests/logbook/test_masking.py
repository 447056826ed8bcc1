"""What is logged holds no secrets and no addresses, wherever they stand in a message."""

from __future__ import annotations

import json
import logging
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcanalytics.accounts.keys import new_secret, new_token
from vcanalytics.logbook import mask, open_logbook

_LOG = logging.getLogger("vcanalytics.tests")
_WORDS = st.text(max_size=30)
_NAMES = st.text(st.sampled_from("abcXYZ019._+-%\u00fc\u65e5"), min_size=1, max_size=20)
_HOSTS = st.from_regex(r"[a-z0-9-]{1,12}(\.[a-z]{2,8}){0,2}", fullmatch=True)
_GAPS = st.sampled_from([" ", "\n", "\t", ", ", "; ", "(", "<", '"', "'", "="])


@given(_WORDS, _GAPS, _NAMES, st.sampled_from(["@", "\uff20", "%40"]), _HOSTS)
def test_no_address_is_left(before: str, gap: str, name: str, at: str, host: str) -> None:
    left = mask(f"{before}{gap}{name}{at}{host} is known")
    assert f"{name}{at}{host}" not in left
    assert f"{at}{host}" not in left
    assert mask(left) == left


@given(_WORDS, _GAPS, st.integers(min_value=0))
def test_no_secret_of_the_consoles_own_is_left(before: str, gap: str, seed: int) -> None:
    random.seed(seed)
    for secret in (new_secret(), new_token()):
        for form in ("{}", "Bearer {}", "token={}", "/welcome/{}", "Cookie: vc={}; path=/"):
            assert secret not in mask(before + gap + form.format(secret))


@given(_HOSTS, st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=4, max_size=20))
def test_no_password_of_a_url_is_left(host: str, password: str) -> None:
    password = "".join(c for c in password if c not in "\"'<>") + "0x!Q"
    text = f"cannot open postgresql+psycopg://vectorcraft:{password}@{host}/shop now"
    left = mask(text)
    assert password not in left
    assert left.startswith("cannot open postgresql+psycopg://***@")
    assert left.endswith(" now")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("payment VC_2026_000123 of PAYID-F1GGWT7GHM7MMZW2ZSLA", None),
        ("sealed requests/2026-11-20/5f409f6e0a3c.parquet, 50,000 rows", None),
        ("again in 0.5 s at 2026-11-20T10:00:00+00:00", None),
        ("vcanalytics.web.first_start.listening_sockets_and_doors_limits", None),
        ('"john doe"@example.com asked', "(address) asked"),
        ("smtp says: password: hunter2, stop", "smtp says: password: ***, stop"),
        ("[SQL]\n[parameters: ('ann', 3)]\n(Background)", "[SQL]\n[parameters: ***]\n(Background)"),
        ("amount [input_value='Ann Lee', input_type=str]", "amount [input_value=***"),
    ],
)
def test_ids_stay_and_the_rest_goes(text: str, left: str | None) -> None:
    assert mask(text) == (left or text)


@pytest.mark.parametrize("kind", ["x", "a1", "://", "token=", "ann@", '"', "%40", "a-", "\u65e5 "])
def test_a_long_text_costs_no_more_than_its_length(kind: str) -> None:
    # Ten million steps of a pattern that looks at each pair would take minutes.
    mask(kind * 200_000)


def test_a_line_is_masked_in_message_extras_and_traceback_alike(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = new_secret()
    with open_logbook("console", tmp_path, file_bytes=100_000, files=2) as logbook:
        try:
            int(f"ann@example.com with {secret}")
        except ValueError:
            _LOG.exception("asked by %s", "bob@example.com", extra={"to": "eve@x.io", "token": 7})
        assert logbook.path is not None
        written = logbook.path.read_text("utf-8")
    shown = capsys.readouterr().err

    for text in (written, shown):
        assert "asked by (address)" in text
        assert "(address) with ***" in text
        for hidden in ("ann@", "bob@", "eve@", secret):
            assert hidden not in text
    assert json.loads(written)["token"] == "***"
