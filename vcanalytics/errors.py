"""One base for every error an operator may read: what went wrong, where, and what to do."""

from __future__ import annotations


class ConsoleError(Exception):
    """An error with words for the person who reads it.

    ``what`` says what went wrong, ``where`` names the file, setting or row, ``hint`` says what to
    do about it. ``heals`` is true where waiting may be enough (a locked file, a missing source).
    """

    def __init__(self, what: str, *, where: str = "", hint: str = "", heals: bool = False) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint
        self.heals = heals

    def __str__(self) -> str:
        line = f"{self.where}: {self.what}" if self.where else self.what
        return " ".join(f"{line}. {self.hint}".split()) if self.hint else " ".join(line.split())


class UsageError(ConsoleError):
    """The caller asked for something that cannot be: a command answers it with exit status 2."""


class SettingError(UsageError):
    """A setting has a value that is not allowed, or a name that does not exist."""


class SourceError(ConsoleError):
    """VectorCraft's database cannot be read now."""


class StoreError(ConsoleError):
    """The console's own store cannot do what was asked."""


class NoRoom(StoreError):
    """The disk that the store lies on is full."""


class BudgetExceeded(ConsoleError):
    """A question ran into its time budget and was interrupted."""
