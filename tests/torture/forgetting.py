"""Forgetting a customer: first in what is hot, then in the files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from collectors.instance import Instance
from tests.torture.task import Task
from vcanalytics.store import Catalogue, Segments
from vcanalytics.store.forget import finish, forget

if TYPE_CHECKING:
    from tests.torture.storehouse import Storehouse

STEPS: Final = (
    "remembered",
    "transactions",
    "disputes",
    "written",
    "committing",
    "committed",
    "wiped",
)
CALLS: Final = ("sync", "rename", "renamed", "begin", "commit")


def act(task: Task) -> None:
    """Forget ``address``."""
    catalogue = Catalogue.open(task.data_dir, create=False)
    forget(catalogue, task.options["address"], task.now, task.step)
    with Instance(task.data_dir):
        finish(catalogue, Segments(task.data_dir), task.now, task.step)
    catalogue.close()


def play(store: Storehouse) -> list[str]:
    store.well("sealer")
    return store.beside_writers("forgetter", address=store.someone())
