"""Taking a backup of a store that goes on, again and again into the same folder."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.torture import trouble
from tests.torture.task import Task
from vcanalytics.store import Catalogue
from vcanalytics.store.backups.backup import take
from vcanalytics.store.catalogue import FILE_NAME, RESTORING

if TYPE_CHECKING:
    from tests.torture.storehouse import Storehouse

STEPS: Final = ("file", "copied", "catalogue", "recording", "recorded")
CALLS: Final = trouble.FILES


def act(task: Task) -> None:
    """Into ``folder``."""
    catalogue = Catalogue.open(task.data_dir, create=False)
    folder = Path(task.options["folder"])
    take(catalogue, task.data_dir, folder, (), clock=lambda: task.now, step=task.step)
    catalogue.close()


def play(store: Storehouse) -> list[str]:
    """Two are hindered, the third is whole, of whatever moment of the writers' it was taken.

    Put back, hindered as well, it is the store of that moment.
    """
    folder = {"folder": str(store.place / "backup")}
    store.well("sealer")
    with store.writing([1, 2]):
        did = [store.hindered("backup", **folder)]
        store.well("sealer")
        did.append(store.hindered("backup", **folder))
        at_least = store.acknowledged()
        store.well("backup", **folder)
    place = store.place / "restored"
    options = {**folder, "place": str(place)}
    did.append(store.hindered("restore", **options))
    if (place / RESTORING).exists() or not (place / FILE_NAME).exists():
        # Else it was through before it died, and a second one would be refused.
        store.well("restore", **options)
    store.prove_other(place, at_least, "what was restored:")
    shutil.rmtree(place)
    return did
