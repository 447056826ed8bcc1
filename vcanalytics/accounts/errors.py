"""What signing in and keeping accounts can be refused for, in words for the person who asked.

No message holds a password, a secret, or whether a name exists.
"""

from __future__ import annotations

from vcanalytics.errors import ConsoleError


class Refused(ConsoleError):
    """Name or password is wrong, or the link or token is no good: which of them is not said."""


class Throttled(ConsoleError):
    """Too many tries, or too many at once: refused without looking at the password."""

    def __init__(self, retry_after_s: int) -> None:
        unit = "second" if retry_after_s == 1 else "seconds"
        super().__init__("too many tries", hint=f"Try again in {retry_after_s} {unit}", heals=True)
        self.retry_after_s = retry_after_s


class AccountError(ConsoleError):
    """The change to a user, link or token cannot be made."""


class Forbidden(AccountError):
    """The one who asks may not do this, or not any more."""


class WeakPassword(AccountError):
    """The password is too short, too long or too easily guessed."""
