"""``restore``: a backup back into an empty data directory, verified."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final

import click

from collectors.instance import Instance
from vcanalytics.accounts.database import FILE_NAME as ACCOUNTS
from vcanalytics.accounts.database import Database
from vcanalytics.accounts.restored import settle
from vcanalytics.commands import options, people
from vcanalytics.commands.asking import begin
from vcanalytics.commands.backup import COLUMNS, overview, sums
from vcanalytics.commands.output import Answer
from vcanalytics.commands.progress import shown
from vcanalytics.journal import FILE_NAME as JOURNAL
from vcanalytics.journal import Journal
from vcanalytics.paypal.database import FILE_NAME as PAYPAL
from vcanalytics.paypal.database import PayPal
from vcanalytics.private_file import PrivateFile
from vcanalytics.store.backups.restore import recorded, restore

_PRIVATE: Final[dict[str, type[PrivateFile]]] = {
    ACCOUNTS: Database,
    JOURNAL: Journal,
    PAYPAL: PayPal,
}


@click.command("restore")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@options.output
def command(*, folder: Path, zone: str | None, form: str) -> None:
    """Put a backup back into an empty data directory (VC_DATA_DIR).

    Every file is verified by its digest, and what came there row for row and cent for cent against
    the backup's record. Run again after an interruption: it goes on where it was; until it has
    ended, nothing opens what stands there. Everybody signs in anew, and open invitations are
    withdrawn; users, passwords and API tokens are those of the backup.
    """
    call = begin(zone, form)
    data_dir = call.settings.data_dir
    record = recorded(folder)
    for file in record.files:
        kind = _PRIVATE.get(Path(file.path).name)
        if kind is not None and (folder / file.stored).exists():
            kind.refuse_newer(folder / file.stored)

    def settled(place: str, path: Path) -> None:
        if place == ACCOUNTS:
            settle(path.parent, call.now, actor=people.caller(), source=str(folder))

    with shown() as progress:
        restore(folder, record, data_dir, held=Instance, settle=settled, progress=progress)
    copied = Counter({file.stored: file.bytes for file in record.files})
    foot = f"{data_dir} holds the store as of {call.time(record.taken_at)}"
    call.write(Answer(overview(record, copied), COLUMNS, foot=(*sums(record), foot)))
