"""Which browser a session is in, by what it says of itself."""

from __future__ import annotations

import pytest

from vcanalytics.ui.agents import browser

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15"
ANDROID = "Mozilla/5.0 (Linux; Android 14; K) AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "spoken"),
    [
        (f"{WINDOWS} Chrome/141.0.0.0 Safari/537.36", "Chrome 141 on Windows"),
        (f"{WINDOWS} Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0", "Edge 141 on Windows"),
        (f"{WINDOWS} Chrome/141.0.0.0 Safari/537.36 OPR/122.0.0.0", "Opera 122 on Windows"),
        (f"{MAC} Version/18.1 Safari/605.1.15", "Safari 18 on macOS"),
        (f"{IPHONE} (KHTML) Version/18.0 Mobile/15E148 Safari/604.1", "Safari 18 on iPhone"),
        (f"{IPHONE} (KHTML) CriOS/141.0 Mobile/15E148 Safari/604.1", "Chrome 141 on iPhone"),
        (f"{ANDROID} Chrome/141.0.0.0 Mobile Safari/537.36", "Chrome 141 on Android"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0",
         "Firefox 141 on Linux"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", "Not said"),
        ("x" * 200, "x" * 40),
    ],
)  # fmt: skip
def test_a_browser_is_named_in_a_few_words(agent: str, spoken: str) -> None:
    assert browser(agent) == spoken
