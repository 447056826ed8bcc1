"""What must not stand in a log is taken out of every text on its way there.

Whoever logs should not say it in the first place. This is for what they did not know was in a
message: a driver's error with its URL, a statement with its parameters, a traceback.
"""

from __future__ import annotations

import re
from typing import Any, Final

from structlog.typing import EventDict

HIDDEN: Final = "***"
ADDRESS: Final = "(address)"
_AT: Final = "(?:@|\uff20|%40)"
_NO_ADDRESS: Final = "\\s@\uff20<>\"'(),;:\\[\\]{}|=/\\\\"
# Each begins at a fixed text or at the beginning of a word, so that a long line costs no more than
# its length.
_SECRETS: Final = (
    # A statement's parameters, and values a check refused: rows, that is customers.
    (re.compile(r"\[parameters: .*"), "[parameters: ***]"),
    (re.compile(r"input_value=.*"), "input_value=***"),
    (re.compile(r"(/welcome/)[^\s\"'<>]+"), r"\1***"),
    (re.compile(r"(?i)\b(bearer\s+|basic\s+(?=\S{12}))[A-Za-z0-9._~+/=-]+"), r"\1***"),
    (
        re.compile(
            r"(?i)((?:passw|pwd|secret|token|api[_-]?key|authorization|cookie|signature)"
            r"[\w-]{0,20}[\"']?\s{0,4}[=:]\s{0,4}[\"']?)[^\s&;,\"']+"
        ),
        r"\1***",
    ),
    (re.compile(r"\bvc_[A-Za-z0-9_-]{16,}"), HIDDEN),
    # 256 bits in base64url or hex, and whatever else is as long and has letters and digits.
    (
        re.compile(r"(?<![A-Za-z0-9_-])(?=[A-Za-z_-]*[0-9])(?=[0-9_-]*[A-Za-z])[A-Za-z0-9_-]{40,}"),
        HIDDEN,
    ),
)
#: A URL from its "://" on; user and password end at the last @: a password may hold one.
_URL: Final = re.compile(r"://[^\s\"'<>]+")
_LAST_AT: Final = re.compile(f".*{_AT}")
_ANY_AT: Final = re.compile(_AT)
_ADDRESSES: Final = (
    re.compile('"[^"\\n]{1,64}"' + _AT + f"[^{_NO_ADDRESS}]+"),
    # No *: what stands in a secret's place is no name.
    re.compile(f"(?<![^{_NO_ADDRESS}*])[^{_NO_ADDRESS}*]+{_AT}[^{_NO_ADDRESS}]+"),
)
#: Names of fields whose value is never written.
_FIELDS: Final = re.compile(
    r"(?i)passw|pwd|secret|token|api[_-]?key|authorization|cookie|signature|e?mail|address$"
)


def mask(text: str) -> str:
    """``text`` without passwords, tokens, keys, parameters of statements and e-mail addresses."""
    if "://" in text:
        text = _URL.sub(_without_user, text)
    for pattern, put in _SECRETS:
        text = pattern.sub(put, text)
    if _ANY_AT.search(text):
        for pattern in _ADDRESSES:
            text = pattern.sub(ADDRESS, text)
    return text


def _without_user(url: re.Match[str]) -> str:
    user = _LAST_AT.match(url[0])
    return url[0] if user is None else f"://{HIDDEN}@{url[0][user.end() :]}"


def masked(_logger: object, _method: str, event: EventDict) -> EventDict:
    """A processor of structlog's: every text of the event masked, secret fields hidden."""
    return {key: HIDDEN if _FIELDS.search(key) else _masked(value) for key, value in event.items()}


def _masked(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    return mask(value if isinstance(value, str) else str(value))
