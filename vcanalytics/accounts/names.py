"""Names of users and tokens: what is allowed, and when two are the same."""

from __future__ import annotations

import unicodedata
from typing import Final

from vcanalytics.accounts.errors import AccountError

NAME_CHARS_MAX: Final = 64
#: How the audit log names those that are no users.
_RESERVED: Final = ("token:", "command:")


def read_name(text: str, what: str = "name") -> str:
    """``text`` as it is kept: NFKC, without blanks around it.

    Raises AccountError where it is empty, longer than 64 characters, or holds what does not print.
    """
    # Cut before anything else looks at it: a name of megabytes is refused at no cost.
    name = unicodedata.normalize("NFKC", text[: NAME_CHARS_MAX * 4]).strip()
    if not name:
        raise AccountError(f"the {what} is empty", hint=f"Give 1 to {NAME_CHARS_MAX} characters")
    if len(text) > NAME_CHARS_MAX * 4 or len(name) > NAME_CHARS_MAX:
        raise AccountError(f"the {what} is longer than {NAME_CHARS_MAX} characters")
    if not name.isprintable():
        raise AccountError(f"the {what} holds characters that do not print")
    if folded(name).startswith(_RESERVED):
        raise AccountError(f"a {what} cannot begin like that", hint="Leave out what parts it by :")
    return name


def folded(name: str) -> str:
    """The same for names that differ in case alone; what can be no name is like no name."""
    if len(name) > NAME_CHARS_MAX * 4:
        return ""
    # Half a surrogate pair, from a command's argument, can be asked of no database.
    text = name.strip().encode("utf-8", "replace").decode("utf-8")
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
