"""The accounts as the settings say."""

from __future__ import annotations

from datetime import timedelta

from vcanalytics.accounts.accounts import Accounts
from vcanalytics.accounts.passwords import Hasher
from vcanalytics.accounts.sessions import Lifetime
from vcanalytics.instants import Clock, utc_now
from vcanalytics.settings import Settings


def open_accounts(
    settings: Settings,
    *,
    clock: Clock = utc_now,
    hasher: Hasher | None = None,
    create: bool = True,
) -> Accounts:
    """The accounts in VC_DATA_DIR: the same for the demo shop and for a real one.

    Raises StoreError.
    """
    return Accounts.open(
        settings.data_dir,
        clock=clock,
        hasher=hasher,
        create=create,
        lifetime=Lifetime(
            timedelta(minutes=settings.idle_minutes), timedelta(days=settings.session_days)
        ),
        invitation_lasts=timedelta(hours=settings.invitation_hours),
        tries=settings.sign_in_tries,
    )
