"""Who may come in, and what each may do: users, sessions, API tokens, links, the audit log."""

from vcanalytics.accounts.accounts import Accounts
from vcanalytics.accounts.audit import Action
from vcanalytics.accounts.errors import (
    AccountError,
    Forbidden,
    Refused,
    Throttled,
    WeakPassword,
)
from vcanalytics.accounts.opening import open_accounts
from vcanalytics.accounts.passwords import Argon2, Hasher
from vcanalytics.accounts.records import (
    Entry,
    Invitation,
    Principal,
    Role,
    SavedView,
    Session,
    SignedIn,
    Token,
    User,
)
from vcanalytics.accounts.sessions import Lifetime

__all__ = [
    "AccountError",
    "Accounts",
    "Action",
    "Argon2",
    "Entry",
    "Forbidden",
    "Hasher",
    "Invitation",
    "Lifetime",
    "Principal",
    "Refused",
    "Role",
    "SavedView",
    "Session",
    "SignedIn",
    "Throttled",
    "Token",
    "User",
    "WeakPassword",
    "open_accounts",
]
