"""The file ``journal.db``, in the folder of the store: what was watched belongs to one shop."""

from __future__ import annotations

from typing import ClassVar, Final

from vcanalytics.journal import schema
from vcanalytics.private_file import PrivateFile, Schema

FILE_NAME: Final = "journal.db"


class Journal(PrivateFile):
    """The open journal. Safe to share between threads; processes open their own."""

    file_name = FILE_NAME
    schema: ClassVar[Schema] = schema
    called = "watchman's records"
    made_by = "Start the collectors with VC_WATCHMAN=on: the watchman makes them"
