"""``forget``: a pseudonym in a customer's place, in every version kept."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from typing import Final

import click

from collectors.instance import AlreadyRunning, Instance
from vcanalytics.commands import options, people
from vcanalytics.commands.asking import begin, opened
from vcanalytics.journal import FILE_NAME as JOURNAL
from vcanalytics.journal import Journal, forgetting
from vcanalytics.paypal import imports
from vcanalytics.store import Catalogue, Segments
from vcanalytics.store.forget import Finished, finish, forget, hiding, pending
from vcanalytics.store.manifest import GRACE, clean
from vcanalytics.store.quarantine import quarantined

#: How long running collectors are waited for, and how often one looks.
_WAIT_S_MAX: Final = 60.0
_LOOK_EVERY_S: Final = 0.2


@click.command("forget")
@click.argument("email", type=options.TEXT)
def command(*, email: str) -> int:
    """Put a pseudonym in a customer's place, everywhere; sums stay.

    The address goes from every version kept of every row, from rows kept aside and from sealed
    files, in any case and wherever it stands in a text; where a row is the customer's own, their
    user name, file names and raw details go as well. It goes from what was imported of PayPal's,
    from notes, messages that were sent and saved views. It does not come back when VectorCraft's
    rows are read again, or a download is imported. VectorCraft's own database, exports, backups and
    the audit log are not touched.

    Run again after an interruption: it goes on where it was.
    """
    call = begin(None, "table")
    with opened(call.settings) as catalogue:
        pseudonym, changed = forget(catalogue, email, call.now)
        hide = hiding(catalogue)
        changed += _forget_at_paypal(catalogue, hide) + _forget_in_notes(catalogue, hide)
        finished = _finish(catalogue, call.now)
        with catalogue.read() as connection:
            aside = [one.file for one in quarantined(connection) if one.file]
        # By the pseudonym alone.
        with people.opened(create=True) as accounts:
            changed += accounts.forget(hide)
            accounts.note("customer_forgotten", actor=people.caller(), target=pseudonym)
    unread = [f"quarantine/{file} cannot be read" for file in aside]
    if finished is None:
        click.echo(f"{pseudonym}: {changed:,} rows changed, and sealed files by the collectors")
    else:
        click.echo(f"{pseudonym}: {changed + finished.rows:,} rows changed")
        unread += [f"{key} is damaged" for key in finished.damaged]
    for what in unread:
        sys.stderr.write(f"vcanalytics: note: {what} and may still hold the address\n")
    return 1 if unread else 0


def _forget_at_paypal(catalogue: Catalogue, hide: Callable[[str], str]) -> int:
    """The same in what was imported of PayPal's; how many rows changed. Raises StoreError."""
    rows = imports.opened(catalogue.path.parent)
    if rows is None:
        return 0
    with closing(rows):
        return imports.forget(rows, hide)


def _forget_in_notes(catalogue: Catalogue, hide: Callable[[str], str]) -> int:
    """The same in what people wrote down, and in what was sent. Raises StoreError."""
    store_dir = catalogue.path.parent
    if not (store_dir / JOURNAL).exists():
        return 0
    with closing(Journal.open(store_dir)) as journal:
        return forgetting.forget(journal, hide)


def _finish(catalogue: Catalogue, now: datetime) -> Finished | None:
    """Rewrite the sealed files; None where running collectors do it. Raises StoreError."""
    store_dir = catalogue.path.parent
    deadline = time.monotonic() + _WAIT_S_MAX
    while True:
        try:
            with Instance(store_dir):
                segments = Segments(store_dir)
                finished = finish(catalogue, segments, now)
                # Nothing seals now, and nobody's old file is to outlive its owner's wish.
                clean(catalogue, segments, now + GRACE * 2)
                return finished
        except AlreadyRunning:
            if not pending(catalogue):
                return None
            if time.monotonic() > deadline:
                sys.stderr.write(
                    "vcanalytics: note: the running collectors have not come to the sealed files"
                    " yet; they will, or whoever starts next\n"
                )
                return None
            time.sleep(_LOOK_EVERY_S)
